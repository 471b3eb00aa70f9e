"""Limits: output that is not kept is told in the output, and troubles nobody else."""

import os
import re
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from jobs.supervisor.spool import HEADER
from jobs.supervisor.spool import OUTPUT as PRINTED
from tests.chaos.disk import full, small_disk
from tests.conftest import Install
from tests.database import on_sqlite
from tests.installation import Installation, until
from tests.running import OUTPUT, SLEEP, Gate, alive, end_of, facts, run_python, start_python
from tests.workers import kill_all, pids

# All of it happens in the supervisor; no database has a part in it.
pytestmark = on_sqlite

STOP = "mutation ($id: ID!) { stopProcess(id: $id) { id } }"
REACHED = "[procession] The output has reached its limit of 1 kB; what follows is not kept"
NO_ROOM = "[procession] There is no room for output (File too large); what follows is not kept"
LINE = "x" * 19  # 20 bytes with its newline: 50 of them are 1 kB


def not_kept(count: int) -> str:
    return f"[procession] {count} bytes of output were not kept"


# --- the manifest's limit -------------------------------------------------------------------------

# A program of whose output 1000 bytes are kept, and the lines that it makes.
LIMITED: dict[str, tuple[str, list[str]]] = {
    "less": ("print('x' * 998)", ["x" * 998]),
    "exactly": ("print('x' * 999)", ["x" * 999]),
    "many lines": (
        f"print('{LINE}\\n' * 60, end='')",
        [LINE] * 50 + [REACHED, not_kept(200)],
    ),
    "many lines, one by one": (
        f"for _ in range(60): print('{LINE}')",
        [LINE] * 50 + [REACHED, not_kept(200)],
    ),
    "many short writes": (
        "import os\nfor _ in range(600): os.write(1, b'x\\n')",
        ["x"] * 500 + [REACHED, not_kept(200)],
    ),
    "line that does not fit any more": (
        f"for _ in range(49): print('{LINE}')\nimport os; os.write(1, b'y' * 30 + b'\\nz\\n')",
        [LINE] * 49 + [REACHED, not_kept(33)],
    ),
    "one line": ("print('x' * 2000)", ["x" * 1000 + " [cut]", REACHED, not_kept(1001)]),
    "one line of wide characters": (
        "print('漢' * 400)",
        ["漢" * 333 + " [cut]", REACHED, not_kept(202)],
    ),
    "no newline at the end": (
        f"print('{LINE}\\n' * 50 + 'y', end='')",
        [LINE] * 50 + [REACHED, not_kept(1)],
    ),
}


@pytest.mark.parametrize(("program", "lines"), LIMITED.values(), ids=LIMITED)
def test_output_is_kept_up_to_its_limit(
    installation: Installation, program: str, lines: list[str]
) -> None:
    ended = run_python(installation, installation.alice, program, "limited")
    assert ended.lines == lines
    assert (ended.status, ended.exit_code) == ("COMPLETED", 0)


def test_script_beyond_its_limit_goes_on_and_nothing_grows(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    program = f"print('{LINE}\\n' * 1_000_000, end=''); {gate.wait}; raise SystemExit(3)"
    process_id = start_python(it, alice, program, "limited")
    with it.subscribe(alice, OUTPUT, id=process_id) as events:
        last = ""
        for event in events:
            last = event["processOutput"]["lines"][-1]["text"]
            if last == REACHED:
                break
    gate.reached()
    assert (it.data / "runs" / process_id / "spool").stat().st_size < 2000
    gate.open()
    ended = end_of(it, alice, process_id)
    assert (ended.status, ended.exit_code) == ("FAILED", 3)
    assert ended.lines == [LINE] * 50 + [REACHED, not_kept(20 * 1_000_000 - 1000)]


def test_script_is_stopped_at_its_limit_if_its_manifest_says_so(installation: Installation) -> None:
    it, alice = installation, installation.alice
    ended = run_python(it, alice, f"while True: print('{LINE}')", "bounded")
    *lines, last = ended.lines
    assert lines == [LINE] * 50 + [
        "[procession] The output has reached its limit of 1 kB; SIGTERM sent"
    ]
    assert re.fullmatch(r"\[procession\] \d+ bytes of output were not kept", last)
    assert (ended.status, ended.exit_code) == ("FAILED", None)
    assert facts(it, alice, ended.id, "reason") == {
        "reason": "The output has reached its limit of 1 kB"
    }


def test_script_that_ignores_its_limit_is_killed(installation: Installation) -> None:
    program = f"""
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True: print('{LINE}')"""
    ended = run_python(installation, installation.alice, program, "bounded")
    assert "[procession] Still running after 1 s; SIGKILL sent" in ended.lines
    assert ended.status == "FAILED"


# --- a disk without room --------------------------------------------------------------------------


def folder_of(it: Installation, process_id: str) -> Path:
    return it.data / "runs" / process_id


def supervisor_of(it: Installation, process_id: str) -> int:
    (pid,) = [
        int(number)
        for number, _, command in (each.partition(" ") for each in it.living())
        if "jobs.supervisor" in command and process_id in command
    ]
    return pid


@contextmanager
def full_disk(it: Installation, process_id: str) -> Iterator[None]:
    """Inside, the spool has no room for more, nor has any other file for more than the spool has.

    It is the supervisor's own limit on the size of files. To set it takes no rights, and writes
    fail as they do on a full disk: some bytes are written, or none.
    """
    pid = supervisor_of(it, process_id)
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    size = (folder_of(it, process_id) / "spool").stat().st_size
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + 1, most))
    yield
    with suppress(ProcessLookupError):  # it has ended
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


def first_line(it: Installation, process_id: str) -> str:
    with it.subscribe(it.alice, OUTPUT, id=process_id) as events:
        text: str = next(iter(events))["processOutput"]["lines"][0]["text"]
        return text


# More than the pipe can hold; then it waits until all has been read.
FLOOD = f"""
print("{LINE}\\n" * 200_000 + "half ", end="")
import fcntl, termios, time
while any(fcntl.ioctl(1, termios.FIONREAD, bytes(4))): time.sleep(0.01)
"""
FLOODED = 20 * 200_000 + len("half ")


def test_script_goes_on_while_the_disk_is_full_and_the_gap_is_told(
    installation: Installation,
) -> None:
    it, alice = installation, installation.alice
    gates = [Gate(it), Gate(it)]
    program = (
        f"print('before', end='')\n{gates[0].wait}{FLOOD}{gates[1].wait}; print('whole\\nend')"
    )
    process_id = start_python(it, alice, program)
    gates[0].reached()
    until(lambda: (folder_of(it, process_id) / "spool").stat().st_size)
    with full_disk(it, process_id):
        gates[0].open()
        gates[1].reached()
    with it.subscribe(alice, OUTPUT, id=process_id) as events:
        for event in events:
            if event["processOutput"]["lines"][-1]["text"] == not_kept(FLOODED):
                break
    gates[1].open()
    ended = end_of(it, alice, process_id)
    assert ended.lines == ["before [cut]", NO_ROOM, not_kept(FLOODED), "[cut] whole", "end"]
    assert (ended.status, ended.exit_code) == ("COMPLETED", 0)


def test_gap_that_lasts_to_the_end_is_told_after_it(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    long = "x" * 9000  # so that there is room for all but the spool
    process_id = start_python(it, alice, f"print('{long}')\n{gate.wait}{FLOOD}raise SystemExit(3)")
    assert first_line(it, process_id) == long
    with full_disk(it, process_id):
        gate.open()
        ended = end_of(it, alice, process_id)
    assert ended.lines == [long, f"{NO_ROOM}; {FLOODED} bytes of output were not kept"]
    assert (ended.status, ended.exit_code) == ("FAILED", 3)


def test_end_is_told_as_soon_as_there_is_room_for_it(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    process_id = start_python(it, alice, f"print('kept'); {gate.wait}; print('lost')")
    assert first_line(it, process_id) == "kept"
    end = folder_of(it, process_id) / "ended.json.new"
    with full_disk(it, process_id):
        gate.open()
        until(lambda: end.read_bytes().startswith(b"{"))
        assert facts(it, alice, process_id, "status") == {"status": "RUNNING"}
    ended = end_of(it, alice, process_id)
    assert ended.lines == ["kept", f"{NO_ROOM}; 5 bytes of output were not kept"]
    assert (ended.status, ended.exit_code) == ("COMPLETED", 0)


def test_script_without_room_is_stopped_if_its_manifest_says_so(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    program = f"import os; print(os.getpid())\n{gate.wait}\nwhile True: print('lost')"
    process_id = start_python(it, alice, program, "bounded")
    pid = int(first_line(it, process_id))
    with full_disk(it, process_id):
        gate.open()
        until(lambda: not alive(pid))
    ended = end_of(it, alice, process_id)
    reason = "There is no room for output (File too large)"
    assert f"[procession] {reason}; SIGTERM sent" in ended.text
    assert (ended.status, ended.exit_code) == ("FAILED", None)
    assert facts(it, alice, process_id, "reason") == {"reason": reason}


def test_script_is_stopped_on_a_disk_without_room(install: Install) -> None:
    it = install()
    with small_disk(it.data / "runs", 2):
        it.start()
        process_id = start_python(it, it.alice, SLEEP)
        pid = int(first_line(it, process_id))
        with full(it.data / "runs", [supervisor_of(it, process_id)]):
            it.graphql(it.alice, STOP, id=process_id)
            until(lambda: not alive(pid), it.log.read_text)
            assert end_of(it, it.alice, process_id).status == "STOPPED"
        assert facts(it, it.alice, process_id, "reason") == {"reason": "Stopped by alice"}
        it.end()


# --- a spool that a failure of the machine left torn ----------------------------------------------

NOW = 1_800_000_000_000_000
TAILS = {
    "half a header": HEADER.pack(NOW, PRINTED, 5)[:7],
    "half a record": HEADER.pack(NOW, PRINTED, 5) + b"torn",
    "zeros": bytes(5000),
    "noise": bytes(range(255, -1, -1)) * 20,
    "endless record": HEADER.pack(NOW, PRINTED, 0xFFFFFFFF) + b"torn\n" * 200_000,
}
KILLED = "The supervisor of the script was killed, and the script with it"
# What becomes of the run folder's note of where it was begun, and the last line that follows.
ORIGINS: list[tuple[Callable[[str], str], str]] = [
    (lambda origin: origin, KILLED),
    (lambda origin: f"other{origin}", "The machine was restarted, which ended the script"),
    (lambda origin: f"{origin}1", "The container ended, and the script with it"),
]


def test_lost_script_says_why_and_what_is_whole_in_a_torn_spool_is_stored(
    mortal: Installation,
) -> None:
    it, alice = mortal, mortal.alice
    fates = [(tail, *ORIGINS[0]) for tail in TAILS.values()] + [(b"", *each) for each in ORIGINS]
    gates = [Gate(it) for _ in fates]
    program = "print('stored'); {wait}; print('whole'); import time; time.sleep(600)"
    processes = [start_python(it, alice, program.format(wait=gate.wait)) for gate in gates]
    for process_id in processes:
        assert first_line(it, process_id) == "stored"
    it.kill()
    until(lambda: not pids(it, "server.worker"))  # which would store what it sees of this
    for gate, process_id, (tail, changed, _) in zip(gates, processes, fates, strict=True):
        gate.open()
        tear(it, process_id, tail)
        origin = folder_of(it, process_id) / "origin"
        origin.write_text(changed(origin.read_text()))
    it.start()
    for process_id, (tail, _, why) in zip(processes, fates, strict=True):
        ended = end_of(it, alice, process_id)
        torn = f"{len(tail)} bytes of output were damaged and cannot be shown; " if tail else ""
        assert ended.lines == ["stored", "whole", f"[procession] {torn}{why}"]
        assert ended.status == "FAILED"
        assert facts(it, alice, process_id, "reason") == {"reason": why}


def test_lost_script_whose_stored_output_has_left_the_spool_says_only_why(
    mortal: Installation,
) -> None:
    it, alice = mortal, mortal.alice
    process_id = start_python(it, alice, "print('stored'); import time; time.sleep(600)")
    assert first_line(it, process_id) == "stored"
    kill_all(it)
    os.kill(supervisor_of(it, process_id), signal.SIGKILL)
    os.truncate(folder_of(it, process_id) / "spool", 0)
    it.start()
    assert end_of(it, alice, process_id).lines == ["stored", f"[procession] {KILLED}"]


def tear(it: Installation, process_id: str, tail: bytes) -> None:
    """As if the machine had failed after the second line."""
    spool = folder_of(it, process_id) / "spool"
    until(lambda: b"whole" in spool.read_bytes())
    os.kill(supervisor_of(it, process_id), signal.SIGKILL)
    with spool.open("ab") as file:
        file.write(tail)


# --- what a script may use ------------------------------------------------------------------------


def test_script_and_what_it_starts_are_bound_by_the_limits_of_its_manifest(
    installation: Installation,
) -> None:
    show = "import os, resource\nfor name in ('AS', 'CPU', 'NOFILE', 'FSIZE'):\n"
    show += "    print(name, resource.getrlimit(getattr(resource, 'RLIMIT_' + name))[0])\n"
    show += "print('nice', os.nice(0), flush=True)\n"
    show += "if os.path.exists(weighed := '/proc/self/autogroup'):\n"
    show += "    import time\n"
    show += "    while not open(weighed).read().endswith('nice 7\\n'): time.sleep(0.01)"
    program = f"{show}\nimport subprocess, sys\nsubprocess.run([sys.executable, '-c', {show!r}])"
    lines = run_python(installation, installation.alice, program, "restricted").lines
    nice = min(os.nice(0) + 7, 19)
    wanted = ["AS 1000000000", "CPU 1", "NOFILE 32", "FSIZE 65536", f"nice {nice}"]
    assert lines == wanted * 2


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("while True: pass", "Ended by SIGXCPU: it has used the processor time"),
        (
            "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
            "open('large', 'wb').write(bytes(100_000))",
            "Ended by SIGXFSZ: it has written a file as large",
        ),
    ],
    ids=["processor time", "file size"],
)
def test_script_that_uses_more_than_it_may_fails_and_says_why(
    installation: Installation, program: str, reason: str
) -> None:
    it, alice = installation, installation.alice
    ended = run_python(it, alice, program, "restricted")
    assert ended.status == "FAILED"
    assert facts(it, alice, ended.id, "reason")["reason"].startswith(reason)


def test_script_is_refused_more_memory_than_it_may_use(installation: Installation) -> None:
    ended = run_python(installation, installation.alice, "bytes(2 << 30)", "restricted")
    assert (ended.status, ended.lines[-1]) == ("FAILED", "MemoryError")
