"""Stored output: small chunks become large ones and nobody who reads notices; deleted ones go."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import orjson
import pytest

from jobs.page import NEXT, STATEMENT
from jobs.page import TEXT as TEXT_OF_PAGE
from jobs.piece import Lines, Packer
from tests.database import on_postgres
from tests.installation import Installation, until
from tests.rows import Row, insert
from tests.running import OUTPUT, Gate, end_of, facts, start_python
from tests.subscription import GraphQLRefusal
from tests.workers import pids

FEW = 16  # chunks that are left as they are
WIDE = 3000  # lines of a process of which a merge takes many steps
BEGUN = 2500  # chunks that are left of them after some steps, and at the end
MERGED = 200

PAGE = """query ($id: ID!, $after: Int, $first: Int, $last: Int) {
  process(id: $id) { output(after: $after, first: $first, last: $last) { lastSeq lines { text } } }
}"""
TEXT = """subscription ($id: ID!) {
  processOutput(id: $id) { ... on OutputBatch { text } ... on OutputEnd { status } }
}"""
LAST_UNTIL = """query ($id: ID!, $until: DateTime) {
  process(id: $id) { output(last: 3, toTime: $until) { lines { text } } }
}"""
DELETE = "mutation ($id: ID!) { deleteProcess(id: $id) }"


def chunks(it: Installation, process_id: str) -> int:
    """How many chunks of it are stored."""
    sql = f"SELECT count(*) FROM output_chunk WHERE process_id = '{process_id}'"  # noqa: S608
    return int(it.rows(sql)[0][0])


def until_chunks(it: Installation, process_id: str, least: int, most: int) -> None:
    until(
        lambda: least <= chunks(it, process_id) <= most,
        lambda: f"there are {chunks(it, process_id)} chunks",
    )


def pages(it: Installation, process_id: str, size: int, after: int = 0) -> Iterator[list[str]]:
    """The lines behind a number, a page at a time."""
    while True:
        found = it.graphql(it.alice, PAGE, id=process_id, after=after, first=size)
        page = found["process"]["output"]
        if not page["lines"]:
            return
        yield [line["text"] for line in page["lines"]]
        after = page["lastSeq"]


def last(it: Installation, process_id: str, count: int) -> list[str]:
    found = it.graphql(it.alice, PAGE, id=process_id, last=count)
    return [line["text"] for line in found["process"]["output"]["lines"]]


def rest(it: Installation, process_id: str, **query: str) -> list[dict[str, str]]:
    answer = it.get(it.alice, f"/api/system/processes/{process_id}/output", params=query)
    found: list[dict[str, str]] = answer.json()
    return found


@dataclass
class Read:
    """The output as each face shows it."""

    by_pages: list[str]
    last: list[str]
    by_rest: list[dict[str, str]]


def everything(it: Installation, process_id: str) -> Read:
    by_pages = [line for page in pages(it, process_id, 70) for line in page]
    return Read(by_pages, last(it, process_id, 30), rest(it, process_id))


def test_chunks_of_a_chatty_script_are_merged_once_it_has_ended(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    lines = [f"line {n}" for n in range(100)]
    program = f"for n in range({len(lines)}): print('line', n); {gate.wait}\nprint('bye')"
    process_id = start_python(it, alice, program)
    with it.subscribe(alice, OUTPUT, id=process_id) as events:
        for line, event in zip(lines, events, strict=False):
            assert [each["text"] for each in event["processOutput"]["lines"]] == [line]
            if line != lines[-1]:
                gate.open()
    assert chunks(it, process_id) == len(lines) > FEW
    scattered = everything(it, process_id)
    assert (scattered.by_pages, scattered.last) == (lines, lines[-30:])
    gate.open()
    assert end_of(it, alice, process_id).lines == [*lines, "bye"]
    until_chunks(it, process_id, 1, 1)
    merged = everything(it, process_id)
    assert merged.by_pages == [*lines, "bye"]
    assert merged.last == [*lines[-29:], "bye"]
    assert merged.by_rest[:-1] == scattered.by_rest
    assert end_of(it, alice, process_id).lines == [*lines, "bye"]
    assert end_of(it, alice, process_id, after=50).seqs == list(range(51, 102))


def test_few_chunks_are_left_as_they_are(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gates = [Gate(it) for _ in range(3)]
    program = "; ".join(f"print({n}); {gate.wait}" for n, gate in enumerate(gates))
    process_id = start_python(it, alice, program)
    with it.subscribe(alice, OUTPUT, id=process_id) as events:
        for gate, _ in zip(gates, events, strict=False):
            gate.open()
        list(events)
    assert chunks(it, process_id) == len(gates)
    assert it.rows(f"SELECT * FROM merge WHERE process_id = '{process_id}'") == []  # noqa: S608


def test_chunks_of_a_script_that_goes_on_printing_are_merged_too(
    installation: Installation,
) -> None:
    it, alice = installation, installation.alice
    stop = it.folder / "stop-printing"
    program = f"""
import os, time
while not os.path.exists({str(stop)!r}):
    print("x")
    time.sleep(0.0005)"""
    process_id = start_python(it, alice, program)
    large = f"""SELECT count(*) FROM output_chunk
        WHERE process_id = '{process_id}' AND last_seq - first_seq >= 1000"""  # noqa: S608
    until(lambda: it.rows(large) != [(0,)])
    assert facts(it, alice, process_id, "status") == {"status": "RUNNING"}
    stop.touch()
    assert set(end_of(it, alice, process_id).lines) == {"x"}


# --- a process that is put there, with a merge to be done -----------------------------------------


def insert_scattered(it: Installation, lines: list[str]) -> str:
    """A process that has ended, each line of which is a chunk."""
    numbered = enumerate(lines)
    return insert_chunks(
        it, [Lines([(1, 1000 * n)], f"{line}\n".encode(), "") for n, line in numbered]
    )


def insert_chunks(it: Installation, chunks: list[Lines]) -> str:
    """A process that has ended, with this output."""
    (process_id,) = insert(it, [Row(it.alice.id)])
    packer = Packer()
    pieces = [packer.pack(chunk) for chunk in chunks]
    names = ("first_seq", "last_seq", "first_time", "last_time", "size", "data")
    rows = [{name: getattr(piece, name) for name in names} for piece in pieces]
    it.insert("output_chunk", [{"process_id": process_id, **row} for row in rows])
    sums = pieces[-1]
    it.execute(
        f"UPDATE process SET last_seq = {sums.last_seq}, output_bytes = {sums.total_bytes},"  # noqa: S608
        f" output_sha256 = '{sums.sha256}' WHERE id = '{process_id}'"
    )
    return process_id


def request_merge(it: Installation, process_id: str) -> None:
    it.insert("merge", [{"process_id": process_id, "held_until": 0}])


def wide() -> list[str]:
    """Lines of which each step of a merge takes few."""
    return [f"line {n}".ljust(5000, ".") for n in range(WIDE)]


def test_reader_who_stands_in_the_middle_of_a_merge_gets_each_line_once(
    installation: Installation,
) -> None:
    it, alice = installation, installation.alice
    lines = wide()  # more than is sent to a client that does not read
    process_id = insert_scattered(it, lines)
    by_page = pages(it, process_id, 700)
    path = f"{it.url}/api/system/processes/{process_id}/output"
    with (
        it.http.stream("GET", path, headers=alice.headers) as answer,
        it.subscribe(alice, TEXT, id=process_id) as events,
    ):
        blocks, heard = answer.iter_bytes(1 << 16), iter(events)
        paged, listed, text = next(by_page), next(blocks), next(heard)["processOutput"]["text"]
        request_merge(it, process_id)
        until_chunks(it, process_id, 1, MERGED)
        paged += [line for page in by_page for line in page]
        listed += b"".join(blocks)
        *batches, end = (event["processOutput"] for event in heard)
    assert paged == lines
    assert [entry["line"] for entry in orjson.loads(listed)] == lines
    assert "\n".join([text, *(batch["text"] for batch in batches)]).split("\n") == lines
    assert end == {"status": "COMPLETED"}


@pytest.mark.parametrize("late", ["early", "middle"])
def test_last_lines_up_to_a_time_are_found_before_a_chunk_as_large_as_a_page(
    installation: Installation, late: str
) -> None:
    it = installation
    lines = ["early", "middle", "x" * TEXT_OF_PAGE]
    process_id = insert_scattered(it, lines)
    until = f"1970-01-01T00:00:00.00{lines.index(late)}500Z"
    found = it.graphql(it.alice, LAST_UNTIL, id=process_id, until=until)
    shown = lines[: lines.index(late) + 1]
    assert [line["text"] for line in found["process"]["output"]["lines"]] == shown
    by_rest = rest(it, process_id, toTime=until, last="3")
    assert [entry["line"] for entry in by_rest] == shown


def test_last_lines_up_to_a_time_are_all_found_where_a_large_chunk_goes_on_after_it(
    installation: Installation,
) -> None:
    it, many = installation, 5000
    before = Lines([(3, 1000)], b"1\n2\n3\n", "")
    flood = Lines([(1, 2000), (many, 3000)], b"4\n" + b"x\n" * many, "")
    process_id = insert_chunks(it, [before, flood])
    until = "1970-01-01T00:00:00.002500Z"
    found = it.graphql(it.alice, LAST_UNTIL, id=process_id, until=until)
    assert [line["text"] for line in found["process"]["output"]["lines"]] == ["2", "3", "4"]


@pytest.fixture
def it(mortal: Installation) -> Installation:
    return mortal


def test_worker_that_is_killed_while_it_merges_loses_and_doubles_nothing(it: Installation) -> None:
    lines = wide()
    process_id = insert_scattered(it, lines)
    request_merge(it, process_id)
    until_chunks(it, process_id, 1, BEGUN)
    (worker,) = pids(it, "server.worker")
    os.kill(worker, signal.SIGKILL)
    assert end_of(it, it.alice, process_id).lines == lines
    until_chunks(it, process_id, 1, MERGED)
    until(lambda: it.rows("SELECT * FROM merge") == [])
    assert end_of(it, it.alice, process_id).lines == lines
    assert [line for page in pages(it, process_id, 700) for line in page] == lines


def test_merge_of_a_process_that_is_deleted_leaves_nothing_behind(it: Installation) -> None:
    process_id = insert_scattered(it, wide())
    request_merge(it, process_id)
    until_chunks(it, process_id, 1, BEGUN)
    it.graphql(it.alice, DELETE, id=process_id)
    until(lambda: it.rows("SELECT process_id FROM deletion") == [])
    assert chunks(it, process_id) == 0
    assert it.rows("SELECT process_id FROM merge") == []


def test_deleted_process_leaves_no_chunk_even_if_its_script_runs(
    installation: Installation,
) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    program = f"for n in range(100): print(n)\n{gate.wait}\nprint('bye')"
    process_id = start_python(it, alice, program)
    gate.reached()
    until_chunks(it, process_id, 1, 100)
    it.graphql(alice, DELETE, id=process_id)
    until_chunks(it, process_id, 0, 0)
    gate.open()
    until(lambda: process_id not in {path.name for path in (it.data / "runs").iterdir()})
    assert chunks(it, process_id) == 0


@pytest.mark.parametrize("gone", [1, 2])
@on_postgres
def test_follower_of_what_is_just_being_deleted_hears_neither_a_hole_nor_an_end(
    installation: Installation, gone: int
) -> None:
    """They looked at the process before it went, and look for its lines when the first are gone."""
    it = installation
    process_id = insert_scattered(it, ["1", "2"])
    removal = f"""DELETE FROM output_chunk WHERE process_id = '{process_id}' AND last_seq <= {gone};
      DELETE FROM process WHERE id = '{process_id}'"""  # noqa: S608
    heard: list[object] = []

    def follow() -> None:
        with it.subscribe(it.alice, OUTPUT, id=process_id) as events:
            heard.extend(events)

    with ThreadPoolExecutor(1) as pool:
        with it.locked("output_chunk", removal):
            following = pool.submit(follow)
            it.until_waiting("output_chunk", 1)
        with pytest.raises(GraphQLRefusal) as refused:
            following.result()
    assert (refused.value.code, heard) == ("NOT_FOUND", [])


# --- finding chunks -------------------------------------------------------------------------------

BY_TIME = """SELECT last_seq FROM output_chunk WHERE process_id = {process} AND last_time >= 5000000
  ORDER BY last_time, last_seq LIMIT 1"""


PLACES = 100  # of which the next chunks are read together


@pytest.mark.parametrize(
    "statement",
    [
        STATEMENT.format(way="ASC", process="{process}", after=5000, until=9000),
        STATEMENT.format(way="DESC", process="{process}", after=1000, until=5000),
        BY_TIME,
        NEXT,
    ],
    ids=["next page", "last page", "by time", "next pages"],
)
def test_chunks_are_found_by_an_index(
    installation: Installation, statement: str | dict[str, str]
) -> None:
    it = installation
    process_id = insert_scattered(it, [str(n) for n in range(10_000)])
    if isinstance(statement, dict):
        statement = statement["postgres" if it.database_url else "sqlite"]
        ids, places = [process_id] * PLACES, list(range(5000, 5000 + PLACES))
        statement = statement.replace(
            "?1", f"'{orjson.dumps([*zip(ids, places, strict=True)]).decode()}'"
        )
        statement = statement.replace("$1", f"ARRAY{ids}").replace("$2", f"ARRAY{places}")
    explain = "EXPLAIN" if it.database_url else "EXPLAIN QUERY PLAN"
    sql = statement.replace("{process}", f"'{process_id}'")
    plan = [" ".join(map(str, row)) for row in it.rows(f"{explain} {sql}")]
    touching = [step for step in plan if "output_chunk" in step]
    assert touching
    scans = [step for step in touching if "SCAN" in step.upper()]
    assert all("ndex" in step or "Bitmap" in step for step in scans), scans
