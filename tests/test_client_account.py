"""Signing in from the command line: profiles, tokens and where they are kept; completion."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command_line import (
    client,
    complaint,
    environment,
    on_terminal,
    printed,
    terminal,
)
from tests.database import on_sqlite
from tests.installation import NOBODY, Installation, User, until
from tests.running import run_python

pytestmark = on_sqlite

PASSWORD = "twelve letters"
# A keyring with the interface of the library, which keeps its secrets in a file beside itself.
KEYRING = """
import json, pathlib
path = pathlib.Path(__file__).with_name("kept.json")
def kept():
    return json.loads(path.read_text()) if path.exists() else {}
def get_password(service, name):
    return kept().get(f"{service} {name}")
def set_password(service, name, secret):
    path.write_text(json.dumps({**kept(), f"{service} {name}": secret}))
def delete_password(service, name):
    rest = kept()
    del rest[f"{service} {name}"]
    path.write_text(json.dumps(rest))
"""


@pytest.fixture(scope="module")
def kate(installation: Installation) -> User:
    """Somebody with a password."""
    kate = installation.add_user("kate")
    installation.cli("user", "password", "kate", stdin=PASSWORD)
    return kate


@pytest.fixture
def config(tmp_path: Path) -> dict[str, str]:
    """Settings of somebody who has no profiles yet, and no other way to sign in."""
    return {"XDG_CONFIG_HOME": str(tmp_path), "PROCESSION_TOKEN": "", "PROCESSION_SERVER": ""}


def login(it: Installation, config: dict[str, str], *options: str, password: str = PASSWORD) -> str:
    """What is said to kate, who signs in on a terminal."""
    with on_terminal(it, NOBODY, "login", "--server", it.url, *options, **config) as ours:
        ours.until("Name: ")
        ours.type("kate\n")
        ours.until("Password: ")
        ours.type(f"{password}\n")
        ours.end()
    assert password not in ours.text
    return ours.text


def test_login_keeps_a_token_that_only_its_owner_can_read(
    installation: Installation, kate: User, config: dict[str, str], tmp_path: Path
) -> None:
    it = installation
    assert f"kate is signed in to {it.url}" in login(it, config)
    path = tmp_path / "procession" / "client.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["client.toml"]
    whoami = client(it, NOBODY, "whoami", "--json", **config).stdout
    told = json.loads(whoami)
    assert (told["name"], told["server"]) == ("kate", it.url)
    started = client(it, NOBODY, "start", "python", "-c", "pass", **config)
    assert started.returncode == 0
    listed = it.cli("token", "list", "kate")
    assert re.search(r"\tprocession on .*\tstart\tactive\tuntil ", listed)
    assert not re.search(r"\tsession\tactive", listed)  # it was only needed to make the token


def test_wrong_password_is_refused_and_nothing_kept(
    installation: Installation, kate: User, config: dict[str, str], tmp_path: Path
) -> None:
    told = login(installation, config, password="another word")
    assert "This is not the name of a user with this password" in told
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("prompts", [["Name: "], ["Name: ", "Password: "]], ids=str)
def test_interrupt_at_a_prompt_ends_it_quietly(
    installation: Installation, config: dict[str, str], prompts: list[str]
) -> None:
    it = installation
    with on_terminal(it, NOBODY, "login", "--server", it.url, **config) as ours:
        for each in prompts[:-1]:
            ours.until(each)
            ours.type("kate\n")
        ours.until(prompts[-1])
        ours.type("\x03")
        assert ours.end(again="\x03") == 130  # Python misses one that comes just before it reads
    assert "Aborted" not in ours.text


def test_login_without_a_terminal_takes_a_token(
    installation: Installation, kate: User, config: dict[str, str]
) -> None:
    it = installation
    given = ("login", "--server", it.url)
    assert "give a token with --token-file" in complaint(it, NOBODY, *given, code=2, **config)
    wrong = client(it, NOBODY, *given, "--token-file", "-", stdin="psn_wrong", **config)
    assert (wrong.returncode, b"does not take this token" in wrong.stderr) == (3, True)
    done = client(it, NOBODY, *given, "--token-file", "-", stdin=f"{kate.token}\n", **config)
    assert done.returncode == 0
    assert client(it, NOBODY, "whoami", **config).stdout.decode() == f"kate at {it.url}\n"


@pytest.mark.parametrize(
    ("file", "told"),
    [("binary", "it is no text in UTF-8"), ("nowhere", "No such file or directory")],
)
@pytest.mark.parametrize("command", ["whoami", "tail abcd", "start echo --follow"])
def test_token_file_that_cannot_be_read_is_named(
    installation: Installation, command: str, file: str, told: str
) -> None:
    (installation.folder / "binary").write_bytes(b"\xff\xfe")
    given = (*command.split(), "--token-file", file)
    words = complaint(installation, NOBODY, *given, code=2)
    assert f"Invalid value for '--token-file': '{file}': {told}" in words


def test_logout_has_the_token_refused(
    installation: Installation, kate: User, config: dict[str, str], tmp_path: Path
) -> None:
    it = installation
    login(it, config)
    token = re.findall(r"psn_[\w-]+", (tmp_path / "procession" / "client.toml").read_text())[0]
    done = client(it, NOBODY, "logout", **config)
    assert done.stderr.decode() == "procession: The profile 'default' is forgotten\n"
    assert token not in (tmp_path / "procession" / "client.toml").read_text()
    told = complaint(it, NOBODY, "whoami", code=3, **{**config, "PROCESSION_SERVER": it.url})
    assert "sign in with `procession login`" in told
    listed = it.cli("token", "list", "kate").splitlines()
    assert "\tstart\trevoked\t" in listed[-1]
    assert client(it, NOBODY, "logout", **config).returncode == 1


def test_token_is_in_the_keyring_where_there_is_one(
    installation: Installation, kate: User, config: dict[str, str], tmp_path: Path
) -> None:
    it = installation
    library = tmp_path / "library"
    library.mkdir()
    (library / "keyring.py").write_text(KEYRING)
    with_keyring = {**config, "PYTHONPATH": str(library)}
    assert "the token is in the system's keyring" in login(it, with_keyring)
    assert "psn_" not in (tmp_path / "procession" / "client.toml").read_text()
    assert client(it, NOBODY, "whoami", **with_keyring).stdout.decode().startswith("kate at ")
    done = client(it, NOBODY, "logout", **with_keyring)
    assert b"is still good there: " not in done.stderr
    assert json.loads((library / "kept.json").read_text()) == {}


def test_each_profile_is_a_server_and_its_token_goes_nowhere_else(
    installation: Installation, kate: User, config: dict[str, str]
) -> None:
    it = installation
    elsewhere = it.url.replace("127.0.0.1", "localhost")
    for who, name, url in ((kate, "one", it.url), (it.bob, "two", elsewhere)):
        given = ("login", "--profile", name, "--server", url, "--token-file", "-")
        assert client(it, NOBODY, *given, stdin=who.token, **config).returncode == 0

    def asked(*options: str, **settings: str) -> str:
        done = client(it, NOBODY, "whoami", *options, **{**config, **settings})
        return (done.stdout or done.stderr).decode().strip()

    assert asked() == f"kate at {it.url}"  # the first is the default
    assert asked("--profile", "two") == f"bob at {elsewhere}"
    assert asked(PROCESSION_PROFILE="two") == f"bob at {elsewhere}"
    assert asked("--server", elsewhere) == f"bob at {elsewhere}"
    assert asked("--profile", "one", PROCESSION_SERVER=elsewhere) == f"kate at {it.url}"
    third = it.url.replace("127.0.0.1", "127.0.0.2")
    assert "put your token there" in asked("--server", third)
    assert "There is no profile 'three' (one, two)" in asked("--profile", "three")
    assert "There is no profile 'three' (one, two)" in asked(PROCESSION_PROFILE="three")


def test_name_that_no_profile_can_have_is_refused_before_one_signs_in(
    installation: Installation, config: dict[str, str]
) -> None:
    given = ("login", "--server", installation.url, "--profile", "a b")
    assert "'a b' is no name of a profile: " in complaint(
        installation, NOBODY, *given, code=1, **config
    )


def test_profile_that_a_person_has_named_otherwise_is_kept(
    installation: Installation, kate: User, config: dict[str, str], tmp_path: Path
) -> None:
    it, name = installation, "test.example.org"
    path = tmp_path / "procession" / "client.toml"
    path.parent.mkdir()
    path.write_text(f'[profiles."{name}"]\nserver = "{it.url}"\ntoken = "{it.bob.token}"\n')
    given = ("login", "--server", it.url, "--token-file", "-")
    assert client(it, NOBODY, *given, stdin=kate.token, **config).returncode == 0
    done = client(it, NOBODY, "whoami", "--profile", name, **config)
    assert done.stdout.decode() == f"bob at {it.url}\n"


@pytest.mark.parametrize(
    ("profiles", "told"),
    [
        ("profiles = 5", "Expected `object`, got `int`"),
        ("profiles.test.server = 5", "Expected `str`, got `int`"),
        ("profiles.test.user = 'x'", "'server'"),
        ("default = 5", "Expected `str`, got `int`"),
        ("profiles", "Expected '='"),
    ],
)
def test_profiles_that_cannot_be_read_are_named(
    installation: Installation, config: dict[str, str], tmp_path: Path, profiles: str, told: str
) -> None:
    path = tmp_path / "procession" / "client.toml"
    path.parent.mkdir()
    path.write_text(profiles)
    words = complaint(installation, NOBODY, "whoami", code=2, **config)
    assert words.startswith(f"procession: {path}: ")
    assert told in words


# --- completion -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def process_id(installation: Installation, kate: User) -> str:
    program = "import os; open(os.environ['PROCESSION_OUTPUT_DIR'] + '/a.csv', 'w')"
    return run_python(installation, kate, program).id


COMPLETIONS: dict[str, tuple[str, set[str], set[str]]] = {
    "commands": ("procession sta", {"start"}, {"stop"}),
    "scripts": ("procession start ", {"echo", "strict"}, {"hidden"}),
    "parameters": ("procession start strict --", {"--mandatory", "--follow"}, {"--zip"}),
    "choices": ("procession start strict -c ", {"red", "green"}, {"echo"}),
    "status": ("procession list --status f", {"failed"}, {"running"}),
    "ids": ("procession show ", {"ID"}, set()),
    "files": ("procession download ID ", {"a.csv"}, set()),
}


@pytest.mark.parametrize(("line", "some", "none"), COMPLETIONS.values(), ids=COMPLETIONS)
def test_bash_completes(
    installation: Installation,
    kate: User,
    process_id: str,
    line: str,
    some: set[str],
    none: set[str],
) -> None:
    wanted = {each.replace("ID", process_id) for each in some}
    found = offered(installation, kate, line.replace("ID", process_id), wanted)
    assert not none & found


def test_completion_asks_with_the_token_in_a_file(
    installation: Installation, kate: User, process_id: str
) -> None:
    (installation.folder / "kates").write_text(kate.token)
    (installation.folder / "binary").write_bytes(b"\xff")
    offered(installation, NOBODY, "procession tail --token-file kates ", {process_id})
    assert completed(installation, NOBODY, "procession tail --token-file binary ") == set()


def offered(it: Installation, who: User, line: str, wanted: set[str]) -> set[str]:
    """What bash offers, once these are among it: there is nothing where the server is not quick."""
    found = set[str]()

    def offers() -> bool:
        found.update(completed(it, who, line))
        return wanted <= found

    until(offers, lambda: f"{found} lacks some of {wanted}")
    return found


def completed(it: Installation, who: User, line: str, **settings: str) -> set[str]:
    """What bash offers at the end of this line."""
    words = line.split(" ")
    program = f"""
        eval "$(procession completion bash)"
        COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}
        $(complete -p procession | sed 's/.*-F \\([^ ]*\\) .*/\\1/') procession
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["/bin/bash", "-c", program],
        cwd=it.folder,
        env=environment(it, who, **settings),
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    return set(done.stdout.decode().split())


def test_completion_without_a_server_is_silent(installation: Installation, kate: User) -> None:
    gone = {"PROCESSION_SERVER": "http://127.0.0.1:1"}
    assert completed(installation, kate, "procession start ", **gone) == set()
    assert "--follow" in completed(installation, kate, "procession start echo --", **gone)


def test_completion_in_a_terminal_fills_in_the_line(installation: Installation, kate: User) -> None:
    it = installation
    bash = ["/bin/bash", "--norc", "--noprofile", "-i"]
    with terminal(bash, str(it.folder), environment(it, kate, PS1="> ")) as shell:
        shell.until("> ")
        shell.type('eval "$(procession completion bash)"; echo rea""dy\n')
        shell.until("ready")
        shell.type("procession catalogue secreti\t")
        shell.until("catalogue secretive", again="\t")
        shell.type("\n")
        shell.until(r"x +pass-word +secret")
        shell.type("exit\n")
        shell.end()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_told_how_to_complete(installation: Installation, shell: str) -> None:
    source = printed(installation, NOBODY, "completion", shell)
    assert f"_PROCESSION_COMPLETE={shell}_complete" in source
    if shutil.which(shell):
        subprocess.run([shell, "-n", "-c", source], check=True)
