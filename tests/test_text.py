"""Text: the lines of the output are what the script wrote, whatever it wrote and however."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.database import on_sqlite
from tests.faces import Face
from tests.installation import Installation
from tests.running import Gate, alive, end_of, facts, run_python, start_python
from tests.workers import pids

WRITE = "import sys; write = sys.stdout.buffer.write; "
LONGEST = 65536
CONTINUED = " [continued]"
NO_SEPARATORS = "a\vb\fc\x1cd\x1de\x1ef\x85g\u2028h\u2029i"

# A program, and the lines that it makes.
BYTES: dict[str, tuple[str, list[str]]] = {
    "nothing": ("", []),
    "one empty line": ("print()", [""]),
    "empty lines": ("print('a\\n\\n\\nb\\n')", ["a", "", "", "b", ""]),
    "no newline at the end": (WRITE + "write(b'a\\nb')", ["a", "b"]),
    "carriage return at line ends": (WRITE + "write(b'a\\r\\nb\\r\\n\\r\\n')", ["a", "b", ""]),
    "progress bar": (WRITE + "write(b' 1%\\r 50%\\r100%\\ndone\\n')", ["100%", "done"]),
    "progress bar with line ends": (WRITE + "write(b'a\\r\\n1\\r2\\r\\n')", ["a", "2"]),
    "progress bar without an end": (WRITE + "write(b' 1%\\r 50%\\r')", [" 50%"]),
    "carriage returns without end": (WRITE + "write(b'a\\r\\r'); write(b'\\r' * 100_000)", ["a"]),
    "long progress bar": (
        f"{WRITE}write(b''.join(b'%07d\\r' % n for n in range(50_000)) + b'done\\n')",
        ["done"],
    ),
    "carriage returns at the longest line": (
        f"{WRITE}write(b'x' * {LONGEST - 6} + b'\\r' * 20); sys.stdout.flush(); write(b'\\n1\\n')",
        ["x" * (LONGEST - 6), "1"],
    ),
    "not UTF-8": (WRITE + "write(b'a\\xffb\\xc3\\n\\xe6\\xbc\\n')", ["a\ufffdb\ufffd", "\ufffd"]),
    "lone surrogates": (WRITE + "write(b'\\xed\\xa0\\x80\\n')", ["\ufffd" * 3]),
    "byte order mark": (WRITE + "write(b'\\xef\\xbb\\xbfa\\n')", ["\ufeffa"]),
    "NUL and other controls": (
        WRITE + "write(b'a\\0b\\x1b[1mc\\t\\a\\b\\x03\\x04\\x1a\\x7f\\n')",
        ["a\0b\x1b[1mc\t\a\b\x03\x04\x1a\x7f"],
    ),
    "Unicode": ("print('Zoë 漢字 \\U0001f600')", ["Zoë 漢字 \U0001f600"]),
    "other separators": (f"print({NO_SEPARATORS!a})", [NO_SEPARATORS]),
    "longest line": (f"print('x' * {LONGEST}); print(1)", ["x" * LONGEST, "1"]),
    "long line": (
        "print('x' * 150_000)",
        ["x" * LONGEST + CONTINUED] * 2 + ["x" * (150_000 - 2 * LONGEST)],
    ),
    "long line of wide characters": (
        "print('漢' * 50_000)",
        ["漢" * (LONGEST // 3) + CONTINUED] * 2 + ["漢" * (50_000 - LONGEST // 3 * 2)],
    ),
    "very long line": (
        "print('x' * 10_000_000)",
        ["x" * LONGEST + CONTINUED] * (10_000_000 // LONGEST) + ["x" * (10_000_000 % LONGEST)],
    ),
    "both streams, in order": (
        "import sys\nfor n in range(50): print(n, file=(sys.stdout, sys.stderr)[n % 2])",
        [str(n) for n in range(50)],
    ),
    "many lines, and an end at once": (
        f"{WRITE}write(b''.join(b'%d\\n' % n for n in range(100_000))); import os; os._exit(0)",
        [str(n) for n in range(100_000)],
    ),
}


@on_sqlite
@pytest.mark.parametrize("script", ["python", "terminal"], ids=["pipe", "terminal"])
@pytest.mark.parametrize(("program", "lines"), BYTES.values(), ids=BYTES)
def test_bytes_become_lines(
    installation: Installation, program: str, lines: list[str], script: str
) -> None:
    assert run_python(installation, installation.alice, program, script).lines == lines


@on_sqlite
def test_carriage_returns_without_end_take_no_memory(installation: Installation) -> None:
    it = installation
    (worker,) = pids(it, "server.worker")
    before = most_memory(worker)
    program = f"{WRITE}\nfor _ in range(64): write(b'\\r' * {1 << 20})\nwrite(b'done\\n')"
    assert run_python(it, it.alice, program).lines == ["done"]
    assert most_memory(worker) - before < 32 << 20


def most_memory(pid: int) -> int:
    """What a program has taken at most so far, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


@on_sqlite
def test_both_faces_show_the_same_lines(face: Face) -> None:
    lines = [NO_SEPARATORS, "", "a\0b\x1b[1mc", "Zoë 漢字 \U0001f600"]
    ended = run_python(face.it, face.it.alice, f"print({chr(10).join(lines)!a})")
    assert face.output(face.it.alice, ended.id) == lines


@on_sqlite
@pytest.mark.parametrize("place", [1, 2, 3], ids=["first byte", "second byte", "third byte"])
def test_character_that_is_written_in_two_parts_stays_whole(
    installation: Installation, place: int
) -> None:
    gate = Gate(installation)
    content = "\U0001f600\n".encode()
    parts = content[:place], content[place:]
    program = f"{WRITE}write({parts[0]!r}); sys.stdout.flush(); {gate.wait}; write({parts[1]!r})"
    process_id = start_python(installation, installation.alice, program)
    gate.open()
    assert end_of(installation, installation.alice, process_id).lines == ["\U0001f600"]


@on_sqlite
def test_line_has_the_time_at_which_it_was_completed(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gates = [Gate(it), Gate(it)]
    program = f"{WRITE}write(b'1%\\r'); {gates[0].wait}; write(b'2%\\r'); {gates[1].wait}; print()"
    process_id = start_python(it, alice, program)
    gates[0].open()
    gates[1].reached()
    before = datetime.now(UTC)
    gates[1].open()
    assert end_of(it, alice, process_id).lines == ["2%"]
    document = "output { lines { time text } }"
    (line,) = facts(it, alice, process_id, document)["output"]["lines"]
    assert before <= datetime.fromisoformat(line["time"]) <= datetime.now(UTC)


@on_sqlite
def test_script_that_closes_its_output_goes_on(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    program = f"import os; print(1); os.close(1); os.close(2); {gate.wait}; os._exit(3)"
    for script in ("python", "terminal"):
        process_id = start_python(it, alice, program, script)
        gate.reached()
        assert facts(it, alice, process_id, "status") == {"status": "RUNNING"}
        gate.open()
        ended = end_of(it, alice, process_id)
        assert (ended.lines, ended.status, ended.exit_code) == (["1"], "FAILED", 3)


DAEMON = """
import os, subprocess, sys, time
started = subprocess.Popen(["sleep", "600"], start_new_session={session})
print(started.pid)
"""


@on_sqlite
@pytest.mark.parametrize("script", ["python", "terminal"], ids=["pipe", "terminal"])
@pytest.mark.parametrize("session", [False, True], ids=["same session", "session of its own"])
def test_process_that_keeps_the_output_open_is_ended_and_told(
    installation: Installation, session: bool, script: str
) -> None:
    it, alice = installation, installation.alice
    ended = run_python(it, alice, DAEMON.format(session=session), script)
    assert (ended.status, ended.exit_code) == ("COMPLETED", 0)
    assert ended.lines[1:] == [
        "[procession] The script ended but left processes behind; they were killed"
    ]
    assert not alive(int(ended.lines[0]))


@on_sqlite
def test_signal_is_told_behind_a_last_line_without_a_newline(installation: Installation) -> None:
    program = (
        "import os, sys; sys.stdout.write('a\\nb'); sys.stdout.flush(); os.kill(os.getpid(), 9)"
    )
    ended = run_python(installation, installation.alice, program)
    assert ended.lines == ["a", "b", "[procession] The script was ended by SIGKILL"]
    assert (ended.status, ended.exit_code) == ("FAILED", None)
