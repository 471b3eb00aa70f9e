"""Whose files they are: a folder that is away, or another installation's, is not used, and nothing
is removed from it."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from errno import ENOSPC
from pathlib import Path
from uuid import uuid4

import pytest

from jobs.arrivals import Arrivals
from jobs.housekeeping import tidy_up
from jobs.marker import NAME, Marker, read
from jobs.orphans import DIGITS, remove_orphans
from jobs.ownership import OwnershipError, settle
from jobs.store import Store
from models.database import connected
from tests import tus
from tests.conftest import Install
from tests.database import on_postgres, on_sqlite
from tests.faces import GraphQL, Refused, Rest, Upload
from tests.installation import Installation, until
from tests.running import Gate, end_of, facts, run_python, start_python
from tests.test_doctor import findings
from tests.test_health import readiness
from tests.workers import pause, pids

WRITE = "open(os.environ['PROCESSION_OUTPUT_DIR'] + '/x', 'w').write('x')"
TAKE = ("restore", "--take-files", "--yes")
UNMOUNTED = "has none of the files that the database tells of: it looks as if it were not mounted"
AWAY = "the folder of files has no marker of this installation; is it mounted?"


def url_of(it: Installation) -> str:
    return it.database_url or f"sqlite://{it.data / 'procession.sqlite3'}"


def beside(it: Installation, work: Callable[[], Awaitable[None]]) -> None:
    """Does something in this program, with the database of an installation."""

    async def connected_work() -> None:
        async with connected(url_of(it)):
            await work()

    asyncio.run(connected_work())


def refusals(it: Installation) -> list[str]:
    """What a server and a worker say that do not start, without a traceback."""
    elsewhere = {
        "PROCESSION_DATABASE_URL": url_of(it),
        "PROCESSION_REDIS_URL": "redis://127.0.0.1:1/0",
    }
    return [it.cli("serve", "--port", "0", code=1), it.cli("worker", code=1, **elsewhere)]


def orphan(folder: Path) -> Path:
    """A folder of a process that no database knows, old enough to be removed."""
    made = folder / str(uuid4())
    made.mkdir(parents=True)
    os.utime(made, (0, 0))
    return made


@on_sqlite
def test_disk_that_goes_away_is_told_of_and_nothing_is_put_below_its_mount_point(
    install: Install, tmp_path: Path
) -> None:
    files, away = tmp_path / "files", tmp_path / "away"
    it = install(PROCESSION_FILES_URL=f"file://{files}")
    it.start()
    assert read(files) == it.identity
    gate = Gate(it)
    program = f"import os; print(1); {gate.wait}; {WRITE}"
    process_id = GraphQL(it).start(it.admin, "python", ("c", program), ("f", Upload("a.txt"))).id
    gate.reached()

    files.rename(away)
    files.mkdir()
    gate.open()
    told = "1 process(es) cannot be followed since"
    until(lambda: told in readiness(it)[1]["checks"]["worker"])
    assert readiness(it)[1]["checks"]["disk"] == AWAY
    (worker,) = pids(it, "server.worker")
    os.kill(worker, signal.SIGKILL)
    until(lambda: f"The worker cannot begin: The folder {files} {UNMOUNTED}" in it.log.read_text())
    assert facts(it, it.admin, process_id, "status") == {"status": "RUNNING"}
    with pytest.raises(Refused):
        GraphQL(it).start(it.admin, "python", ("c", "pass"), ("f", Upload("a.txt")))
    assert not list(files.iterdir())

    files.rename(tmp_path / "empty")
    away.rename(files)
    assert end_of(it, it.admin, process_id).status == "COMPLETED"
    assert facts(it, it.admin, process_id, "files { name size }") == {
        "files": [{"name": "x", "size": 1}]
    }
    assert readiness(it)[1]["checks"]["disk"] == "ok"


@on_sqlite
def test_what_needs_a_disk_that_is_away_waits_or_is_told_to_come_again(
    install: Install, tmp_path: Path
) -> None:
    files, away = tmp_path / "files", tmp_path / "away"
    it = install(PROCESSION_FILES_URL=f"file://{files}")
    it.start()
    written, unwanted = (run_python(it, it.admin, f"import os; {WRITE}").id for _ in range(2))
    upload_id = tus.uploaded(it, it.admin, b"x")
    (worker,) = pids(it, "server.worker")
    pause(it, worker)
    program = ("c", "import sys; print(open(sys.argv[2]).read())")
    waiting = GraphQL(it).start(it.admin, "python", program, ("f", Upload("a.txt", b"here"))).id

    files.rename(away)
    files.mkdir()
    os.kill(worker, signal.SIGCONT)
    told = "1 process(es) cannot be followed since"
    until(lambda: told in readiness(it)[1]["checks"]["worker"])
    assert facts(it, it.admin, waiting, "status") == {"status": "RUNNING"}
    download = f"/api/system/processes/{written}/files/x"
    begun = tus.metadata(filename="a.bin")
    asked = [
        it.get(it.admin, download),
        tus.ask(it, it.admin, "HEAD", upload_id),
        tus.send(it, it.admin, upload_id, 1, b""),
        tus.ask(it, it.admin, "POST", Upload_Length="1", Upload_Metadata=begun),
    ]
    assert [each.status_code for each in asked] == [503] * len(asked)
    for face in (GraphQL(it), Rest(it)):
        with pytest.raises(Refused, match="The server cannot do this just now"):
            face.start(it.admin, "python", ("c", "pass"), ("f", Upload("a.txt")))
    GraphQL(it).delete(it.admin, unwanted)
    until(lambda: "Deleted processes cannot be removed now: " in it.log.read_text())
    assert not list(files.iterdir())

    files.rmdir()
    away.rename(files)
    until(lambda: not (files / unwanted).exists())
    assert end_of(it, it.admin, waiting).lines == ["here"]
    assert it.get(it.admin, download).content == b"x"
    assert tus.offset(it, it.admin, upload_id) == 1


@on_postgres
def test_process_that_cannot_be_prepared_waits_for_no_disk_that_it_does_not_need(
    install: Install, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    it = install(PROCESSION_FILES_URL=f"file://{files}")
    it.start()
    with it.locked("file"):
        process_id = start_python(it, it.admin, "pass")
        it.until_waiting("file", 1)  # the worker asks for its uploads
        shutil.rmtree(it.data / "runs" / process_id)
        files.rename(tmp_path / "away")
    assert "The script could not be started: " in end_of(it, it.admin, process_id).text
    (tmp_path / "away").rename(files)


@on_sqlite
def test_folder_that_looks_unmounted_is_refused_until_its_files_are_given_up(
    install: Install, tmp_path: Path
) -> None:
    files, away = tmp_path / "files", tmp_path / "away"
    it = install(PROCESSION_FILES_URL=f"file://{files}")
    it.start()
    started = GraphQL(it).start(it.admin, "python", ("c", "pass"), ("f", Upload("a.txt")))
    end_of(it, it.admin, started.id)
    it.end()
    before = it.identity

    # As an installation is that was made before there were markers.
    it.execute("DELETE FROM installation")
    (files / NAME).unlink()
    files.rename(away)
    files.mkdir()
    backup = tmp_path / "backup"
    for told in (
        *refusals(it),
        it.cli("doctor", code=1),
        it.cli("backup", str(backup), code=1),
    ):
        assert not list(files.iterdir()) and not backup.exists()
        assert f"The folder {files} {UNMOUNTED}" in told
        assert "Mount it, or correct PROCESSION_FILES_URL; only if the files are lost" in told
        assert "`procession restore --take-files`" in told
    assert findings(it).keys() == {"scripts", "files folder"}
    assert "Aborted" in it.cli("restore", "--take-files", code=1)
    it.cli(*TAKE)
    assert findings(it).keys() == {"scripts", "files"}

    files.rename(tmp_path / "empty")
    away.rename(files)
    left = orphan(files)
    told = it.cli("doctor", code=1)
    assert "has no marker of this installation" in told
    assert "a worker removes them once the folder has its marker" in told
    left.rmdir()
    it.start()
    assert read(files) == it.identity != before
    assert findings(it).keys() == {"scripts"}


def test_files_of_another_installation_are_refused_until_they_are_taken(install: Install) -> None:
    first = install()
    first.cli(*TAKE)
    files = first.data / "files"
    second = install(PROCESSION_FILES_URL=f"file://{files}")
    if not second.database_url:
        second.cli("migrate")
    assert f"is that of the installation {first.identity}, and this is a new one" in second.cli(
        "doctor", code=1
    )
    for told in refusals(second):
        assert f"The folder {files} is that of the installation {first.identity}" in told
    second.cli(*TAKE)
    assert read(files) == second.identity
    assert f"is that of the installation {second.identity}, and this is {first.identity}" in (
        first.cli("serve", "--port", "0", code=1)
    )

    (files / NAME).unlink()
    left = orphan(files)
    for told in refusals(second):
        assert f"The folder {files} has files, but none that this database tells of" in told
    assert left.exists()


def test_nothing_is_removed_without_the_marker(
    install: Install, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    it = install()
    it.cli("migrate")

    async def tidy() -> None:
        store = Store(tmp_path)
        arrivals = Arrivals(store, 0)
        marker = await settle(store)
        left = [orphan(tmp_path), orphan(tmp_path / "arriving" / str(uuid4()))]
        for change in (Path.unlink, Path.touch):  # there is none, or not ours
            change(tmp_path / NAME)
            await tidy_up(store, marker, arrivals, DIGITS)
            assert f"Nothing is removed from {tmp_path}: {marker.trouble()}" in caplog.text
            assert await remove_orphans(store, marker, DIGITS) == 0
            assert all(path.exists() for path in left)
        marker.take()
        await tidy_up(store, marker, arrivals, DIGITS)
        assert not any(path.exists() for path in left)

    beside(it, tidy)


def test_servers_that_begin_at_once_agree_on_one_identity(install: Install, tmp_path: Path) -> None:
    it = install()
    it.cli("migrate")

    async def begin() -> None:
        stores = [Store(tmp_path) for _ in range(8)]
        markers = await asyncio.gather(*map(settle, stores))
        assert [each.trouble() for each in markers] == [None] * len(stores)

    beside(it, begin)
    assert it.rows("SELECT count(*) FROM installation") == [(1,)]
    assert {path.name for path in tmp_path.iterdir()} == {"staging", NAME}


def test_of_several_installations_that_begin_at_once_one_gets_the_folder(tmp_path: Path) -> None:
    markers = [Marker(tmp_path, uuid4()) for _ in range(8)]
    with ThreadPoolExecutor(len(markers)) as pool:
        list(pool.map(Marker.put, markers))
    assert [each.trouble() for each in markers].count(None) == 1
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@on_sqlite
def test_folder_that_cannot_be_listed_is_not_told_as_a_database(install: Install) -> None:
    """As one in /proc of a program that has ended, but for which nobody has waited."""
    it = install()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        folder = f"/proc/{ended.pid}/net"
        assert list(os.scandir(Path(folder).parent))
        told = it.cli("serve", "--port", "0", code=1, PROCESSION_FILES_URL=f"file://{folder}")
    assert f"The folder {folder} cannot be used (Invalid argument: {folder}). Mend that" in told
    assert "database" not in told


@on_sqlite
def test_marker_that_cannot_be_read_is_told_with_its_folder(
    install: Install, tmp_path: Path
) -> None:
    (tmp_path / NAME).symlink_to("/proc/self/mem")  # opens, and cannot be read, as on a bad disk
    it = install(PROCESSION_FILES_URL=f"file://{tmp_path}")
    told = it.cli("serve", "--port", "0", code=1)
    assert f"The folder {tmp_path} cannot be used (Input/output error: {tmp_path}). Mend" in told


@on_sqlite
def test_database_that_is_slow_is_not_told_as_a_folder(
    install: Install,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    it = install()
    it.cli("migrate")
    monkeypatch.setattr("jobs.ownership.PATIENCE", 1.0)

    async def begin() -> None:
        settling = asyncio.create_task(settle(Store(tmp_path)))
        await asyncio.to_thread(until, (tmp_path / "staging").exists)
        caplog.clear()  # of a disk that is slow
        await asyncio.sleep(1.0)  # timers come in their order: by then it would have been told
        told, is_slow = caplog.text, not settling.done()
        writer.rollback()
        await settling
        assert is_slow and "does not answer" not in told

    with closing(sqlite3.connect(it.data / "procession.sqlite3")) as writer:
        writer.execute("BEGIN IMMEDIATE")
        beside(it, begin)


@on_sqlite
def test_folder_that_cannot_be_marked_is_still_used(
    install: Install,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    it = install()
    it.cli("migrate")

    def refuse(_: int) -> None:
        raise OSError(ENOSPC, os.strerror(ENOSPC))

    async def begin() -> None:
        marker = await settle(Store(tmp_path))
        assert marker.trouble() == AWAY
        assert f"The folder {tmp_path} cannot be marked as this installation's" in caplog.text
        with pytest.raises(OwnershipError, match="The folder /proc/none cannot be used"):
            await settle(Store(Path("/proc/none")))

    monkeypatch.setattr("os.fsync", refuse)
    beside(it, begin)
    assert [path.name for path in tmp_path.iterdir()] == ["staging"]
