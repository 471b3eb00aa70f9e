"""Opening what servers and workers have in common."""

import fcntl
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from arq import ArqRedis

from jobs.arrivals import Arrivals
from jobs.doorbell import Doorbell
from jobs.marker import Marker
from jobs.ownership import settle
from jobs.queue import Queue, connect
from jobs.safe import Safe
from jobs.store import Store
from models.database import connected
from models.manifest import read_catalogue
from models.script import Catalogue
from models.version import require_columns
from server.insistence import insist
from server.keys import safe
from server.privacy import make_private
from server.settings import Settings

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
QUIET = {
    "arq.worker": logging.WARNING,
    "uvicorn.error": logging.WARNING,
    "websockets": logging.WARNING,
    "tortoise": logging.WARNING,
    "httpx": logging.WARNING,
    "asyncpg.pool": logging.ERROR,  # an absent database is told of by who needed it
    "python_multipart": logging.ERROR,  # a malformed form is its sender's business
}


Insisting = Callable[[Callable[[], Coroutine[Any, Any, Marker]], str], Awaitable[Marker]]
"""`insist`, or what gives up when it is told to."""


class DataFolderError(Exception):
    """The data folder cannot be used, or another server uses it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The open parts."""

    catalogue: Catalogue
    store: Store
    marker: Marker
    arrivals: Arrivals
    redis: ArqRedis
    doorbell: Doorbell
    queue: Queue
    safe: Safe


@asynccontextmanager
async def opened(
    settings: Settings,
    redis_url: str,
    insisting: Insisting = insist,
) -> AsyncIterator[Parts]:
    """The scripts, the database, Redis, the store and the safe, ready to be used.

    Raises OwnershipError where the folder of files is not ours, or cannot be used, UnfitError where
    the database is none for this program.
    """
    catalogue = read_catalogue(settings.script_folders)
    with usable(settings.data_folder):
        make_private(settings.data_folder)
    store = Store(settings.files_folder)
    arrivals = Arrivals(store, settings.upload_hours * 3600)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(store.threads.open())
        await stack.enter_async_context(connected(settings.database, settings.database_pool))
        ready = partial(_ready, settings.database, store)
        marker = await insisting(ready, "The database cannot be used")
        redis = connect(redis_url)
        stack.push_async_callback(redis.aclose, close_connection_pool=True)
        doorbell = await stack.enter_async_context(Doorbell(redis, redis_url).open())
        queue = Queue(redis, doorbell)
        yield Parts(catalogue, store, marker, arrivals, redis, doorbell, queue, safe(settings))


async def _ready(database: str, store: Store) -> Marker:
    await require_columns(database)
    return await settle(store)


@contextmanager
def alone_in(data: Path) -> Iterator[None]:
    """Keeps a second server out of the data folder. Raises DataFolderError."""
    with usable(data):
        make_private(data)
        lock = (data / "lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderError(
                f"Another server uses the data folder {data}; "
                "end it, or choose another folder with PROCESSION_DATA"
            ) from None
        yield


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Makes DataFolderError of what keeps the inside from using the folder."""
    try:
        yield
    except OSError as error:
        raise DataFolderError(
            f"The folder {folder} cannot be used ({error.strerror}: {error.filename or folder}); "
            "mend that, or choose another one with PROCESSION_DATA"
        ) from None


def log_to_stderr(settings: Settings) -> None:
    logging.basicConfig(format=LOG_FORMAT, level=settings.log_level)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
