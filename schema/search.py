"""Searching in console output."""

from datetime import datetime
from typing import Annotated, Protocol

import strawberry

from jobs.excerpt import Excerpt
from models.process import Process as ProcessRow
from resolvers.output import Part
from resolvers.search import Wanted, search
from schema.arguments import arg
from schema.context import Info
from schema.output import OutputLine

PAGE_MATCHES = 100


@strawberry.type(description="A line that matches, and those around it.")
class OutputMatch:
    line: OutputLine = strawberry.field(description="The line that matches.")
    before: list[OutputLine] = strawberry.field(
        description="The lines before it: `context` of them, fewer where the output begins."
    )
    after: list[OutputLine] = strawberry.field(
        description="The lines after it: `context` of them, fewer where the output ends."
    )

    @classmethod
    def of(cls, match: Excerpt) -> "OutputMatch":
        return cls(
            line=OutputLine.of(match.line),
            before=[OutputLine.of(line) for line in match.before],
            after=[OutputLine.of(line) for line in match.after],
        )


@strawberry.type(description="Some of the lines that match, in their order.")
class OutputSearch:
    matches: list[OutputMatch] = strawberry.field(description="The lines that match.")
    searched_to: int | None = strawberry.field(
        description="The number of the last line that was searched; null if there was none. "
        "Give it as `after` to go on."
    )
    has_more: bool = strawberry.field(
        description="Whether more of the lines asked for are stored after `searchedTo`."
    )


class Searched(Protocol):
    """What the search is a field of."""

    row: ProcessRow


async def output_search(
    root: strawberry.Parent[Searched],
    info: Info,
    pattern: Annotated[str, arg("What the lines have in them.")],
    regex: Annotated[
        bool,
        arg(
            "Whether the pattern is a regular expression, in the syntax of RE2; else it is plain "
            "text. `^` and `$` are the ends of a line."
        ),
    ] = False,
    ignore_case: Annotated[bool, arg("Whether small and capital letters are the same.")] = False,
    context: Annotated[int, arg("How many lines around each are wanted, 50 at most.")] = 0,
    after: Annotated[int, arg("Only lines with a higher number.")] = 0,
    first: Annotated[int, arg("At most so many matches; no more than 1000.")] = PAGE_MATCHES,
    from_time: Annotated[datetime | None, arg("Only lines from this time on.")] = None,
    to_time: Annotated[datetime | None, arg("Only lines up to this time.")] = None,
) -> OutputSearch:
    part = Part(after=after, from_time=from_time, to_time=to_time)
    wanted = Wanted(pattern, regex, ignore_case, context, first, part)
    result = await search(info.context.viewer, root.row.id, wanted)
    return OutputSearch(
        matches=[OutputMatch.of(match) for match in result.matches],
        searched_to=result.searched_to,
        has_more=result.has_more,
    )
