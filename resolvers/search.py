"""Searching in the output of a process, by pages."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from jobs.excerpt import Excerpt, excerpts
from jobs.pattern import Pattern, PatternError
from jobs.search import search as search_stored
from models.user import Scope
from resolvers import looks
from resolvers.access import needs
from resolvers.errors import BadInput
from resolvers.output import Part
from resolvers.processes import process
from resolvers.viewer import Viewer

AT_ONCE = asyncio.Semaphore(2)  # searches in one server; others wait
SECONDS = 3.0  # after which a search answers with what it has
MOST_MATCHES = 1000
MOST_CONTEXT = 50
LARGEST = 1 << 20  # characters of a page, about
LINE = 50  # characters that a line counts besides its text


@dataclass(frozen=True, slots=True)
class Wanted:
    """Lines that match `pattern`, each with `context` lines on either side; at most `first`.

    `part` says in which lines they are looked for.
    """

    pattern: str
    is_regex: bool
    ignore_case: bool
    context: int
    first: int
    part: Part

    def check(self) -> None:
        """Raises BadInput for numbers that are out of bounds."""
        bounds = {
            "context": (self.context, 0, MOST_CONTEXT),
            "first": (self.first, 1, MOST_MATCHES),
        }
        wrong = {
            name: [f"This must be from {least} to {most}."]
            for name, (number, least, most) in bounds.items()
            if not least <= number <= most
        }
        if wrong:
            raise BadInput(wrong)

    def compiled(self) -> Pattern:
        """Raises BadInput for a pattern that cannot be searched for."""
        try:
            return Pattern(self.pattern, is_regex=self.is_regex, ignore_case=self.ignore_case)
        except PatternError as error:
            raise BadInput({"pattern": [str(error)]}) from None


@dataclass(frozen=True, slots=True)
class Result:
    """A page of matches. `searched_to` is the last line that was searched, None if none was.

    `has_more`: there are lines behind that one.
    """

    matches: list[Excerpt]
    searched_to: int | None
    has_more: bool


@needs(Scope.READ)
async def search(viewer: Viewer, process_id: UUID, wanted: Wanted) -> Result:
    """Searches what is stored by now; fewer matches than asked for where that takes too long.

    Raises BadInput for what makes no sense, NotFound also when the process is deleted meanwhile.
    """
    window = wanted.part.window()
    wanted.check()
    await looks.read("output.search", await process(viewer, process_id), viewer)
    pattern = wanted.compiled()
    deadline = monotonic() + SECONDS
    async with AT_ONCE:
        found = await search_stored(process_id, pattern, window, wanted.first, deadline)
        matches = await _page(process_id, found.seqs, wanted.context)
    await process(viewer, process_id)  # which may be gone, and with it lines
    if len(matches) < len(found.seqs):
        return Result(matches, matches[-1].line.seq, has_more=True)
    return Result(matches, found.searched_to, found.has_more)


async def _page(process_id: UUID, seqs: list[int], context: int) -> list[Excerpt]:
    """As many as fit on a page; at least one, if there is any."""
    matches: list[Excerpt] = []
    size = 0
    async with aclosing(excerpts(process_id, seqs, context)) as found:
        async for match in found:
            matches.append(match)
            size += sum(LINE + len(line.text) for line in (*match.before, match.line, *match.after))
            if size >= LARGEST:
                break
    return matches
