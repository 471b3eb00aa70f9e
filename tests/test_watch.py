"""`procession watch`: a table that follows what happens, and lines that tell it."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.command_line import Wire, environment, on_terminal, printed
from tests.database import on_sqlite
from tests.installation import PROGRAM, Installation, User, until
from tests.running import Gate, run_python, start_python

pytestmark = on_sqlite


@contextmanager
def watching(it: Installation, who: User, *options: str) -> Iterator[Iterator[bytes]]:
    """The lines of a `procession watch --json` that runs."""
    with subprocess.Popen(
        [PROGRAM, "watch", "--json", *options],
        cwd=it.folder,
        env=environment(it, who),
        stdout=subprocess.PIPE,
    ) as watch:
        assert watch.stdout
        try:
            yield iter(watch.stdout)
        finally:
            watch.kill()


def test_watch_draws_what_happens(installation: Installation) -> None:
    it = installation
    fred = it.add_user("fred")
    gate = Gate(it)
    with on_terminal(it, fred, "watch", "--mine") as ours:
        ours.reads("0 running of 0 shown")
        process_id = start_python(it, fred, gate.wait)
        ours.reads(rf"1 running of 1 shown(.|\n)*{process_id[:8]}  python  RUNNING")
        ours.resize(40, 24)
        ours.reads(r"\A.{39}…\n")
        assert max(map(len, ours.picture)) <= 40
        ours.resize(120, 24)
        gate.open()
        ours.reads(rf"{process_id[:8]}  python  COMPLETED  fred")
        ours.type("\x03")
        assert ours.end() == 130
    assert ours.raw.startswith("\x1b[?1049h\x1b[?25l")  # another screen, without a cursor
    assert "\x1b[?25h\x1b[?1049l" in ours.raw
    assert "Traceback" not in ours.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watch_leaves_the_terminal_as_it_was_whichever_signal_ends_it(
    installation: Installation, number: signal.Signals
) -> None:
    with on_terminal(installation, installation.alice, "watch") as ours:
        ours.reads("running of")
        ours.program.send_signal(number)
        assert ours.end() == 128 + number
    assert ours.raw.endswith("\x1b[?25h\x1b[?1049l")


def test_watch_tells_changes_in_a_pipe(installation: Installation) -> None:
    it = installation
    gina = it.add_user("gina")
    old = run_python(it, gina, "pass").id
    gate = Gate(it)
    with watching(it, gina) as lines:
        assert json.loads(next(lines))["id"] == old
        new = start_python(it, gina, gate.wait)
        status = None
        while status != "RUNNING":
            told = json.loads(next(lines))
            assert told["id"] == new
            status = told["status"]
        gate.open()
        assert json.loads(next(lines))["status"] == "COMPLETED"
        printed(it, gina, "delete", "--yes", new)
        assert json.loads(next(lines)) == {"id": new, "deleted": True}


def test_watch_goes_on_when_the_connection_breaks(installation: Installation) -> None:
    it = installation
    hugo = it.add_user("hugo")
    run_python(it, hugo, "pass")
    with Wire(it.url) as wire:
        with on_terminal(it, hugo, "watch", "--server", wire.url) as ours:
            ours.reads("running of 1 shown")
            wire.cut()
            run_python(it, hugo, "pass")
            ours.reads("running of 2 shown")
            ours.type("\x03")
            assert ours.end() == 130
        assert "was cut" in ours.text
        assert wire.connections == 5  # one to ask who is meant, then two, and two again


def test_watch_in_a_pipe_goes_on_also_if_there_was_nothing_yet(installation: Installation) -> None:
    it = installation
    ines = it.add_user("ines")
    with Wire(it.url) as wire, watching(it, ines, "--server", wire.url) as lines:
        until(lambda: wire.acknowledged == 3)  # one to ask who is meant, then two
        wire.cut()
        process_id = run_python(it, ines, "pass").id
        assert json.loads(next(lines))["id"] == process_id
