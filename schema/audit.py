"""The audit, for administrators."""

import base64
from datetime import datetime
from functools import partial
from typing import Annotated

import orjson
import strawberry
from strawberry.scalars import JSON

from models.audit import NOBODY
from models.audit import AuditEntry as EntryRow
from models.instant import from_micros, to_micros
from resolvers import entries
from resolvers.entries import Place, Wanted
from resolvers.errors import BadInput
from schema.arguments import arg
from schema.context import Info
from schema.page import DEFAULT_PAGE, PageInfo, page

LARGEST_ID = (1 << 63) - 1  # that a database takes


@strawberry.input(description="Which entries are wanted; everything that is given must hold.")
class AuditFilter:
    actor: str | None = strawberry.field(
        default=None,
        description="Only what this user did, by name; or `operator`, `identity provider` or "
        "`system`.",
    )
    action: str | None = strawberry.field(
        default=None, description="Only this action, such as `process.start`."
    )
    target: str | None = strawberry.field(
        default=None, description="Only what was done to this: an id, or a name."
    )
    result: str | None = strawberry.field(
        default=None, description="Only with this result: `OK`, or the code of an error."
    )
    since: datetime | None = strawberry.field(default=None, description="Not before this moment.")
    until: datetime | None = strawberry.field(default=None, description="Not after this moment.")

    def resolved(self) -> Wanted:
        return Wanted(self.actor, self.action, self.target, self.result, self.since, self.until)


@strawberry.type(description="Somebody did something, or tried to.")
class AuditEntry:
    row: strawberry.Private[EntryRow]
    at: datetime = strawberry.field(description="When.")
    actor: str | None = strawberry.field(
        description="Who: a user's name, `operator` for whoever works at the command line of the "
        "server's machine, `identity provider` for what changes at a sign-in, `system` for the "
        "server itself; null for somebody who has not signed in."
    )
    actor_id: strawberry.ID | None = strawberry.field(
        description="The user's UUID; null where it was not a user."
    )
    token_id: strawberry.ID | None = strawberry.field(
        description="The id of the token or session that they signed in with."
    )
    address: str | None = strawberry.field(description="From where.")
    action: str = strawberry.field(description="What, such as `process.start`.")
    target: str | None = strawberry.field(
        description="To what: the id of a process or a token, the name of a user, a group or "
        "a script."
    )
    result: str = strawberry.field(description="`OK`, or the code of the error.")
    details: JSON | None = strawberry.field(description="Further facts, which depend on `action`.")

    @classmethod
    def of(cls, row: EntryRow) -> "AuditEntry":
        return cls(
            row=row,
            at=row.at,
            actor=row.actor,
            actor_id=None if row.actor_id in (None, NOBODY) else strawberry.ID(str(row.actor_id)),
            token_id=None if row.token_id is None else strawberry.ID(str(row.token_id)),
            address=row.address,
            action=row.action,
            target=row.target,
            result=row.result,
            details=None if row.details is None else JSON(row.details),
        )


@strawberry.type(description="An entry in the audit, and its place there.")
class AuditEdge:
    cursor: str = strawberry.field(description="Its place in the list.")
    node: AuditEntry = strawberry.field(description="The entry.")


@strawberry.type(description="A page of the audit (Relay).")
class AuditConnection:
    wanted: strawberry.Private[Wanted]
    nodes: list[AuditEntry] = strawberry.field(description="The entries of this page.")
    page_info: PageInfo = strawberry.field(description="Whether the list goes on.")

    @strawberry.field(description="The entries, each with its place.")
    def edges(self) -> list[AuditEdge]:
        return [AuditEdge(cursor=_cursor(node.row), node=node) for node in self.nodes]

    @strawberry.field(description="How many there are on all pages; counted only when asked for.")
    async def total_count(self, info: Info) -> int:
        return await entries.count(info.context.viewer, self.wanted)


async def entry_list(
    info: Info,
    first: Annotated[int, arg("At most so many.")] = DEFAULT_PAGE,
    after: Annotated[str | None, arg("Only what comes after this cursor.")] = None,
    filter: Annotated[AuditFilter | None, arg("Which entries are wanted.")] = None,  # noqa: A002
) -> AuditConnection:
    """Raises BadInput and Forbidden."""
    wanted = filter.resolved() if filter else Wanted()
    place = None if after is None else _read_cursor(after)
    read = partial(entries.page, info.context.viewer, wanted, after=place)
    rows, page_info = await page(info, first, after, read, _cursor)
    nodes = [AuditEntry.of(row) for row in rows]
    return AuditConnection(wanted=wanted, nodes=nodes, page_info=page_info)


def _cursor(row: EntryRow) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([to_micros(row.at), row.id])).decode()


def _read_cursor(text: str) -> Place:
    try:
        at, number = orjson.loads(base64.urlsafe_b64decode(text))
        place = Place(from_micros(int(at)), int(number))
    except (ValueError, TypeError, OverflowError):
        place = None
    if place is None or abs(place.id) > LARGEST_ID:
        raise BadInput({"after": ["This is not a cursor of this list."]})
    return place
