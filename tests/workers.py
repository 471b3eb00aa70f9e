"""Workers beside the one of the server, and who holds what."""

import contextlib
import signal
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


def pids(it: Installation, program: str) -> list[int]:
    """Living programs of the installation whose command contains this."""
    return [int(each.split()[0]) for each in it.living() if program in each.partition(" ")[2]]
