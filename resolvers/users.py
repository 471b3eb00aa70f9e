"""Users and tokens; adding and revoking them is for the operator at the command line."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError

from models.instant import now
from models.user import Token, User
from resolvers.errors import BadInput, NotFound
from resolvers.viewer import token_digest

PREFIX = "psn_"  # makes a token recognisable where it does not belong
LONGEST_NAME = 100  # characters


async def add_user(name: str, is_admin: bool) -> User:
    """Raises BadInput if the name is taken, empty or too long."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput({"name": [f"Take 1 to {LONGEST_NAME} printable characters"]})
    if await User.exists(name=name):
        raise BadInput({"name": [f"There is a user {name!r} already"]})
    return await User.create(name=name, is_admin=is_admin)


async def first_administrator(name: str) -> str | None:
    """Where there is no user yet, adds one; returns the text of their token, else None."""
    if await User.exists():
        return None
    try:
        await User.create(name=name, is_admin=True)
    except IntegrityError:  # another server was quicker
        return None
    return await create_token(name, "first", None)


async def list_users() -> list[User]:
    return await User.all().order_by("name")


async def users_of(ids: Iterable[UUID]) -> list[User]:
    """The users of these ids."""
    return await User.filter(id__in=list(set(ids)))


async def disable_user(name: str) -> None:
    """From now on none of the user's tokens is accepted. Raises NotFound."""
    user = await _user(name)
    await User.filter(id=user.id, disabled_at=None).update(disabled_at=now())


async def create_token(user_name: str, name: str, lifetime: timedelta | None) -> str:
    """The text of a new token, which is not kept. Raises NotFound."""
    user = await _user(user_name)
    text = PREFIX + secrets.token_urlsafe(32)
    expires: datetime | None = now() + lifetime if lifetime else None
    await Token.create(user=user, name=name, digest=token_digest(text), expires_at=expires)
    return text


async def list_tokens(user_name: str | None) -> list[Token]:
    """Tokens with their users, of one user or of all."""
    tokens = Token.all().select_related("user").order_by("created_at")
    return await (tokens.filter(user__name=user_name) if user_name else tokens)


async def revoke_token(token_id: str) -> None:
    """By its id or the beginning of it. Raises NotFound, or BadInput if several begin so."""
    found = [each for each in await Token.all() if str(each.id).startswith(token_id)]
    if not found:
        raise NotFound(f"There is no token {token_id!r}; see `procession token list`")
    if len(found) > 1:
        raise BadInput({"id": [f"{len(found)} tokens begin with {token_id!r}; give more of it"]})
    await Token.filter(id=found[0].id, revoked_at=None).update(revoked_at=now())


async def _user(name: str) -> User:
    user = await User.get_or_none(name=name)
    if user is None:
        raise NotFound(f"There is no user {name!r}; see `procession user list`")
    return user
