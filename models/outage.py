"""Outages: what a database raises because it is away, busy, full or damaged, not because of what it
was asked. After an outage the same may be asked again; after a mistake of ours that would not help.

PostgreSQL's driver is known here by its classes of SQLSTATE: with SQLite it is not even loaded.
"""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tortoise.exceptions import BaseORMException

TROUBLE = 1.0  # seconds to wait after the database refused something
QUIET = 60.0  # seconds for which no more is said of what is tried again and again
AWAY = (
    "08",  # the connection was lost
    "25",  # it takes no writes, or gave up a transaction
    "40",  # of two who wait for each other
    "53",  # out of connections, memory, disk
    "55",  # somebody has locked it, or it lets nobody in for now
    "57",  # it ends, or does not take anybody yet
    "58",  # its system fails
)
REFUSALS = ("28", "3D", "42501")  # a wrong user or password, no such database, no right to it
READ_ONLY = "25006"
SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
PRIMARY = 0xFF  # of SQLite's result codes, without what they add


def root(error: BaseException) -> BaseException:
    """What the driver raised, where Tortoise has wrapped it."""
    while isinstance(error, BaseORMException):
        inner = error.args[0] if error.args else None
        if not isinstance(inner, BaseException):
            return error.__cause__ or error
        error = inner
    return error


def is_outage(error: BaseException) -> bool:
    """Whether it may go away by itself."""
    found = root(error)
    if isinstance(found, sqlite3.Error):
        return getattr(found, "sqlite_errorcode", 0) & PRIMARY in SQLITE_AWAY
    if state := _sqlstate(found):
        return state.startswith(AWAY)
    return isinstance(found, OSError) or _is_of_a_lost_connection(found)


def complain(log: logging.Logger, what: str, error: BaseException) -> None:
    """Says what was not done, and why: of an outage in one line; anything else is a mistake of
    ours, and its traceback is told too."""
    if is_outage(error):
        log.warning("%s: %s", what, str(error) or repr(error))
    else:
        log.error("%s: %r", what, error, exc_info=error)


class Complaint:
    """Of what is tried again and again, maybe for many: an outage is told when it begins, now and
    then while it lasts, and when it is over."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log = log
        self._what = what
        self._since: float | None = None
        self._quiet_until = 0.0

    @contextmanager
    def instead(self) -> Iterator[None]:
        """What is raised inside is told, and no more."""
        try:
            yield
        except Exception as error:
            self.say(error)
        else:
            self.end()

    def say(self, error: Exception) -> None:
        """One more attempt has failed."""
        moment = time.monotonic()
        if is_outage(error):
            if self._since is None:
                self._since = moment
            elif moment < self._quiet_until:
                self._log.debug("%s, still: %s", self._what, error)
                return
            self._quiet_until = moment + QUIET
        complain(self._log, self._what, error)

    def end(self) -> None:
        """An attempt has not."""
        if self._since is not None:
            seconds = time.monotonic() - self._since
            self._log.warning("%s: that is over, after %.0f s", self._what, seconds)
            self._since = None


def is_refusal(error: BaseException) -> bool:
    """Whether the database lets nobody in who comes so."""
    return _sqlstate(root(error)).startswith(REFUSALS)


def takes_no_writes(error: BaseException) -> bool:
    """Whether a PostgreSQL says so: a standby, or one that was told to."""
    return _sqlstate(root(error)) == READ_ONLY


def _sqlstate(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""


def _is_of_a_lost_connection(error: BaseException) -> bool:
    """What asyncpg says where PostgreSQL says nothing; of a wrong argument it is a ValueError."""
    return type(error).__module__.startswith("asyncpg.") and not isinstance(error, ValueError)
