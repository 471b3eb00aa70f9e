"""The way in for clients: some server of the house, and patience while none answers."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx

from tests.exactness.troubles import CUT
from tests.faces import Refused
from tests.installation import Installation, User
from tests.subscription import GraphQLRefusal

T = TypeVar("T")

PAUSE = 0.1  # seconds until the next try
PATIENCE = 120.0  # seconds for anything
NOT_FOUND = 404
PASSING = {"INTERNAL", "UNAVAILABLE", ""}
UNHEARD = (*CUT, Refused, OSError)


class Gone(Exception):
    """There is no such process (any more)."""


class Stuck(AssertionError):
    """Nobody answered as he should, for very long."""


class Doors:
    """The servers in turn. It is what a reader of `tests/exactness` takes for its house."""

    def __init__(
        self, servers: list[Installation], who: User, first: int = 0, patience: float = PATIENCE
    ) -> None:
        self.who = who
        self._next = itertools.cycle(servers[first % len(servers) :] + servers)
        self._patience = patience
        self._deadline = time.monotonic() + patience

    @property
    def it(self) -> Installation:
        return next(self._next)

    def ask(self, question: Callable[[Installation], T]) -> T:
        """The answer of the first server that has one. For what may be asked twice."""
        while True:
            with self.excused():
                return question(self.it)

    @contextmanager
    def excused(self) -> Iterator[None]:
        """Inside, a server may be away or out of order. Raises Gone, or Stuck in the end."""
        try:
            yield
        except UNHEARD as error:
            if tells_absence(error):
                raise Gone from error
            if not is_passing(error):
                raise
            if time.monotonic() > self._deadline:
                raise Stuck(
                    f"for {self._patience:g} s there was no answer but {error!r}"
                ) from error
            time.sleep(PAUSE)


def tells_absence(error: Exception) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code == NOT_FOUND
    return isinstance(error, GraphQLRefusal | Refused) and error.code == "NOT_FOUND"


def is_passing(error: Exception) -> bool:
    """Whether it may be otherwise in a moment: whoever refused has not understood."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.is_server_error
    return not isinstance(error, GraphQLRefusal | Refused) or error.code in PASSING
