"""The entries of the audit, which administrators read."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from models.audit import NOBODY, AuditEntry, printable
from models.user import User
from resolvers.access import administrators
from resolvers.users import is_name
from resolvers.viewer import Viewer

AT_ONCE = 1000  # entries in memory


@dataclass(frozen=True, slots=True)
class Wanted:
    """All of these must hold; times are inclusive. `actor` is a user's name, "operator" or
    "system"; `target` and the rest are as in `AuditEntry`."""

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    result: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Place(NamedTuple):
    """Where an entry stands among the others."""

    at: datetime
    id: int


@administrators
async def page(
    viewer: Viewer, wanted: Wanted, limit: int, after: Place | None = None
) -> list[AuditEntry]:
    """The newest entries that stand after that place."""
    found = await _found(wanted)
    if after is not None:
        before = Q(at__lt=after.at) | Q(id__lt=after.id)
        found = found.filter(before, at__lte=after.at)  # the latter is for the index
    return await found.order_by("-at", "-id").limit(limit)


@administrators
async def count(viewer: Viewer, wanted: Wanted) -> int:
    """How many there are."""
    return await (await _found(wanted)).count()


@administrators
async def entries(viewer: Viewer, wanted: Wanted) -> AsyncIterator[list[AuditEntry]]:
    """All of them, the oldest first, so many at a time."""
    found = (await _found(wanted)).order_by("at", "id").limit(AT_ONCE)
    rows = await found
    while rows:
        yield rows
        last = rows[-1]
        rows = await found.filter(Q(at__gt=last.at) | Q(id__gt=last.id), at__gte=last.at)


async def _found(wanted: Wanted) -> QuerySet[AuditEntry]:
    """By the indexes."""
    texts = {
        "actor": wanted.actor,
        "action": wanted.action,
        "target": wanted.target,
        "result": wanted.result,
    }
    found = AuditEntry.filter(
        **{name: printable(text) for name, text in texts.items() if text is not None}
    )
    if wanted.actor is not None:
        user = await User.get_or_none(name=wanted.actor) if is_name(wanted.actor) else None
        found = found.filter(actor_id=user.id if user else NOBODY)
    if wanted.since is not None:
        found = found.filter(at__gte=wanted.since)
    return found if wanted.until is None else found.filter(at__lte=wanted.until)
