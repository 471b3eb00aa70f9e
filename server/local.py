"""Running a command's work here, on the database itself, without a server."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

from models.database import connected
from models.version import NotMigratedError, is_there, pending
from resolvers.door import Door
from server.late import late
from server.privacy import make_private
from server.settings import Settings

T = TypeVar("T")


class NoDatabaseError(Exception):
    """There is no database where there should be one."""


def run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def on_database(settings: Settings, work: Coroutine[Any, Any, T]) -> T:
    """Runs `work` with the database open, in the form that this program knows.

    The embedded one is made, or brought to that form, first.
    """
    return _on(settings, _bring_up_to_date(settings), work)


def on_present_database(settings: Settings, work: Coroutine[Any, Any, T]) -> T:
    """As `on_database`, but makes and changes none.

    Raises NoDatabaseError or VersionError.
    """
    return _on(settings, require_up_to_date(settings), work)


def door(settings: Settings) -> Door:
    """For what changes who may do what: it tells the servers."""

    async def tell() -> None:
        await late("server.door:tell")(settings)

    return Door(tell=tell)


async def require_up_to_date(settings: Settings) -> None:
    """Raises NoDatabaseError or VersionError."""
    if not is_there(settings.database):
        raise NoDatabaseError(
            f"There is no database {settings.database}; is PROCESSION_DATA right?"
        )
    if missing := await pending(settings.database):
        raise NotMigratedError(f"Run `procession migrate` first ({len(missing)} to apply)")


async def make_current(url: str) -> list[str]:
    """Applies the migrations that are missing, if any; returns their names.

    Raises UnfitError.
    """
    if not await pending(url):
        return []
    applied: list[str] = await late("models.migration:migrate")(url)
    return applied


async def _bring_up_to_date(settings: Settings) -> None:
    if settings.embedded_database:
        make_private(settings.data_folder)
        await make_current(settings.database)
    else:
        await require_up_to_date(settings)


def _on(settings: Settings, prepare: Coroutine[Any, Any, None], work: Coroutine[Any, Any, T]) -> T:
    async def connected_work() -> T:
        await prepare
        async with connected(settings.database):
            return await work

    try:
        return run(connected_work())
    finally:
        work.close()
