"""Commands about processes of a server: starting, listing, showing, stopping, deleting them."""

import json
import random
import re
import subprocess
from hashlib import sha256
from uuid import uuid4

import pytest

from tests.command_line import (
    SECONDS,
    Wire,
    client,
    complaint,
    environment,
    objects,
    on_terminal,
    printed,
)
from tests.database import on_sqlite
from tests.installation import NOBODY, PROGRAM, Installation, User, until
from tests.rows import Row, insert
from tests.running import (
    Gate,
    end_of,
    facts,
    run_python,
    start,
    start_python,
    until_lines,
    until_running,
)

pytestmark = on_sqlite

ECHO = ("start", "echo")


@pytest.fixture(scope="module")
def carol(installation: Installation) -> User:
    """Somebody with processes of her own, and of this module."""
    return installation.add_user("carol")


# --- start ----------------------------------------------------------------------------------------


def test_what_a_script_takes_is_given_as_options(installation: Installation, carol: User) -> None:
    it = installation
    (it.folder / "one.txt").write_text("1")
    (it.folder / 'a "b".txt').write_text("22")
    (it.folder / "key").write_text("very secret\n")
    files = ("--file", "one.txt", "-f", 'a "b".txt')
    plain = ("-s", "-x", "--string=two", "--flag", "-i", "-4", "--long-name", "3", "-c", "green")
    output = printed(it, carol, *ECHO, *plain, *files, "-x", "key", "-o", "out.csv", "--follow")
    told = json.loads(output)
    assert list(told["files"].values()) == ["1", "22"]
    secret_free = [each for each in told["argv"] if "/" not in each]
    assert secret_free == [
        *("-s", "-x", "-s", "two", "-n", "-i", "-4", "--long-name", "3"),
        *("-f", "-f", "-o", "-c", "green", "-d", "7"),
    ]
    (process,) = objects(printed(it, carol, "list", "--limit", "1", "--json"))
    assert {"name": "x", "value": "***"} in process["parameters"]


def test_file_of_many_megabytes_arrives_whole_and_is_not_held_in_memory(
    installation: Installation, carol: User
) -> None:
    it = installation
    size = 150_000_000
    with (it.folder / "large").open("wb") as large:
        large.truncate(size)
    program = "import os, sys; print(os.path.getsize(sys.argv[2]))"
    limited = 'ulimit -d 100000; exec "$@"'  # KiB
    arguments = ("start", "python", "-c", program, "-f", "large", "--follow")
    done = subprocess.run(
        ["/bin/bash", "-c", limited, "-", PROGRAM, *arguments],
        cwd=it.folder,
        env=environment(it, carol),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.stdout.decode() == f"{size}\n", done.stderr.decode()


def test_upload_shows_a_bar_on_a_terminal(installation: Installation, carol: User) -> None:
    it = installation
    (it.folder / "some.bin").write_bytes(bytes(3_000_000))
    with on_terminal(it, carol, "start", "python", "-c", "pass", "-f", "some.bin") as ours:
        assert ours.end() == 0
    assert re.search(r"some\.bin \[#{20}\] 100%  3\.0 MB of 3\.0 MB", ours.text)
    last = ours.raw.rpartition("\x1b[K")[2]  # the bar is gone, and only the id left
    assert re.fullmatch(r"[0-9a-f-]{36}\r\n", last)


def test_large_file_goes_on_when_the_server_was_killed_meanwhile(mortal: Installation) -> None:
    it, size = mortal, 24_000_000
    content = random.Random(2).randbytes(size)  # noqa: S311
    (it.folder / "large ü.bin").write_bytes(content)
    program = (
        "import hashlib, sys; print(hashlib.sha256(open(sys.argv[2], 'rb').read()).hexdigest())"
    )
    files = ("-f", "large ü.bin")
    with Wire(it.url, hold=20_000_000) as wire:
        command = ("start", "python", "-c", program, *files, "--follow", "--server", wire.url)
        with on_terminal(it, it.alice, *command) as ours:
            wire.stopped.wait()
            it.kill()
            ours.until("procession: The connection to .* was cut.*; connecting again")
            it.start()
            assert ours.end() == 0, ours.text
        assert wire.asked < 1.6 * size  # what had arrived was not sent again
    assert sha256(content).hexdigest() in ours.text
    assert re.search(r"large ü\.bin \[#{20}\] 100%  24 MB of 24 MB", ours.text)


def test_large_file_that_is_not_taken_is_refused_before_it_is_sent(
    installation: Installation, carol: User
) -> None:
    it = installation
    with (it.folder / "huge").open("wb") as huge:
        huge.truncate(65 << 30)
    done = client(it, carol, "start", "python", "-c", "pass", "-f", "huge")
    assert (done.returncode, done.stdout) == (1, b"")
    assert "An upload may have at most" in done.stderr.decode()
    (it.folder / "huge").unlink()


def test_start_follows_and_ends_as_the_script_does(installation: Installation, carol: User) -> None:
    it = installation
    done = client(
        it, carol, "start", "python", "-c", "print('hi'); raise SystemExit(3)", "--follow"
    )
    assert (done.returncode, done.stdout) == (3, b"hi\n")
    assert done.stderr.decode().endswith("procession: The process is FAILED\n")


def test_start_is_put_off(installation: Installation, carol: User) -> None:
    it = installation
    process_id = printed(it, carol, "start", "python", "-c", "pass", "--at", "2h").strip()
    assert facts(it, carol, process_id, "waitsFor")["waitsFor"] == "TIME"
    (listed,) = objects(printed(it, carol, "list", "--status", "scheduled", "--json"))
    assert (listed["id"], listed["waitsFor"]) == (process_id, "TIME")
    assert process_id in printed(it, carol, "stop", process_id)
    assert "STOPPED" in printed(it, carol, "list", "--limit", "1")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["strict"], "Missing option '-m' / '--mandatory'"),
        (["strict", "-m", "x", "-i", "12"], "Invalid value for '-i': 12 is not in the range"),
        (["strict", "-m", "x", "-c", "blue"], "'blue' is not one of 'red', 'green'"),
        (["strict", "-m", "x", "-f", "nowhere"], "'nowhere' does not exist"),
        (["strict", "-m", "x", "--nonsense"], "No such option"),
        (["strict", "--param", "m"], "'m' is not of the form NAME=VALUE"),
        (["strict", "-m", "x", "--at", "soon"], "'soon' is no time such as 18:00"),
        (["strict", "-m", "x", "-d", "some day"], "procession: -d: This must be a date"),
        (["strict", "-m", "x", "-s", "A"], "procession: -s: This must match the pattern"),
        (
            ["strict", "-m", "x", "--param", "zz=1"],
            "zz: 'strict' has no such parameter",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_beside_its_option(
    installation: Installation, carol: User, arguments: list[str], told: str
) -> None:
    assert told in complaint(installation, carol, "start", *arguments, code=2)


def test_parameter_may_have_the_name_of_our_own_option(
    installation: Installation, carol: User
) -> None:
    it = installation
    text = printed(it, carol, *ECHO, "--param", "long-name=a=b", "--param", "string=1", "--follow")
    assert json.loads(text)["argv"] == ["--long-name", "a=b", "-s", "1", "-d", "7"]


def test_help_shows_what_the_script_takes(installation: Installation, carol: User) -> None:
    told = printed(installation, carol, "start", "strict", "--help")
    assert re.search(r"-m, --mandatory TEXT +\[mandatory\]", told)
    assert re.search(r"-c \[red\|green\]", told)
    assert "--follow" in told
    assert printed(installation, carol, "start", "--help").startswith("Usage: procession start")


@pytest.mark.parametrize("file", ["-", "carols"])
def test_start_and_download_take_the_token_from_a_file(
    installation: Installation, carol: User, file: str
) -> None:
    it = installation
    (it.folder / "carols").write_text(f"{carol.token}\n")
    given = ("--token-file", file)
    process_id = printed(it, NOBODY, *ECHO, *given, stdin=carol.token).strip()
    end_of(it, carol, process_id)
    assert printed(it, NOBODY, "download", process_id, *given, stdin=carol.token) == ""
    assert process_id in printed(
        it, NOBODY, "stop", "--wait", process_id, *given, stdin=carol.token
    )


def test_script_that_is_not_there_is_told(installation: Installation, carol: User) -> None:
    told = complaint(installation, carol, "start", "nowhere", code=1)
    assert told == (
        "procession: There is no script 'nowhere'; `procession catalogue` lists those there are\n"
    )
    complaint(installation, carol, "start", "nowhere", "--follow", code=255)


def test_secret_is_asked_for_on_a_terminal(installation: Installation, carol: User) -> None:
    """No shipped or test script has a mandatory one, so it is read from standard input."""
    it = installation
    program = "import os; print(len(os.environ['SECRET_PASS_WORD']))"
    given = ("start", "secretive", "-c", program, "--pass-word", "-", "--follow")
    assert printed(it, carol, *given, stdin="twelve chars\n") == "12\n"


def test_secret_that_is_no_text_is_told(installation: Installation, carol: User) -> None:
    (installation.folder / "binary").write_bytes(b"\xff\xfe")
    for given in (("--pass-word", "binary"), ("--param", "pass-word=binary")):
        told = complaint(
            installation, carol, "start", "secretive", "-c", "pass", *given, "--follow", code=2
        )
        assert "Invalid value for '-x' / '--pass-word': 'binary' is no text in UTF-8." in told


def test_upload_that_is_cut_says_how_to_go_on(installation: Installation, carol: User) -> None:
    it = installation
    (it.folder / "cut.bin").write_bytes(bytes(1_000_000))
    with Wire(it.url, 10**9, 0) as wire:
        given = ("start", "python", "-c", "pass", "-f", "cut.bin", "--server", wire.url)
        told = complaint(it, carol, *given, code=4)
    assert "`procession list` tells whether it was started" in told


# --- list, show, catalogue ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dora(installation: Installation) -> User:
    return installation.add_user("dora")


@pytest.fixture(scope="module")
def three(installation: Installation, dora: User) -> list[str]:
    """Three processes of somebody, the oldest first: COMPLETED, FAILED, COMPLETED."""
    it = installation
    first = run_python(it, dora, "pass").id
    second = run_python(it, dora, "raise SystemExit(7)").id
    last = start(it, dora, "echo", ("s", "a\tb\x1b[2J\nc"))
    end_of(it, dora, last)
    return [first, second, last]


FILTERS: dict[str, tuple[list[str], list[int]]] = {
    "all": ([], [2, 1, 0]),
    "reverse": (["--reverse"], [0, 1, 2]),
    "limit": (["--limit", "2"], [2, 1]),
    "no limit": (["--limit", "0"], [2, 1, 0]),
    "status": (["--status", "failed", "--status", "running"], [1]),
    "script": (["--script", "python"], [1, 0]),
    "user": (["--user", "dora"], [2, 1, 0]),
    "mine": (["--mine"], [2, 1, 0]),
    "parameter": (["--param", "c=pass"], [0]),
    "since": (["--since", "1d"], [2, 1, 0]),
    "until": (["--until", "1d"], []),
    "sort": (["--sort", "script", "--limit", "1"], [2]),
}


@pytest.mark.parametrize(("options", "wanted"), FILTERS.values(), ids=FILTERS)
def test_list_has_what_is_wanted(
    installation: Installation, dora: User, three: list[str], options: list[str], wanted: list[int]
) -> None:
    lines = printed(installation, dora, "list", *options).splitlines()
    assert [line.split("\t")[0] for line in lines] == [three[number] for number in wanted]


def test_list_is_for_programs_in_a_pipe(
    installation: Installation, dora: User, three: list[str]
) -> None:
    it = installation
    lines = printed(it, dora, "list").splitlines()
    known = facts(it, dora, three[1], "startTime endedAt")
    assert lines[1].split("\t") == [
        *(three[1], "python", "FAILED", "dora", known["startTime"], known["endedAt"], "7"),
        "c=raise SystemExit(7)",
    ]
    assert lines[0].endswith("\ts=a b [2J c")  # nothing of it moves a cursor or breaks the line


def test_list_is_a_table_on_a_terminal(
    installation: Installation, dora: User, three: list[str]
) -> None:
    it = installation
    with on_terminal(it, dora, "list", COLUMNS="60") as ours:
        assert ours.end() == 0
    head, *rows = ours.text.splitlines()
    assert re.match(r"ID +SCRIPT +STATUS +USER +STARTED +TOOK", head)
    assert [row.split()[0] for row in rows] == [each[:8] for each in reversed(three)]
    assert "FAILED (7)" in rows[1]
    assert "\x1b[31m" in ours.raw
    assert max(map(len, rows)) <= 60
    with on_terminal(it, dora, "list", NO_COLOR="1") as plain:
        plain.end()
    assert "\x1b" not in plain.raw


def test_show_tells_all_of_one_by_the_beginning_of_its_id(
    installation: Installation, dora: User, three: list[str]
) -> None:
    it = installation
    (found,) = objects(printed(it, dora, "show", three[1][:8].upper(), "--json"))
    assert (found["id"], found["exitCode"], found["files"]) == (three[1], 7, [])
    text = printed(it, dora, "show", three[1])
    assert re.search(r"^status +FAILED \(7\)$", text, re.M)
    assert re.search(r"^reason +Exit code 7$", text, re.M)


TELL = """
import json, os
with open(os.environ['PROCESSION_EVENTS'], 'w') as events:
    print(json.dumps({'progress': {'done': 2, 'total': 8, 'unit': 'items'}}), file=events)
    print(json.dumps({'warning': 'odd', 'values': {'a': 1}, 'summary': '# Half'}), file=events)
"""


def test_list_and_show_tell_how_far_a_script_is(installation: Installation, dora: User) -> None:
    it, gate = installation, Gate(installation)
    process_id = start_python(it, dora, f"{TELL}{gate.wait}")
    until(lambda: facts(it, dora, process_id, "summary")["summary"])
    with on_terminal(it, dora, "list", "--mine") as screen:
        screen.until(rf"{process_id[:8]} .* RUNNING \(25 %\)")
    text = printed(it, dora, "show", process_id)
    for line in ("progress +25 %  2 of 8 items", "value +a=1", "warning +odd", "summary +# Half"):
        assert re.search(f"^{line}$", text, re.M)
    (found,) = objects(printed(it, dora, "show", process_id, "--json"))
    assert (found["progress"]["fraction"], found["noticeCounts"]["warnings"]) == (0.25, 1)
    gate.open()
    end_of(it, dora, process_id)


@pytest.mark.parametrize(
    ("beginning", "told"),
    [
        ("abc", "'abc' is not an id; it has 36 characters, of which the first 4 may do"),
        ("zzzzzzzz", "'zzzzzzzz' is not an id"),
        ("00000000", "There is no process whose id begins with '00000000'"),
        ("00000000-0000-4000-8000-000000000000", "There is no process 00000000-0000-4000"),
    ],
)
def test_id_that_is_none_is_refused(
    installation: Installation, dora: User, beginning: str, told: str
) -> None:
    for command in ("show", "stop", "files"):
        assert told in complaint(installation, dora, command, beginning, code=1)


def test_beginning_of_two_ids_is_refused_with_both(installation: Installation) -> None:
    it = installation
    erin = it.add_user("erin")
    twins = [f"abcd{number}000{str(uuid4())[8:]}" for number in range(2)]
    insert(it, [Row(erin.id, id=each) for each in twins])
    told = complaint(it, erin, "delete", "abcd", "--yes", code=1)
    assert told.startswith("procession: 2 ids begin with 'abcd': abcd")


def test_catalogue_lists_scripts_and_what_they_take(installation: Installation, dora: User) -> None:
    it = installation
    names = [line.split("\t")[:2] for line in printed(it, dora, "catalogue").splitlines()]
    assert ["echo", "start"] in names
    assert ["hidden", "start"] not in names
    (script,) = objects(printed(it, dora, "catalogue", "strict", "--json"))
    most = {each["name"]: each["max"] for each in script["parameters"]}
    assert (most["m"], most["i"], most["n"]) == (None, 9, 9_000_000_000)
    lines = printed(it, dora, "catalogue", "strict").splitlines()
    assert lines[0].split("\t")[:4] == ["m", "mandatory", "string", "mandatory"]


@pytest.mark.parametrize("command", ["files ID", "catalogue missing"])
def test_table_of_nothing_is_empty_on_a_terminal(
    installation: Installation, dora: User, three: list[str], command: str
) -> None:
    given = command.replace("ID", three[0]).split()
    with on_terminal(installation, dora, *given) as ours:
        assert (ours.end(), ours.text) == (0, "")


# --- stop, delete ---------------------------------------------------------------------------------


def test_stop_waits_for_the_end_of_all(installation: Installation, carol: User) -> None:
    it = installation
    ids = [start(it, carol, "waiting") for _ in range(2)]
    for each in ids:
        until_running(it, carol, each)
    text = printed(it, carol, "stop", "--wait", ids[0], "ffffffff", ids[1], "--json", code=1)
    assert [(each["id"], each["status"]) for each in objects(text)] == [
        (ids[0], "STOPPED"),
        (ids[1], "STOPPED"),
    ]


def test_delete_asks_on_a_terminal(installation: Installation, carol: User) -> None:
    it = installation
    process_id = run_python(it, carol, "pass").id
    assert "add --yes" in complaint(it, carol, "delete", process_id, code=2)
    with on_terminal(it, carol, "delete", process_id) as ours:
        ours.until(
            rf"Delete {process_id} \(python, COMPLETED\) with its output and files\? \[y/N\]"
        )
        ours.type("n\n")
        assert ours.end() == 0
    with on_terminal(it, carol, "delete", process_id) as ours:
        ours.until("y/N")
        ours.type("\x03")
        assert ours.end(again="\x03") == 130
    with on_terminal(it, carol, "delete", process_id) as ours:
        ours.until("y/N")
        ours.type("y\n")
        assert ours.end() == 0
    assert "There is no process" in complaint(it, carol, "delete", process_id, "--yes", code=1)


# --- tail, by time --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("list --since soon", "30s, 10m, 2h, 7d ago"),
        ("list --until soon", "30s, 10m, 2h, 7d ago"),
        ("tail abcd --since soon", "30s, 10m, 2h, 7d ago"),
        ("start echo --at soon", "30s, 10m, 2h, 7d from now"),
    ],
)
def test_time_that_is_none_is_refused_with_those_that_are(
    installation: Installation, carol: User, command: str, told: str
) -> None:
    assert told in complaint(installation, carol, *command.split(), code=2)


def test_tail_begins_at_a_time(installation: Installation, carol: User) -> None:
    it = installation
    gate = Gate(it)
    process_id = start_python(it, carol, f"print(1, flush=True); {gate.wait}; print(2)")
    until_lines(it, carol, process_id, 1)  # what is read at once has one time
    gate.open()
    end_of(it, carol, process_id)
    lines = facts(it, carol, process_id, "output { lines { time } }")["output"]["lines"]
    tail = ("tail", process_id[:8], "--since")
    assert printed(it, carol, *tail, lines[1]["time"]) == "2\n"
    assert printed(it, carol, *tail, "1d") == "1\n2\n"
    assert printed(it, carol, *tail, "2090-01-01T00:00Z") == ""


def test_tail_goes_on_when_the_connection_breaks(installation: Installation, carol: User) -> None:
    it = installation
    ended = run_python(it, carol, "for n in range(20000): print('line', n)")
    with Wire(it.url, 60_000, 100_000) as wire:
        done = client(it, carol, "tail", ended.id, "--server", wire.url)
        assert wire.connections == 3
    assert (done.returncode, done.stdout.decode()) == (0, f"{ended.text}\n")
