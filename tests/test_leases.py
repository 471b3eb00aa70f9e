"""Workers that are lost, paused, replaced or drained: nothing runs twice, nothing is forgotten."""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest

import jobs.run
from jobs import standstill
from jobs.doorbell import Topic
from jobs.run import LOST, Run
from jobs.standstill import Standstill
from jobs.supervisor.launch import Launch
from tests.conftest import Install
from tests.database import on_postgres, on_sqlite
from tests.faces import GraphQL, Rest, Upload
from tests.installation import SCRIPTS, Installation, until
from tests.rows import LONG_AGO, Row, insert
from tests.running import (
    SLEEP,
    Gate,
    alive,
    end_of,
    facts,
    run_python,
    running,
    start,
    start_python,
    until_lines,
    until_running,
    until_status,
)
from tests.workers import holder, pause, pids, worker

LEASE = "4"
LATER = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def it(install: Install) -> Installation:
    """A server whose worker has one slot and a short lease."""
    made = install(PROCESSION_LEASE=LEASE, PROCESSION_WORKER_SLOTS="1")
    made.start()
    return made


def until_looked(it: Installation) -> None:
    """Waits until the server's worker has been through all of its folder of runs: it has taken away
    what is nobody's, and then what came after that."""
    for stray in (it.data / "runs" / str(uuid4()) for _ in range(2)):
        stray.mkdir()
        until(lambda: not stray.exists())  # noqa: B023


def test_worker_that_was_given_up_ends_its_scripts_and_writes_nothing(it: Installation) -> None:
    talker = Gate(it)
    program = f"""
import os
print(os.getpid())
{talker.wait}
open(os.environ["PROCESSION_OUTPUT_DIR"] + "/late.txt", "w").write("late")
print("late")
{SLEEP}"""
    process_id, pid = running(it, program)
    talker.reached()
    (paused,) = pids(it, "server.worker")
    lost = holder(it, process_id)
    with worker(it, it.folder / "elsewhere"):
        pause(it, paused)
        ended = end_of(it, it.admin, process_id)
        talker.open()
        assert ended.status == "FAILED"
        assert re.search(r"was lost; its worker was last heard of at \S+ \S+ UTC", ended.lines[-1])
        os.kill(paused, signal.SIGCONT)
        until(lambda: not alive(pid))
        until(lambda: not list((it.data / "runs").iterdir()))
        assert end_of(it, it.admin, process_id) == ended
        assert facts(it, it.admin, process_id, "files { name }") == {"files": []}
        assert [name for name in it.stored() if "staging" not in name] == []
    assert run_python(it, it.admin, "print(1)").lines == ["1"]
    assert lost not in {row[0] for row in it.rows("SELECT id FROM worker WHERE lost_at IS NULL")}


@on_postgres
def test_lines_that_a_worker_stores_as_others_end_what_it_held_are_counted(
    it: Installation,
) -> None:
    gate = Gate(it)
    process_id = start_python(it, it.admin, f"print(1); {gate.wait}; print(2)")
    until_lines(it, it.admin, process_id, 1)
    gate.reached()
    (paused,) = pids(it, "server.worker")
    with worker(it, it.folder / "elsewhere"):
        with it.holding("process", it.admin):
            gate.open()
            it.until_waiting("process", 1)  # to store the second line
            pause(it, paused)
            it.until_waiting("process", 2)  # the other one, to end what was lost
        os.kill(paused, signal.SIGCONT)
        assert end_of(it, it.admin, process_id).lines[:2] == ["1", "2"]


def test_worker_on_the_same_machine_goes_on_with_what_a_paused_one_held(it: Installation) -> None:
    gate = Gate(it)
    process_id = start_python(it, it.admin, f"print(1); {gate.wait}; print(2); raise SystemExit(7)")
    gate.reached()
    (paused,) = pids(it, "server.worker")
    lost = holder(it, process_id)
    with worker(it, it.data):
        assert holder(it, process_id) == lost
        pause(it, paused)
        until(lambda: holder(it, process_id) != lost)
        os.kill(paused, signal.SIGCONT)
        until(lambda: "it goes on as a new one" in it.log.read_text())
        gate.open()
        ended = end_of(it, it.admin, process_id)
        assert (ended.lines, ended.status, ended.exit_code) == (["1", "2"], "FAILED", 7)


@contextlib.contextmanager
def overtaken(it: Installation, paused: int) -> Iterator[str]:
    """A process that this worker has claimed and another one has started, on PostgreSQL; at the end
    it must have run once."""
    journal, gate = it.folder / "journal", Gate(it)
    program = f"open({str(journal)!r}, 'a').write('.'); print(1); {gate.wait}; print(2)"
    with it.locked("file"):
        process_id = start_python(it, it.admin, program)
        it.until_waiting("file", 1)  # the worker asks for its uploads
        pause(it, paused)
    with worker(it, it.data):
        gate.reached()
        yield process_id
        until(lambda: "it goes on as a new one" in it.log.read_text())
        until_looked(it)
        gate.open()
        assert end_of(it, it.admin, process_id).lines == ["1", "2"]
    assert journal.read_text() == "."


@on_postgres
def test_worker_that_was_paused_as_it_prepared_a_run_leaves_it_to_who_has_begun_it(
    it: Installation,
) -> None:
    (paused,) = pids(it, "server.worker")
    with overtaken(it, paused):
        os.kill(paused, signal.SIGCONT)


@on_postgres
def test_worker_that_cannot_start_a_run_leaves_it_to_who_has_begun_it(
    it: Installation, tmp_path: Path
) -> None:
    manifest = tmp_path / "python.toml"
    known = (SCRIPTS / manifest.name).read_text()
    manifest.write_text(known)
    it.end()
    it.settings = {**it.settings, "PROCESSION_SCRIPTS": str(tmp_path)}
    it.start()
    until(lambda: it.log.read_text().count("is ready") == 2)
    manifest.write_text(known.replace('"c"', '"d"'))  # the next worker cannot set the parameter
    (killed,) = pids(it, "server.worker")
    os.kill(killed, signal.SIGKILL)
    until(lambda: it.log.read_text().count("is ready") == 3)
    manifest.write_text(known)
    (paused,) = pids(it, "server.worker")
    with (
        overtaken(it, paused) as process_id,
        contextlib.closing(it.redis()) as redis,
        contextlib.closing(redis.pubsub()) as bells,  # type: ignore[no-untyped-call]
    ):
        bells.subscribe(Topic.PROCESS.value)
        with it.locked("worker"):  # so that it does not hear yet that it was given up
            os.kill(paused, signal.SIGCONT)
            until(lambda: process_id in str(bells.get_message(timeout=1)))


def test_run_is_prepared_by_one_at_a_time_and_not_again_once_it_is_gone(tmp_path: Path) -> None:
    run = Run(tmp_path, uuid4())
    launch = Launch(["/bin/true"], {}, str(run.work), None, 1.0, terminal=False)
    run.mark()
    other = os.open(run.folder, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(BlockingIOError):
        run.prepare(launch, {})
    run.remove()
    assert not list(run.folder.iterdir())
    os.close(other)
    run.prepare(launch, {})
    assert run.prepared
    run.remove()
    with pytest.raises(FileNotFoundError):
        run.prepare(launch, {})
    assert not run.marked


def test_run_that_is_given_up_just_as_it_is_prepared_does_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, empty = Run(tmp_path, uuid4()), jobs.run._empty

    def given_up(folder: Path, but: Path) -> None:
        assert not Run(tmp_path, run.process_id).supervised()
        empty(folder, but)

    monkeypatch.setattr(jobs.run, "_empty", given_up)
    launch = Launch(["/bin/touch", "begun"], {}, str(run.work), None, 1.0, terminal=False)
    run.mark()
    run.prepare(launch, {})
    run.start().wait()
    assert run.end().cause == LOST
    assert not list(run.work.iterdir())


@on_sqlite
def test_worker_leaves_while_it_copies_an_upload_and_the_next_one_copies_it_again(
    install: Install,
) -> None:
    """In place of one that takes long to copy is a terminal on which nobody types; it is kept on
    another file system, so that it is copied."""
    program = "import sys; print(open(sys.argv[2]).read())"
    with tempfile.TemporaryDirectory(prefix="psn-files-", dir="/dev/shm") as files:
        it = install(PROCESSION_FILES_URL=f"file://{files}")
        it.start()
        until(lambda: "is ready" in it.log.read_text())
        (worker,) = pids(it, "server.worker")
        pause(it, worker)
        upload = ("f", Upload("a.txt", b"content"))
        process_id = GraphQL(it).start(it.admin, "python", ("c", program), upload).id
        (kept,) = Path(files, process_id).iterdir()
        real = kept.rename(kept.with_name("aside"))
        ours, its = os.openpty()
        kept.symlink_to(os.ttyname(its))
        os.kill(worker, signal.SIGCONT)
        copy = it.data / "runs" / process_id / "in" / "1" / "a.txt"
        until(copy.exists)
        assert it.end(signal.SIGTERM) == 0
        real.rename(kept)
        it.start()
        assert end_of(it, it.admin, process_id).lines == ["content"]
        os.close(ours)
        os.close(its)


def test_what_was_claimed_but_had_not_begun_is_started_by_the_next_worker(it: Installation) -> None:
    admin = it.admin
    process_id = start(it, admin, "echo", ("x", "hush"), at=LATER)
    bare = start(it, admin, "echo", at=LATER)
    worker_id = str(uuid4())
    it.kill()
    until(lambda: not pids(it, "server.worker"))
    # What a worker leaves that is killed just after its claim, in the middle of its preparations.
    it.insert("worker", [{"id": worker_id, "machine": "here", "started_at": 1, "lease_until": 1}])
    (it.data / "workers" / worker_id).touch()
    (it.data / "runs" / process_id / "work").mkdir(parents=True)
    it.execute(
        f"UPDATE process SET status = 'RUNNING', worker_id = '{worker_id}' "  # noqa: S608
        f"WHERE id IN ('{process_id}', '{bare}')"
    )
    it.start()
    ended = end_of(it, admin, process_id)
    assert (ended.status, '"SECRET_X": "***"' in ended.text) == ("COMPLETED", True)
    assert "The folder of the run is gone" in end_of(it, admin, bare).text
    sql = f"SELECT secrets FROM process WHERE id = '{process_id}'"  # noqa: S608
    assert it.rows(sql) == [(None,)]
    until(lambda: not (it.data / "workers" / worker_id).exists())


def test_claim_that_came_to_nothing_gives_no_right_to_what_another_machine_runs(
    it: Installation,
) -> None:
    until_running(it, it.admin, start(it, it.admin, "sleeping"))
    journal, gate = it.folder / "journal", Gate(it)
    with worker(it, it.folder / "elsewhere"):
        program = f"open({str(journal)!r}, 'a').write('.'); {gate.wait}; print(1)"
        process_id = start_python(it, it.admin, program)
        gate.reached()
        held = holder(it, process_id)
        (it.data / "runs" / process_id).mkdir()  # what a claim leaves that the database refused
        until_looked(it)
        assert holder(it, process_id) == held
        gate.open()
        assert end_of(it, it.admin, process_id).lines == ["1"]
    assert journal.read_text() == "."


@on_sqlite
def test_what_lies_astray_in_the_data_folder_keeps_nobody_from_taking_over(
    it: Installation,
) -> None:
    gate = Gate(it)
    process_id = start_python(it, it.admin, f"{gate.wait}; print(1)")
    gate.reached()
    it.end(signal.SIGTERM)
    runs = it.data / "runs"
    (it.data / "workers" / ".DS_Store").touch()
    (it.data / "workers" / str(uuid4())).mkdir()
    (runs / str(uuid4())).touch()
    damaged = runs / str(uuid4())
    (damaged / "lock").mkdir(parents=True)
    it.start()
    gate.open()
    assert end_of(it, it.admin, process_id).lines == ["1"]
    until_looked(it)
    assert damaged.exists()
    assert f"What is left of {damaged.name} cannot be cleared away" in it.log.read_text()


@on_sqlite
def test_second_supervisor_of_a_run_leaves_the_script_alone(it: Installation) -> None:
    gate = Gate(it)
    process_id = start_python(it, it.admin, f"print(1); {gate.wait}")
    gate.reached()
    folder = str(it.data / "runs" / process_id)
    command = [sys.executable, "-S", "-P", "-m", "jobs.supervisor", folder]
    root = str(Path(standstill.__file__).parents[1])
    assert subprocess.run(command, env={"PYTHONPATH": root}, check=False).returncode == 0
    gate.open()
    assert end_of(it, it.admin, process_id).lines == ["1"]


@on_sqlite
def test_draining_worker_waits_for_its_scripts_and_takes_no_new_ones(it: Installation) -> None:
    until_running(it, it.admin, start(it, it.admin, "sleeping"))
    gate = Gate(it)
    with worker(it, it.folder / "elsewhere", "--drain") as draining:
        process_id = start_python(it, it.admin, f"{gate.wait}; print(1)")
        gate.reached()
        draining.send_signal(signal.SIGTERM)
        log = it.folder / "elsewhere.log"
        until(lambda: "waits for its scripts to end" in log.read_text())
        waiting = start_python(it, it.admin, "print(2)")
        gate.open()
        assert end_of(it, it.admin, process_id).status == "COMPLETED"
        assert draining.wait() == 0
        assert facts(it, it.admin, waiting, "status waitsFor") == {
            "status": "SCHEDULED",
            "waitsFor": "WORKER",
        }


@on_sqlite
def test_draining_worker_that_was_given_up_leaves_no_script_behind(it: Installation) -> None:
    until_running(it, it.admin, start(it, it.admin, "sleeping"))
    elsewhere = it.folder / "elsewhere"
    program = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
    with worker(it, elsewhere, "--drain") as draining:
        process_id, pid = running(it, program)
        draining.send_signal(signal.SIGTERM)
        until(lambda: "waits for its scripts to end" in (it.folder / "elsewhere.log").read_text())
        pause(it, draining.pid)
        assert end_of(it, it.admin, process_id).status == "FAILED"
        draining.send_signal(signal.SIGCONT)
        assert draining.wait() == 0
        assert not alive(pid)
        assert not list((elsewhere / "runs").iterdir())


@on_sqlite
def test_scripts_that_were_handed_over_are_kept_for_as_long_as_was_said(it: Installation) -> None:
    until_running(it, it.admin, start(it, it.admin, "sleeping"))
    elsewhere = it.folder / "elsewhere"
    with worker(it, elsewhere, PROCESSION_HANDOVER="300") as first:
        process_id, _ = running(it)
        first.send_signal(signal.SIGHUP)  # its terminal was closed
        assert first.wait() == 0
    left = it.rows("SELECT lease FROM worker WHERE left_at IS NOT NULL AND lost_at IS NULL")
    assert left == [(300,)]
    with worker(it, elsewhere, PROCESSION_HANDOVER="2") as second:
        until(lambda: not it.rows("SELECT id FROM worker WHERE left_at IS NOT NULL"))
        second.send_signal(signal.SIGTERM)
        assert second.wait() == 0
    ended = end_of(it, it.admin, process_id)
    assert ended.status == "FAILED"
    assert "no other took its place there within 2 s" in ended.lines[-1]
    with worker(it, elsewhere):  # finds that it is over, and ends what is left
        until(lambda: not list((elsewhere / "runs").iterdir()))


@on_sqlite
def test_process_of_a_script_that_nobody_knows_fails_in_the_end(install: Install) -> None:
    it = install(PROCESSION_SCRIPT_PATIENCE="2")
    known = it.folder / "known"
    known.mkdir()
    for name in ("python", "single"):
        shutil.copy(SCRIPTS / f"{name}.toml", known)
    it.settings = {**it.settings, "PROCESSION_SCRIPTS": str(known)}
    it.start()
    admin = it.admin
    process_id = start(it, admin, "single", ("c", "print(1)"), at=LATER)
    it.end()
    (known / "single.toml").unlink()
    it.start()
    it.execute(f"UPDATE process SET start_time = 1 WHERE id = '{process_id}'")  # noqa: S608
    ended = end_of(it, admin, process_id)
    assert ended.status == "FAILED"
    assert "No worker knows the script 'single'" in ended.lines[-1]


@on_sqlite
def test_queue_that_was_flushed_is_filled_again_in_order(it: Installation) -> None:
    admin, gate = it.admin, Gate(it)
    first = start_python(it, admin, gate.wait, "single")
    gate.reached()
    crowd = insert(it, [Row(admin.id, "single", "SCHEDULED") for _ in range(1_100)])
    later = [start_python(it, admin, f"print({n})") for n in range(3)]
    with contextlib.closing(it.redis()) as redis:
        redis.flushall()
    until(lambda: len(it.queued()) > len(later))
    first_in_turn, *others = it.queued()
    assert first_in_turn in crowd
    assert others == later
    gate.open()
    until_status(it, admin, first, "COMPLETED")


@on_sqlite
def test_turn_of_one_that_waits_for_a_slot_and_is_not_wanted_any_more_is_the_next_ones(
    it: Installation,
) -> None:
    admin, gate = it.admin, Gate(it)
    start_python(it, admin, gate.wait)
    gate.reached()  # and the slot is taken
    # Of these, which have left the queue as it was not their turn, only the first comes back to it.
    ids = insert(
        it,
        [Row(admin.id, "single", "SCHEDULED", LONG_AGO + timedelta(seconds=n)) for n in range(4)],
    )
    ends = (GraphQL(it).stop, GraphQL(it).delete, Rest(it).delete)
    for end, (unwanted, following) in zip(ends, pairwise(ids), strict=True):
        end(admin, unwanted)
        assert following in it.queued()
    gate.open()
    assert end_of(it, admin, ids[-1]).status == "COMPLETED"


def test_standstill_counts_neither_its_own_pauses_nor_what_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: at)
    seen = Standstill[str](most=1.5)
    assert seen.look({"a": 1, "b": 1}) == {"a": 0, "b": 0}
    at = 1.0
    assert seen.look({"a": 1, "b": 2}) == {"a": 1, "b": 0}
    at = 100.0
    assert seen.look({"a": 1}) == {"a": 2.5}
    seen.forget()
    assert seen.look({"a": 1}) == {"a": 0}
