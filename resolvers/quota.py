"""How much a viewer may ask: starts in a minute, and subscriptions at once, of one server; uploads
that nothing was started with yet, of all servers together.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from resolvers.errors import TooManyRequests
from resolvers.viewer import Viewer

MINUTE = 60.0  # seconds
COME_BACK = 10.0  # seconds after which a subscription may be tried again
REMEMBERED = 10_000  # viewers


@dataclass(frozen=True, slots=True)
class Allowance:
    """Of what a viewer has begun to upload and not used yet: how many, and bytes in all."""

    count: int = 1000
    size: int = 128 << 30


class Starts:
    """At most `most` at once, and as many in each minute."""

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._full_at: dict[UUID, float] = {}  # when a viewer may start so many again

    def take(self, viewer: Viewer) -> None:
        """Counts a start. Raises TooManyRequests."""
        now, each = time.monotonic(), MINUTE / self._most
        full_at = max(now, self._full_at.get(viewer.id, now)) + each
        if full_at > now + MINUTE + each / 2:
            raise TooManyRequests(
                f"You may start {self._most} processes in a minute (PROCESSION_MAX_STARTS); "
                "wait, then start the rest",
                full_at - now - MINUTE,
            )
        if len(self._full_at) >= REMEMBERED:
            self._full_at = {who: end for who, end in self._full_at.items() if end > now}
        self._full_at[viewer.id] = full_at


class Seats:
    """For subscribers through either face: `own` for one viewer, `all` on the server."""

    def __init__(self, own: int = 2000, all: int = 10_000) -> None:  # noqa: A002
        self._own = own
        self._all = all
        self._taken: Counter[UUID] = Counter()
        self._sum = 0

    @contextmanager
    def taken(self, viewer: Viewer) -> Iterator[None]:
        """One of them, inside. Raises TooManyRequests."""
        self.require(viewer)
        self._taken[viewer.id] += 1
        self._sum += 1
        try:
            yield
        finally:
            self._sum -= 1
            self._taken[viewer.id] -= 1
            if not self._taken[viewer.id]:
                del self._taken[viewer.id]

    def require(self, viewer: Viewer) -> None:
        """Raises TooManyRequests if there is none for this viewer."""
        if self._taken[viewer.id] >= self._own:
            raise TooManyRequests(
                f"You have {self._own} subscriptions (PROCESSION_MAX_VIEWER_SUBSCRIPTIONS); "
                "end some, then try again",
                COME_BACK,
            )
        if self._sum >= self._all:
            raise TooManyRequests(
                f"The server has {self._all} subscriptions (PROCESSION_MAX_SUBSCRIPTIONS); "
                "try again later",
                COME_BACK,
            )
