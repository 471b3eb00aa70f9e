"""Failures to prove who one is, and how they slow down who goes on guessing.

What is counted (an account, an address) is known by a hash of its name, whether there is such an
account or not. After some failures each next attempt has to wait twice as long, up to a bound;
an attempt that comes too soon is refused unseen, and is not counted. A day later all is forgotten.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from hashlib import sha256
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from tortoise.expressions import F

from models.instant import now
from models.transaction import transaction
from models.user import Attempt
from resolvers.errors import TooManyRequests
from resolvers.network import network_of

LONGEST = timedelta(minutes=15)
FORGOTTEN = timedelta(days=1)
OF_ACCOUNT, OF_ADDRESS = 5, 20  # failures that cost nothing
PATIENCE = 10.0  # seconds to wait for attempts that are not decided yet
UNDER_WAY: dict[asyncio.Event, frozenset[str]] = {}  # keys of this server's attempts, by their ends


class TooSoon(Exception):
    """An attempt comes too soon, by so many seconds, and these were under way then."""

    def __init__(self, seconds: float, under_way: Sequence[asyncio.Event]) -> None:
        super().__init__(f"Too many failures to sign in; try again in {seconds:.0f} seconds")
        self.seconds = seconds
        self.under_way = under_way


class Counted(NamedTuple):
    """What failures are counted of, and how many are free."""

    key: str
    free: int

    def until(self, failures: int, last_at: datetime) -> datetime:
        """When the next attempt may come."""
        if failures < self.free:
            return last_at
        doublings = min(failures - self.free, 20)
        return last_at + min(timedelta(seconds=2**doublings), LONGEST)


def of_account(name: str) -> Counted:
    return Counted(_key("account", name.casefold()), OF_ACCOUNT)


def of_address(address: str) -> Counted:
    return Counted(_key("address", network_of(address)), OF_ADDRESS)


def of_changes(user_id: UUID) -> Counted:
    """Of who is signed in already, and is to give the old password for a new one."""
    return Counted(_key("changes", str(user_id)), OF_ACCOUNT)


@asynccontextmanager
async def attempt(counted: Sequence[Counted]) -> AsyncIterator[None]:
    """Inside it is found out whether one is a failure of each, as which it counts unless it is
    withdrawn. Where it would come too soon only because others are not decided yet, it waits.

    Raises TooManyRequests; where the inside does so nobody looked at it, and it is withdrawn.
    """
    end = asyncio.Event()
    try:
        await _begin_in_time(counted, end)
        try:
            yield
        except TooManyRequests:
            await withdraw(counted)
            raise
    finally:
        UNDER_WAY.pop(end, None)
        end.set()


async def withdraw(counted: Sequence[Counted]) -> None:
    """What was begun was no failure."""
    for each in counted:
        await Attempt.filter(key=each.key, failures__gt=0).update(failures=F("failures") - 1)


async def forgive(account: Counted) -> None:
    """All failures of who has now proved who they are."""
    await Attempt.filter(key=account.key).delete()


async def forget() -> None:
    """Removes what is too old to count."""
    await Attempt.filter(last_at__lt=now() - FORGOTTEN).delete()


async def _begin_in_time(counted: Sequence[Counted], end: asyncio.Event) -> None:
    """Begins as soon as those that are under way let it. Raises TooManyRequests."""
    deadline = monotonic() + PATIENCE
    while True:
        try:
            return await _begin(counted, end)
        except TooSoon as refusal:
            if not refusal.under_way or monotonic() >= deadline:
                raise TooManyRequests(str(refusal), refusal.seconds) from None
            with suppress(TimeoutError):
                async with asyncio.timeout(deadline - monotonic()):
                    for each in refusal.under_way:
                        await each.wait()


@transaction
async def _begin(counted: Sequence[Counted], end: asyncio.Event) -> None:
    """Counts a failure of each: of many attempts at the same time none can slip through.

    Raises TooSoon. While the rows are locked what they count is either decided or UNDER_WAY.
    """
    moment = now()
    free = {each.key: each for each in counted}
    fresh = [Attempt(key=key, failures=0, last_at=moment) for key in sorted(free)]
    await Attempt.bulk_create(fresh, ignore_conflicts=True)
    rows = await Attempt.filter(key__in=list(free)).order_by("key").select_for_update()
    for row in rows:
        if row.last_at + FORGOTTEN <= moment:
            row.failures = 0
        wait = free[row.key].until(row.failures, row.last_at) - moment
        if row.failures and wait > timedelta(0):
            under_way = [each for each, keys in UNDER_WAY.items() if keys & free.keys()]
            raise TooSoon(wait.total_seconds(), under_way)
    for row in rows:
        await Attempt.filter(key=row.key).update(failures=row.failures + 1, last_at=moment)
    UNDER_WAY[end] = frozenset(free)


def _key(kind: str, name: str) -> str:
    return sha256(f"{kind}:{name}".encode(errors="replace")).hexdigest()
