"""What orchestrators ask, and how the server leaves."""

import contextlib
import json
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError

from tests.conftest import Install
from tests.database import on_postgres, on_sqlite
from tests.faces import Rest
from tests.installation import Installation, User, installed, until
from tests.postgres import shut
from tests.running import FLOOD, OUTPUT, Gate, end_of, facts, start_python, until_status
from tests.workers import holder, pause, pids

NOBODY = User("", "", "")
LIVING = "SELECT id FROM worker WHERE lost_at IS NULL AND left_at IS NULL"


@pytest.fixture
def it(mortal: Installation) -> Installation:
    return mortal


def readiness(it: Installation) -> tuple[int, dict[str, Any]]:
    answer = it.get(NOBODY, "/readyz")
    return answer.status_code, answer.json()


def test_server_that_can_work_is_ready(it: Installation) -> None:
    checks = dict.fromkeys(("database", "redis", "worker", "disk"), "ok")
    until(lambda: readiness(it) == (200, {"status": "ready", "checks": checks}))
    assert it.get(NOBODY, "/healthz").text == "ok\n"


def test_server_without_a_worker_says_what_waits(it: Installation) -> None:
    (worker,) = pids(it, "server.worker")
    until(lambda: readiness(it)[1]["checks"]["worker"] == "ok")  # it has a lease
    pause(it, worker)  # so that it does not renew it
    try:
        it.execute("UPDATE worker SET lease_until = 1")
        status, found = readiness(it)
    finally:
        os.kill(worker, signal.SIGCONT)
    assert (status, found["status"]) == (200, "degraded")
    assert found["checks"]["worker"] == "none; processes wait until one is started"


@on_postgres
def test_server_is_not_ready_before_its_worker_has_taken_over_what_was_left(
    it: Installation,
) -> None:
    (process_id, gate), admin = followed(it), it.admin
    gate.reached()
    before = holder(it, process_id)
    it.end(signal.SIGTERM)
    with it.holding("process", admin):
        it.start()
        it.until_waiting("process", 1)  # the worker has its lease
        status, found = readiness(it)
        assert (status, found["status"]) == (200, "degraded")
        assert "it has still to take over what others left" in found["checks"]["worker"]
        assert holder(it, process_id) == before
    until(lambda: readiness(it)[1]["status"] == "ready")
    assert [(holder(it, process_id),)] == it.rows(LIVING)
    gate.open()
    assert end_of(it, it.admin, process_id).lines == ["1", "2"]


def test_server_without_redis_says_what_waits(it: Installation) -> None:
    until(lambda: readiness(it)[1]["status"] == "ready")
    (redis,) = pids(it, "valkey")
    os.kill(redis, signal.SIGSTOP)
    try:
        status, found = readiness(it)
    finally:
        os.kill(redis, signal.SIGCONT)
    assert (status, found["status"]) == (200, "degraded")
    assert found["checks"] | {"redis": ""} == {
        "database": "ok",
        "redis": "",
        "worker": "ok",
        "disk": "ok",
    }
    assert found["checks"]["redis"].startswith("unreachable")


@on_sqlite
def test_redis_that_takes_nothing_is_told_of(it: Installation) -> None:
    until(lambda: readiness(it)[1]["status"] == "ready")
    with contextlib.closing(it.redis()) as redis:
        redis.config_set("maxmemory", 1)
        try:
            status, found = readiness(it)
            told = it.cli("doctor", code=1)
        finally:
            redis.config_set("maxmemory", 0)
    assert (status, found["status"]) == (200, "degraded")
    assert found["checks"]["redis"] == "takes nothing; starts wait, everything else goes on"
    assert "redis: Redis takes nothing into the queue: " in told
    assert readiness(it)[1]["status"] == "ready"


@on_sqlite
def test_folder_of_files_that_cannot_be_used_is_told_of(install: Install, tmp_path: Path) -> None:
    files, away = tmp_path / "files", tmp_path / "away"
    it = install(PROCESSION_FILES_URL=f"file://{files}")
    it.start()
    until(lambda: readiness(it)[1]["status"] == "ready")
    files.rename(away)
    status, found = readiness(it)
    assert (status, found["status"]) == (200, "degraded")
    told = "the folder of files cannot be reached (No such file or directory)"
    assert found["checks"]["disk"] == told
    assert f"data folder: There is no folder {files}\n" in it.cli("doctor", code=1)
    away.rename(files)
    assert readiness(it)[1]["status"] == "ready"


def test_server_without_its_database_is_not_ready_until_it_is_back(empty_database: str) -> None:
    with installed(empty_database) as it:
        it.cli("migrate")
        it.start()
        until(lambda: readiness(it)[1]["status"] == "ready")
        with shut(empty_database):
            status, found = readiness(it)
            assert (status, found["status"]) == (503, "unavailable")
            assert found["checks"]["database"] == "unreachable"
            assert it.get(NOBODY, "/healthz").status_code == 200
        until(lambda: readiness(it)[1]["status"] == "ready")


def followed(it: Installation) -> tuple[str, Gate]:
    """A process that has printed one line and waits."""
    gate = Gate(it)
    return start_python(it, it.admin, f"print(1, flush=True); {gate.wait}; print(2)"), gate


@on_sqlite
def test_leaving_server_tells_subscribers_to_connect_again(it: Installation) -> None:
    process_id, gate = followed(it)
    with it.subscribe(it.admin, OUTPUT, id=process_id) as events:
        heard = iter(events)
        next(heard)
        it.end(signal.SIGTERM)
        with pytest.raises(ConnectionClosedError) as closed:
            next(heard)
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1012
    it.start()
    gate.open()
    assert end_of(it, it.admin, process_id).lines == ["1", "2"]


@on_sqlite
def test_leaving_server_cuts_event_streams_without_calling_them_complete(
    it: Installation,
) -> None:
    process_id, gate = followed(it)
    content = {"query": OUTPUT, "variables": {"id": process_id}}
    headers = {**it.admin.headers, "Accept": "text/event-stream"}
    with it.http.stream("POST", f"{it.url}/graphql", json=content, headers=headers) as answer:
        events = answer.iter_lines()
        while "lines" not in next(events):
            pass
        it.end(signal.SIGTERM)
        assert not any("complete" in line for line in events)
    it.start()
    gate.open()
    assert end_of(it, it.admin, process_id).lines == ["1", "2"]


def test_leaving_server_finishes_requests_under_way(it: Installation) -> None:
    """A start by REST waits a moment for a worker; this one is paused meanwhile."""
    assert it.server
    (worker,) = pids(it, "server.worker")
    pause(it, worker)
    try:
        with ThreadPoolExecutor(1) as pool:
            started = pool.submit(Rest(it).start, it.admin, "python", ("c", "pass"))
            until(lambda: it.rows("SELECT 1 FROM process WHERE status = 'SCHEDULED'"))
            it.server.send_signal(signal.SIGTERM)
            assert started.result().status == "SCHEDULED"
            until(lambda: refuses(it))
    finally:
        os.kill(worker, signal.SIGCONT)
    assert it.end(signal.SIGTERM) == 0


@on_sqlite
def test_leaving_server_waits_for_nobody_who_has_stalled(it: Installation) -> None:
    """One reads neither a download nor a subscription any more, and one sends no more of a file."""
    program = "open(os.environ['PROCESSION_OUTPUT_DIR'] + '/x', 'w').truncate(100_000_000)"
    stored = start_python(it, it.admin, f"import os; {program}")
    end_of(it, it.admin, stored)
    flood = start_python(it, it.admin, FLOOD)
    authorization = f"Authorization: Bearer {it.admin.token}\r\nHost: x\r\n"
    body = json.dumps({"query": OUTPUT, "variables": {"id": flood}})
    requests = [
        f"GET /api/system/processes/{stored}/files/x HTTP/1.1\r\n{authorization}\r\n",
        f"POST /graphql HTTP/1.1\r\n{authorization}Accept: text/event-stream\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}",
        f"POST /api/system/scripts/python/processes HTTP/1.1\r\n{authorization}"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + "x" * 2_000_000,
    ]
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(address(it))) for _ in requests]
        for client, request in zip(clients, requests, strict=True):
            client.sendall(request.encode())
        assert clients[0].recv(1)  # the download has begun
        subscriber = stack.enter_context(it.subscribe(it.admin, OUTPUT, id=flood))
        next(iter(subscriber))
        until(lambda: any("staging" in path for path in it.stored()))
        until(lambda: facts(it, it.admin, flood, "lastSeq") == {"lastSeq": 50_000})
        assert it.end(signal.SIGTERM) == 0
    for request in (f"GET /api/system/processes/{stored}/files/x", "POST /api/system/scripts"):
        assert f"The server left in the middle of {request}" in it.log.read_text()
    assert not any("staging" in path for path in it.stored())
    it.start()
    it.graphql(it.admin, "mutation ($id: ID!) { stopProcess(id: $id) { id } }", id=flood)
    until_status(it, it.admin, flood, "STOPPED")


def address(it: Installation) -> tuple[str, int]:
    url = urlsplit(it.url)
    return str(url.hostname), int(url.port or 0)


def refuses(it: Installation) -> bool:
    """Whether new connections are refused."""
    try:
        httpx.get(f"{it.url}/healthz", trust_env=False)
    except httpx.ConnectError:
        return True
    except httpx.TransportError:
        pass  # it was on its way when the server closed its door
    return False
