"""What is kept of a script's output: as much as its limit and the disk have room for."""

import sys
import time

from jobs.supervisor.spool import OUTPUT, Spool

CUT = b"[cut]"  # stands where a line lacks its end or its beginning
PAUSE = 1.0  # seconds until a disk without room is looked at again


class Output:
    """Puts output into the spool. Where it cannot be kept there is a gap, which is told.

    `limit` and `left` are in bytes; `lost` counts those of the gap. `look_again` is when to see
    whether the gap can end.
    """

    def __init__(self, spool: Spool, limit: int | None) -> None:
        self.spool = spool
        self.limit = sys.maxsize if limit is None else limit
        self.left = self.limit
        self.lost = 0
        self.look_again: float | None = None
        self.in_line = False  # whether what came last was no end of a line
        self.mark = b""  # comes before what is kept next

    def take(self, content: bytes) -> str | None:
        """Keeps what was printed. When a gap begins, says why."""
        if self.lost:
            self._lose(content)
            return None
        kept = whole_lines(content, self.left)
        if not kept and (self.in_line or self.left == self.limit):
            kept = head(content, self.left)
        if kept and not self.spool.append(OUTPUT, self.mark + kept):
            self.look_again = time.monotonic() + PAUSE
            self._begin_gap(content)
            return f"There is no room for output ({self.spool.trouble})"
        if kept:
            self.left -= len(kept)
            self.mark = b""
            self.in_line = not kept.endswith(b"\n")
        if len(kept) == len(content):
            return None
        self._begin_gap(content[len(kept) :])
        return f"The output has reached its limit of {in_words(self.limit)}"

    def look(self) -> None:
        """Ends the gap if there is room again."""
        if self.look_again is None or time.monotonic() < self.look_again:
            return
        self.look_again = time.monotonic() + PAUSE
        if self.spool.has_room():
            self.look_again = None
            self.tell_gap()

    def tell_gap(self) -> None:
        """Says how much was lost, if anything was; what comes next is kept."""
        if self.lost:
            self.spool.say(f"{self.lost} bytes of output were not kept")
            self.lost = 0
            self.mark = CUT + b" " if self.in_line else b""

    def _begin_gap(self, lost: bytes) -> None:
        if self.in_line and not self.mark:
            self.spool.put(OUTPUT, b" " + CUT + b"\n")
        self._lose(lost)

    def _lose(self, content: bytes) -> None:
        self.lost += len(content)
        self.in_line = not content.endswith(b"\n")


def whole_lines(content: bytes, most: int) -> bytes:
    """All of it, or the lines that end within its first `most` bytes."""
    if len(content) <= most:
        return content
    return content[: content.rfind(b"\n", 0, most) + 1]


def head(line: bytes, most: int) -> bytes:
    """The first `most` bytes, or up to three fewer where these would split a character."""
    end = most
    while end > max(0, most - 3) and line[end] & 0xC0 == 0x80:
        end -= 1
    return line[:end]


def in_words(size: float) -> str:
    """A number of bytes, such as 12.5 MB."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.4g} {unit}"
        size /= 1000
    return f"{size:.4g} GB"
