"""Searching in the output of a process."""

from collections.abc import Iterable, Iterator
from itertools import tee, zip_longest
from math import inf
from typing import Any

from client.connection import Connection

SEARCH = """query (
  $id: ID!, $pattern: String!, $regex: Boolean!, $ignoreCase: Boolean!, $context: Int!, $after: Int!
) {
  process(id: $id) {
    outputSearch(
      pattern: $pattern, regex: $regex, ignoreCase: $ignoreCase, context: $context,
      after: $after, first: 1000
    ) {
      matches { line { ...one } before { ...one } after { ...one } }
      searchedTo
      hasMore
    }
  }
}
fragment one on OutputLine { seq time text }"""

Match = dict[str, Any]
"""A match as JSON: `line`, and `before` and `after`, lists of lines."""


def search(connection: Connection, process_id: str, **wanted: object) -> Iterator[Match]:
    """All lines that match, page after page. `wanted`: pattern, regex, ignoreCase, context."""
    after, has_more = 0, True
    while has_more:
        for answer in connection.run(SEARCH, id=process_id, after=after, **wanted):
            page = answer["process"]["outputSearch"]
            yield from page["matches"]
            after, has_more = page["searchedTo"], page["hasMore"]


def as_text(found: Iterable[Match]) -> Iterator[bytes]:
    """Each line once, after its number and `:` if it matches, `-` if it is near one that does.

    Where lines are left out between those that are near, stands `--`.
    """
    matches, coming = tee(found)
    next(coming, None)
    shown = 0
    for match, following in zip_longest(matches, coming):
        hit = match["line"]["seq"]
        until = following["line"]["seq"] if following else inf
        near = (*match["before"], match["line"], *match["after"])
        lines = [line for line in near if shown < line["seq"] < until]
        if len(near) > 1 and 0 < shown < lines[0]["seq"] - 1:
            yield b"--\n"
        for line in lines:
            mark = ":" if line["seq"] == hit else "-"
            yield f"{line['seq']}{mark}{line['text']}\n".encode()
        shown = lines[-1]["seq"]
