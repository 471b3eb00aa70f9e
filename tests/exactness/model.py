"""What the output of a process must be, worked out from what its script wrote and how it ended.

Written from the pages for readers (`docs/architecture.md`, Output), and not from the program.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from tests.exactness.plan import Ending

LONGEST = 64 * 1024  # bytes of a line
KILLED = 137  # as a shell says it
LEGACY = {"COMPLETED": "STOPPED", "FAILED": "FAILED"}


@dataclass(frozen=True)
class Expected:
    """All lines of a process and the facts of its end."""

    written: bytes
    ending: Ending

    @cached_property
    def lines(self) -> list[str]:
        lines = list(lines_of(self.written))
        if self.ending.signal:
            lines.append(f"[procession] The script was ended by {self.ending.signal}")
        return lines

    @cached_property
    def facts(self) -> dict[str, object]:
        """What the end of the output tells.

        `legacyStatus` is the older contract's word, `shellCode` what `procession tail` ends with.
        """
        killed = self.ending.signal is not None
        status = "FAILED" if killed or self.ending.code else "COMPLETED"
        return {
            "status": status,
            "legacyStatus": LEGACY[status],
            "exitCode": None if killed else self.ending.code,
            "shellCode": KILLED if killed else self.ending.code,
            **self.sums(len(self.lines)),
        }

    def sums(self, count: int) -> dict[str, object]:
        """The facts of the first so many lines."""
        content = "".join(f"{line}\n" for line in self.lines[:count]).encode()
        return {
            "lastSeq": count,
            "byteCount": len(content),
            "sha256": sha256(content).hexdigest() if content else None,
        }


def lines_of(written: bytes) -> Iterator[str]:
    """The lines as they are shown. What comes after the last newline is a line too.

    What a carriage return separates overwrites what was before, if anything comes after it; only
    the parts of a line that was too long have been shown before that.
    """
    lines = written.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    for line in lines:
        *overwritten, shown = [state for state in line.split(b"\r") if state] or [b""]
        for state in overwritten:
            yield from parts(state)[:-1]
        yield from parts(shown)


def parts(line: bytes) -> list[str]:
    """A line that is too long goes on in further lines; no character is split."""
    if len(line) <= LONGEST:
        return [line.decode(errors="replace")]
    part = line[:LONGEST].decode(errors="ignore")  # without a character of which a part is missing
    rest = line.removeprefix(part.encode())
    assert len(rest) < len(line) - LONGEST + 4, "this model knows long lines of good UTF-8 only"
    return [f"{part} [continued]", *parts(rest)]
