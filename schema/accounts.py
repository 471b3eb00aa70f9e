"""What is done with users, groups and tokens."""

from datetime import datetime
from typing import Annotated

import strawberry

from models.group import Right
from models.user import Scope
from resolvers import grants, groups, identities, passwords, tokens, users
from schema.arguments import arg
from schema.context import Info
from schema.scalars import read_id
from schema.user import Group, ScriptRight, Token, TokenScope, User

UserId = Annotated[strawberry.ID, arg("The user's id.")]
GroupId = Annotated[strawberry.ID, arg("The group's id.")]
TokenId = Annotated[strawberry.ID, arg("The id of the token or session.")]
GrantedRight = Annotated[ScriptRight, arg("What may be done.")]  # type: ignore[valid-type]
GrantedScript = Annotated[str, arg("With which script, by its name; `*`: every one.")]
Issuer = Annotated[str, arg("The provider, by its address, as in its tokens.")]
Subject = Annotated[str, arg("How the provider knows them: the claim `sub`.")]
Password = Annotated[str, arg("At least 12 characters, of any kind.")]


@strawberry.type(description="A new token.")
class NewToken:
    token: Token = strawberry.field(description="What is kept of it.")
    text: str = strawberry.field(
        description="What programs send as `Authorization: Bearer …`; it is shown only now."
    )


async def add_user(
    info: Info,
    name: Annotated[str, arg("The name of the user, which cannot be changed.")],
    is_admin: Annotated[bool, arg("Whether it is to be an administrator.")] = False,
) -> User:
    return User.of(await users.add_user(info.context.viewer, name, is_admin=is_admin))


async def disable_user(info: Info, id: UserId) -> User:  # noqa: A002
    viewer, door = info.context.viewer, info.context.app.door
    return User.of(await users.disable_user(viewer, door, read_id(id)))


async def enable_user(info: Info, id: UserId) -> User:  # noqa: A002
    return User.of(await users.enable_user(info.context.viewer, read_id(id)))


async def set_admin(
    info: Info,
    id: UserId,  # noqa: A002
    is_admin: Annotated[bool, arg("Whether it is to be an administrator.")],
) -> User:
    viewer, door = info.context.viewer, info.context.app.door
    return User.of(await users.set_admin(viewer, door, read_id(id), is_admin=is_admin))


async def set_email(
    info: Info,
    id: UserId,  # noqa: A002
    address: Annotated[str | None, arg("The address; null removes it.")],
) -> User:
    return User.of(await users.set_email(info.context.viewer, read_id(id), address))


async def set_password(info: Info, id: UserId, password: Password) -> User:  # noqa: A002
    viewer, door = info.context.viewer, info.context.app.door
    return User.of(await passwords.set_password(viewer, door, read_id(id), password))


async def change_password(
    info: Info, old: Annotated[str, arg("The present password.")], new: Password
) -> User:
    viewer, door = info.context.viewer, info.context.app.door
    return User.of(await passwords.change_password(viewer, door, old, new))


async def link_identity(info: Info, user_id: UserId, issuer: Issuer, subject: Subject) -> User:
    viewer, door, who = info.context.viewer, info.context.app.door, read_id(user_id, "userId")
    return User.of(await identities.link(viewer, door, who, issuer, subject))


async def unlink_identity(info: Info, user_id: UserId, issuer: Issuer, subject: Subject) -> User:
    viewer, door, who = info.context.viewer, info.context.app.door, read_id(user_id, "userId")
    return User.of(await identities.unlink(viewer, door, who, issuer, subject))


async def create_token(
    info: Info,
    name: Annotated[str, arg("What it is for.")],
    scope: Annotated[TokenScope, arg("What it is good for.")],  # type: ignore[valid-type]
    expires_at: Annotated[
        datetime | None, arg("When it ends, in ten years at most; by default never.")
    ] = None,
    user_id: Annotated[
        strawberry.ID | None, arg("For whom: by default you; others only by administrators.")
    ] = None,
) -> NewToken:
    viewer = info.context.viewer
    who = viewer.id if user_id is None else read_id(user_id, "userId")
    issued = await tokens.create_token(viewer, who, name, Scope(scope), expires_at)
    return NewToken(token=Token.of(issued.token), text=issued.text)


async def revoke_token(info: Info, id: TokenId) -> Token:  # noqa: A002
    viewer, door = info.context.viewer, info.context.app.door
    return Token.of(await tokens.revoke_token(viewer, door, read_id(id)))


async def add_group(info: Info, name: Annotated[str, arg("Its name.")]) -> Group:
    return Group.of(await groups.add_group(info.context.viewer, name))


async def rename_group(
    info: Info,
    id: GroupId,  # noqa: A002
    name: Annotated[str, arg("Its new name.")],
) -> Group:
    return Group.of(await groups.rename_group(info.context.viewer, read_id(id), name))


async def delete_group(info: Info, id: GroupId) -> strawberry.ID:  # noqa: A002
    await groups.delete_group(info.context.viewer, info.context.app.door, read_id(id))
    return id


async def join_group(info: Info, group_id: GroupId, user_id: UserId) -> Group:
    group, user = read_id(group_id, "groupId"), read_id(user_id, "userId")
    door = info.context.app.door
    return Group.of(await groups.join(info.context.viewer, door, group, user))


async def leave_group(info: Info, group_id: GroupId, user_id: UserId) -> Group:
    group, user = read_id(group_id, "groupId"), read_id(user_id, "userId")
    door = info.context.app.door
    return Group.of(await groups.leave(info.context.viewer, door, group, user))


async def grant_right(
    info: Info, group_id: GroupId, right: GrantedRight, script: GrantedScript
) -> Group:
    viewer, app = info.context.viewer, info.context.app
    group = read_id(group_id, "groupId")
    door, scripts = app.door, app.catalogue
    return Group.of(await grants.grant_right(viewer, door, scripts, group, Right(right), script))


async def revoke_right(
    info: Info, group_id: GroupId, right: GrantedRight, script: GrantedScript
) -> Group:
    group = read_id(group_id, "groupId")
    door = info.context.app.door
    row = await grants.revoke_right(info.context.viewer, door, group, Right(right), script)
    return Group.of(row)
