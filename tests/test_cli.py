"""The command line: what it says, does, and refuses."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import Context
from click.testing import CliRunner

from server.cli import main
from server.settings import Settings, read_settings
from tests.installation import CANARY, Installation, installed, until
from tests.workers import pids

ROOT = Path(__file__).parents[1]
COMMANDS = [
    *("", "serve", "worker", "migrate", "schema", "scripts", "scripts list", "scripts check"),
    *("user", "user add", "user list", "user disable", "user email", "user enable", "user role"),
    *("user password", "user link", "user unlink"),
    *("token", "token create", "token list", "token revoke"),
    *("group", "group list", "group create", "group rename", "group delete"),
    *("group add", "group remove", "group grant", "group revoke"),
    *("tail", "search", "start", "list", "show", "stop", "delete", "files", "download"),
    "notify",
    *("watch", "catalogue", "login", "logout", "whoami", "completion"),
    *("purge", "audit", "backup", "restore", "doctor"),
]


@pytest.fixture(scope="module")
def it() -> Iterator[Installation]:
    """A data folder in which nothing runs."""
    with installed() as made:
        yield made


def help_of(command: str) -> str:
    """In this program, because there are many commands."""
    result = CliRunner().invoke(main, [*command.split(), "--help"], prog_name="procession")
    assert result.exit_code == 0
    return result.output


def test_help_is_that_of_the_program(it: Installation) -> None:
    assert it.cli("token", "create", "--help") == help_of("token create")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_every_command(command: str) -> None:
    told = help_of(command)
    usage, _, rest = told.partition("\n\n")
    assert usage.startswith(f"Usage: procession {command}".rstrip())
    assert re.search(r"^  \w.{20}", rest, re.M), "one sentence at least"
    options = re.findall(r"^  (-[^\n]*)", told, re.M)
    assert options
    assert all(re.search(r"\S\s{2,}\S", each) or each.endswith("]") for each in options)


def test_help_names_every_command() -> None:
    groups = {name: help_of(name) for name in ("", "user", "token", "group", "scripts")}
    named = {
        f"{group} {command}".strip()
        for group, told in groups.items()
        for command in re.findall(r"^  (\w+)  ", told.partition("\nCommands")[2], re.M)
    }
    assert named == set(COMMANDS) - {""}


def test_first_help_has_a_whole_line_for_each_command() -> None:
    listed = re.findall(r"^  (\w+)  +\S.*[^.]\.$", help_of("").partition("\nCommands")[2], re.M)
    assert sorted(listed) == main.list_commands(Context(main))


def test_version_is_that_of_the_package(it: Installation) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] in it.cli("--version")


def test_schema_is_the_committed_one(it: Installation) -> None:
    assert it.cli("schema") == (ROOT / "schema" / "schema.graphql").read_text()


def test_users_and_tokens(it: Installation) -> None:
    assert "Added 'grace'" in it.cli("user", "add", "grace", "--admin")
    assert "Added 'hugo'" in it.cli("user", "add", "hugo")
    assert "There is a user 'hugo' already" in it.cli("user", "add", "hugo", code=1)
    assert "name: " in it.cli("user", "add", " ", code=1)
    token = it.cli("token", "create", "hugo", "--name", "laptop", "--expires", "30d").strip()
    assert re.fullmatch(r"psn_[\w-]{43}", token)
    (line,) = it.cli("token", "list", "hugo").splitlines()
    token_id, user, name, scope, state, until = line.split("\t")
    assert (user, name, scope, state) == ("hugo", "laptop", "admin", "active")
    assert re.fullmatch(r"until \d{4}-\d\d-\d\d \d\d:\d\dZ", until)
    assert token not in it.cli("token", "list")
    assert it.cli("token", "revoke", token_id[:8]) == "Revoked.\n"
    assert "\trevoked\t" in it.cli("token", "list", "hugo")
    it.cli("user", "disable", "hugo")
    listed = {
        each.split("\t")[0]: each.split("\t")[1:3] for each in it.cli("user", "list").splitlines()
    }
    assert listed == {"grace": ["admin", "active"], "hugo": ["user", "disabled"]}
    assert "the last administrator" in it.cli("user", "disable", "grace", code=1)
    it.cli("user", "role", "hugo", "admin")  # who is disabled, so still nobody could follow
    assert "the last administrator" in it.cli("user", "role", "grace", "user", code=1)
    it.cli("user", "enable", "hugo")
    it.cli("user", "role", "grace", "user")
    assert re.search(r"^grace\tuser\tactive\t.*\nhugo\tadmin\tactive", it.cli("user", "list"))


def test_groups_have_members_and_rights(it: Installation) -> None:
    it.cli("user", "add", "iris")
    it.cli("group", "create", "curators")
    it.cli("group", "add", "curators", "iris")
    it.cli("group", "grant", "curators", "read", "import")
    assert "no script 'imprt'" in it.cli("group", "grant", "curators", "see", "imprt", code=1)
    assert it.cli("group", "list").startswith("curators\tiris\tread import\t")
    it.cli("group", "revoke", "curators", "read", "import")
    it.cli("group", "remove", "curators", "iris")
    it.cli("group", "rename", "curators", "librarians")
    assert it.cli("group", "list").startswith("librarians\t-\t-\t")
    assert it.cli("group", "delete", "librarians") == "Deleted 'librarians'.\n"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("user disable nobody", "There is no user 'nobody'"),
        ("token create nobody", "There is no user 'nobody'"),
        ("token revoke nothing", "There is no token 'nothing'"),
        ("group add nobody grace", "There is no group 'nobody'"),
    ],
)
def test_what_is_not_there_is_said(it: Installation, command: str, told: str) -> None:
    assert told in it.cli(*command.split(), code=1)


@pytest.mark.parametrize(
    "command", ["fly", "user", "token create x --expires soon", "serve --port x", "user add"]
)
def test_wrong_use_is_explained(it: Installation, command: str) -> None:
    assert "Usage: procession" in it.cli(*command.split(), code=2)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PROCESSION_PROT", "1", "PROCESSION_PROT: there is no such setting"),
        ("PROCESSION_PORT", "x", "PROCESSION_PORT: "),
        ("PROCESSION_PORT", "65536", "PROCESSION_PORT: "),
        ("PROCESSION_WORKER_SLOTS", "0", "PROCESSION_WORKER_SLOTS: "),
        ("PROCESSION_LOG_LEVEL", "info", "'info'; it may be DEBUG, INFO, WARNING, ERROR"),
        ("PROCESSION_UPLOAD_HOURS", "999999999", "PROCESSION_UPLOAD_HOURS: "),
        ("PROCESSION_KEEP", "soon", "PROCESSION_KEEP: 'soon' is no duration"),
        ("PROCESSION_DATABASE_URL", "mysql://x", "PROCESSION_DATABASE_URL: "),
        ("PROCESSION_REDIS_URL", "http://x", "PROCESSION_REDIS_URL: "),
        ("PROCESSION_REST_BASE_URL", "example.org", "PROCESSION_REST_BASE_URL: "),
        (
            "PROCESSION_SCRIPTS",
            "/nowhere",
            "/nowhere: No such file or directory (see ",
        ),
    ],
)
def test_wrong_setting_is_refused_by_name(
    it: Installation, name: str, value: str, told: str
) -> None:
    assert told in it.cli("serve", code=1, **{name: value})


@pytest.mark.parametrize(
    ("name", "url", "shown"),
    [
        ("DATABASE", "mysql://ann:ge@heim@host/db", "'mysql://***@host/db' should begin"),
        ("DATABASE", "postgres://ann:ge/heim@host/db", "'postgres://***@host/db' is no URL"),
        ("REDIS", "redis://ann:ge[heim@host", "'redis://***@host' is no URL"),
        ("REDIS", "host?password=geheim", "'host' should begin"),
        ("FILES", "s3://key:ge/heim@bucket", "'s3://***@bucket' should begin"),
    ],
)
def test_password_in_a_url_is_not_told(it: Installation, name: str, url: str, shown: str) -> None:
    told = it.cli("migrate", "--check", code=1, **{f"PROCESSION_{name}_URL": url})
    assert f"PROCESSION_{name}_URL: {shown}" in told
    assert "heim" not in told


def test_settings_come_from_a_file_too_and_the_environment_wins(it: Installation) -> None:
    file = it.folder / "procession.toml"
    file.write_text('log_level = "LOUD"\n')
    try:
        environment = {name: it.environment[name] for name in ("PROCESSION_LOG_LEVEL",)}
        assert environment == {"PROCESSION_LOG_LEVEL": "INFO"}
        assert "script(s)" in it.cli("scripts", "check", code=1)
        file.write_text('colour = "red"\n')
        told = it.cli("scripts", "check", code=1)
        assert "procession.toml: there is no setting 'colour'" in told
        for unread in ("log_level = \n", "x = " + "[" * 3000, f"port = {'9' * 5000}\n"):
            file.write_text(unread)
            assert "procession.toml: " in it.cli("scripts", "check", code=1)
    finally:
        file.unlink()


def test_file_of_settings_that_is_named_must_be_there(it: Installation) -> None:
    told = it.cli("scripts", "list", code=1, PROCESSION_SETTINGS="other.toml")
    assert "PROCESSION_SETTINGS: No such file or directory: other.toml" in told
    it.cli("scripts", "list", PROCESSION_SETTINGS="")


def test_setting_that_is_empty_is_not_set(it: Installation) -> None:
    """And what is no setting, but a script's, is none of a command's that a script runs."""
    (it.folder / "procession.toml").write_text('port = 1\nhost = ""\n')
    names = ("PROCESSION_DATA", "PROCESSION_HOST", "PROCESSION_PORT", "PROCESSION_AUDIT_KEEP")
    of_script = ("PROCESS_ID", "OUTPUT_DIR", "WORK_DIR", "EVENTS")
    others = {f"PROCESSION_{name}": "x" for name in of_script}
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(it.folder)
            for name, value in (dict.fromkeys(names, "") | others).items():
                patch.setenv(name, value)
            found = read_settings()
    finally:
        (it.folder / "procession.toml").unlink()
    assert (found.data, found.host, found.port) == ("data", "127.0.0.1", 1)
    assert found.audit_rule.age == "730d"


def test_names_of_the_environment_to_pass_may_have_blanks_around_them() -> None:
    environment = {"AAA": "1", "BBB": "2", "CCC": "3"}
    passed = Settings(pass_environment="AAA, BBB", environment=environment).script_environment()
    assert {"AAA", "BBB"} < passed.keys()
    assert "CCC" not in passed


def test_worker_of_a_server_has_its_settings_and_no_others() -> None:
    """It is started in the folder in which the same file is."""
    with installed() as made:
        (made.folder / "procession.toml").write_text('openid_client_secret = "geheim"\n')
        made.start()
        (worker,) = pids(made, "server.worker")
        environment = Path(f"/proc/{worker}/environ").read_bytes().split(b"\0")
        assert b"PROCESSION_OPENID_CLIENT_SECRET=withheld" in environment


def test_scripts_are_listed_and_checked(it: Installation) -> None:
    listed = it.cli("scripts", "list").splitlines()
    assert "hidden\tadmin\tRun a Python program; for administrators only" in listed
    assert "missing: the command '/nowhere/no-such-program' is not found here" in it.cli(
        "scripts", "check", code=1
    )
    shipped = it.cli("scripts", "check", PROCESSION_SCRIPTS=str(ROOT / "scripts"))
    assert shipped == "2 script(s), 0 that cannot run here\n"


def test_secrets_are_not_printed(it: Installation) -> None:
    assert CANARY not in it.cli("serve", code=1, PROCESSION_PORT="x")


def test_option_that_replaces_a_wrong_setting_does_so_for_the_worker_too() -> None:
    with installed(PROCESSION_PORT="x") as made:
        made.start()
        until(lambda: "is ready" in made.log.read_text(), made.log.read_text)


GOOD = 'name = "x"\ncommand = ["true"]\n'
SECRET = '\n[[parameters]]\nname = "s1"\ntype = "secret"\n'
PARAMETER = '\n[[parameters]]\nname = "a"\ntype = "string"\n'
INTEGER = PARAMETER.replace("string", "integer")
# A manifest, and the line and the words with which it is refused.
MANIFESTS: dict[str, tuple[str, int, str]] = {
    "no TOML": ("name = \n", 1, ""),
    "no TOML further down": (GOOD + "\n=\n", 4, ""),
    "no name": ('command = ["true"]\n', 1, "name"),
    "no command": ('name = "x"\n', 1, "command"),
    "empty command": ('name = "x"\ncommand = []\n', 2, "length"),
    "command that is a text": ('name = "x"\ncommand = "true"\n', 2, "array"),
    "bad name": ('name = "a/b"\ncommand = ["true"]\n', 1, "letters"),
    "unknown key": (GOOD + 'colour = "red"\n', 3, "colour"),
    "bad allow": (GOOD + 'allow = "all"\n', 3, "all"),
    "bad timeout": (GOOD + 'timeout = "soon"\n', 3, "duration"),
    "bad concurrency": (GOOD + "concurrency = 0\n", 3, ">= 1"),
    "bad terminal": (GOOD + "terminal = 1\n", 3, "bool"),
    "bad size": (GOOD + 'max_output = "1 lot"\n', 3, "a size such as 500 kB"),
    "size that is none": (GOOD + "max_output = true\n", 3, "bool"),
    "size of nothing": (GOOD + 'max_output = "0.1 B"\n', 3, "at least 1 byte"),
    "limit of nothing": (GOOD + "[limits]\ndisk = 1\n", 4, "disk"),
    "limit that is none": (GOOD + '[limits]\nmemory = "much"\n', 4, "a size such as 500 kB"),
    "network of no sandbox": (GOOD + "network = true\n", 3, "without `sandbox`"),
    "privileges in a sandbox": (
        GOOD + "sandbox = true\nnew_privileges = true\n",
        4,
        "in a sandbox there are none",
    ),
    "env of no secret": (f'{GOOD}{PARAMETER}env = "A"\n', 4, "`env` and `pass`"),
    "default of a secret": (f'{GOOD}{SECRET}default = "abcd"\n', 4, "a secret has no `default`"),
    "secret that repeats": (f"{GOOD}{SECRET}repeat = true\n", 4, 'add `pass = "fd"`'),
    "bad variable": (f'{GOOD}{SECRET}env = "A-B"\n', 7, "the name of an environment variable"),
    "variable of ours": (f'{GOOD}{SECRET}env = "PROCESSION_DATA"\n', 4, "are ours"),
    "bad pass": (f'{GOOD}{SECRET}pass = "arg"\n', 7, "arg"),
    "two secrets in one variable": (
        f'{GOOD}{SECRET}{SECRET.replace("s1", "s2")}env = "SECRET_S1"\n',
        8,
        "two secrets come as SECRET_S1",
    ),
    "negative size": (GOOD + "max_output = -1\n", 3, ">= 0"),
    "negative size of uploads": (GOOD + "max_upload = -5\n", 3, ">= 0"),
    "size of hundreds of digits": (
        f'{GOOD}max_upload = "{"9" * 400}.0 GB"\n',
        3,
        "a size such as 500 kB",
    ),
    "number of thousands of digits": (f"{GOOD}concurrency = {'9' * 5000}\n", 1, "cannot be read"),
    "endless concurrency": (f"{GOOD}concurrency = {10**30}\n", 3, "<= 2147483647"),
    "time of hundreds of digits": (
        f'{GOOD}[limits]\ncpu_time = "{"9" * 400}d"\n',
        4,
        "a duration such as 90s",
    ),
    "brackets in brackets": (
        'name = "x"\ncommand = ' + "[" * 3000 + "]" * 3000 + "\n",
        1,
        "nested too deeply",
    ),
    "name of two lines": ('name = "a\\n"\ncommand = ["true"]\n', 1, "letters"),
    "variable of two lines": (
        f'{GOOD}{SECRET}env = "A\\n"\n',
        7,
        "the name of an environment variable",
    ),
    "timeout of two lines": (f'{GOOD}timeout = "90s\\n"\n', 3, "a duration such as 90s"),
    "size of two lines": (f'{GOOD}max_output = "1 kB\\n"\n', 3, "a size such as 500 kB"),
    "age of two lines": (f'{GOOD}keep = "forever\\n"\n', 3, "an age such as 12h"),
    "timeout of nothing": (GOOD + 'timeout = "0s"\n', 3, "longer than nothing"),
    "age without end": (f'{GOOD}keep = "99999999999d"\n', 3, "at most 9 digits"),
    "count without end": (f"{GOOD}[keep]\nat_least = {10**30}\n", 4, "<= 1000000000"),
    "no program": ('name = "x"\ncommand = [""]\n', 2, "begins with the program"),
    "NUL in the command": ('name = "x"\ncommand = ["true", "\\u0000"]\n', 2, "without NUL"),
    "NUL in a user": (f'{GOOD}run_as = "a\\u0000"\n', 3, "without NUL"),
    "least above the largest": (f"{GOOD}{INTEGER}min = 5\nmax = 1\n", 4, "`min` must not be"),
    "bound without end": (f"{GOOD}{INTEGER}max = {10**18}\n", 7, "<= 999999999999999999"),
    "default above the largest": (f"{GOOD}{INTEGER}max = 1\ndefault = 2\n", 8, "at most 1"),
    "default of another pattern": (
        f'{GOOD}{PARAMETER}pattern = "[0-9]+"\ndefault = "abc"\n',
        8,
        "must match the pattern [0-9]+",
    ),
    "default that is no date": (
        f'{GOOD}{PARAMETER.replace("string", "date")}default = "nonsense"\n',
        7,
        "must be a date",
    ),
    "default that leads out": (
        f'{GOOD}{PARAMETER.replace("string", "output")}default = "../../x"\n',
        7,
        "is not a file name",
    ),
    "default that is a number": (
        f"{GOOD}{PARAMETER.replace('string', 'boolean')}default = 1\n",
        4,
        "no value of the type 'boolean'",
    ),
    "parameter called as the start": (
        GOOD + PARAMETER.replace('"a"', '"startTime"'),
        4,
        "is when a process is to start",
    ),
    "parameter called as the start at length": (
        f'{GOOD}{PARAMETER}long = "startTime"\n',
        4,
        "is when a process is to start",
    ),
    "bad keep": (GOOD + 'keep = "soon"\n', 3, "an age such as 12h or 30d"),
    "bad age of a status": (GOOD + '[keep]\nfailed = "soon"\n', 4, "an age such as 12h or 30d"),
    "more at least than at most": (GOOD + "[keep]\nat_least = 2\nat_most = 1\n", 3, "at_least"),
    "keep of nothing": (GOOD + "[keep]\nlast = 1\n", 4, "last"),
    "bad when_full": (GOOD + 'when_full = "panic"\n', 3, "panic"),
    "parameter without a name": (GOOD + '\n[[parameters]]\ntype = "string"\n', 4, "name"),
    "parameter of no type": (GOOD + '\n[[parameters]]\nname = "a"\n', 4, "type"),
    "parameter of an unknown type": (
        GOOD + PARAMETER + '\n[[parameters]]\nname = "b"\ntype = "text"\n',
        10,
        "text",
    ),
    "unknown key of a parameter": (GOOD + PARAMETER + "size = 1\n", 7, "size"),
    "two of a name": (GOOD + PARAMETER + PARAMETER, 8, "two parameters are called 'a'"),
    "two of a long name": (
        GOOD + PARAMETER + '\n[[parameters]]\nname = "b"\nlong = "a"\ntype = "id"\n',
        8,
        "two parameters are called 'a'",
    ),
    "choice without choices": (
        GOOD + '\n[[parameters]]\nname = "a"\ntype = "choice"\n',
        4,
        "choices",
    ),
    "choices of a string": (GOOD + PARAMETER + 'choices = ["x"]\n', 4, "choices"),
    "bounds of a string": (GOOD + PARAMETER + "min = 1\n", 4, "min"),
    "file with a default": (
        GOOD + '\n[[parameters]]\nname = "a"\ntype = "file"\ndefault = "x"\n',
        4,
        "default",
    ),
    "bad pattern": (GOOD + PARAMETER + 'pattern = "("\n', 4, "regular expression"),
    "default that is not a choice": (
        GOOD + '\n[[parameters]]\nname = "a"\ntype = "choice"\nchoices = ["x"]\ndefault = "y"\n',
        4,
        "default",
    ),
    "default that is no integer": (
        GOOD + '\n[[parameters]]\nname = "a"\ntype = "integer"\ndefault = "y"\n',
        4,
        "default",
    ),
}


@pytest.fixture(scope="module")
def refused(it: Installation) -> str:
    """What is said of a folder with all of these manifests."""
    folder = it.folder / "manifests"
    folder.mkdir()
    for name, (text, _, _) in MANIFESTS.items():
        (folder / f"{name}.toml").write_text(text)
    return it.cli("scripts", "list", code=1, PROCESSION_SCRIPTS=str(folder))


@pytest.mark.parametrize("name", MANIFESTS)
def test_bad_manifest_is_refused_with_file_line_and_reason(refused: str, name: str) -> None:
    text, line, words = MANIFESTS[name]
    found = re.search(rf"/manifests/{name}\.toml:(\d+): (.+)$", refused, re.M)
    assert found, "it is not refused"
    assert words in found[2]
    # A mistake that concerns a whole parameter is told at its beginning or at its key.
    assert line <= int(found[1]) <= len(text.splitlines())


def test_folder_of_scripts_that_cannot_be_read_is_told() -> None:
    with installed() as made:
        manifests = made.folder / "manifests"
        manifests.mkdir()
        manifests.chmod(0o300)
        if os.geteuid() == 0:  # who may read anything, but not without these
            dropped = "--bounding-set=-dac_override,-dac_read_search"
            made.prefix = ("setpriv", dropped)
        told = made.cli("scripts", "list", code=1, PROCESSION_SCRIPTS=str(manifests))
        assert f"{manifests}: Permission denied (see PROCESSION_SCRIPTS)" in told


def test_every_bad_manifest_is_told_at_once_and_the_server_does_not_start(
    it: Installation, tmp_path: Path
) -> None:
    (tmp_path / "a.toml").write_text('name = "a"\n')
    (tmp_path / "b.toml").write_text(GOOD)
    (tmp_path / "c.toml").write_text(GOOD)
    (tmp_path / "d.toml").write_bytes(b'name = "\xff"\n')
    told = it.cli("serve", "--port", "0", code=1, PROCESSION_SCRIPTS=str(tmp_path))
    assert "a.toml:1: " in told
    assert f"c.toml:1: the name 'x' is taken by {tmp_path / 'b.toml'}" in told
    assert "d.toml:1: cannot be read" in told
