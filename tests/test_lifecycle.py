"""Servers and workers end and begin: scripts outlive them, nothing is lost or doubled."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis

from server.listening import bound
from server.signals import Signals
from tests.conftest import Install
from tests.database import on_sqlite
from tests.installation import PROGRAM, Installation, installed, until
from tests.running import (
    OUTPUT,
    SLEEP,
    Gate,
    alive,
    end_of,
    facts,
    run_python,
    running,
    start,
    start_python,
    until_running,
    until_status,
)
from tests.workers import kill_all, pause, pids, worker

LATER = "INSERT INTO aerich (version, app, content) VALUES ('99_later.py', 'models', '{}')"
GOING_BACK = ("serve --port 0", "worker", "migrate", "migrate --check", "user list", "backup x")


@pytest.fixture
def it(mortal: Installation) -> Installation:
    return mortal


@on_sqlite
def test_ctrl_c_ends_everything_and_says_so_in_the_output(it: Installation) -> None:
    admin = it.admin
    process_id, pid = running(it)
    assert it.end(signal.SIGINT) == 0
    assert not alive(pid)
    assert it.living() == []
    it.start()
    ended = end_of(it, admin, process_id)
    assert (ended.status, ended.exit_code) == ("STOPPED", None)
    assert ended.lines[1:] == ["[procession] Stopped by Ctrl-C; SIGTERM sent"]


def test_ctrl_c_as_soon_as_it_listens_is_quiet(it: Installation) -> None:
    assert it.end(signal.SIGINT) == 0
    assert it.living() == []


@on_sqlite
def test_ctrl_c_as_soon_as_it_listens_ends_scripts_of_the_time_before(it: Installation) -> None:
    admin = it.admin
    process_id, pid = running(it)
    it.end(signal.SIGTERM)
    assert alive(pid)
    it.start()
    it.end(signal.SIGINT)
    assert it.living() == []
    assert not alive(pid)
    it.start()
    assert end_of(it, admin, process_id).status == "STOPPED"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_while_it_starts_leaves_nothing_running(number: signal.Signals) -> None:
    with installed() as it:
        command = [PROGRAM, "serve", "--port", "0"]
        with subprocess.Popen(command, cwd=it.folder, env=it.environment) as starting:
            until(lambda: pids(it, "valkey"))
            starting.send_signal(number)
        assert starting.returncode == 0
        until(lambda: not it.living())


@on_sqlite
def test_terminal_that_is_closed_leaves_scripts_running(it: Installation) -> None:
    process_id, pid = running(it)
    assert it.end(signal.SIGHUP) == 0
    assert not pids(it, "valkey")
    assert alive(pid)
    it.start()
    it.graphql(it.admin, "mutation ($id: ID!) { stopProcess(id: $id) { id } }", id=process_id)
    assert end_of(it, it.admin, process_id).status == "STOPPED"


def test_port_that_is_taken_is_told_and_costs_no_token() -> None:
    with installed() as it, socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = it.cli("serve", "--port", port, code=1)
        assert f"cannot listen at http://127.0.0.1:{port} (Address already in use)" in told
        assert "PROCESSION_PORT or --port" in told
        for host in ("nowhere.invalid", "no..where"):
            told = it.cli("serve", "--host", host, code=1)
            assert f"cannot listen at http://{host}:8080" in told
            assert "Traceback" not in told
        it.start()
        assert it.first_token


def test_address_that_a_host_has_twice_is_listened_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    twice = 2 * socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
    monkeypatch.setattr("server.listening.getaddrinfo", lambda *_, **__: twice)
    with bound("localhost", port) as sockets:
        for each in sockets:
            each.listen()
    assert len(sockets) == 1


def test_signal_whose_cancellation_was_lost_ends_the_server_that_has_started() -> None:
    async def lose_one() -> bool:
        lost, left = asyncio.Event(), asyncio.Event()
        signals = Signals(lost.set)
        signals.listen()
        os.kill(os.getpid(), signal.SIGTERM)
        await lost.wait()
        signals.leave_by(left.set)
        return left.is_set()

    assert asyncio.run(lose_one())


@on_sqlite
def test_redis_whose_log_is_damaged_starts_without_it(it: Installation) -> None:
    process_id = start_python(it, it.admin, "print(1)")
    end_of(it, it.admin, process_id)
    it.end()
    (path,) = it.data.glob("redis/appendonlydir/*.incr.aof")
    with path.open("ab") as file:
        file.write(bytes(512))  # as after a power cut
    assert "The embedded Redis cannot start from its log" in it.cli("doctor", code=1)
    it.start()
    assert end_of(it, it.admin, start_python(it, it.admin, "print(2)")).lines == ["2"]
    it.end()
    assert "embedded Redis" not in it.cli("doctor", code=1)
    assert (it.data / "redis/appendonlydir.damaged" / path.name).exists()


@on_sqlite
def test_redis_that_cannot_be_started_again_is_tried_until_it_can(it: Installation) -> None:
    (redis,) = pids(it, "valkey")
    (path,) = it.data.glob("redis/appendonlydir/*.incr.aof")
    with path.open("ab") as file:
        file.write(bytes(512))
    obstacle = it.data / "redis/appendonlydir.damaged"
    shutil.rmtree(obstacle, ignore_errors=True)
    obstacle.touch()  # so that the log cannot be put aside
    os.kill(redis, signal.SIGKILL)
    until(lambda: "Not a directory" in it.log.read_text())
    obstacle.unlink()
    assert end_of(it, it.admin, start_python(it, it.admin, "print(1)")).lines == ["1"]
    until(lambda: pids(it, "valkey"))


@on_sqlite
def test_redis_that_cannot_write_is_not_taken_for_a_dead_one(it: Installation) -> None:
    (pid,) = pids(it, "valkey")
    obstacle = it.data / "redis/dump.rdb"
    obstacle.mkdir()
    with Redis.from_url(f"unix://{it.data}/redis/redis.sock") as redis:
        redis.config_set("save", "3600 1")  # what cannot be saved is as what a full disk refuses
        redis.bgsave()
        until(lambda: redis.info("persistence")["rdb_last_bgsave_status"] == "err")
        before = looks(redis)
        until(lambda: looks(redis) > before + 5)
        redis.config_set("save", "")
    assert pids(it, "valkey") == [pid]
    it.end()
    assert not alive(pid)


def looks(redis: Redis) -> int:
    """How often somebody has connected, as the server does when it looks whether it lives."""
    stats = cast("dict[str, Any]", redis.info("stats"))
    return int(stats["total_connections_received"])


@pytest.mark.parametrize(
    "name", ["a#b?c%25 ä\n", "ü" * 50, "latin\udce4"], ids=["signs", "bytes", "no UTF-8"]
)
def test_data_folder_may_be_called_anything(name: str) -> None:
    with installed() as it:
        it.settings = {"PROCESSION_DATA": str(it.folder / name)}
        it.start()
        assert end_of(it, it.admin, start_python(it, it.admin, "print(1)")).lines == ["1"]


@on_sqlite
def test_redis_of_a_data_folder_with_a_long_path_leaves_nothing_behind(
    install: Install, tmp_path: Path
) -> None:
    """Its socket has a folder of its own, as the path of one may have 107 bytes."""
    it, folder = far_away(install, tmp_path)
    it.cli("migrate")
    it.cli("user", "add", "eve")
    assert not folder.exists()
    it.start()
    assert [path.name for path in folder.iterdir()] == ["redis.sock"]
    assert it.end(signal.SIGTERM) == 0
    assert not folder.exists()
    obstacle = Path(it.settings["PROCESSION_DATA"], "redis/appendonlydir")
    shutil.rmtree(obstacle)
    obstacle.touch()
    assert "Redis did not start" in it.cli("serve", "--port", "0", code=1)
    assert not folder.exists()


@on_sqlite
@pytest.mark.parametrize("there", ["nowhere", "."])
def test_socket_folder_that_is_somebody_elses_is_refused(
    install: Install, tmp_path: Path, there: str
) -> None:
    """In the system's folder anybody may have put a link in the way."""
    it, folder = far_away(install, tmp_path)
    folder.symlink_to(tmp_path / there)
    try:
        told = it.cli("serve", "--port", "0", code=1)
        assert f"{folder} belongs to somebody else; choose a shorter PROCESSION_DATA" in told
        assert folder.is_symlink()
    finally:
        folder.unlink()


def far_away(install: Install, tmp_path: Path) -> tuple[Installation, Path]:
    """One whose data folder has a long path, and the folder of its socket."""
    data = tmp_path / ("long" * 25)
    digest = sha256(os.fsencode(data / "redis")).hexdigest()
    folder = Path("/tmp", f"procession-{os.getuid()}-{digest[:16]}")  # noqa: S108
    return install(PROCESSION_DATA=str(data)), folder


@on_sqlite
def test_leftover_redis_that_hangs_is_replaced(it: Installation) -> None:
    (redis,) = pids(it, "valkey")
    kill_all(it)
    os.kill(redis, signal.SIGSTOP)
    it.start()
    assert not alive(redis)
    assert end_of(it, it.admin, start_python(it, it.admin, "print(1)")).lines == ["1"]


@on_sqlite
def test_second_start_shows_no_token_and_knows_the_first(it: Installation) -> None:
    admin = it.admin
    token, it.first_token = it.first_token, ""
    it.end()
    it.start()
    assert it.first_token == ""
    it.first_token = token
    assert it.graphql(admin, "{ viewer { name } }") == {"viewer": {"name": "admin"}}


# A script whose output is written before, while and after nobody of ours is there.
LONG = """
for n in range(1000): print(n)
{0}
for n in range(1000, 3000): print(n)
{1}
for n in range(3000, 4000): print(n)
raise SystemExit(7)
"""


def check_adopted(it: Installation, process_id: str) -> None:
    """Every line came once, and the exit code is the script's own."""
    ended = end_of(it, it.admin, process_id)
    assert ended.lines == [str(n) for n in range(4000)]
    assert (ended.status, ended.exit_code) == ("FAILED", 7)


def test_sigterm_leaves_scripts_running_for_the_next_start(it: Installation) -> None:
    admin = it.admin
    gates = [Gate(it), Gate(it)]
    process_id = start_python(it, admin, LONG.format(*(gate.wait for gate in gates)))
    gates[0].reached()
    assert it.end(signal.SIGTERM) == 0
    assert not pids(it, "server.worker")
    assert not pids(it, "valkey")
    (supervisor,) = pids(it, "supervisor")
    gates[0].open()
    gates[1].reached()
    it.start()
    gates[1].open()
    check_adopted(it, process_id)
    until(lambda: not alive(supervisor))


def test_script_that_ends_while_nobody_is_there_is_not_lost(it: Installation) -> None:
    admin = it.admin
    gate = Gate(it)
    program = f"""
import os
{gate.wait}
open(os.environ["PROCESSION_OUTPUT_DIR"] + "/x.txt", "w").write("x")
print("done")
raise SystemExit(3)"""
    process_id = start_python(it, admin, program)
    gate.reached()
    it.end(signal.SIGTERM)
    gate.open()
    until(lambda: not it.living())
    it.start()
    ended = end_of(it, admin, process_id)
    assert (ended.lines, ended.status, ended.exit_code) == (["done"], "FAILED", 3)
    assert facts(it, admin, process_id, "files { name }") == {"files": [{"name": "x.txt"}]}


def test_worker_that_is_killed_is_replaced_and_its_scripts_go_on(it: Installation) -> None:
    admin = it.admin
    gates = [Gate(it), Gate(it)]
    process_id = start_python(it, admin, LONG.format(*(gate.wait for gate in gates)))
    gates[0].reached()
    (worker,) = pids(it, "server.worker")
    os.kill(worker, signal.SIGKILL)
    gates[0].open()
    gates[1].open()
    check_adopted(it, process_id)
    assert run_python(it, admin, "print(1)").lines == ["1"]


@on_sqlite
def test_script_whose_worker_and_supervisor_are_killed_as_it_begins_runs_once(
    it: Installation,
) -> None:
    journal = it.folder / "journal"
    (worker,) = pids(it, "server.worker")
    pause(it, worker)
    run = it.data / "runs" / start_python(it, it.admin, f"open({str(journal)!r}, 'a').write('.')")
    os.kill(worker, signal.SIGCONT)
    while not ((run / "launch.json").exists() or journal.exists()):
        pass  # a pause would miss the moment
    os.kill(worker, signal.SIGKILL)
    for pid in pids(it, "jobs.supervisor"):
        with suppress(ProcessLookupError):  # it has done all that there was to do
            os.kill(pid, signal.SIGKILL)
    # Too late, on a machine with much else to do.
    began = (run / "lock").exists() or journal.exists()
    ended = end_of(it, it.admin, run.name)
    if not began:
        assert (ended.status, journal.read_text()) == ("COMPLETED", ".")
    elif ended.status == "FAILED":
        assert "supervisor of the script was killed" in ended.lines[-1]


def test_server_that_is_killed_leaves_scripts_running_for_the_next_start(it: Installation) -> None:
    admin = it.admin
    gates = [Gate(it), Gate(it)]
    process_id = start_python(it, admin, LONG.format(*(gate.wait for gate in gates)))
    gates[0].reached()
    it.kill()
    gates[0].open()
    gates[1].reached()
    it.start()
    gates[1].open()
    check_adopted(it, process_id)


def test_subscriber_goes_on_after_a_restart_where_it_was_cut(it: Installation) -> None:
    admin = it.admin
    gate = Gate(it)
    process_id = start_python(it, admin, f"print(1); print(2); {gate.wait}; print(3)")
    seqs: list[int] = []
    with it.subscribe(admin, OUTPUT, id=process_id) as events:
        for event in events:
            seqs += [line["seq"] for line in event["processOutput"]["lines"]]
            if len(seqs) == 2:
                break
    it.end(signal.SIGTERM)
    it.start()
    gate.open()
    assert seqs + end_of(it, admin, process_id, after=seqs[-1]).seqs == [1, 2, 3]


def test_process_that_was_asked_to_stop_is_stopped_after_a_restart(it: Installation) -> None:
    admin = it.admin
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
    process_id, pid = running(it, program)
    it.graphql(admin, "mutation ($id: ID!) { stopProcess(id: $id) { id } }", id=process_id)
    it.kill()
    it.start()
    assert end_of(it, admin, process_id).status == "STOPPED"
    assert not alive(pid)


def test_supervisor_that_is_killed_takes_its_script_along(it: Installation) -> None:
    admin = it.admin
    process_id, pid = running(it)
    (supervisor,) = pids(it, "supervisor")
    os.kill(supervisor, signal.SIGKILL)
    ended = end_of(it, admin, process_id)
    assert ended.status == "FAILED"
    assert "supervisor of the script was killed" in ended.lines[-1]
    until(lambda: not alive(pid))


@on_sqlite
def test_second_server_in_the_same_folder_is_refused(it: Installation) -> None:
    told = it.cli("serve", "--port", "0", code=1)
    assert f"Another server uses the data folder {it.data}" in told
    assert "PROCESSION_DATA" in told
    assert it.graphql(it.admin, "{ viewer { name } }")


@on_sqlite
def test_waiting_processes_survive_the_loss_of_the_queue(it: Installation) -> None:
    admin = it.admin
    gate = Gate(it)
    first = start_python(it, admin, gate.wait, "single")
    second = start_python(it, admin, "print(2)", "single")
    gate.reached()
    it.end(signal.SIGTERM)
    for path in (it.data / "redis").rglob("*"):
        if path.is_file():
            path.unlink()
    it.start()
    gate.open()
    assert end_of(it, admin, first).status == "COMPLETED"
    assert end_of(it, admin, second).lines == ["2"]


# --- several programs at once ---------------------------------------------------------------------


def test_migrations_at_the_same_time_are_applied_once(
    database: str, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("empty_database") if database == "postgres" else ""
    with installed(server) as it:
        migrations = [
            subprocess.Popen(
                [PROGRAM, "migrate"],
                cwd=it.folder,
                env=it.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(3)
        ]
        told = sorted(each.communicate()[0] for each in migrations)
        assert [each.returncode for each in migrations] == [0, 0, 0], told
        assert told[:2] == ["The database is up to date.\n"] * 2
        assert re.fullmatch(r"(applied \S+\n)+", told[2])


def test_server_waits_for_nobody_to_migrate_a_shared_database(empty_database: str) -> None:
    with installed(empty_database) as it:
        assert "procession migrate" in it.cli("serve", "--port", "0", code=1)
        assert "missing 0_" in it.cli("migrate", "--check", code=1)
        it.cli("migrate")
        assert "up to date" in it.cli("migrate", "--check")


def test_newer_database_is_refused_and_left_alone(install: Install) -> None:
    it = install(PROCESSION_REDIS_URL="redis://127.0.0.1:1/0")
    it.cli("migrate")
    it.execute(LATER)
    applied = it.rows("SELECT * FROM aerich")
    for command in GOING_BACK:
        told = it.cli(*command.split(), code=1)
        assert "of a newer version of Procession" in told
        assert "(99_later.py). Start that version" in told
    assert "database: The database is of a newer version" in it.cli("doctor", code=1)
    assert it.rows("SELECT * FROM aerich") == applied


def test_database_that_lacks_columns_is_refused(install: Install) -> None:
    it = install()
    it.cli("migrate")
    it.execute("ALTER TABLE output_chunk DROP COLUMN size")
    it.execute("DROP TABLE merge")
    lacks = "lacks merge.held_until, merge.process_id, output_chunk.size: it was made by"
    assert lacks in it.cli("serve", "--port", "0", code=1)
    assert lacks in it.cli("worker", code=1, PROCESSION_REDIS_URL="redis://127.0.0.1:1/0")
    assert f"database: The database has had all migrations, but {lacks}" in it.cli("doctor", code=1)


def test_hundred_running_scripts_do_not_keep_another_worker_from_the_next() -> None:
    count = 105
    with installed(PROCESSION_WORKER_SLOTS=str(count)) as it:
        it.start()
        admin = it.admin
        ids = [start(it, admin, "sleeping") for _ in range(count)]
        for process_id in ids:
            until_running(it, admin, process_id)
        waiting = start(it, admin, "python", ("c", "print('run by the other')"))
        assert facts(it, admin, waiting, "waitsFor") == {"waitsFor": "WORKER"}
        with worker(it, it.data) as other:
            assert end_of(it, admin, waiting).lines == ["run by the other"]
            other.send_signal(signal.SIGTERM)
            assert other.wait() == 0
        it.graphql(admin, "mutation ($id: ID!) { stopProcess(id: $id) { id } }", id=ids[0])
        until_status(it, admin, ids[0], "STOPPED")
        assert run_python(it, admin, "print(1)").lines == ["1"]


def test_worker_needs_the_redis_of_its_servers(tmp_path: Path) -> None:
    it = Installation(tmp_path)
    assert "PROCESSION_REDIS_URL" in it.cli("worker", code=1)
