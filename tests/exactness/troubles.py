"""What can go wrong while scripts write: parts of an installation are killed, and it recovers."""

import asyncio
import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import asyncpg
import httpx
from redis import Redis
from redis.exceptions import RedisError
from websockets.exceptions import WebSocketException

from tests.installation import Installation, until
from tests.subscription import GraphQLRefusal

PATIENCE = 40.0  # seconds for a server to come back
PAUSE = 0.02  # seconds between a cut and the next try
# How a reader notices that it was cut off.
CUT = (
    *(httpx.HTTPError, json.JSONDecodeError, GraphQLRefusal),
    *(WebSocketException, ConnectionError, EOFError),
)


def kill_redis(it: Installation) -> None:
    kill(it, "valkey")


def flush_redis(it: Installation) -> None:
    until(lambda: answers(it.redis()))
    with it.redis() as redis:
        redis.flushall()


def kill_worker(it: Installation) -> None:
    kill(it, "server.worker")


def kill_server(it: Installation) -> None:
    it.kill()
    it.start()


def end_server(it: Installation) -> None:
    """As for an upgrade."""
    assert it.end(signal.SIGTERM) == 0
    it.start()


def cut_database(it: Installation) -> None:
    asyncio.run(end_connections(it.database_url))


async def end_connections(url: str) -> None:
    """Of everybody else to this database."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()


def kill(it: Installation, program: str) -> None:
    """One that is started again by itself; if it has not been yet, this waits for it."""
    until(lambda: killed(it, program))


def killed(it: Installation, program: str) -> bool:
    """Whether it was there."""
    for each in it.living():
        if program in each:
            with suppress(ProcessLookupError):  # it has ended just now
                os.kill(int(each.split()[0]), signal.SIGKILL)
                return True
    return False


TROUBLES: dict[str, Callable[[Installation], None]] = {
    "redis killed": kill_redis,
    "redis flushed": flush_redis,
    "worker killed": kill_worker,
    "server killed": kill_server,
    "server ended": end_server,
    "database cut": cut_database,
}
CUTTING = {"server killed", "server ended", "database cut"}  # the others no reader may notice


class House:
    """An installation that is to be troubled, one trouble at a time."""

    def __init__(self, it: Installation) -> None:
        self.it = it
        self.who = it.admin
        self._turn = threading.Lock()
        self._served = threading.Event()
        self._served.set()
        self._cut = False

    def trouble(self, name: str) -> None:
        """Lets it happen, and waits until the server is there again."""
        with self._turn:
            self._cut = self._cut or name in CUTTING
            self._served.clear()
            TROUBLES[name](self.it)
            self._served.set()

    @contextmanager
    def excused(self) -> Iterator[None]:
        """Waits for the server; inside, readers may be cut off if there is a trouble to blame."""
        assert self._served.wait(PATIENCE), "the server did not come back"
        try:
            yield
        except CUT as error:
            if not self._cut or is_final(error):
                raise
            time.sleep(PAUSE)

    def calm(self) -> None:
        """Returns when all is as if nothing had happened."""
        self._cut = False
        until(lambda: answers(self.it.redis()))
        # Requests may fail while the database is away; then the log says why.
        entries = re.split(r"^(?=\d{4}-)", self.it.log.read_text(), flags=re.MULTILINE)
        self.it.log.write_text("".join(each for each in entries if "asyncpg" not in each))


def is_final(error: Exception) -> bool:
    """Whether the server has understood and refused."""
    return isinstance(error, GraphQLRefusal) and error.code not in {"INTERNAL", "UNAVAILABLE"}


def answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisError:
        return False
    finally:
        redis.close()
