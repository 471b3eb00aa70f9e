"""The plan of an example, as data: what scripts write, who reads it, what goes wrong meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Text:
    """Bytes as they stand here."""

    content: bytes


@dataclass(frozen=True)
class LongLine:
    """A line of its own of about so many bytes: `offset` letters, then one character repeated."""

    size: int
    offset: int
    character: str
    ending: bytes

    @property
    def content(self) -> bytes:
        count = (self.size - self.offset) // len(self.character.encode())
        return b"\n" + b"a" * self.offset + (self.character * count).encode() + self.ending


@dataclass(frozen=True)
class Flood:
    """Many lines, each different and about so many bytes long."""

    lines: int
    width: int

    @property
    def content(self) -> bytes:
        return b"".join(b"%d %s\n" % (n, b"x" * self.width) for n in range(self.lines))


@dataclass(frozen=True)
class Cut:
    """Where one write ends and the next begins, wherever that is in a character or line.

    `place` is taken modulo the length of what is written; `stream` is the file descriptor of the
    next write; `pause`, in milliseconds, comes before it.
    """

    place: int
    stream: int
    pause: int


@dataclass(frozen=True)
class Join:
    """A reader: by which face, from where, and how it behaves.

    It is cut off, and comes again with its cursor, each time it has got so many lines as the next
    of `cuts` says. When it has got `stall` lines it reads no more until the script is over.
    """

    face: str
    after: int = 0
    last: int | None = None
    cuts: tuple[int, ...] = ()
    stall: int | None = None

    @property
    def place(self) -> dict[str, int]:
        return {"after": self.after} if self.last is None else {"last": self.last}


@dataclass(frozen=True)
class Write:
    """One write: to this file descriptor, after so many milliseconds."""

    stream: int
    content: bytes
    pause: int


@dataclass(frozen=True)
class Stage:
    """What is written in one go, and who joins before it."""

    parts: tuple[Text | LongLine | Flood, ...] = ()
    cuts: tuple[Cut, ...] = ()
    joins: tuple[Join, ...] = ()

    def writes(self) -> Iterator[Write]:
        content = b"".join(part.content for part in self.parts)
        cuts = {cut.place % max(1, len(content)): cut for cut in self.cuts} | {0: Cut(0, 1, 0)}
        for begin, end in pairwise([*sorted(cuts), len(content)]):
            yield Write(cuts[begin].stream, content[begin:end], cuts[begin].pause)


@dataclass(frozen=True)
class Trouble:
    """What goes wrong, and whether before or `during` a stage, of which the end is the last.

    `stage` is taken modulo their number.
    """

    kind: str
    stage: int
    during: bool = False


@dataclass(frozen=True)
class Ending:
    """How a script ends: with an exit code, or by a signal; perhaps its output is closed before."""

    code: int = 0
    signal: str | None = None
    closes: bool = False


@dataclass(frozen=True)
class Plan:
    """One process: what its script does, stage by stage, and who joins at the end and after it."""

    stages: tuple[Stage, ...]
    ending: Ending = Ending()
    troubles: tuple[Trouble, ...] = ()
    joins_at_end: tuple[Join, ...] = ()
    joins_after: tuple[Join, ...] = ()
