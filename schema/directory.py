"""The lists of users and groups."""

import base64
from functools import partial
from typing import Annotated

import strawberry

from resolvers import groups, users
from resolvers.errors import BadInput
from schema.arguments import arg
from schema.context import Info
from schema.page import DEFAULT_PAGE, PageInfo, page
from schema.user import Group, User


@strawberry.type(description="A user in a list, and their place there.")
class UserEdge:
    cursor: str = strawberry.field(description="Their place in the list.")
    node: User = strawberry.field(description="The user.")


@strawberry.type(description="A page of the list of users (Relay).")
class UserConnection:
    nodes: list[User] = strawberry.field(description="The users of this page.")
    page_info: PageInfo = strawberry.field(description="Whether the list goes on.")

    @strawberry.field(description="The users, each with their place.")
    def edges(self) -> list[UserEdge]:
        return [UserEdge(cursor=_cursor(node.name), node=node) for node in self.nodes]

    @strawberry.field(description="How many there are on all pages.")
    async def total_count(self, info: Info) -> int:
        return await users.count(info.context.viewer)


async def user_list(
    info: Info,
    first: Annotated[int, arg("At most so many.")] = DEFAULT_PAGE,
    after: Annotated[str | None, arg("Only what comes after this cursor.")] = None,
) -> UserConnection:
    """Raises BadInput and Forbidden."""
    read = partial(users.page, info.context.viewer, "" if after is None else _read_cursor(after))
    rows, page_info = await page(info, first, after, read, lambda row: _cursor(row.name))
    return UserConnection(nodes=[User.of(row) for row in rows], page_info=page_info)


async def group_list(info: Info) -> list[Group]:
    return [Group.of(row) for row in await groups.list_groups(info.context.viewer)]


def _cursor(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _read_cursor(text: str) -> str:
    try:
        name = base64.urlsafe_b64decode(text).decode()
    except ValueError:
        name = ""
    if not users.is_name(name):
        raise BadInput({"after": ["This is not a cursor of this list."]})
    return name
