"""Pages: neighbouring chunks that are read together.

Where a page begins and ends is said by numbers of lines, and it is read by one statement, which
sees one state: chunks that are merged meanwhile make no difference. An index leads there, and at
most LINES rows or so are looked at, however the database plans it.
"""

from uuid import UUID

from models.database import connection, placeholders
from models.output import OutputChunk

LINES = 4000  # that a page has, about: fewer where their TEXT is enough, more in large chunks
TEXT = 1 << 20  # bytes with which a page is full

Chunks = list[tuple[int, bytes]]
"""The first line's number and the blob (`jobs.chunk`) of each."""

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

    The first of them may have later lines only.
    """
    rows = OutputChunk.filter(process_id=process_id)
    if to_time is not None:
        rows = rows.filter(last_time__lte=to_time)
    last = await rows.order_by("-last_time", "-last_seq").only("last_seq").first()
    until = last.last_seq if last else 0
    return await _read("DESC", process_id, max(after, until - LINES), until)


async def _read(way: str, process_id: UUID, after: int, until: int) -> Chunks:
    """The page from the chunk with the line behind `after` to that with the line behind `until`."""
    names = ("process", "after", "until")
    marks = dict(zip(names, placeholders(1, len(names)), strict=True))
    statement = STATEMENT.format(way=way, **marks)
    _, rows = await connection().execute_query(statement, [str(process_id), after, until])
    return [(row["first_seq"], row["data"]) for row in rows]
