"""Tokens: what programs sign in with, and how they are given out and taken back."""

import secrets
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from tortoise.queryset import QuerySet

from models.instant import FARTHEST, now
from models.user import Scope, Token, TokenKind, User
from resolvers.access import administrators, needs, require_scope
from resolvers.audit import Deed, about, deed, doing, recorded
from resolvers.door import felt_at_once, token_digest
from resolvers.errors import BadInput, Forbidden, NotFound, NotSignedIn
from resolvers.users import Key, is_name, user
from resolvers.viewer import Viewer

PREFIX = "psn_"  # makes a token recognisable where it does not belong


class Issued(NamedTuple):
    """A new token, and its text, which is not kept."""

    token: Token
    text: str


@deed("token.create", "who")
@needs(Scope.ADMIN)
async def create_token(
    viewer: Viewer, who: Key, name: str, scope: Scope, expires_at: datetime | None = None
) -> Issued:
    """For oneself; administrators may make one for anyone. Raises BadInput, Forbidden, NotFound."""
    wrong = {}
    if not is_name(name):
        wrong["name"] = ["Say in up to 100 printable characters what it is for."]
    if expires_at is not None and expires_at <= now():
        wrong["expiresAt"] = ["This is past."]
    elif expires_at is not None and expires_at > now() + FARTHEST:
        wrong["expiresAt"] = ["This is more than ten years from now; leave it out for no end."]
    if wrong:
        raise BadInput(wrong)
    issued = await issue(await user(viewer, who), name, scope, expires_at)
    about(issued.token.id, scope=scope.value, **_facts(issued.token))
    return issued


async def hold(proof: QuerySet[Any]) -> None:
    """Keeps that by which somebody has just proved who they are as it is until the transaction
    ends. Raises NotSignedIn if it is so no more: who changes it ends only what has begun by it.
    """
    if await proof.select_for_update(no_key=True).first() is None:
        raise NotSignedIn("What you signed in with has just been changed; sign in again")


async def issue(
    of: User,
    name: str,
    scope: Scope,
    expires_at: datetime | None = None,
    *,
    kind: TokenKind = TokenKind.BEARER,
    address: str | None = None,
    agent: str | None = None,
) -> Issued:
    """A new token of this user."""
    text = PREFIX + secrets.token_urlsafe(32)
    token = await Token.create(
        user=of,
        name=name,
        digest=token_digest(text),
        scope=scope.value,
        expires_at=expires_at,
        kind=kind.value,
        address=address,
        agent=agent,
    )
    return Issued(token, text)


def jwt_id(jwt: str) -> UUID:
    """That of the token which a JWT is: of what is signed, for one signature of ECDSA makes another
    that is as good."""
    return UUID(token_digest(jwt.rpartition(".")[0])[:32])


async def accept_jwt(
    of: User, jwt: str, scope: Scope, expires_at: datetime, address: str, proof: QuerySet[Any]
) -> None:
    """A JWT, which was verified and came from there, is a token of this user until it expires.

    Raises NotSignedIn where `proof` finds no more by what it is theirs.
    """
    accepted = Token(
        id=jwt_id(jwt),
        user_id=of.id,
        name="JWT",
        digest=token_digest(jwt),
        scope=scope.value,
        expires_at=expires_at,
        kind=TokenKind.JWT.value,
    )
    entry = Deed("token.accept", accepted.id, of.id, of.name, accepted.id, address)
    entry.details |= {"user": of.name, "name": accepted.name, "scope": accepted.scope}
    async with doing(entry):
        await _accept(accepted, proof)


@recorded
async def _accept(jwt: Token, proof: QuerySet[Any]) -> None:
    await hold(proof)
    known = Token.filter(user_id=jwt.user_id, kind=TokenKind.JWT.value)
    await known.filter(expires_at__lte=now()).delete()
    await Token.bulk_create([jwt], ignore_conflicts=True)  # another server may be quicker


@needs(Scope.ADMIN)
async def list_tokens(viewer: Viewer, who: Key | None, *kinds: TokenKind) -> list[Token]:
    """Tokens with their users, the oldest first: one's own; for administrators anyone's, or all."""
    tokens = Token.all().select_related("user").order_by("created_at", "id")
    if who is not None:
        tokens = tokens.filter(user_id=(await user(viewer, who)).id)
    elif not viewer.is_admin:
        raise Forbidden("Only administrators may ask for everybody's tokens")
    if kinds:
        tokens = tokens.filter(kind__in=[kind.value for kind in kinds])
    return await tokens


@felt_at_once
@deed("token.revoke", "token_id")
@needs(Scope.READ)
async def revoke_token(viewer: Viewer, token_id: UUID) -> Token:
    """One's own or, for administrators, anyone's; of a session it is its end.

    Whatever its scope, a token may revoke itself: who has it could as well forget it. Raises
    NotFound, and Forbidden where it is somebody else's, or another and the scope too small.
    """
    if token_id != viewer.token_id:
        require_scope(viewer, Scope.ADMIN)
    token = await Token.get_or_none(id=token_id).select_related("user")
    if token is None:
        raise NotFound(f"There is no token {token_id}")
    if token.user_id != viewer.id and not viewer.is_admin:
        raise Forbidden(f"The token {token_id} is somebody else's")
    about(token_id, kind=token.kind, **_facts(token))
    if token.revoked_at is None:
        token.revoked_at = now()
        await Token.filter(id=token_id, revoked_at=None).update(revoked_at=token.revoked_at)
    return token


@administrators
async def find_token(viewer: Viewer, beginning: str) -> Token:
    """By its id or the beginning of it. Raises NotFound, or BadInput if several begin so."""
    found = [each for each in await Token.all() if str(each.id).startswith(beginning)]
    if not found:
        raise NotFound(f"There is no token {beginning!r}; see `procession token list`")
    if len(found) > 1:
        raise BadInput({"id": [f"{len(found)} tokens begin with {beginning!r}; give more of it"]})
    return found[0]


def _facts(token: Token) -> dict[str, object]:
    return {"user": token.user.name, "name": token.name}
