"""The viewer: who asks."""

import hashlib
import time
from dataclasses import dataclass
from uuid import UUID

from models.instant import now
from models.user import Token
from resolvers.coalescer import Coalescer
from resolvers.errors import NotSignedIn

REMEMBERED = 5.0  # seconds for which a token need not be looked up again
AT_MOST = 10_000  # tokens remembered


@dataclass(frozen=True, slots=True)
class Viewer:
    """A user who has signed in, and the digest of the token that says so."""

    id: UUID
    name: str
    is_admin: bool
    token: str


class Door:
    """Knows viewers by their tokens."""

    def __init__(self) -> None:
        self._remembered: dict[str, tuple[float, Viewer]] = {}
        self._look_ups: Coalescer[str, Viewer] = Coalescer()

    async def sign_in(self, token: str | None) -> Viewer:
        """The viewer whose token this is. Raises NotSignedIn."""
        if not token:
            raise NotSignedIn("Sign in: send your token in the header `Authorization: Bearer …`")
        return await self._viewer(token_digest(token))

    async def renew(self, viewer: Viewer) -> Viewer:
        """The viewer as they are now, for what lasts. Raises NotSignedIn if they may not stay."""
        return await self._viewer(viewer.token)

    async def _viewer(self, digest: str) -> Viewer:
        until, viewer = self._remembered.get(digest, (0.0, None))
        if viewer is None or until < time.monotonic():
            viewer = await self._look_ups.ask(digest, lambda: _look_up(digest))
            if len(self._remembered) >= AT_MOST:
                self._remembered.clear()
            self._remembered[digest] = time.monotonic() + REMEMBERED, viewer
        return viewer


def token_digest(token: str) -> str:
    """What is stored of a token. Tokens are long and random, so a plain SHA-256 will do."""
    return hashlib.sha256(token.encode()).hexdigest()


async def _look_up(digest: str) -> Viewer:
    token = await Token.get_or_none(digest=digest).select_related("user")
    if token is None or token.revoked_at or (token.expires_at and token.expires_at <= now()):
        raise NotSignedIn("This token is unknown, expired or revoked; ask for a new one")
    user = token.user
    if user.disabled_at:
        raise NotSignedIn(f"The user {user.name!r} is disabled")
    return Viewer(user.id, user.name, user.is_admin, digest)
