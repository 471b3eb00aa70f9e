"""Workers beside the one of the server, and who holds what."""

import contextlib
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.installation import PROGRAM, Installation, until


@contextlib.contextmanager
def worker(
    it: Installation, data: Path, *options: str, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """One more worker; with a data folder of its own it is as if on another machine."""
    shared = {
        "PROCESSION_DATABASE_URL": it.database_url or f"sqlite://{it.data}/procession.sqlite3",
        "PROCESSION_REDIS_URL": f"unix://{it.data}/redis/redis.sock",
        "PROCESSION_FILES_URL": f"file://{it.data}/files",
        "PROCESSION_DATA": str(data),
    }
    log = it.folder / f"{data.name}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [PROGRAM, "worker", *options],
            cwd=it.folder,
            env={**it.environment, **shared, **settings},
            stdin=subprocess.DEVNULL,
            stderr=output,
        ) as program,
    ):
        try:
            until(lambda: "is ready" in log.read_text(), log.read_text)
            yield program
        finally:
            program.send_signal(signal.SIGCONT)
            program.terminate()
    assert "Traceback" not in log.read_text()


def holder(it: Installation, process_id: str) -> str:
    """The worker of a process."""
    return str(it.rows(f"SELECT worker_id FROM process WHERE id = '{process_id}'")[0][0])  # noqa: S608


def kill_all(it: Installation) -> None:
    """Kills the server and its worker. When this returns neither does anything any more: a server
    that is killed alone leaves its worker for a moment, and one that lives starts another."""
    assert it.server
    it.server.send_signal(signal.SIGSTOP)
    for worker in pids(it, "server.worker"):
        os.kill(worker, signal.SIGKILL)
    it.kill()
    until(lambda: not pids(it, "server.worker"))


def pids(it: Installation, program: str) -> list[int]:
    """Living programs of the installation whose command contains this."""
    return [int(each.split()[0]) for each in it.living() if program in each.partition(" ")[2]]


def pause(it: Installation, pid: int) -> None:
    """Stops a program for a while, but not in the middle of a transaction on SQLite: with that it
    would stop everybody who writes."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        until(lambda: _is_stopped(pid))
        if it.database_url or _is_writable(it):
            return
        os.kill(pid, signal.SIGCONT)
        until(lambda: _is_writable(it))


def _is_stopped(pid: int) -> bool:
    """Whether all of its threads are."""
    with contextlib.suppress(OSError):  # one has ended just now
        stats = [each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/stat")]
        return bool(stats) and all(each.rpartition(")")[2].split()[0] == "T" for each in stats)
    return False


def _is_writable(it: Installation) -> bool:
    """Whether nobody holds the lock of SQLite's writers for long."""
    path = it.data / "procession.sqlite3"
    with contextlib.closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        database.execute("ROLLBACK")
        return True
