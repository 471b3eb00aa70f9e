"""Queries."""

from typing import Annotated

import strawberry

from resolvers import processes, users
from resolvers import scripts as script_resolvers
from schema.arguments import arg
from schema.audit import AuditConnection, entry_list
from schema.connection import ProcessConnection, connection
from schema.context import Info
from schema.delivery import Delivery, delivery_list
from schema.directory import UserConnection, group_list, user_list
from schema.process import Process
from schema.scalars import read_id
from schema.script import Script
from schema.user import Group, User


@strawberry.type(description="What can be asked.")
class Query:
    @strawberry.field(description="Who you are.")
    def viewer(self, info: Info) -> User:
        return User.of(info.context.viewer)

    @strawberry.field(description="One user, by name: you or, for administrators, anyone.")
    async def user(self, info: Info, name: Annotated[str, arg("The user's name.")]) -> User | None:
        return User.of(await users.user(info.context.viewer, name))

    users: UserConnection = strawberry.field(
        resolver=user_list, description="All users, by name; only for administrators."
    )
    groups: list[Group] = strawberry.field(
        resolver=group_list, description="All groups, by name; only for administrators."
    )

    audit: AuditConnection = strawberry.field(
        resolver=entry_list,
        description="Who did what, the newest first; only for administrators.",
    )

    @strawberry.field(description="The scripts that you may see.")
    def scripts(self, info: Info) -> list[Script]:
        found = script_resolvers.scripts(info.context.viewer, info.context.app)
        return [Script.of(each) for each in found]

    @strawberry.field(description="One script, by its name.")
    def script(
        self, info: Info, name: Annotated[str, arg("The name of the script.")]
    ) -> Script | None:
        return Script.of(script_resolvers.script(info.context.viewer, info.context.app, name))

    @strawberry.field(description="One process, by its id.")
    async def process(
        self,
        info: Info,
        id: Annotated[strawberry.ID, arg("The process's id.")],  # noqa: A002
    ) -> Process | None:
        return await Process.of(await processes.process(info.context.viewer, read_id(id)), info)

    deliveries: list[Delivery] = strawberry.field(
        resolver=delivery_list,
        description="How you are told of the end of a process, and what became of it.",
    )

    processes: ProcessConnection = strawberry.field(
        resolver=connection,
        description="Processes: all for administrators, otherwise your own and those of scripts of "
        "which you may READ all. The newest first.",
    )
