"""A terminal as a picture that is drawn again and again, in place of what is on it."""

import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

ENDED = 128 + signal.SIGTERM  # as a shell has it
ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"  # another screen; no cursor
HOME, END_OF_LINE, BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


class Screen:
    """Draws only what is not there already."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown: list[str] | None = None

    def draw(self, lines: Iterable[str]) -> None:
        picture = [*lines]
        if picture != self._shown:
            text = f"{END_OF_LINE}\r\n".join(picture)
            self._stream.write(f"{HOME}{text}{END_OF_LINE}{BELOW}")
            self._stream.flush()
            self._shown = picture


@contextmanager
def screen(stream: TextIO) -> Iterator[Screen]:
    """However it ends, the terminal is as it was; by SIGTERM, too, but not by SIGKILL."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))
    stream.write(ENTER)
    try:
        yield Screen(stream)
    finally:
        stream.write(LEAVE)
        stream.flush()
        signal.signal(signal.SIGTERM, before)
