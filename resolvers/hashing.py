"""Hashing passwords by argon2id, in threads, a few at a time: each takes 64 MiB for a moment."""

import asyncio
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from resolvers.errors import TooManyRequests

T = TypeVar("T")

HASHER = PasswordHasher()  # with the parameters that RFC 9106 recommends where memory is short
AT_ONCE = asyncio.Semaphore(2)
MOST_WAITING = 50
SOON = 2.0  # seconds


class Crowd:
    """How many wait for their password to be looked at."""

    waiting = 0


async def hashed(password: str) -> str:
    """The hash to be stored, in the PHC string format."""
    return await _apart(lambda: HASHER.hash(_normal(password)))


async def matches(password: str, stored: str | None) -> bool:
    """Whether it is the password of this hash. It takes as long where there is none."""
    if stored is None:
        await hashed(password)
        return False
    return await _apart(lambda: _verify(stored, password))


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than one takes today."""
    return HASHER.check_needs_rehash(stored)


def _verify(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> bytes:
    """The same bytes, whichever keyboard it was typed on."""
    return unicodedata.normalize("NFKC", password).encode(errors="replace")


async def _apart(work: Callable[[], T]) -> T:
    if Crowd.waiting >= MOST_WAITING:
        raise TooManyRequests("Too many sign in at this moment; try again soon", SOON)
    Crowd.waiting += 1
    try:
        async with AT_ONCE:
            return await asyncio.to_thread(work)
    finally:
        Crowd.waiting -= 1
