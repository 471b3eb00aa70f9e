"""The door: who somebody is, by the token that they show.

A token that was looked up is remembered for some seconds. What changes who somebody is, or what
they may do, is `felt_at_once`: this door forgets what it remembers before whoever changed it has an
answer, and the doors of other servers when they hear of it, which is at once too while Redis is
there.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from models.group import Grant, Right
from models.instant import now
from models.outage import complain
from models.transaction import run_to_end
from models.user import Scope, Token, TokenKind, User
from resolvers.coalescer import Coalescer
from resolvers.errors import NotSignedIn
from resolvers.viewer import NOWHERE, Granted, Viewer

P = ParamSpec("P")
T = TypeVar("T")
Change = Callable[Concatenate[Viewer, P], Awaitable[T]]
Felt = Callable[Concatenate[Viewer, "Door", P], Coroutine[Any, Any, T]]

REMEMBERED = 5.0  # seconds for which a token need not be looked up again
AT_MOST = 10_000  # tokens remembered
NOTED = timedelta(minutes=1)  # between two notes of the use of a token
JWT_DOTS = 2  # no token of ours has one

log = logging.getLogger(__name__)


async def nobody() -> None:
    """There are no other doors."""


class Door:
    """Knows viewers by their tokens. A session that is not used for `idle` is over.

    `introduce` makes a JWT of an identity provider, which came to this door from an address, known
    as a token until it expires, and tells the token's id, or raises NotSignedIn or Unavailable;
    without it none are taken.
    `tell` has the other doors forget.
    """

    def __init__(
        self,
        idle: timedelta = timedelta(hours=8),
        introduce: "Callable[[Door, str, str], Awaitable[UUID]] | None" = None,
        tell: Callable[[], Awaitable[None]] = nobody,
    ) -> None:
        self._idle = idle
        self._introduce = introduce
        self._tell = tell
        self._remembered: dict[str, tuple[float, Viewer]] = {}
        self._forgotten = 0  # times
        self._look_ups: Coalescer[str, Viewer] = Coalescer()
        self._notes: set[asyncio.Task[None]] = set()

    async def sign_in(self, token: str | None, address: str = "") -> Viewer:
        """The viewer whose token this is, who asks from there. Raises NotSignedIn, Unavailable."""
        if not token:
            raise NotSignedIn("Sign in: send your token in the header `Authorization: Bearer …`")
        found = await self.known(token_digest(token), token, address)
        return replace(found, address=address)

    async def renew(self, viewer: Viewer) -> Viewer:
        """The viewer as they are now, for what lasts. Raises NotSignedIn if they may not stay."""
        return replace(await self.known(viewer.token), address=viewer.address)

    def forget(self) -> None:
        """Has every token looked up again, also those that are being looked up just now."""
        self._remembered.clear()
        self._forgotten += 1

    async def forget_everywhere(self) -> None:
        """As `forget`, and so at the other doors."""
        self.forget()
        await self._tell()

    async def known(self, digest: str, text: str = "", address: str = "") -> Viewer:
        """The viewer with the token of this digest. Raises NotSignedIn, Unavailable."""
        until, viewer = self._remembered.get(digest, (0.0, None))
        if viewer is None or until < time.monotonic():
            forgotten = self._forgotten
            viewer = await self._look_ups.ask(digest, lambda: self._look_up(digest, text, address))
            if forgotten == self._forgotten:
                self._remember(digest, viewer)
        return viewer

    def _remember(self, digest: str, viewer: Viewer) -> None:
        if len(self._remembered) >= AT_MOST:
            self._remembered.clear()
        self._remembered[digest] = time.monotonic() + REMEMBERED, viewer

    async def _look_up(self, digest: str, text: str, address: str) -> Viewer:
        token = await _find(digest=digest)
        if token is None and self._introduce is not None and text.count(".") == JWT_DOTS:
            token = await _find(id=await self._introduce(self, text, address))
        if token is None or self._is_over(token):
            raise NotSignedIn("This token is unknown, expired or revoked; sign in again")
        user = token.user
        if user.disabled_at:
            raise NotSignedIn(f"The user {user.name!r} is disabled; ask an administrator")
        grants = await _grants(user.id)
        self._note_use(token)
        scope = Scope(token.scope)
        return Viewer(user.id, user.name, user.is_admin, token.digest, token.id, scope, grants)

    def _is_over(self, token: Token) -> bool:
        if token.revoked_at is not None:
            return True
        ends = [token.expires_at] if token.expires_at else []
        if token.kind == TokenKind.SESSION:
            ends.append((token.last_used_at or token.created_at) + self._idle)
        return any(end <= now() for end in ends)

    def _note_use(self, token: Token) -> None:
        """Beside what is asked, which need not wait for it."""
        if token.last_used_at is None or token.last_used_at + NOTED <= now():
            note = asyncio.create_task(_store_use(token.id))
            self._notes.add(note)
            note.add_done_callback(self._notes.discard)


def felt_at_once(change: Change[P, T]) -> Felt[P, T]:
    """Makes a resolver one that takes the door, too: once the change is stored, nobody is let in as
    who they were before. It stands above all others."""

    @wraps(change)
    async def felt(viewer: Viewer, door: Door, /, *args: P.args, **kwargs: P.kwargs) -> T:
        async def whole() -> T:
            changed = await change(viewer, *args, **kwargs)
            await door.forget_everywhere()
            return changed

        return await run_to_end(whole())  # also if who asked for it has gone

    return felt


async def as_user(user: User) -> Viewer:
    """The viewer whom a user would be with a token to read."""
    grants = await _grants(user.id)
    return Viewer(user.id, user.name, user.is_admin, "", NOWHERE, Scope.READ, grants)


def token_digest(token: str) -> str:
    """What is stored of a token. Tokens are long and random, so a plain SHA-256 will do."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


async def _find(**wanted: Any) -> Token | None:
    return await Token.get_or_none(**wanted).select_related("user")


async def _store_use(token_id: UUID) -> None:
    try:
        await Token.filter(id=token_id).update(last_used_at=now())
    except Exception as error:
        complain(log, "The use of a token could not be noted", error)


async def _grants(user_id: UUID) -> frozenset[Granted]:
    rows = await Grant.filter(group__memberships__user_id=user_id)
    return frozenset(Granted(Right(row.right), row.script) for row in rows)
