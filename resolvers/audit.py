"""The audit: deeds leave entries of who did what, when, from where, to what, with which result.

A deed that changes the database, and its entry, are one transaction: where one of them fails, there
is neither. A refusal is noted beside.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from inspect import signature
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from models.audit import OK, AuditEntry, printable
from models.process import Process
from models.transaction import transaction
from resolvers.errors import NotSignedIn, ProcessionError
from resolvers.network import network_of
from resolvers.throttle import Throttle
from resolvers.viewer import NOWHERE, Viewer

P = ParamSpec("P")
T = TypeVar("T")
Resolver = Callable[Concatenate[Viewer, P], Awaitable[T]]
Watched = Callable[Concatenate[Viewer, P], Coroutine[Any, Any, T]]

LONGEST_ADDRESS = 64  # characters
REFUSALS = Throttle(60, 60)  # of one viewer, or network: nobody is to fill the disk with them

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Deed:
    """What somebody is doing, or tries to do.

    `is_counted` says that `attempts` slows down who fails to sign in by it.
    """

    action: str
    target: object = None
    actor_id: UUID | None = None
    actor: str | None = None
    token_id: UUID | None = None
    address: str = ""
    details: dict[str, object] = field(default_factory=dict)
    is_counted: bool = False
    is_noted: bool = False

    @classmethod
    def of(cls, viewer: Viewer, action: str, target: object = None) -> "Deed":
        token_id = None if viewer.token_id == NOWHERE else viewer.token_id
        return cls(action, target, viewer.id, viewer.name, token_id, viewer.address)

    async def note(self, result: str) -> None:
        """Adds the entry."""
        await AuditEntry.create(
            actor_id=self.actor_id,
            actor=self.actor,
            token_id=self.token_id,
            address=self.address[:LONGEST_ADDRESS] or None,
            action=self.action,
            target=None if self.target is None else printable(self.target),
            result=result,
            details=self.details or None,
        )

    async def refuse(self, error: ProcessionError) -> None:
        """Adds the entry of a refusal, which is told also where it cannot be noted.

        Of too many some are left out, but none of the failures to sign in that are counted: of
        those there are never many.
        """
        who = network_of(self.address) if self.actor_id is None else self.actor_id
        is_rare = self.is_counted and isinstance(error, NotSignedIn)
        if is_rare or REFUSALS.passes(who):
            try:
                await self.note(error.code)
            except Exception as trouble:  # whatever a driver raises while the database is away
                log.error("%s, which the audit could not note: %s", error.code, trouble)


PRESENT: ContextVar[Deed] = ContextVar("PRESENT")


@asynccontextmanager
async def doing(deed: Deed, only: type[ProcessionError] = ProcessionError) -> AsyncIterator[None]:
    """What is done inside is this deed: of its refusals `only` such are noted, and none of those
    by which another deed is refused of which it is a part."""
    is_part = PRESENT.get(None) is not None
    before = PRESENT.set(deed)
    try:
        yield
    except only as error:
        if not deed.is_noted and not is_part:
            await deed.refuse(error)
        raise
    finally:
        PRESENT.reset(before)


def about(target: object, **details: object) -> None:
    """Says what the present deed is done to, and what else is worth knowing of it; no secrets."""
    deed = PRESENT.get()
    deed.target = target
    deed.details.update(details)


def recorded(write: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Makes what is written one transaction with the entry of the present deed."""

    @transaction
    async def write_both(*args: P.args, **kwargs: P.kwargs) -> T:
        written = await write(*args, **kwargs)
        await PRESENT.get().note(OK)
        return written

    @wraps(write)
    async def whole(*args: P.args, **kwargs: P.kwargs) -> T:
        written = await write_both(*args, **kwargs)
        PRESENT.get().is_noted = True
        return written

    return whole


def audited(
    action: str, given: str, only: type[ProcessionError] = ProcessionError
) -> Callable[[Resolver[P, T]], Watched[P, T]]:
    """Makes a resolver a deed: noted as done by what is `recorded` in it, or as refused.

    `given` is the parameter that says to what it is done, as long as it says no better itself. It
    stands above `needs`, to see also who may not do this.
    """

    def watch(resolver: Resolver[P, T]) -> Watched[P, T]:
        place = list(signature(resolver).parameters).index(given)

        @wraps(resolver)
        async def watched(viewer: Viewer, /, *args: P.args, **kwargs: P.kwargs) -> T:
            target = kwargs[given] if given in kwargs else (viewer, *args)[place]
            async with doing(Deed.of(viewer, action, target), only):
                return await resolver(viewer, *args, **kwargs)

        return watched

    return watch


def deed(action: str, given: str) -> Callable[[Resolver[P, T]], Watched[P, T]]:
    """Makes a resolver a deed that is one transaction with its entry."""

    def watch(resolver: Resolver[P, T]) -> Watched[P, T]:
        return audited(action, given)(recorded(resolver))

    return watch


def facts(found: Process) -> dict[str, object]:
    """What is to be known of a process when it is gone."""
    return {"script": found.script, "ownerId": str(found.user_id)}
