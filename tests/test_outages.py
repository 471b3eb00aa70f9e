"""The database, or all workers, away for longer than a lease: nothing is lost or doubled."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosedError
from websockets.frames import CloseCode

from jobs.doorbell import Topic
from models.database import connected, connection
from models.outage import Complaint
from models.transaction import run_to_end, transaction
from tests.conftest import Install
from tests.database import on_postgres, on_sqlite
from tests.faces import check_error, form
from tests.forgetful import forgetful
from tests.installation import NOBODY, PATIENCE, PROGRAM, Installation, User, until
from tests.postgres import shut, unwritable
from tests.running import (
    CHANGES,
    FLOOD,
    OUTPUT,
    Gate,
    end_of,
    run_python,
    start_python,
    until_heard,
    until_lines,
)
from tests.subscription import GraphQLRefusal
from tests.tus import CONTENT, ask, begin
from tests.workers import holder, pause, pids, worker

LEASE = 3  # seconds
RENEWALS = 6  # of a lease in its time
NOT_RUNG = "Cannot ring for others"
NOT_RENEWED = "The lease could not be renewed"
NOT_STORED = "Output is not stored yet"
REVOKE = "mutation ($id: ID!) { revokeToken(id: $id) { id } }"
# What no database has a part in is tested with one.
AWAY = "The database cannot be used; trying again in"
BEGINNING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO \"worker\"%'"
)
SWEEPING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND wait_event_type = 'Lock' AND query LIKE 'UPDATE \"process\" SET \"start_time\"%'"
)
WAITING = "Those who follow something have to wait"
WRITE = "import os; open(os.environ['PROCESSION_OUTPUT_DIR'] + '/a', 'w').write('a')"
SIGN = "query ($id: ID!) { process(id: $id) { files { temporaryUrl(seconds: 60) } } }"


@pytest.fixture
def it(install: Install) -> Installation:
    made = install(PROCESSION_LEASE=str(LEASE))
    made.start()
    return made


def counted(log: Path, words: str) -> int:
    return log.read_text().count(words)


def listening(redis: Redis) -> int:
    """How many listen to Redis, as far as that one knows."""
    ((_, count),) = cast(list[tuple[bytes, int]], redis.pubsub_numsub(Topic.PROCESS))
    return count


def journal(it: Installation, gates: list[Gate]) -> str:
    """A script that notes each of its runs, and prints between gates."""
    parts = [f"{gate.wait}; print({n})" for n, gate in enumerate(gates)]
    return f"open({str(it.folder / 'runs')!r}, 'a').write('run\\n'); {'; '.join(parts)}"


def check_ran_once(it: Installation, process_id: str, lines: list[str]) -> None:
    ended = end_of(it, it.admin, process_id)
    assert (ended.status, ended.lines) == ("COMPLETED", lines)
    assert (it.folder / "runs").read_text() == "run\n"
    assert it.rows("SELECT id FROM worker WHERE lost_at IS NOT NULL") == []


@on_postgres
def test_database_that_is_away_for_longer_than_a_lease_costs_nothing(it: Installation) -> None:
    gates = [Gate(it), Gate(it), Gate(it)]
    process_id = start_python(it, it.admin, journal(it, gates))
    gates[0].open()
    gates[1].reached()
    elsewhere = it.folder / "elsewhere"
    with worker(it, elsewhere):
        logs = [it.log, it.folder / "elsewhere.log"]
        with shut(it.database_url):
            gates[1].open()
            gates[2].reached()
            most = 3 * RENEWALS
            until(lambda: all(counted(log, NOT_RENEWED) >= most for log in logs))
            until(lambda: sum(counted(log, "The sweep has to wait") for log in logs))
        gates[2].open()
        check_ran_once(it, process_id, ["0", "1", "2"])
    (holder_log,) = [log for log in logs if counted(log, NOT_STORED)]
    assert counted(holder_log, f"{NOT_STORED}: that is over") == 1
    assert counted(holder_log, NOT_STORED) == 2  # when it began, too
    assert run_python(it, it.admin, "print(1)").lines == ["1"]


def test_workers_that_are_all_paused_for_longer_than_their_leases_go_on(it: Installation) -> None:
    gates = [Gate(it), Gate(it)]
    process_id = start_python(it, it.admin, journal(it, gates))
    gates[0].open()
    gates[1].reached()
    with worker(it, it.data), worker(it, it.folder / "elsewhere"):
        held = holder(it, process_id)
        workers = [*pids(it, "server.worker"), *pids(it, "procession worker")]
        assert len(workers) == 3
        for pid in workers:
            pause(it, pid)
        waiting = start_python(it, it.admin, "print(3)")
        gates[1].open()
        time.sleep(1.5 * LEASE)  # nobody is there who could tell that it is over
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        check_ran_once(it, process_id, ["0", "1"])
        assert holder(it, process_id) == held
        assert end_of(it, it.admin, waiting).lines == ["3"]


@on_sqlite
def test_redis_that_does_not_answer_keeps_nothing_from_being_stored(it: Installation) -> None:
    """Lines, an end, a start; a connection that is refused would be noticed at once."""
    gates = [Gate(it) for _ in range(4)]
    process_id = start_python(it, it.admin, journal(it, gates))
    state = f"SELECT last_seq, status FROM process WHERE id = '{process_id}'"  # noqa: S608
    gates[0].reached()
    (redis,) = pids(it, "valkey")
    os.kill(redis, signal.SIGSTOP)
    try:
        for lines, gate in enumerate(gates[:-1], 1):
            gate.open()
            until(lambda: it.rows(state) == [(lines, "RUNNING")])  # noqa: B023
        gates[-1].open()
        until(lambda: it.rows(state) == [(len(gates), "COMPLETED")])
        waiting = start_python(it, it.admin, "print(1)")
        assert counted(it.log, NOT_RUNG) <= 2  # by the server and by the worker
    finally:
        os.kill(redis, signal.SIGCONT)
    check_ran_once(it, process_id, ["0", "1", "2", "3"])
    assert end_of(it, it.admin, waiting).lines == ["1"]


@on_sqlite
def test_line_does_not_wait_until_a_redis_that_hangs_is_told_of_the_one_before(
    install: Install,
) -> None:
    it = install(PROCESSION_LOG_LEVEL="DEBUG")
    it.start()
    gates = [Gate(it) for _ in range(10)]
    process_id = start_python(it, it.admin, journal(it, gates))
    stored = f"SELECT last_seq FROM process WHERE id = '{process_id}'"  # noqa: S608
    gates[0].reached()
    (redis,) = pids(it, "valkey")
    os.kill(redis, signal.SIGSTOP)
    try:
        for count, gate in enumerate(gates[:-1], 1):
            gate.open()
            until(lambda: it.rows(stored) == [(count,)])  # noqa: B023
        assert counted(it.log, NOT_RUNG) < count - 1
    finally:
        os.kill(redis, signal.SIGCONT)
    gates[-1].open()
    check_ran_once(it, process_id, [str(n) for n in range(len(gates))])


@on_sqlite
def test_connection_to_redis_that_dies_without_a_word_is_given_up(it: Installation) -> None:
    """The dead one of the worker goes on being counted, and another listens in its place."""

    def reach() -> socket.socket:
        redis = socket.socket(socket.AF_UNIX)
        redis.connect(str(it.data / "redis" / "redis.sock"))
        return redis

    with forgetful(reach) as way, it.redis() as redis:
        url = f"redis://127.0.0.1:{way.port}/0"
        with worker(it, it.folder / "elsewhere", PROCESSION_REDIS_URL=url):
            until(lambda: listening(redis) == 3)  # the server, its worker, and this one
            way.forget()
            until(lambda: listening(redis) == 4)


@on_postgres
def test_database_that_takes_no_writes_for_a_while_costs_nothing(it: Installation) -> None:
    gates = [Gate(it), Gate(it)]
    process_id = start_python(it, it.admin, journal(it, gates))
    gates[0].open()
    gates[1].reached()
    until(lambda: it.get(NOBODY, "/readyz").json()["status"] == "ready")
    with unwritable(it.database_url):
        until(lambda: counted(it.log, NOT_RENEWED))
        ready = it.get(NOBODY, "/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"]["database"] == "takes no writes"
        assert "writes: The database takes no writes\n" in it.cli("doctor", code=1)
        gates[1].open()
    check_ran_once(it, process_id, ["0", "1"])
    until(lambda: starts(it))
    until(lambda: it.get(NOBODY, "/readyz").json()["status"] == "ready")


def starts(it: Installation) -> bool:
    """Whether a process can be started; else one is told to ask again."""
    try:
        return run_python(it, it.admin, "print(1)").lines == ["1"]
    except GraphQLRefusal as refusal:
        assert refusal.code == "UNAVAILABLE"
        return False


@on_postgres
def test_followers_wait_until_the_database_is_back(it: Installation) -> None:
    gates = [Gate(it), Gate(it)]
    process_id = start_python(it, it.admin, journal(it, gates))
    with (
        it.subscribe(it.admin, OUTPUT, id=process_id) as output,
        it.subscribe(it.admin, CHANGES, id=process_id) as changes,
        it.subscribe(it.admin, CHANGES) as all_changes,
    ):
        heard, moves, everything = iter(output), iter(changes), iter(all_changes)
        gates[0].open()
        assert next(heard)["processOutput"]["lastSeq"] == 1
        until_heard(it, it.admin, everything)
        gates[1].reached()
        with shut(it.database_url):
            until(lambda: counted(it.log, NOT_RENEWED) >= 2 * RENEWALS)
        gates[1].open()
        *_, end = (event["processOutput"] for event in heard)
        assert (end["status"], end["endSeq"]) == ("COMPLETED", 2)
        for told in (moves, everything):
            change = next(each for each in told if is_end_of(process_id, each["processChanges"]))
            assert change["processChanges"]["process"]["status"] == "COMPLETED"
    assert counted(it.log, WAITING) == 1


def is_end_of(process_id: str, change: Any) -> bool:
    ended = change["process"]["status"] not in {"SCHEDULED", "RUNNING"}
    return bool(change["id"] == process_id and ended)


@on_postgres
def test_who_asks_without_a_database_is_told_to_ask_again(it: Installation) -> None:
    query = {"query": "{ processes { nodes { id } } }"}
    other = str(uuid4())
    it.add_token(it.admin, id=other)
    with shut(it.database_url):
        answer = it.request(it.admin, "POST", "/graphql", json=query)
        assert answer.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE"}
    it.graphql(it.admin, REVOKE, id=other)  # so that all are looked up again
    with shut(it.database_url):
        answer = it.request(it.admin, "POST", "/graphql", json=query)
        assert answer.status_code == 503
        assert answer.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE"}
        with (
            pytest.raises(ConnectionClosedError) as closed,
            it.subscribe(it.admin, "{ viewer { name } }"),
        ):
            pass
    assert closed.value.rcvd
    assert closed.value.rcvd.code == CloseCode.TRY_AGAIN_LATER


@on_postgres
def test_client_that_asks_on_a_socket_without_a_database_is_told_to_come_again(
    it: Installation,
) -> None:
    other = str(uuid4())
    it.add_token(it.admin, id=other)
    with it.subscribe(it.admin, "{ viewer { name } }") as socket:
        next(iter(socket))
        it.graphql(it.admin, REVOKE, id=other)  # so that all are looked up again
        with shut(it.database_url), pytest.raises(ConnectionClosedError) as closed:
            list(socket.again("{ viewer { name } }"))
    assert closed.value.rcvd
    assert closed.value.rcvd.code == CloseCode.TRY_AGAIN_LATER


def check_away(answer: httpx.Response) -> None:
    """It is to be asked again."""
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    check_error(answer)


def post(it: Installation, who: User, path: str, content: bytes, kind: str) -> httpx.Response:
    return it.request(who, "POST", path, content=content, headers={"Content-Type": kind})


@on_postgres
def test_who_asks_by_rest_without_a_database_is_told_to_come_again(it: Installation) -> None:
    ended = run_python(it, it.admin, WRITE).id
    (file,) = it.graphql(it.admin, SIGN, id=ended)["process"]["files"]
    upload = begin(it, it.admin, 1)
    unknown = it.add_token(it.admin)  # whom the server has to look up
    process = f"/api/system/processes/{ended}"
    parts = ("", "/output", "/files", "/files/a")
    with shut(it.database_url):
        for who in (it.admin, unknown):
            for path in ("/api/system/processes", *(f"{process}{part}" for part in parts)):
                check_away(it.get(who, path))
            started = form([("c", "print(1)")])
            check_away(post(it, who, "/api/system/scripts/python/processes", *started))
            check_away(it.request(who, "DELETE", process))
        check_away(it.get(NOBODY, file["temporaryUrl"]))
        credentials = b"user=admin&password=wrong", "application/x-www-form-urlencoded"
        check_away(post(it, NOBODY, "/api/authn/login", *credentials))
        sent = {"Upload_Offset": "0", "Content_Type": CONTENT}
        check_away(ask(it, unknown, "PATCH", upload, b"a", **sent))
    log = it.log.read_text()
    assert f"GET {process} failed: " in log
    assert "Traceback" not in log


@on_postgres
def test_answer_that_is_being_sent_when_the_database_goes_away_does_not_look_whole(
    it: Installation,
) -> None:
    process_id = start_python(it, it.admin, FLOOD)
    until_lines(it, it.admin, process_id, 50_000)
    address = f"{it.url}/api/system/processes/{process_id}/output"
    headers = {**it.admin.headers, "Accept-Encoding": "identity"}
    with it.http.stream("GET", address, headers=headers) as answer:
        content = answer.iter_raw()
        next(content)  # the server waits for this client, far from the end
        with shut(it.database_url), pytest.raises(httpx.RemoteProtocolError):
            list(content)
    assert "Traceback" not in it.log.read_text()


@on_postgres
def test_server_and_worker_that_begin_without_a_database_wait_for_it(it: Installation) -> None:
    until(lambda: "is ready" in it.log.read_text())
    with ThreadPoolExecutor(1) as pool:
        with shut(it.database_url):
            (killed,) = pids(it, "server.worker")
            os.kill(killed, signal.SIGKILL)
            until(lambda: counted(it.log, AWAY) >= 2, it.log.read_text)
            assert it.end(signal.SIGTERM) == 0
            before = counted(it.log, AWAY)
            started = pool.submit(it.start)
            until(lambda: counted(it.log, AWAY) >= before + 2, it.log.read_text)
        started.result()
    assert run_python(it, it.admin, "print(1)").lines == ["1"]


@on_sqlite
def test_worker_that_begins_leaves_while_its_database_does_not_answer(install: Install) -> None:
    it = install()
    with socket.create_server(("127.0.0.1", 0)) as database:
        _, port = database.getsockname()
        settings = {
            "PROCESSION_DATABASE_URL": f"postgres://x:x@127.0.0.1:{port}/x",
            "PROCESSION_REDIS_URL": "redis://127.0.0.1:1/0",
        }
        command = [PROGRAM, "worker"]
        with subprocess.Popen(command, cwd=it.folder, env=it.environment | settings) as begun:
            asked, _ = database.accept()
            with asked:
                begun.terminate()
                assert begun.wait(PATIENCE / 2) == 0


@on_postgres
def test_worker_that_begins_leaves_while_somebody_has_locked_a_table(it: Installation) -> None:
    waiting = f"unix://{it.data}/redis/redis.sock?db=1"  # where the server's worker does not look
    settings = {"PROCESSION_REDIS_URL": waiting, "PROCESSION_DATA": str(it.folder / "other")}
    files = {"PROCESSION_FILES_URL": f"file://{it.data}/files"}
    environment = it.environment | settings | files
    until(lambda: "is ready" in it.log.read_text())  # what begins from here on is ours
    with (
        it.locked("worker"),
        subprocess.Popen([PROGRAM, "worker"], cwd=it.folder, env=environment) as begun,
    ):
        try:
            until(lambda: it.rows(BEGINNING)[0][0])
            begun.terminate()
            assert begun.wait(PATIENCE / 2) == 0
        finally:
            begun.kill()


@on_postgres
def test_worker_leaves_while_somebody_has_locked_what_it_sweeps(it: Installation) -> None:
    with it.locked("process"):
        until(lambda: it.rows(SWEEPING)[0][0])
        assert it.end(signal.SIGTERM, PATIENCE / 2) == 0


@on_postgres
def test_connections_to_the_database_that_die_without_a_word_are_given_up(install: Install) -> None:
    """What waits for them goes on with others, and nobody who is to leave waits for them."""
    it = install()
    parts = urlsplit(it.database_url)
    with forgetful(lambda: socket.create_connection((parts.hostname, parts.port))) as way:
        there = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{way.port}")
        it.settings = {"PROCESSION_DATABASE_URL": there.geturl()}
        it.start()
        gates = [Gate(it), Gate(it)]
        process_id = start_python(it, it.admin, journal(it, gates))
        lines = f"SELECT last_seq FROM process WHERE id = '{process_id}'"  # noqa: S608
        gates[0].reached()
        way.forget()
        gates[0].open()
        until(lambda: it.rows(lines) == [(1,)], it.log.read_text)
        gates[1].reached()
        way.forget()
        gates[1].open()
        assert it.end(signal.SIGTERM) == 0
        it.start()
        check_ran_once(it, process_id, ["0", "1"])
        it.end()


@on_postgres
def test_renewal_of_a_lease_that_hangs_is_given_up_and_tried_again(it: Installation) -> None:
    until(lambda: "is ready" in it.log.read_text())
    with it.locked("worker"):
        until(lambda: counted(it.log, NOT_RENEWED) >= 2, it.log.read_text)
    check_ran_once(it, start_python(it, it.admin, journal(it, [])), [])


def test_write_that_fails_when_its_asker_has_left_is_told_in_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    complaints: list[object] = []

    async def ask() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, it: complaints.append(it))
        begun, away = asyncio.Event(), asyncio.Event()

        async def write() -> None:
            begun.set()
            await away.wait()
            raise OSError("The database is away")

        asking = asyncio.create_task(run_to_end(write()))
        await begun.wait()
        asking.cancel()
        await asyncio.sleep(0)
        away.set()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(ask())
    gc.collect()
    assert caplog.messages == ["Nobody waits any more for what was not done: The database is away"]
    assert not complaints


def test_outage_is_told_when_it_begins_now_and_then_and_when_it_is_over(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaint = Complaint(logging.getLogger("it"), "Nothing can be done")

    def fail(*errors: Exception) -> None:
        for error in errors:
            with complaint.instead():
                raise error

    complaint.end()
    fail(OSError("away"), OSError("still away"), ValueError("a mistake"))
    monkeypatch.setattr("models.outage.QUIET", 0)
    complaint.end()
    fail(OSError("away"), OSError("still away"))
    told = [message.replace("Nothing can be done: ", "") for message in caplog.messages]
    over = "that is over, after 0 s"
    assert told == ["away", "ValueError('a mistake')", over, "away", "still away"]


def test_database_whose_file_cannot_be_opened_at_first_is_used_once_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "folder"

    @transaction
    async def write() -> None:
        await connection().execute_query("CREATE TABLE it (x)")

    async def go() -> None:
        async with connected(f"sqlite://{folder}/procession.sqlite3"):
            with pytest.raises(sqlite3.OperationalError):
                await write()
            folder.mkdir()
            await write()

    asyncio.run(go())
