"""Pages: neighbouring chunks that are read together.

Where a page begins and ends is said by numbers of lines, and it is read by one statement, which
sees one state: chunks that are merged meanwhile make no difference. An index leads there, and at
most LINES rows or so are looked at, however the database plans it. Small pages of many places are
read by one statement, too.
"""

import json
from collections.abc import Collection, Mapping
from uuid import UUID

from models.database import connection, placeholders
from models.output import OutputChunk

LINES = 4000  # that a page has, about: fewer where their TEXT is enough, more in large chunks
TEXT = 1 << 20  # bytes with which a page is full
SHARE = 1 << 15  # bytes that a page has at most which is read with many others
CHUNKS = 1000  # that it has at most, on PostgreSQL

Chunks = list[tuple[int, bytes]]
"""The first line's number and the blob (`jobs.chunk`) of each."""

Place = tuple[UUID, int]
"""A process, and the number behind which lines are wanted."""

STATEMENT = f"""
  WITH near AS (
    SELECT last_seq, sum(size) OVER (ORDER BY last_seq {{way}}) - size AS before
    FROM output_chunk
    WHERE process_id = {{process}} AND last_seq > {{after}} AND last_seq <= coalesce((
      SELECT min(last_seq) FROM output_chunk WHERE process_id = {{process}} AND last_seq > {{until}}
    ), {1 << 62})
  ), page AS (
    SELECT min(last_seq) AS first, max(last_seq) AS last FROM near WHERE before < {TEXT}
  )
  SELECT first_seq, data FROM output_chunk
  WHERE process_id = {{process}}
    AND last_seq BETWEEN (SELECT first FROM page) AND (SELECT last FROM page)
  ORDER BY last_seq {{way}}"""  # noqa: S608

NEXT = {
    "sqlite": f"""
      WITH place AS (
        SELECT json_extract(value, '$[0]') AS process_id, json_extract(value, '$[1]') AS behind
        FROM json_each(?1)
      ), near AS (
        SELECT process_id, behind, last_seq,
          sum(size) OVER (PARTITION BY process_id, behind ORDER BY last_seq) AS so_far
        FROM place JOIN output_chunk USING (process_id)
        WHERE last_seq > behind
      )
      SELECT process_id, behind, first_seq, data
      FROM near JOIN output_chunk USING (process_id, last_seq)
      WHERE so_far <= {SHARE}
      ORDER BY process_id, behind, last_seq""",  # noqa: S608
    # Joined without the limit, PostgreSQL reads the whole table for a hundred places.
    "postgres": f"""
      WITH near AS (
        SELECT place.process_id, behind, first_seq, last_seq, data,
          sum(size) OVER (PARTITION BY place.process_id, behind ORDER BY last_seq) AS so_far
        FROM unnest($1::uuid[], $2::bigint[]) AS place(process_id, behind) CROSS JOIN LATERAL (
          SELECT first_seq, last_seq, size, data FROM output_chunk
          WHERE process_id = place.process_id AND last_seq > behind ORDER BY last_seq LIMIT {CHUNKS}
        ) AS chunk
      )
      SELECT process_id, behind, first_seq, data FROM near
      WHERE so_far <= {SHARE}
      ORDER BY process_id, behind, last_seq""",  # noqa: S608
}


async def next_pages(places: Collection[Place]) -> Mapping[Place, Chunks]:
    """The first chunks behind each of many places, in order, where they are small.

    All chunks behind a place are looked at, so there must not be many of them.
    """
    dialect = connection().capabilities.dialect
    wanted = [(str(process_id), after) for process_id, after in places]
    values = [json.dumps(wanted)] if dialect == "sqlite" else [*zip(*wanted, strict=True)]
    _, rows = await connection().execute_query(NEXT[dialect], values)
    pages: dict[tuple[str, int], Chunks] = {}
    for row in rows:
        page = pages.setdefault((str(row["process_id"]), row["behind"]), [])
        page.append((row["first_seq"], row["data"]))
    return {(UUID(process_id), after): page for (process_id, after), page in pages.items()}


async def next_page(process_id: UUID, after: int, from_time: int | None) -> Chunks:
    """The first chunks with lines behind a number, from a time on (microseconds), in order."""
    until = after
    if from_time is not None:
        rows = OutputChunk.filter(process_id=process_id, last_time__gte=from_time)
        first = await rows.order_by("last_time", "last_seq").only("first_seq", "last_seq").first()
        if first is None:
            return []
        after, until = max(after, first.first_seq - 1), max(after, first.last_seq)
    return await _read("ASC", process_id, after, until + LINES)


async def last_page(process_id: UUID, after: int, to_time: int | None) -> Chunks:
    """The last chunks with lines behind a number, up to a time (microseconds), the last first.

    Each has such lines: a page is full with one chunk, so none may be of later lines only.
    """
    return await page_until(process_id, after, await _last_line(process_id, to_time))


async def page_until(process_id: UUID, after: int, until: int) -> Chunks:
    """The last chunks with lines behind a number, up to another, the last first."""
    if until <= after:
        return []
    return await _read("DESC", process_id, max(after, until - LINES), until - 1)


async def _last_line(process_id: UUID, to_time: int | None) -> int:
    """The number of the last line of the last chunk that has lines up to a time; 0: none has."""
    rows = OutputChunk.filter(process_id=process_id)
    if to_time is not None:
        later = rows.filter(last_time__gt=to_time).order_by("last_time", "last_seq")
        first = await later.only("first_seq", "last_seq", "first_time").first()
        if first is not None:
            found: int = first.last_seq if first.first_time <= to_time else first.first_seq - 1
            return found
        rows = rows.filter(last_time__lte=to_time)
    last = await rows.order_by("-last_time", "-last_seq").only("last_seq").first()
    return last.last_seq if last else 0


async def _read(way: str, process_id: UUID, after: int, until: int) -> Chunks:
    """The page from the chunk with the line behind `after` to that with the line behind `until`."""
    names = ("process", "after", "until")
    marks = dict(zip(names, placeholders(1, len(names)), strict=True))
    statement = STATEMENT.format(way=way, **marks)
    _, rows = await connection().execute_query(statement, [str(process_id), after, until])
    return [(row["first_seq"], row["data"]) for row in rows]
