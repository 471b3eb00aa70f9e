"""Standstill: for how long something has been seen not to change, whatever any clock says."""

import time
from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Standstill(Generic[K]):
    """Compares what it is shown from look to look.

    `most` is how many seconds one look can add: who was paused meanwhile has seen nothing.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._seen: dict[K, tuple[object, float]] = {}
        self._looked = time.monotonic()

    def look(self, values: Mapping[K, object]) -> dict[K, float]:
        """The seconds for which each has stood still; what is not shown is forgotten."""
        at = time.monotonic()
        passed = min(at - self._looked, self._most)
        self._looked = at
        stood = {key: self._stood(key, value, passed) for key, value in values.items()}
        self._seen = {key: (values[key], seconds) for key, seconds in stood.items()}
        return stood

    def forget(self) -> None:
        """Begins anew: there was a time in which nothing could be seen."""
        self._seen = {}

    def _stood(self, key: K, value: object, passed: float) -> float:
        before, seconds = self._seen.get(key, (None, 0.0))
        return seconds + passed if key in self._seen and before == value else 0.0
