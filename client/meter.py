"""A bar that shows how far a transfer has come, on a terminal."""

import time
from collections.abc import Callable
from typing import TextIO

from client.moment import clock
from client.table import cut, plain

PAUSE = 0.1  # seconds between two pictures
BAR = 20
ERASE = "\r\x1b[K"
SIZES = ("B", "kB", "MB", "GB", "TB", "PB")


class Meter:
    """Of `total` bytes (None: not known), drawn on `stream` unless that is None."""

    def __init__(self, label: str, total: int | None, stream: TextIO | None, width: int) -> None:
        self._label = plain(label)
        self._total = total
        self._stream = stream
        self._width = width
        self._done = self._first = 0
        self._began = time.monotonic()
        self._drawn = 0.0

    def begin(self, at: int) -> None:
        """So much is there already."""
        self._done = self._first = at

    def add(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        if now >= self._drawn + PAUSE or self._done == self._total:
            self._drawn = now
            self._draw(now - self._began)

    def clear(self) -> None:
        """Leaves nothing of it."""
        if self._stream and self._drawn:
            self._stream.write(ERASE)
            self._stream.flush()

    def _draw(self, seconds: float) -> None:
        if self._stream:
            self._stream.write(ERASE + cut(f"{self._label} {self._state(seconds)}", self._width))
            self._stream.flush()

    def _state(self, seconds: float) -> str:
        rate = (self._done - self._first) / seconds if seconds else 0.0
        if self._total is None:
            return f"{size(self._done)}  {size(int(rate))}/s"
        part = self._done / self._total if self._total else 1.0
        bar = "#" * int(BAR * part)
        left = clock(int((self._total - self._done) / rate)) if rate else "-:--"
        return (
            f"[{bar:{BAR}}] {part:4.0%}  {size(self._done)} of {size(self._total)}  "
            f"{size(int(rate))}/s  {left}"
        )


OpenMeter = Callable[[str, int | None], Meter]
"""Makes the meter of a transfer: what is to be said of it, and its bytes if they are known."""


def size(count: int) -> str:
    """`999 B`, `1.5 kB`, `12 MB`."""
    value, unit = float(count), 0
    while value >= 999.5 and unit + 1 < len(SIZES):
        value, unit = value / 1000, unit + 1
    digits = 1 if unit and value < 9.95 else 0
    return f"{value:.{digits}f} {SIZES[unit]}"
