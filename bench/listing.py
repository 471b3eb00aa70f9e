"""Listing: 20 processes of few and of many, by GraphQL and REST, beside a bare route."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.bare import bare
from bench.connection import Connection, get, post
from bench.filling import fill
from bench.installation import Server, installation
from bench.load import Load, load, median
from bench.table import Row

FIELDS = """
  nodes {
    id scriptName status startTime endedAt
    parameters { name value }
    user { name }
  }
  pageInfo { hasNextPage endCursor }
"""
PLAIN = f"query Page {{ processes(first: 20) {{ {FIELDS} }} }}"
COUNTED = f"query CountedPage {{ processes(first: 20) {{ totalCount {FIELDS} }} }}"
CONNECTIONS = (1, 16)


@dataclass(frozen=True, slots=True)
class Face:
    """A way to ask; `part` is how much of the bare route's requests per second it must reach."""

    name: str
    part: float
    path: str
    query: str | None = None

    def request(self, server: Server, number: int = 0) -> bytes:
        """Requests of different numbers ask for the same, but the server does not know that."""
        if self.query is None:
            return get(f"{self.path}&x={number}", server.token)
        document = {"query": self.query, "variables": {"x": number}}
        return post(self.path, server.token, document)


FACES = (
    Face("REST", 1 / 6, "/api/system/processes?size=20"),
    Face("GraphQL", 1 / 12, "/graphql", PLAIN),
    Face("GraphQL with totalCount", 1 / 12, "/graphql", COUNTED),
)


async def listing(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """All rows about lists. What is compared is measured in turns, so that noise hits both."""
    small, large = 1000, 20_000 if quick else 100_000
    rounds, seconds = (1, 1.0) if quick else (5, 2.0)
    rows = []
    async with AsyncExitStack() as stack:
        few = await stack.enter_async_context(installation(folder, database))
        many = await stack.enter_async_context(installation(folder, database))
        await fill(few.place, 1, small)
        await fill(many.place, 1, large)
        for face in FACES:
            request = face.request(many)
            port = await stack.enter_async_context(bare(folder, await _body(many, request)))
            for connections in CONNECTIONS:
                measured = Measured(face, connections, small, large)
                for _ in range(rounds):
                    measured.bare.append(await load(port, [request], connections, seconds))
                    measured.many.append(await load(many.port, [request], connections, seconds))
                    if connections == 1:
                        own = [face.request(few)]
                        measured.few.append(await load(few.port, own, connections, seconds))
                    else:
                        each = [face.request(many, number) for number in range(connections)]
                        measured.alone.append(await load(many.port, each, connections, seconds))
                rows += measured.rows()
    return rows


async def _body(server: Server, request: bytes) -> bytes:
    connection = await Connection.open(server.port)
    answer = await connection.send(request)
    connection.close()
    assert answer.status == 200, answer
    return answer.body


class Measured:
    """The rounds of one face at one number of connections."""

    def __init__(self, face: Face, connections: int, small: int, large: int) -> None:
        self.bare: list[Load] = []
        self.many: list[Load] = []
        self.few: list[Load] = []
        self.alone: list[Load] = []
        self._face = face
        self._where = f"{connections} connection{'s' if connections > 1 else ''}"
        self._small, self._large = small, large

    def rows(self) -> list[Row]:
        """Medians of all rounds; a ratio is the median of the rounds' ratios."""
        face = self._face
        group = f"Listing 20 of {self._large:,} by {face.name}"
        pairs = list(zip(self.many, self.bare, strict=True))
        part = median([many.per_second / bare.per_second for many, bare in pairs])
        bare_rate = median([each.per_second for each in self.bare])
        rate = median([each.per_second for each in self.many])
        bare_p95 = median([each.p95 for each in self.bare]) * 1000
        p95 = median([each.p95 for each in self.many]) * 1000
        where = self._where
        rows = [
            Row(group, f"{where}: requests", rate, "/s", None, f"bare route {bare_rate:,.0f} /s"),
            Row(
                group, f"{where}: part of the bare route's", part, "", (">=", face.part), _of(part)
            ),
            Row(group, f"{where}: p95", p95, "ms", None, f"bare route {bare_p95:.2f} ms"),
        ]
        if self.few:
            times = [
                many.median / few.median for many, few in zip(self.many, self.few, strict=True)
            ]
            name = f"{where}: median time / that of {self._small:,}"
            note = f"{median([each.median for each in self.many]) * 1000:.2f} ms"
            rows.append(Row(group, name, median(times), "x", ("<=", 1.5), note))
        if self.alone:
            rate = median([each.per_second for each in self.alone])
            part = median(
                [a.per_second / b.per_second for a, b in zip(self.alone, self.bare, strict=True)]
            )
            rows.append(Row(group, f"{where}, where no two ask alike", rate, "/s", None, _of(part)))
        return rows


def _of(part: float) -> str:
    return f"1/{1 / part:.1f}"
