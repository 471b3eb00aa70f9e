"""Deleting is finished by the next server, wherever the one that began it was killed."""

import os
import signal
import time
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import Install
from tests.database import on_sqlite
from tests.faces import GraphQL, Upload
from tests.installation import Installation, until
from tests.running import SLEEP, Gate, alive, end_of, run_python, running
from tests.workers import kill_all, pause, pids

CHUNKS = 30_000
NAMES = ("process", "parameter", "file", "output_chunk", "deletion")
WRITE = "import os; open(os.environ['PROCESSION_OUTPUT_DIR'] + '/x', 'w').write('x'); print(1)"


@pytest.fixture
def it(install: Install) -> Installation:
    made = install()
    made.start()
    return made


def chunks(it: Installation) -> int:
    return int(it.rows("SELECT count(*) FROM output_chunk")[0][0])


def left(it: Installation) -> dict[str, int]:
    """Rows of each table."""
    return {name: int(it.rows(f"SELECT count(*) FROM {name}")[0][0]) for name in NAMES}  # noqa: S608


def check_gone(it: Installation) -> None:
    until(lambda: left(it) == dict.fromkeys(NAMES, 0), lambda: str(left(it)))
    until(lambda: not it.stored(), lambda: str(it.stored()))
    until(lambda: not list((it.data / "runs").iterdir()))


def test_deletion_whose_worker_was_killed_before_it_began_is_finished(it: Installation) -> None:
    admin, face = it.admin, GraphQL(it)
    ended = face.start(admin, "python", ("c", WRITE), ("f", Upload("a.txt"))).id
    end_of(it, admin, ended)
    stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
    going_on, pid = running(it, stubborn)
    (worker,) = pids(it, "server.worker")
    pause(it, worker)
    for each in (ended, going_on):
        face.delete(admin, each)
    assert left(it) | {"output_chunk": 0} == dict.fromkeys(NAMES, 0) | {"deletion": 2}
    assert len(it.stored()) == 2
    kill_all(it)
    assert alive(pid)
    it.start()
    check_gone(it)
    assert not alive(pid)


def test_deletion_that_was_killed_half_way_is_finished(it: Installation) -> None:
    process_id = GraphQL(it).start(it.admin, "python", ("c", WRITE)).id
    end_of(it, it.admin, process_id)
    same = {"process_id": process_id, "first_time": 0, "last_time": 0, "size": 1, "data": b""}
    seqs = range(2, CHUNKS)
    it.insert("output_chunk", [{**same, "first_seq": n, "last_seq": n} for n in seqs])
    stored = chunks(it)
    # What is referred to cannot be removed: there the removal stands, and tries it again.
    it.execute("CREATE TABLE keeper (chunk BIGINT REFERENCES output_chunk (id))")
    it.execute(f"INSERT INTO keeper SELECT id FROM output_chunk WHERE last_seq = {CHUNKS // 2}")  # noqa: S608
    GraphQL(it).delete(it.admin, process_id)
    until(lambda: chunks(it) < stored)
    kill_all(it)
    assert 0 < chunks(it) < stored
    assert left(it)["deletion"] == 1
    it.execute("DROP TABLE keeper")
    it.start()
    check_gone(it)


def test_files_that_cannot_be_removed_keep_nothing_else_from_being_removed(
    it: Installation,
) -> None:
    ids = sorted(GraphQL(it).start(it.admin, "python", ("c", WRITE)).id for _ in range(3))
    for process_id in ids:
        end_of(it, it.admin, process_id)
    folder = it.data / "files" / ids[0]
    aside = folder.rename(it.folder / "aside")
    folder.touch()
    for process_id in ids:
        GraphQL(it).delete(it.admin, process_id)
    until(lambda: it.rows("SELECT process_id FROM deletion") == [(ids[0],)])
    assert left(it) == dict.fromkeys(NAMES, 0) | {"deletion": 1}
    told = "Deleted processes cannot be removed now: "
    until(lambda: told in it.log.read_text())
    folder.unlink()
    aside.rename(folder)
    check_gone(it)


@on_sqlite
def test_end_of_a_deleted_process_without_files_needs_no_disk(
    install: Install, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    it = install(PROCESSION_FILES_URL=f"file://{files}")
    it.start()
    gate = Gate(it)
    process_id, pid = running(it, f"import os; print(os.getpid()); {gate.wait}")
    gate.reached()
    (worker,) = pids(it, "server.worker")
    pause(it, worker)
    GraphQL(it).delete(it.admin, process_id)
    files.rename(tmp_path / "away")
    gate.open()
    until(lambda: not alive(pid))
    os.kill(worker, signal.SIGCONT)
    until(lambda: not list((it.data / "runs").iterdir()))
    assert "cannot be followed" not in it.log.read_text()


@on_sqlite
def test_files_of_many_that_cannot_be_removed_leave_the_processor_to_others(
    install: Install, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    it = install(PROCESSION_FILES_URL=f"file://{files}", PROCESSION_LOG_LEVEL="DEBUG")
    it.start()
    ended = run_python(it, it.admin, "pass").id
    (worker,) = pids(it, "server.worker")
    files.rename(tmp_path / "away")
    it.insert("deletion", [{"process_id": str(uuid4()), "created_at": 0} for _ in range(400)])
    told = "Deleted processes cannot be removed now"
    until(lambda: f"{told}: " in it.log.read_text())
    GraphQL(it).delete(it.admin, ended)  # the next round is to begin at once
    began, used = time.monotonic(), processor_time(worker)
    until(lambda: f"{told}, still: " in it.log.read_text())
    assert processor_time(worker) - used < (time.monotonic() - began) / 3


def processor_time(pid: int) -> float:
    """The seconds that a program has had of the processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@on_sqlite
def test_script_of_a_deleted_process_ends_although_its_files_cannot_be_removed(
    it: Installation,
) -> None:
    """Also where the worker that held it was killed, and another one finds what is left of it."""
    process_id, pid = running(it)
    in_the_way = it.data / "files" / process_id
    in_the_way.touch()
    (worker,) = pids(it, "server.worker")
    pause(it, worker)
    GraphQL(it).delete(it.admin, process_id)
    os.kill(worker, signal.SIGKILL)
    until(lambda: not alive(pid))
    in_the_way.unlink()
    check_gone(it)
