"""Trying again for as long as it takes, once it has worked."""

import time
from collections.abc import Callable

from client.errors import Fault

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 10.0  # seconds before connecting again


class Insistence:
    """`warn` is told of a cut, but not of each attempt."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._pause = FIRST_PAUSE
        self._has_begun = self._is_connected = False

    def begin(self) -> None:
        """There is a connection: from now on it is made again, and its cut is a new one."""
        self._has_begun = self._is_connected = True

    def succeed(self) -> None:
        """Something has come: whatever happens next is new."""
        self._has_begun = True
        self._pause = FIRST_PAUSE

    def wait(self, error: Exception) -> None:
        """Before the next attempt. Raises the error if there never was a connection."""
        if not self._has_begun:
            raise error
        if self._is_connected and not isinstance(error, Fault):  # that would be asked for for ever
            self._pause = FIRST_PAUSE
        self._is_connected = False
        if self._pause == FIRST_PAUSE:
            self._warn(f"{error}; connecting again")
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
