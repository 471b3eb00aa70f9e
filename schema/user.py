"""Users, their groups and tokens."""

from datetime import datetime

import strawberry

from models.group import Group as GroupRow
from models.group import Right
from models.user import Scope, TokenKind
from models.user import Token as TokenRow
from models.user import User as UserRow
from resolvers import grants, groups, identities, tokens, users
from resolvers.viewer import Granted, Viewer
from schema.context import Info
from schema.scalars import read_id

TokenScope = strawberry.enum(
    Scope,
    name="TokenScope",
    description="What a token is good for, of what its user may do: READ only looks; START also "
    "starts, stops and deletes processes; ADMIN is everything.",
)


ScriptRight = strawberry.enum(
    Right,
    name="ScriptRight",
    description="What may be done with a script: SEE that it is there; START it, and see it; READ "
    "the processes of it that others have started, with their output and files.",
)


@strawberry.type(description="What a program signs in with, or a session. Its text is not kept.")
class Token:
    id: strawberry.ID = strawberry.field(description="The token's UUID.")
    name: str = strawberry.field(description="What it is for.")
    is_session: bool = strawberry.field(
        description="Whether it is that of somebody who signed in with a browser or a password."
    )
    scope: TokenScope = strawberry.field(description="What it is good for.")  # type: ignore[valid-type]
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(description="When it ends; null: never.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked.")
    last_used_at: datetime | None = strawberry.field(
        description="When it was last used, to a minute or so; null: never."
    )
    address: str | None = strawberry.field(
        description="The address from which a session was begun."
    )
    agent: str | None = strawberry.field(description="The browser or program that began a session.")

    @classmethod
    def of(cls, row: TokenRow) -> "Token":
        return cls(
            id=strawberry.ID(str(row.id)),
            name=row.name,
            is_session=row.kind == TokenKind.SESSION,
            scope=Scope(row.scope),
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            last_used_at=row.last_used_at,
            address=row.address,
            agent=row.agent,
        )


@strawberry.type(
    description="An identity at a provider with which a user signs in (OpenID Connect)."
)
class Identity:
    issuer: str = strawberry.field(description="The provider.")
    subject: str = strawberry.field(description="How the provider knows them.")


@strawberry.type(description="A person or a program that may sign in.")
class User:
    id: strawberry.ID = strawberry.field(description="The user's UUID.")
    name: str = strawberry.field(description="The name under which the user is known.")
    is_admin: bool = strawberry.field(
        description="Whether the user may do everything and see the processes of all."
    )
    is_disabled: bool = strawberry.field(description="Whether the user may not sign in.")

    @strawberry.field(
        description="Their e-mail address; one's own or, for administrators, anyone's."
    )
    async def email(self, info: Info) -> str | None:
        return (await users.user(info.context.viewer, read_id(self.id))).email

    @strawberry.field(description="Their tokens; one's own or, for administrators, anyone's.")
    async def tokens(self, info: Info) -> list[Token]:
        return await self._tokens(info, TokenKind.BEARER, TokenKind.JWT)

    @strawberry.field(description="Their sessions; one's own or, for administrators, anyone's.")
    async def sessions(self, info: Info) -> list[Token]:
        return await self._tokens(info, TokenKind.SESSION)

    @strawberry.field(description="Their groups; one's own or, for administrators, anyone's.")
    async def groups(self, info: Info) -> list["Group"]:
        rows = await groups.groups_of(info.context.viewer, read_id(self.id))
        return [Group.of(row) for row in rows]

    @strawberry.field(
        description="Their identities at providers; one's own or, for administrators, anyone's."
    )
    async def identities(self, info: Info) -> list[Identity]:
        rows = await identities.identities_of(info.context.viewer, read_id(self.id))
        return [Identity(issuer=row.issuer, subject=row.subject) for row in rows]

    async def _tokens(self, info: Info, *kinds: TokenKind) -> list[Token]:
        rows = await tokens.list_tokens(info.context.viewer, read_id(self.id), *kinds)
        return [Token.of(row) for row in rows]

    @classmethod
    def of(cls, user: UserRow | Viewer) -> "User":
        return cls(
            id=strawberry.ID(str(user.id)),
            name=user.name,
            is_admin=user.is_admin,
            is_disabled=isinstance(user, UserRow) and user.disabled_at is not None,
        )


@strawberry.type(description="A right to a script that a group has.")
class Grant:
    right: ScriptRight = strawberry.field(description="What may be done.")  # type: ignore[valid-type]
    script: str = strawberry.field(description="With which script, by its name; `*`: every one.")

    @classmethod
    def of(cls, granted: Granted) -> "Grant":
        return cls(right=granted.right, script=granted.script)


@strawberry.type(description="Users who have the same rights.")
class Group:
    id: strawberry.ID = strawberry.field(description="The group's UUID.")
    name: str = strawberry.field(description="Its name.")

    @strawberry.field(
        description="What its members may do; of one's own groups or, for administrators, of any."
    )
    async def grants(self, info: Info) -> list[Grant]:
        found = await grants.grants(info.context.viewer, read_id(self.id))
        return [Grant.of(each) for each in found]

    @strawberry.field(description="Who is in it, by name; only for administrators.")
    async def members(self, info: Info) -> list[User]:
        return [User.of(row) for row in await groups.members(info.context.viewer, read_id(self.id))]

    @classmethod
    def of(cls, row: GroupRow) -> "Group":
        return cls(id=strawberry.ID(str(row.id)), name=row.name)
