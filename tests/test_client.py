"""The command line client: what it prints, byte for byte, and with what it ends."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest

from client.connection import Server, refuse
from client.errors import OtherVersion
from client.moment import future, past, sent, shown
from server.commands.access import UNREACHABLE, explained
from tests.command_line import Wire, client, complaint, environment, on_terminal
from tests.conftest import Install
from tests.database import on_sqlite
from tests.installation import NOBODY, PATIENCE, PROGRAM, Installation, User, until
from tests.rows import LONG_AGO, Row, insert
from tests.running import (
    Gate,
    end_of,
    facts,
    run_python,
    start_python,
    until_lines,
    until_running,
)

# What no database has a part in is tested with one.


@contextmanager
def tailing(
    it: Installation, who: User, *arguments: str, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A `procession tail` that runs."""
    tail = subprocess.Popen(
        [PROGRAM, "tail", *arguments],
        cwd=it.folder,
        env=environment(it, who, **settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        with tail:
            yield tail
    finally:
        tail.kill()


def line_of(tail: subprocess.Popen[bytes]) -> str:
    assert tail.stdout
    return tail.stdout.readline().decode().rstrip("\n")


def rest_of(tail: subprocess.Popen[bytes]) -> tuple[str, str]:
    """What it still prints, and what it complains of."""
    printed, complaints = tail.communicate(timeout=PATIENCE)
    return printed.decode(), complaints.decode()


# --- tail -----------------------------------------------------------------------------------------


@on_sqlite
def test_tail_prints_the_output_byte_for_byte(installation: Installation) -> None:
    it = installation
    raw = b"a\n\n\x1b[31mred\x1b[0m \xff\x00\t\nZo\xc3\xab \xf0\x9f\x98\x80\n\ndone"
    process_id = run_python(it, it.alice, f"import os; os.write(1, {raw!r})").id
    done = client(it, it.alice, "tail", process_id)
    assert done.stdout == raw.replace(b"\xff", "\ufffd".encode()) + b"\n"
    assert (done.returncode, done.stderr) == (0, b"")


@on_sqlite
def test_tail_of_much_output_is_all_of_it(installation: Installation) -> None:
    it = installation
    ended = run_python(it, it.alice, "for n in range(30000): print('line', n, n % 777 * 'x')")
    assert client(it, it.alice, "tail", ended.id).stdout.decode() == f"{ended.text}\n"


@on_sqlite
def test_tail_of_no_output_prints_nothing(installation: Installation) -> None:
    process_id = run_python(installation, installation.alice, "pass").id
    done = client(installation, installation.alice, "tail", process_id)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.fixture(scope="module")
def hundred(installation: Installation) -> str:
    """A process with a hundred lines that has ended."""
    program = "for n in range(1, 101): print('line', n)"
    return run_python(installation, installation.alice, program).id


@on_sqlite
@pytest.mark.parametrize(
    ("place", "numbers"),
    [
        (("--after", "60"), range(61, 101)),
        (("--after", "100"), range(0)),
        (("--after", "1000"), range(0)),
        (("--last", "10"), range(91, 101)),
        (("--last", "0"), range(0)),
        (("--last", "9999999999"), range(1, 101)),
        (("--last", "10", "--after", "95"), range(96, 101)),
    ],
    ids=str,
)
def test_tail_begins_anywhere(
    installation: Installation, hundred: str, place: tuple[str, ...], numbers: range
) -> None:
    done = client(installation, installation.alice, "tail", hundred, *place)
    assert done.stdout.decode() == "".join(f"line {n}\n" for n in numbers)
    assert (done.returncode, done.stderr) == (0, b"")


@on_sqlite
@pytest.mark.parametrize(
    "place", [("--after", "-1"), ("--after", "2147483648"), ("--last", "-3")], ids=str
)
def test_tail_cannot_begin_at_a_number_that_no_line_has(
    installation: Installation, hundred: str, place: tuple[str, str]
) -> None:
    words = complaint(installation, installation.alice, "tail", hundred, *place, code=2)
    assert f"Invalid value for '{place[0]}': {place[1]} is not in the range" in words


@on_sqlite
def test_tail_tells_times_and_numbers_on_demand(installation: Installation, hundred: str) -> None:
    it = installation
    selection = "output(after: 97) { lines { seq time text } }"
    lines = facts(it, it.alice, hundred, selection)["output"]["lines"]
    timed = client(it, it.alice, "tail", hundred, "--after", "97", "--times").stdout.decode()
    assert timed == "".join(f"{line['time']} {line['text']}\n" for line in lines)
    as_json = client(it, it.alice, "tail", hundred, "--after", "97", "--json").stdout
    assert [json.loads(line) for line in as_json.splitlines()] == lines


@on_sqlite
def test_tail_prints_a_line_while_the_script_runs(installation: Installation) -> None:
    it = installation
    gates = [Gate(it) for _ in range(3)]
    program = f"{gates[0].wait}; print(1); {gates[1].wait}; print(2); {gates[2].wait}; print(3)"
    process_id = start_python(it, it.alice, program)
    until_running(it, it.alice, process_id)
    with tailing(it, it.alice, process_id) as tail:
        gates[0].open()
        assert line_of(tail) == "1"
        gates[1].open()
        assert line_of(tail) == "2"
        gates[2].open()
        assert rest_of(tail) == ("3\n", "")
    assert tail.returncode == 0


@on_sqlite
def test_tail_waits_for_a_process_that_is_not_started_yet(installation: Installation) -> None:
    it = installation
    gate = Gate(it)
    first = start_python(it, it.alice, f"{gate.wait}", "single")
    second = start_python(it, it.alice, "print('at last')", "single")
    with tailing(it, it.alice, first) as before, tailing(it, it.alice, second) as tail:
        gate.open()
        assert rest_of(before) == ("", "")
        assert rest_of(tail) == ("at last\n", "")


@on_sqlite
@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("pass", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit(255)", 255),
        ("import os; os.kill(os.getpid(), 9)", 137),
    ],
)
def test_tail_ends_as_the_script_did(installation: Installation, program: str, code: int) -> None:
    it = installation
    done = client(it, it.alice, "tail", start_python(it, it.alice, program))
    assert done.returncode == code
    assert done.stderr.decode() == ("" if code == 0 else "procession: The process is FAILED\n")


@on_sqlite
def test_tail_of_a_process_that_is_stopped_ends_as_if_it_was(installation: Installation) -> None:
    it = installation
    gate = Gate(it)
    process_id = start_python(it, it.alice, f"print('here', flush=True); {gate.wait}")
    with tailing(it, it.alice, process_id) as tail:
        assert line_of(tail) == "here"
        it.graphql(it.alice, "mutation ($id: ID!) { stopProcess(id: $id) { id } }", id=process_id)
        printed, complaints = rest_of(tail)
    assert "[procession] " in printed
    assert (tail.returncode, complaints) == (143, "procession: The process is STOPPED\n")


@on_sqlite
def test_tail_of_a_process_that_is_deleted_says_so(installation: Installation) -> None:
    it = installation
    process_id = start_python(it, it.alice, "print('here'); import time; time.sleep(600)")
    with tailing(it, it.alice, process_id) as tail:
        assert line_of(tail) == "here"
        it.graphql(it.alice, "mutation ($id: ID!) { deleteProcess(id: $id) }", id=process_id)
        assert process_id in rest_of(tail)[1]
    assert tail.returncode == 255


@on_sqlite
def test_tail_goes_on_where_it_was_when_the_server_was_killed(mortal: Installation) -> None:
    it, alice = mortal, mortal.alice
    gates = [Gate(it) for _ in range(3)]
    waits = [gate.wait for gate in gates]
    program = f"{waits[0]}; print(1); print(2); {waits[1]}; print(3); {waits[2]}; print(4)"
    process_id = start_python(it, alice, program)
    gates[0].reached()
    first = tailing(it, alice, process_id)
    with first as tail, tailing(it, alice, process_id, "--last", "1") as last:
        gates[0].open()
        assert [line_of(tail), line_of(tail)] == ["1", "2"]
        assert line_of(last)
        it.kill()
        it.start()
        gates[1].open()
        assert line_of(tail) == "3"
        it.kill()
        gates[2].open()
        it.start()
        printed, complaints = rest_of(tail)
        assert rest_of(last)[0].endswith("3\n4\n")
    assert (printed, tail.returncode, last.returncode) == ("4\n", 0, 0)
    cut = f"procession: The connection to {it.url} was cut; connecting again\n"
    assert complaints == 2 * cut


@on_sqlite
def test_each_cut_is_told_also_while_the_script_is_silent(installation: Installation) -> None:
    it, gate = installation, Gate(installation)
    process_id = start_python(it, it.alice, gate.wait)
    with Wire(it.url) as wire, tailing(it, it.alice, process_id, "--server", wire.url) as tail:
        for _ in range(3):
            until(lambda: wire.acknowledged)
            wire.acknowledged = 0
            wire.cut()
        gate.open()
        complaints = rest_of(tail)[1]
    assert (tail.returncode, complaints.count("was cut; connecting again")) == (0, 3)


@on_sqlite
@pytest.mark.parametrize(("last", "printed"), [("0", "late\n"), ("2", "4\n5\nlate\n")])
def test_tail_of_the_last_lines_loses_none_that_come_during_a_cut(
    installation: Installation, last: str, printed: str
) -> None:
    it, gate = installation, Gate(installation)
    program = f"print(1, 2, 3, 4, 5, sep='\\n', flush=True); {gate.wait}; print('late')"
    process_id = start_python(it, it.alice, program)
    until_lines(it, it.alice, process_id, 5)
    asked = (process_id[:8], "--last", last)
    with (
        Wire(it.url) as wire,
        tailing(it, it.alice, *asked, PROCESSION_SERVER=wire.url) as tail,
    ):
        until(lambda: wire.acknowledged == 2)  # one to find the place, one to follow
        tail.send_signal(signal.SIGSTOP)
        wire.cut()
        gate.open()
        until_lines(it, it.alice, process_id, 6)
        tail.send_signal(signal.SIGCONT)
        assert rest_of(tail)[0] == printed
    assert tail.returncode == 0


@on_sqlite
def test_output_that_is_not_what_the_script_wrote_is_noticed(installation: Installation) -> None:
    it = installation
    process_id = insert(it, [Row(it.alice.id, lines=[(LONG_AGO, "forged")])])[0]
    assert client(it, it.alice, "tail", process_id).returncode == 0
    change = "UPDATE process SET {} WHERE id = '{}'"
    it.execute(change.format(f"output_sha256 = '{64 * '0'}'", process_id))
    done = client(it, it.alice, "tail", process_id)
    assert (done.returncode, done.stdout) == (254, b"forged\n")
    assert "their SHA-256 is another" in done.stderr.decode()
    it.execute(change.format("last_seq = 2", process_id))
    done = client(it, it.alice, "tail", process_id, "--last", "2")
    assert done.returncode == 254
    assert "Line 1 was not the last: there are 2" in done.stderr.decode()


@on_sqlite
def test_reader_that_goes_away_ends_it_quietly(installation: Installation) -> None:
    it = installation
    ended = run_python(it, it.alice, "for n in range(100000): print(n)")
    for command in (f"tail {ended.id}", f"search {ended.id} 1"):
        done = subprocess.run(
            ["/bin/bash", "-c", f"{PROGRAM} {command} | head -n 1; exit ${{PIPESTATUS[0]}}"],
            env=environment(it, it.alice),
            cwd=it.folder,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (done.returncode, done.stderr) == (141, b"")
        assert done.stdout in (b"0\n", b"2:1\n")


@on_sqlite
def test_reader_that_is_slow_gets_all_also_where_a_full_pipe_refuses_more(
    installation: Installation,
) -> None:
    it = installation
    ended = run_python(it, it.alice, "for n in range(20000): print('line', n)")
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    with (
        os.fdopen(ours) as reader,
        subprocess.Popen(
            [PROGRAM, "tail", ended.id],
            cwd=it.folder,
            env=environment(it, it.alice),
            stdout=theirs,
            stderr=subprocess.PIPE,
        ) as tail,
    ):
        until(lambda: tail.poll() is not None or not select.select([], [theirs], [], 0)[1])
        os.close(theirs)
        assert reader.read() == f"{ended.text}\n"
        assert tail.communicate()[1] == b""
    assert tail.returncode == 0


@on_sqlite
def test_interrupt_ends_it_quietly(installation: Installation) -> None:
    it = installation
    gate = Gate(it)
    process_id = start_python(it, it.alice, f"print('here', flush=True); {gate.wait}")
    with tailing(it, it.alice, process_id) as tail:
        assert line_of(tail) == "here"
        tail.send_signal(signal.SIGINT)
        assert rest_of(tail) == ("", "")
    assert tail.returncode == 130
    gate.open()
    assert end_of(it, it.alice, process_id).status == "COMPLETED"


@on_sqlite
def test_full_disk_is_told(installation: Installation, hundred: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [PROGRAM, "tail", hundred],
            env=environment(installation, installation.alice),
            cwd=installation.folder,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    assert (done.returncode, b"No space left" in done.stderr) == (255, True)


# --- search ---------------------------------------------------------------------------------------


PROSE = ["Begin", "one x", "two", "three x", "four X", "five", "six", "seven", "eight x", "End"]


@pytest.fixture(scope="module")
def prose(installation: Installation) -> str:
    """An ended process with ten lines."""
    lines = [(LONG_AGO, line) for line in PROSE]
    return insert(installation, [Row(installation.alice.id, lines=lines)])[0]


SEARCHES: dict[str, tuple[list[str], list[str]]] = {
    "text": (["x"], ["2:one x", "4:three x", "7:six", "9:eight x"]),
    "no expression": (["e$"], []),
    "expression": (["^t.* x$", "--regex"], ["4:three x"]),
    "any case": (["en|end", "--regex", "--ignore-case"], ["8:seven", "10:End"]),
    "context at the beginning": (["Begin", "--context", "1"], ["1:Begin", "2-one x"]),
    "context of neighbours": (
        [" [xX]$", "--regex", "--context", "1"],
        [
            *("1-Begin", "2:one x", "3-two", "4:three x", "5:four X", "6-five"),
            *("--", "8-seven", "9:eight x", "10-End"),
        ],
    ),
    "context that touches": (
        ["v", "--context", "1"],
        ["5-four X", "6:five", "7-six", "8:seven", "9-eight x"],
    ),
    "nothing": (["nowhere"], []),
}


@on_sqlite
@pytest.mark.parametrize(("arguments", "printed"), SEARCHES.values(), ids=SEARCHES)
def test_search_prints_lines_after_their_numbers(
    installation: Installation, prose: str, arguments: list[str], printed: list[str]
) -> None:
    done = client(installation, installation.alice, "search", prose, *arguments)
    assert done.stdout.decode().splitlines() == printed
    assert (done.returncode, done.stderr) == (0 if printed else 1, b"")


@on_sqlite
def test_search_goes_on_to_the_last_page(installation: Installation) -> None:
    it = installation
    ended = run_python(it, it.alice, "for n in range(5000): print('line', n)")
    done = client(it, it.alice, "search", ended.id, "line 2")
    found = [f"{seq}:{text}" for seq, text in enumerate(ended.lines, 1) if "line 2" in text]
    assert len(found) > 1000
    assert done.stdout.decode().splitlines() == found


@on_sqlite
def test_search_prints_objects_on_demand(installation: Installation, prose: str) -> None:
    it = installation
    done = client(it, it.alice, "search", prose, "six", "--context", "1", "--json")
    (match,) = (json.loads(line) for line in done.stdout.splitlines())
    time = "2017-11-22T10:29:11.000000Z"
    assert match == {
        "line": {"seq": 7, "time": time, "text": "six"},
        "before": [{"seq": 6, "time": time, "text": "five"}],
        "after": [{"seq": 8, "time": time, "text": "seven"}],
    }


@on_sqlite
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["(x", "--regex"], "pattern: This is no regular expression of RE2: missing )"),
        (["x", "--context", "51"], "context: This must be from 0 to 50."),
        ([""], "pattern: This must not be empty."),
        (["\udcff"], "This cannot be sent"),
    ],
)
def test_search_that_cannot_be_is_explained(
    installation: Installation, prose: str, arguments: list[str], told: str
) -> None:
    done = client(installation, installation.alice, "search", prose, *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(f"procession: {told}")


# --- who asks, and whom ---------------------------------------------------------------------------


def told(it: Installation, who: User, process_id: str, **settings: str) -> str:
    """How `procession tail` explains that it is refused."""
    done = client(it, who, "tail", process_id, **settings)
    assert (done.returncode, done.stdout) == (255, b"")
    return done.stderr.decode()


@on_sqlite
def test_refusal_is_explained(installation: Installation, hundred: str) -> None:
    it = installation
    revoked = it.add_user("revoked", revoked_at=1)
    assert "PROCESSION_TOKEN: put your token there" in told(it, NOBODY, hundred)
    assert "does not take this token" in told(it, User("", "", "psn_wrong"), hundred)
    assert "does not take this token" in told(it, revoked, hundred)
    assert "somebody else's" in told(it, it.bob, hundred)
    assert "There is no process" in told(it, it.alice, str(uuid4()))
    assert "is not an id" in told(it, it.alice, "x")


@pytest.mark.parametrize("code", ["INTERNAL", "CONFLICT", "UNAVAILABLE"])
def test_fault_of_the_server_is_no_refusal(code: str) -> None:
    with pytest.raises(SystemExit) as exit_, explained():
        refuse({"message": "Its database is away", "extensions": {"code": code}})
    assert exit_.value.code == UNREACHABLE


@on_sqlite
@pytest.mark.parametrize("document", ["{ later }", "{ viewer(later: 1) { id } }", "{ ...Later }"])
def test_what_a_server_of_another_version_does_not_know_is_told_so(
    installation: Installation, document: str
) -> None:
    server = Server(installation.url, installation.alice.token)
    with server.connected() as connection, pytest.raises(OtherVersion, match=r"[Ll]ater.*version"):
        connection.ask(document)


@on_sqlite
def test_limit_of_a_server_is_no_other_version(install: Install) -> None:
    it = install(PROCESSION_MAX_DEPTH="2")
    it.start()
    assert complaint(it, it.alice, "list", code=1) == (
        "procession: An operation may be 2 levels deep (PROCESSION_MAX_DEPTH)\n"
    )


@on_sqlite
def test_server_that_is_not_there_is_named(installation: Installation, hundred: str) -> None:
    server = "http://127.0.0.1:1"
    words = told(installation, installation.alice, hundred, PROCESSION_SERVER=server)
    assert words.startswith(f"procession: No Procession server answers at {server}: ")


@on_sqlite
@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ftp://x", "ftp://x"),
        ("http://", "http://"),
        ("http://h:99999", "http://h:99999"),
        ("http://[::1", "http://[::1"),
        ("http://h 1", "http://h 1"),
        ("http://h..1", "http://h..1"),
        ("URL/elsewhere", "URL/elsewhere"),
        ("http://ann:secret@h", "http://***@h"),
    ],
)
def test_address_that_is_none_of_a_server_is_refused_before_anything_is_sent(
    installation: Installation, hundred: str, address: str, shown: str
) -> None:
    it = installation
    with Wire(it.url) as wire:
        given = {"PROCESSION_SERVER": address.replace("URL", wire.url)}
        tail = told(it, it.alice, hundred, **given)
        whoami = complaint(it, it.alice, "whoami", code=2, **given)
        with on_terminal(it, NOBODY, "login", **given) as login:  # before it asks who one is
            assert login.end() == 2
        assert wire.connections == 0
        shown = shown.replace("URL", wire.url)
    assert tail == whoami == login.text
    assert tail.startswith(f"procession: The server's address '{shown}' should be such as https://")


@on_sqlite
def test_search_that_is_refused_is_explained(installation: Installation, hundred: str) -> None:
    done = client(installation, installation.bob, "search", hundred, "line")
    assert (done.returncode, done.stdout) == (2, b"")
    assert "somebody else's" in done.stderr.decode()


@on_sqlite
def test_administrator_sees_the_output_of_all(installation: Installation, hundred: str) -> None:
    it = installation
    assert client(it, it.admin, "tail", hundred, "--last", "1").stdout == b"line 100\n"
    assert client(it, it.admin, "search", hundred, "line 100").stdout == b"100:line 100\n"


@on_sqlite
def test_server_and_token_can_be_given_otherwise(installation: Installation, hundred: str) -> None:
    it, last = installation, ("tail", hundred, "--last", "1")
    token = it.folder / "token"
    token.write_text(f"{it.alice.token}\n")
    by_options = ("--server", f"{it.url}/", "--token-file", str(token))
    assert client(it, NOBODY, *last, *by_options, PROCESSION_SERVER="").stdout == b"line 100\n"
    port = it.url.rpartition(":")[2]
    local = {"PROCESSION_SERVER": "", "PROCESSION_HOST": "0.0.0.0", "PROCESSION_PORT": port}  # noqa: S104
    assert client(it, it.alice, *last, **local).stdout == b"line 100\n"


@on_sqlite
def test_server_at_an_address_of_ipv6_is_greeted_and_found_there(install: Install) -> None:
    it = install(PROCESSION_HOST="::1")
    it.start()
    port = it.url.rpartition(":")[2]
    assert it.url == f"http://[::1]:{port}"
    local = {"PROCESSION_SERVER": "", "PROCESSION_PORT": port}
    for host in ("::1", "::"):
        done = client(it, it.admin, "whoami", PROCESSION_HOST=host, **local)
        assert done.stdout.decode() == f"admin (administrator) at {it.url}\n"


@pytest.mark.parametrize(
    ("read", "now", "moment"),
    [
        (future, "2026-03-28T20:00", "2026-03-29T16:00:00.000000Z"),
        (past, "2026-03-29T12:00", "2026-03-28T17:00:00.000000Z"),
        (future, "2026-10-24T20:00", "2026-10-25T17:00:00.000000Z"),
        (past, "2026-10-25T12:00", "2026-10-24T16:00:00.000000Z"),
        (future, "2026-06-01T12:00", "2026-06-01T16:00:00.000000Z"),
    ],
)
def test_time_of_day_is_that_of_its_day_when_clocks_are_changed(
    monkeypatch: pytest.MonkeyPatch,
    read: Callable[[str, datetime], datetime],
    now: str,
    moment: str,
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")  # of Berlin
        time.tzset()
        then = datetime.fromisoformat(now).astimezone()
        found = read("18:00", then)
        here = shown(moment, then)
    time.tzset()
    assert sent(found) == moment
    assert here.endswith("18:00") or here == "18:00:00"


@on_sqlite
def test_settings_of_the_client_do_not_trouble_a_server(installation: Installation) -> None:
    installation.cli("user", "list", PROCESSION_SERVER="http://x", PROCESSION_TOKEN="psn_x")
