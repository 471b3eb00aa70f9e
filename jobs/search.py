"""Searching in stored output: which lines match a pattern.

Lines are searched as people read them, without ANSI control sequences, and each on its own.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import monotonic
from typing import NamedTuple, ParamSpec, TypeVar
from uuid import UUID

from jobs.ansi import stripped
from jobs.chunk import Batch
from jobs.output import Window, read, read_all
from jobs.pattern import Pattern
from models.transaction import run_to_end

P = ParamSpec("P")
T = TypeVar("T")

MOMENT = 0.1  # seconds that a thread is away, about


@dataclass(frozen=True, slots=True)
class Found:
    """The numbers of lines that match; `searched_to` is the last line searched, None if none was.

    `has_more`: there are lines behind that one.
    """

    seqs: list[int]
    searched_to: int | None
    has_more: bool


class Step(NamedTuple):
    """What was found in a moment."""

    seqs: list[int]
    searched_to: int


class Stretch(NamedTuple):
    """Lines of a text: where the first begins and the last ends, and their numbers."""

    start: int
    stop: int
    first_seq: int
    last_seq: int


async def search(
    process_id: UUID, pattern: Pattern, window: Window, most: int, deadline: float
) -> Found:
    """The first `most` lines of the window that match.

    Ends where it is at the deadline (`time.monotonic`), but not before it has searched a stretch.
    """
    seqs: list[int] = []
    searched_to = None
    async with aclosing(_steps(process_id, pattern, window, most)) as steps:
        async for found, searched_to in steps:
            seqs += found
            if len(seqs) >= most:
                seqs, searched_to = seqs[:most], seqs[most - 1]
            elif monotonic() < deadline:
                continue
            rest = await read(process_id, replace(window, after=searched_to), 1)
            return Found(seqs, searched_to, has_more=rest is not None)
    return Found(seqs, searched_to, has_more=False)


async def _steps(
    process_id: UUID, pattern: Pattern, window: Window, most: int
) -> AsyncGenerator[Step, None]:
    async for batch in read_all(process_id, window):
        text = await _in_thread(_searched, batch)
        left = stretches(text, batch.first_seq, pattern.piece)
        while step := await _in_thread(_look, pattern, text, left, most):
            yield step


def _searched(batch: Batch) -> bytes:
    """Its text as it is searched, each line with its newline."""
    return stripped(batch.text).encode() + b"\n"


def _look(pattern: Pattern, text: bytes, left: Iterator[Stretch], most: int) -> Step | None:
    """Searches stretches for a moment; None if none are left."""
    until = monotonic() + MOMENT
    seqs: list[int] = []
    stretch = None
    for stretch in left:
        seqs += matches(pattern, text, stretch)
        if len(seqs) >= most or monotonic() > until:
            break
    return None if stretch is None else Step(seqs, stretch.last_seq)


def stretches(text: bytes, first_seq: int, size: int) -> Iterator[Stretch]:
    """A text of whole lines in stretches of `size` bytes and what is left of a line."""
    start, seq = 0, first_seq
    while start < len(text):
        stop = text.index(b"\n", min(start + size, len(text) - 1))
        last = seq + text.count(b"\n", start, stop)
        yield Stretch(start, stop, seq, last)
        start, seq = stop + 1, last + 1


def matches(pattern: Pattern, text: bytes, stretch: Stretch) -> Iterator[int]:
    """The numbers of the lines that match."""
    start, stop, seq, _ = stretch
    lines = memoryview(text)
    while start <= stop and (place := pattern.search(lines[start:stop])) is not None:
        seq += text.count(b"\n", start, start + place)
        yield seq
        start, seq = text.index(b"\n", start + place) + 1, seq + 1


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Who is cancelled waits for the thread, so that searches nobody waits for do not pile up."""
    return await run_to_end(asyncio.to_thread(work, *args, **kwargs))
