"""What is to be troubled: programs on one or more "machines" (data folders), and how they begin."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from server.redis import find_program
from tests.chaos.disk import small_disk
from tests.chaos.program import Program
from tests.installation import PROGRAM, Installation
from tests.postgres import create_database, mortal_postgres

SCRIPTS = Path(__file__).with_name("scripts")
LEASE = 5  # seconds
SETTINGS = {"PROCESSION_SCRIPTS": str(SCRIPTS), "PROCESSION_LEASE": str(LEASE)}
WORKERS = ("m1 a", "m1 b", "m2 a")  # two on one machine, one on another
AGAIN = 0.5  # seconds until what could not start is started again
START_SECONDS = 60


@dataclass
class House:
    """An installation of whatever size.

    Without `workers` and `redis` each is a child of the server. `machines` are the data folders in
    which scripts run, the first of them on a small disk; `files` is the store.
    """

    folder: Path
    servers: list[Installation]
    machines: list[Path]
    files: Path
    workers: list[Program] = field(default_factory=list)
    redis: Program | None = None
    kill_database: Callable[[], None] | None = None

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    @property
    def database(self) -> Installation:
        """For questions to the database."""
        return self.servers[0]

    @property
    def logs(self) -> list[Path]:
        places = ("server.log", "*/server.log", "*/worker*.log")
        return sorted(path for place in places for path in self.folder.glob(place))

    def living(self, program: str = "") -> list[int]:
        """The ids of all programs of the house whose command contains this."""
        found = (each.partition(" ") for each in Installation(self.folder).living())
        return [int(pid) for pid, _, command in found if program in command]


@contextmanager
def embedded(size_mb: int) -> Iterator[House]:
    """`procession serve` on SQLite, with all that it brings along."""
    with foundation() as (folder, stack):
        it = Installation(folder, settings=SETTINGS)
        stack.enter_context(small_disk(it.data, size_mb))
        stack.callback(it.close)
        it.start()
        yield House(folder, [it], [it.data], it.data / "files")
        it.end()


@contextmanager
def shared(size_mb: int) -> Iterator[House]:
    """Two servers; three workers on two machines; PostgreSQL, Redis and the store for all."""
    with foundation() as (folder, stack):
        url, kill_database = stack.enter_context(mortal_postgres(folder))
        url = asyncio.run(create_database(url, "procession"))
        redis = redis_in(folder / "redis")
        stack.callback(redis.close)
        redis.start()
        files = folder / "files"
        settings = {
            **SETTINGS,
            "PROCESSION_REDIS_URL": f"unix://{folder}/redis/redis.sock",
            "PROCESSION_FILES_URL": f"file://{files}",
        }
        servers = [Installation(folder / name, url, settings) for name in ("s1", "s2")]
        workers = [worker_on(folder / name[:2], name, servers[0]) for name in WORKERS]
        stack.enter_context(small_disk(folder / "m1" / "data", size_mb))
        for each in servers:
            each.folder.mkdir()
            stack.callback(each.close)
        servers[0].cli("migrate")
        for program in workers:
            stack.callback(program.close)
            program.start()
        for each in servers:
            each.start()
        machines = [folder / name / "data" for name in ("m1", "m2")]
        yield House(folder, servers, machines, files, workers, redis, kill_database)
        for each in servers:
            each.end()


TOPOLOGIES = {"embedded": embedded, "shared": shared}


@contextmanager
def foundation() -> Iterator[tuple[Path, ExitStack]]:
    """A folder in which everything is, and what is to be undone; nothing stays."""
    folder = Path(tempfile.mkdtemp(prefix="psn-", dir="/tmp"))  # a socket's path must be short
    try:
        with ExitStack() as stack:
            stack.callback(kill_all, folder)
            yield folder, stack
    finally:
        kill_all(folder)
        shutil.rmtree(folder, ignore_errors=True)


def kill_all(folder: Path) -> None:
    for each in Installation(folder).living():
        with suppress(ProcessLookupError):
            os.kill(int(each.partition(" ")[0]), 9)


def redis_in(folder: Path) -> Program:
    folder.mkdir()
    options = {
        **{"port": "0", "unixsocket": str(folder / "redis.sock"), "dir": str(folder)},
        **{"appendonly": "yes", "save": ""},
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Program("redis", [find_program(), *words], folder, dict(os.environ))


def worker_on(machine: Path, name: str, server: Installation) -> Program:
    machine.mkdir(exist_ok=True)
    environment = {**server.environment, "PROCESSION_DATA": str(machine / "data")}
    return Program(f"worker {name}", [PROGRAM, "worker"], machine, environment)


def start_again(it: Installation) -> None:
    """A server where it was, tried until it starts, as systemd does."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            it.start()
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            forget(it)
            time.sleep(AGAIN)
        else:
            return


def forget(it: Installation) -> None:
    """A server that did not start."""
    assert it.server
    it.server.wait()
    assert it.server.stdout
    it.server.stdout.close()
    it.server = None
