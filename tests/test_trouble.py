"""Trouble with disks: it is told, harms nothing that is stored, and heals by itself."""

import asyncio
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from operator import gt
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from jobs.background import beside
from jobs.doorbell import Doorbell
from jobs.queue import LaunchQueue, Queue, connect
from models.instant import now
from tests import tus
from tests.conftest import Install
from tests.database import on_sqlite
from tests.faces import Face, GraphQL, Refused, Rest, Upload
from tests.installation import PATIENCE, Installation, until
from tests.rows import Row, insert
from tests.running import OUTPUT, Gate, end_of, facts, start, start_python
from tests.test_health import readiness

pytestmark = on_sqlite

WRITE = "open(os.environ['PROCESSION_OUTPUT_DIR'] + '/x', 'w').write('x')"


@pytest.fixture
def it(install: Install) -> Installation:
    made = install()
    made.start()
    until(lambda: readiness(made)[1]["status"] == "ready")
    return made


@contextmanager
def small_disk(it: Installation) -> Iterator[None]:
    """Inside, no file of the server's may grow beyond 2 MB; writes fail as on a full disk."""
    assert it.server
    before = resource.prlimit(it.server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(it.server.pid, resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    yield
    resource.prlimit(it.server.pid, resource.RLIMIT_FSIZE, before)


def test_upload_that_does_not_fit_is_refused_and_nothing_of_it_is_left(it: Installation) -> None:
    faces: list[Face] = [GraphQL(it), Rest(it)]
    upload = ("f", Upload("a.bin", b"x" * 3_000_000))
    program = ("c", "pass")
    for face in faces:
        with small_disk(it):
            with pytest.raises(Refused) as refused:
                face.start(it.admin, "python", program, upload)
            assert refused.value.code == "NO_ROOM"
            assert not it.stored()
        assert it.rows("SELECT id FROM process") == []
    started = [face.start(it.admin, "python", program, upload).id for face in faces]
    assert {end_of(it, it.admin, each).status for each in started} == {"COMPLETED"}
    in_pieces = tus.begin(it, it.admin, 3_000_000)
    with small_disk(it):
        answer = tus.send(it, it.admin, in_pieces, 0, b"x" * 3_000_000)
        assert answer.status_code == 507 and "no more of this was kept" in answer.json()["message"]
        assert tus.offset(it, it.admin, in_pieces) == 2_000_000
    assert tus.send(it, it.admin, in_pieces, 2_000_000, b"x" * 1_000_000).status_code == 204


def test_files_that_cannot_be_stored_are_waited_for(it: Installation) -> None:
    gate = Gate(it)
    process_id = start_python(it, it.admin, f"import os; print(1); {gate.wait}; {WRITE}")
    gate.reached()
    in_the_way = it.data / "files" / process_id
    in_the_way.touch()
    gate.open()
    told = "1 process(es) cannot be followed since"
    until(lambda: told in readiness(it)[1]["checks"]["worker"])
    assert readiness(it)[1]["status"] == "degraded"
    assert facts(it, it.admin, process_id, "status") == {"status": "RUNNING"}
    in_the_way.unlink()
    assert end_of(it, it.admin, process_id).status == "COMPLETED"
    assert facts(it, it.admin, process_id, "files { name size }") == {
        "files": [{"name": "x", "size": 1}]
    }
    until(lambda: readiness(it)[1]["status"] == "ready")


def test_script_that_cannot_be_started_now_is_started_later(it: Installation) -> None:
    end_of(it, it.admin, start_python(it, it.admin, "pass"))  # the worker has begun, wholly
    aside = it.data / "runs.aside"
    (it.data / "runs").rename(aside)
    (it.data / "runs").touch()
    process_id = start_python(it, it.admin, "print(1)")
    until(lambda: f"{process_id} cannot be claimed now" in it.log.read_text(), it.log.read_text)
    assert facts(it, it.admin, process_id, "status") == {"status": "SCHEDULED"}
    (it.data / "runs").unlink()
    aside.rename(it.data / "runs")
    ended = end_of(it, it.admin, process_id)
    assert (ended.status, ended.lines) == ("COMPLETED", ["1"])


def test_mistake_is_told_with_its_traceback_and_ends_nothing(it: Installation) -> None:
    """As if a version of ours asked, in what goes on for ever, for a table that is not there."""
    (process_id,) = insert(it, [Row(it.admin.id)])
    it.execute('ALTER TABLE "merge" RENAME TO "elsewhere"')
    told = "ERROR jobs.merge: Output cannot be merged now: "
    until(lambda: told in it.log.read_text())
    it.execute('ALTER TABLE "elsewhere" RENAME TO "merge"')
    it.insert("merge", [{"process_id": process_id, "held_until": 0}])
    until(lambda: not it.rows('SELECT process_id FROM "merge"'))
    _, traceback, where = it.log.read_text().partition("Traceback (most recent call last)")
    assert traceback and "in merge_requested" in where
    os.truncate(it.log, 0)  # no other traceback is allowed


def test_launch_that_a_database_keeps_waiting_is_told_in_a_line(
    it: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("jobs.queue.LAUNCH_TIMEOUT", 0.01)

    async def hang(_: UUID) -> bool:
        await asyncio.Event().wait()
        return True

    async def launch() -> None:
        url = f"unix://{it.data}/redis/redis.sock?db=1"  # where the server's worker does not look
        redis = connect(url)
        async with Doorbell(redis, url).open() as doorbell:
            await Queue(redis, doorbell).put(uuid4(), now())
            async with beside(LaunchQueue(redis, doorbell, hang, 1).main(), "launches"):
                while "TimeoutError" not in caplog.text:  # noqa: ASYNC110 (a log rings no bell)
                    await asyncio.sleep(0.01)
        await redis.aclose(close_connection_pool=True)

    asyncio.run(asyncio.wait_for(launch(), PATIENCE))
    assert "Given up until the next sweep: " in caplog.text
    assert "Traceback" not in caplog.text


def test_clock_that_is_set_back_keeps_nothing_waiting(it: Installation) -> None:
    """What was to start at once, and now seems to lie ahead, is started all the same."""
    process_id = start(it, it.admin, "python", ("c", "print(1)"), at="2030-01-01T00:00:00Z")
    it.execute("UPDATE process SET created_at = start_time")
    assert end_of(it, it.admin, process_id).lines == ["1"]


# Who is root may write anywhere, but not without this.
ORDINARY = ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Inside, nothing can be made or removed in a folder and those below it."""
    folders = [Path(parent) for parent, _, _ in os.walk(folder)]
    modes = {each: each.stat().st_mode for each in folders}
    try:
        for each in folders:
            each.chmod(0o555)
        yield
    finally:
        for each, mode in modes.items():
            each.chmod(mode)


def test_server_tells_at_once_that_its_data_folder_cannot_be_used(install: Install) -> None:
    it = install()
    it.prefix = ORDINARY
    it.data.mkdir()
    with read_only(it.data):
        told = it.cli("serve", "--port", "0", code=1)
    assert f"{it.data} cannot be used (Permission denied" in told
    assert "PROCESSION_DATA" in told
    in_the_way = it.folder / "file"
    in_the_way.touch()
    told = it.cli("serve", "--port", "0", code=1, PROCESSION_DATA=str(in_the_way / "data"))
    assert f"{in_the_way / 'data'} cannot be used (Not a directory" in told


def test_data_folder_that_cannot_be_written_for_a_while_harms_nothing(install: Install) -> None:
    it = install()
    it.prefix = ORDINARY
    it.start()
    admin, gate = it.admin, Gate(it)
    running = start_python(it, admin, f"print(1); {gate.wait}; print(2)")
    gate.reached()
    until(lambda: readiness(it)[1]["status"] == "ready")
    with read_only(it.data):
        waiting = start_python(it, admin, "print(3)")
        until(lambda: f"{waiting} cannot be claimed now" in it.log.read_text())
        told = "the data folder cannot be written"
        until(lambda: told in readiness(it)[1]["checks"]["worker"])
        assert readiness(it)[1]["checks"]["disk"] == told
        with it.subscribe(admin, OUTPUT, id=running, after=1) as events:
            gate.open()
            assert next(iter(events))["processOutput"]["lines"][0]["text"] == "2"
        assert facts(it, admin, running, "status") == {"status": "RUNNING"}
        assert facts(it, admin, waiting, "status") == {"status": "SCHEDULED"}
    ended = end_of(it, admin, running)
    assert (ended.status, ended.lines) == ("COMPLETED", ["1", "2"])
    assert end_of(it, admin, waiting).lines == ["3"]
    until(lambda: readiness(it)[1]["status"] == "ready")


def test_end_that_cannot_be_stored_is_tried_again_ever_later(it: Installation) -> None:
    gate = Gate(it)
    process_id = start_python(it, it.admin, f"import os; {WRITE}; {gate.wait}")
    gate.reached()
    in_the_way = it.data / "files" / process_id
    in_the_way.touch()
    gate.open()
    words = f"Process {process_id} cannot be followed now; trying again"
    until(lambda: it.log.read_text().count(words) == 4, it.log.read_text)
    until(lambda: "cannot be followed" in readiness(it)[1]["checks"]["worker"])
    in_the_way.unlink()
    lines = [line for line in it.log.read_text().splitlines() if words in line]
    times = [datetime.fromisoformat(line[:23]) for line in lines[:4]]
    pauses = [(later - sooner).total_seconds() for sooner, later in pairwise(times)]
    assert all(map(gt, pauses, (0.9, 1.9, 3.9))), pauses
    assert end_of(it, it.admin, process_id).status == "COMPLETED"
