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
UNDER_WAY: dict[asyncio.Event, frozenset[str]] = {}  # the keys of those of this server, by its end


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
    withdrawn. It waits for earlier ones that are not decided yet where it would come too soon.

    Raises TooManyRequests; where the inside does so nobody looked at it, and it is withdrawn.
    """
    keys = frozenset(each.key for each in counted)
    earlier = [end for end, theirs in UNDER_WAY.items() if keys & theirs]
    end = asyncio.Event()
    UNDER_WAY[end] = keys
    try:
        await _begin_after(earlier, counted)
        try:
            yield
        except TooManyRequests:
            await withdraw(counted)
            raise
    finally:
        del UNDER_WAY[end]
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


async def _begin_after(earlier: Sequence[asyncio.Event], counted: Sequence[Counted]) -> None:
    try:
        await _begin(counted)
    except TooManyRequests:
        if not earlier:
            raise
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                for end in earlier:
                    await end.wait()
        await _begin(counted)


@transaction
async def _begin(counted: Sequence[Counted]) -> None:
    """Counts a failure of each: of many attempts at the same time none can slip through.

    Raises TooManyRequests where it comes too soon for one of them.
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
            seconds = wait.total_seconds()
            raise TooManyRequests(
                f"Too many failures to sign in; try again in {seconds:.0f} seconds", seconds
            )
    for row in rows:
        await Attempt.filter(key=row.key).update(failures=row.failures + 1, last_at=moment)


def _key(kind: str, name: str) -> str:
    return sha256(f"{kind}:{name}".encode(errors="replace")).hexdigest()
