"""The database, or all workers, away for longer than a lease: nothing is lost or doubled."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.frames import CloseCode

from tests.conftest import Install
from tests.installation import Installation, until
from tests.postgres import shut
from tests.running import (
    CHANGES,
    OUTPUT,
    Gate,
    end_of,
    run_python,
    start_python,
    until_heard,
)
from tests.workers import holder, pause, pids, worker

LEASE = 3  # seconds
RENEWALS = 6  # of a lease in its time
NOT_RENEWED = "The lease could not be renewed"
REVOKE = "mutation ($id: ID!) { revokeToken(id: $id) { id } }"
AWAY = "The database cannot be used; trying again in"
WAITING = "Those who follow something have to wait"


@pytest.fixture
def it(install: Install) -> Installation:
    made = install(PROCESSION_LEASE=str(LEASE))
    made.start()
    return made


def counted(log: Path, words: str) -> int:
    return log.read_text().count(words)


def journal(it: Installation, gates: list[Gate]) -> str:
    """A script that notes each of its runs, and prints between gates."""
    parts = [f"{gate.wait}; print({n})" for n, gate in enumerate(gates)]
    return f"open({str(it.folder / 'runs')!r}, 'a').write('run\\n'); {'; '.join(parts)}"


def check_ran_once(it: Installation, process_id: str, lines: list[str]) -> None:
    ended = end_of(it, it.admin, process_id)
    assert (ended.status, ended.lines) == ("COMPLETED", lines)
    assert (it.folder / "runs").read_text() == "run\n"
    assert it.rows("SELECT id FROM worker WHERE lost_at IS NOT NULL") == []


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
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
    finally:
        os.kill(redis, signal.SIGCONT)
    check_ran_once(it, process_id, ["0", "1", "2", "3"])
    assert end_of(it, it.admin, waiting).lines == ["1"]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
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


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
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


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
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


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
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
