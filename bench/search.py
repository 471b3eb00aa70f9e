"""Search: in all that a process has printed."""

import asyncio
import re
import time
from pathlib import Path

from bench.installation import Server, installation
from bench.lines import write_lines
from bench.load import median
from bench.process import start, until
from bench.table import Row

SEARCH = """query ($id: ID!, $pattern: String!, $regex: Boolean!, $ignoreCase: Boolean!) {
  process(id: $id) {
    outputSearch(pattern: $pattern, regex: $regex, ignoreCase: $ignoreCase, first: 1000) {
      matches { line { seq } }
    }
  }
}"""
MOST = 1.5  # seconds
PATTERNS = {
    "text": {"pattern": "index     item beef", "regex": False, "ignoreCase": False},
    "text, in capitals or not": {"pattern": "ITEM BEEF", "regex": False, "ignoreCase": True},
    "regular expression": {
        "pattern": "[0-9](dead|beef)[0-9]{3}$",
        "regex": True,
        "ignoreCase": False,
    },
}


async def search(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """The seconds until all lines are searched and the few that match are answered."""
    count, rounds = (100_000, 1) if quick else (1_000_000, 5)
    group = f"Search in {count:,} lines"
    file = folder / "lines"
    await asyncio.to_thread(write_lines, file, count)
    text = await asyncio.to_thread(file.read_text)
    rows = []
    async with installation(folder, database) as server:
        process_id = await start(server, "flood", f=file)
        await until(server, process_id, "COMPLETED")
        for name, asked in PATTERNS.items():
            matching = expected(text, asked)
            times = [await _search(server, process_id, asked, matching) for _ in range(rounds)]
            note = f"{len(matching)} found"
            rows.append(Row(group, name, median(times), "s", ("<=", MOST), note))
    return rows


def expected(text: str, asked: dict[str, object]) -> list[int]:
    """The numbers of the lines that match."""
    pattern = str(asked["pattern"])
    lines = re.compile(
        pattern if asked["regex"] else re.escape(pattern),
        re.IGNORECASE if asked["ignoreCase"] else 0,
    )
    return [seq for seq, line in enumerate(text.split("\n"), 1) if lines.search(line)]


async def _search(
    server: Server, process_id: str, asked: dict[str, object], matching: list[int]
) -> float:
    began = time.perf_counter()
    answer = await server.graphql(SEARCH, {"id": process_id, **asked})
    seconds = time.perf_counter() - began
    page = answer["process"]["outputSearch"]
    assert [match["line"]["seq"] for match in page["matches"]] == matching, page
    return seconds
