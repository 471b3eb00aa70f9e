"""Throttles: what is to happen only so often."""

from collections.abc import Hashable
from time import monotonic

REMEMBERED = 10_000  # keys


class Throttle:
    """Lets each key pass `most` times in so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._passed: dict[Hashable, tuple[float, int]] = {}  # until when how often

    def passes(self, key: Hashable) -> bool:
        until, count = self._passed.get(key, (0.0, 0))
        if until <= monotonic():
            until, count = monotonic() + self._seconds, 0
        if count >= self._most:
            return False
        if len(self._passed) >= REMEMBERED:
            self._passed.clear()
        self._passed[key] = until, count + 1
        return True

    def forget(self, key: Hashable) -> None:
        """It may pass again."""
        self._passed.pop(key, None)
