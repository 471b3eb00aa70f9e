"""Pseudo-terminals: programs that print as they would for a person, and nobody who types."""

import json
from typing import Any

import pytest

from jobs.ansi import stripped
from tests.database import on_sqlite
from tests.installation import Installation
from tests.running import OUTPUT, Gate, alive, end_of, facts, run_python, start_python

LOOK = """
import json, os, sys
print(json.dumps({
    "terminals": [stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)],
    "size": os.get_terminal_size(),
    "environment": {name: os.environ.get(name) for name in ("TERM", "PAGER", "GIT_PAGER")},
}))
"""
# Runs a program that holds back what it prints, unless it prints to a terminal.
BUFFERED = """
import os, sys
del os.environ["PYTHONUNBUFFERED"]
os.execl(sys.executable, sys.executable, "-S", "-c", {program!r})
"""
STOP = "mutation ($id: ID!) { stopProcess(id: $id) { id } }"


def look(it: Installation, script: str) -> Any:
    return json.loads(run_python(it, it.alice, LOOK, script).text)


@on_sqlite
def test_script_in_a_terminal_sees_one(installation: Installation) -> None:
    assert look(installation, "terminal") == {
        "terminals": [False, True, True],
        "size": [120, 40],
        "environment": {"TERM": "xterm-256color", "PAGER": "cat", "GIT_PAGER": "cat"},
    }


@on_sqlite
def test_other_scripts_see_none(installation: Installation) -> None:
    program = "import os; print([os.isatty(n) for n in range(3)], 'TERM' in os.environ)"
    ended = run_python(installation, installation.alice, program)
    assert ended.lines == ["[False, False, False] False"]


GREP = """
import subprocess
with subprocess.Popen(["grep", "."], stdin=subprocess.PIPE) as grep:
    grep.stdin.write(b"one\\n")
    grep.stdin.flush()
    {wait}
    grep.stdin.write(b"two\\n")
"""
PRINT = "print('one'); {wait}; print('two')"


@on_sqlite
@pytest.mark.parametrize("program", [PRINT, GREP], ids=["Python", "grep"])
def test_program_that_holds_its_output_back_is_live(
    installation: Installation, program: str
) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    program = BUFFERED.format(program=program.format(wait=gate.wait))
    process_id = start_python(it, alice, program, "terminal")
    with it.subscribe(alice, OUTPUT, id=process_id) as events:
        first = next(iter(events))["processOutput"]
        assert [line["text"] for line in first["lines"]] == ["one"]
        gate.open()
    assert end_of(it, alice, process_id).lines == ["one", "two"]


# Programs that read, and the last line that they make.
READERS = {
    "standard input": ("import sys; print(repr(sys.stdin.read()))", "''"),
    "input()": ("input('Really? ')", "EOFError: EOF when reading a line"),
    "password": ("import getpass; getpass.getpass()", "EOFError"),
    "shell": ("import os; os.system('read answer; echo got: $answer')", "got:"),
    "standard output": ("import os; os.read(1, 1)", "OSError: [Errno 9] Bad file descriptor"),
    "terminal": (
        "open('/dev/tty')",
        "OSError: [Errno 6] No such device or address: '/dev/tty'",
    ),
}


@on_sqlite
@pytest.mark.parametrize(("program", "last"), READERS.values(), ids=READERS)
def test_who_reads_from_the_terminal_does_not_wait(
    installation: Installation, program: str, last: str
) -> None:
    ended = run_python(installation, installation.alice, program, "terminal")
    assert stripped(ended.lines[-1]) == last  # of which Python 3.13 has some in colours


@on_sqlite
def test_colours_are_kept(installation: Installation) -> None:
    program = "import os; os.system('echo warning | grep --color=auto warn')"
    ended = run_python(installation, installation.alice, program, "terminal")
    assert "\x1b[" in ended.text
    assert ended.text.endswith("ing")


COOKED = """
import termios
attributes = termios.tcgetattr(1)
attributes[1] |= termios.OPOST | termios.ONLCR
termios.tcsetattr(1, termios.TCSANOW, attributes)
print("a\\n\\nb")
"""


@on_sqlite
def test_terminal_that_a_script_sets_anew_makes_the_same_lines(installation: Installation) -> None:
    assert run_python(installation, installation.alice, COOKED, "terminal").lines == ["a", "", "b"]


FAMILY = """
import os, signal, subprocess, time
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
print(os.getpid()); print(child.pid)
time.sleep(600)
"""


@on_sqlite
def test_script_in_a_terminal_is_stopped_with_all_it_started(installation: Installation) -> None:
    it, alice = installation, installation.alice
    process_id = start_python(it, alice, FAMILY, "terminal")
    with it.subscribe(alice, OUTPUT, id=process_id) as events:
        lines: list[str] = []
        for event in events:
            lines += [line["text"] for line in event["processOutput"].get("lines", ())]
            if len(lines) == 2:
                it.graphql(alice, STOP, id=process_id)
    assert facts(it, alice, process_id, "status reason") == {
        "status": "STOPPED",
        "reason": "Stopped by alice",
    }
    assert lines[2] == "[procession] Stopped by alice; SIGTERM sent"
    assert not any(alive(int(pid)) for pid in lines[:2])
