"""Tables and lists for people, who have a terminal; and for programs, which have a pipe."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from unicodedata import category, combining, east_asian_width

GAP = "  "
JOINERS = {"\u200c", "\u200d"}  # between letters that are joined, or kept apart
MOVES = {"Cc", "Cf", "Zl", "Zp"}

Paint = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, and what gives it a colour."""

    text: str
    paint: Paint = str


def aligned(head: Sequence[str], rows: Sequence[Sequence[Cell]], width: int) -> Iterator[str]:
    """Lines with columns one below the other, cut off at `width`. The texts may be hostile."""
    clean = [[Cell(plain(cell.text), cell.paint) for cell in row] for row in rows]
    lines = [[Cell(name) for name in head], *clean] if head else clean
    widths = [max(measure(cell.text) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        yield _line(line, widths, width)


def _line(cells: Sequence[Cell], widths: Sequence[int], width: int) -> str:
    done, rest = "", width
    for cell, wide in zip(cells, widths, strict=True):
        if rest <= 0:
            break
        text = cut(cell.text, min(rest, wide))
        is_last = cell is cells[-1]
        padding = "" if is_last else " " * (min(rest, wide) - measure(text)) + GAP
        done += cell.paint(text) + padding
        rest -= wide + len(GAP)
    return done.rstrip(" ")


def separated(texts: Sequence[str]) -> str:
    """One line, a tab after each but the last."""
    return "\t".join(map(plain, texts))


def plain(text: str) -> str:
    """Without what could move the cursor or break the line."""
    return "".join(
        " " if category(each) in MOVES and each not in JOINERS else each for each in text
    )


def measure(text: str) -> int:
    """How many columns it takes."""
    return sum(map(_columns, text))


def cut(text: str, width: int) -> str:
    """So much of it as has room, `…` for the rest."""
    if measure(text) <= width:
        return text
    done = ""
    for each in text:
        if measure(done + each) >= width:
            break
        done += each
    return f"{done}…" if width > 0 else ""


def _columns(character: str) -> int:
    if combining(character) or character in JOINERS:
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
