"""Output: every line once and in order, for whoever listens, whenever they came."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs.spool import records
from jobs.supervisor.spool import HEADER
from tests.database import on_sqlite
from tests.faces import Face
from tests.installation import PATIENCE, Installation, until
from tests.running import (
    OUTPUT,
    Gate,
    check_sums,
    end_of,
    facts,
    run_python,
    start_python,
    until_lines,
    until_running,
)
from tests.subscription import GraphQLRefusal
from tests.workers import pause, pids


def test_both_faces_read_the_whole_output(face: Face) -> None:
    it, alice = face.it, face.it.alice
    ended = run_python(it, alice, "for n in range(3000): print('line', n)")
    assert face.output(alice, ended.id) == [f"line {n}" for n in range(3000)] == ended.lines


def test_no_output_is_an_empty_list(face: Face) -> None:
    ended = run_python(face.it, face.it.alice, "pass")
    assert face.output(face.it.alice, ended.id) == []


@pytest.fixture(scope="module")
def finished(installation: Installation) -> str:
    """A process with a hundred lines that has ended."""
    program = "for n in range(1, 101): print('line', n)"
    return run_python(installation, installation.alice, program).id


PLACES: dict[str, tuple[dict[str, int], list[int]]] = {
    "the beginning": ({}, list(range(1, 101))),
    "zero": ({"after": 0}, list(range(1, 101))),
    "the middle": ({"after": 60}, list(range(61, 101))),
    "the end": ({"after": 100}, []),
    "past the end": ({"after": 1000}, []),
    "the last ten": ({"last": 10}, list(range(91, 101))),
    "more than there are": ({"last": 1000}, list(range(1, 101))),
    "none": ({"last": 0}, []),
    "the last ten, of which some are known": ({"last": 10, "after": 95}, list(range(96, 101))),
}


@pytest.mark.parametrize(("place", "seqs"), PLACES.values(), ids=PLACES)
def test_output_of_an_ended_process_can_be_joined_anywhere(
    installation: Installation, finished: str, place: dict[str, int], seqs: list[int]
) -> None:
    ended = end_of(installation, installation.alice, finished, **place)
    assert (ended.seqs, ended.status) == (seqs, "COMPLETED")
    assert ended.lines == [f"line {seq}" for seq in seqs]


@pytest.mark.parametrize(
    ("place", "seqs"),
    [({}, [1, 2, 3, 4]), ({"after": 1}, [2, 3, 4]), ({"last": 1}, [2, 3, 4]), ({"after": 3}, [4])],
    ids=["before", "after", "last", "ahead"],
)
def test_running_process_can_be_joined_anywhere(
    installation: Installation, place: dict[str, int], seqs: list[int]
) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    process_id = start_python(it, alice, f"print(1); print(2); {gate.wait}; print(3); print(4)")
    until_lines(it, alice, process_id, 2)
    with it.subscribe(alice, OUTPUT, id=process_id, **place) as events:
        heard = iter(events)
        found = [next(heard)["processOutput"]] if seqs[0] <= 2 else []
        gate.open()  # not before the place of the join is settled
        found += [event["processOutput"] for event in heard]
    assert [line["seq"] for event in found for line in event.get("lines", ())] == seqs
    check_sums(["1", "2", "3", "4"], [1, 2, 3, 4], found[-1])


def test_scheduled_process_can_be_joined_before_it_starts(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    first = start_python(it, alice, gate.wait, "single")
    second = start_python(it, alice, "print('at last')", "single")
    with it.subscribe(alice, OUTPUT, id=second) as events:
        gate.open()
        found = [event["processOutput"] for event in events]
    assert [line["text"] for line in found[0]["lines"]] == ["at last"]
    assert end_of(it, alice, first).status == "COMPLETED"


def test_line_is_told_while_the_script_runs(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gates = [Gate(it) for _ in range(3)]
    program = "; ".join(f"print({n}); {gate.wait}" for n, gate in enumerate(gates))
    process_id = start_python(it, alice, program)
    with it.subscribe(alice, OUTPUT, id=process_id) as events:
        for number, (gate, event) in enumerate(zip(gates, events, strict=False)):
            lines = event["processOutput"]["lines"]
            assert [(line["seq"], line["text"]) for line in lines] == [(number + 1, str(number))]
            gate.open()
        assert next(iter(events))["processOutput"]["status"] == "COMPLETED"


def test_several_subscribers_each_get_everything(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    process_id = start_python(it, alice, f"{gate.wait}\nfor n in range(20000): print(n)")
    gate.reached()
    found: list[list[str]] = []
    listeners = [
        threading.Thread(target=lambda: found.append(end_of(it, alice, process_id).lines))
        for _ in range(5)
    ]
    for listener in listeners:
        listener.start()
    gate.open()
    for listener in listeners:
        listener.join()
    assert found == [[str(n) for n in range(20000)]] * 5


def test_text_comes_in_one_piece_where_lines_are_not_asked_for(
    installation: Installation, finished: str
) -> None:
    document = """subscription ($id: ID!) { processOutput(id: $id) {
        ... on OutputBatch { text lastSeq } ... on OutputEnd { status } } }"""
    with installation.subscribe(installation.alice, document, id=finished) as events:
        batch, end = (event["processOutput"] for event in events)
    assert batch["text"].split("\n") == [f"line {n}" for n in range(1, 101)]
    assert (batch["lastSeq"], end) == (100, {"status": "COMPLETED"})


TEXT = """subscription ($id: ID!, $rate: Float) { processOutput(id: $id, maxRate: $rate) {
  ... on OutputBatch { text } ... on OutputEnd { status }
} }"""
LARGE = {
    "long lines after many short ones": (
        "for n in range(5000): print(n)\nfor n in range(20): print('x' * 60_000)"
    ),
    "what JSON writes with six bytes": "for n in range(40): print('\\0' * 30_000)",
    "what UTF-8 writes with four": "for n in range(100): print('\U0001f600' * 10_000)",
}


@on_sqlite
@pytest.mark.parametrize("program", LARGE.values(), ids=LARGE)
def test_no_event_is_too_large_for_usual_clients(installation: Installation, program: str) -> None:
    """They refuse messages of 1 MiB, and so does the one that the tests use."""
    it, alice = installation, installation.alice
    ended = run_python(it, alice, program)
    with it.subscribe(alice, TEXT, id=ended.id) as events:
        *batches, end = (event["processOutput"] for event in events)
    assert "\n".join(batch["text"] for batch in batches) == ended.text
    assert end == {"status": "COMPLETED"}


@on_sqlite
def test_event_with_several_texts_is_no_larger(installation: Installation) -> None:
    it, alice = installation, installation.alice
    ended = run_python(it, alice, LARGE["what JSON writes with six bytes"])
    document = """subscription ($id: ID!) { processOutput(id: $id) { ...Texts ...Again } }
      fragment Texts on OutputBatch { text plainText lines { seq time text } }
      fragment Again on OutputBatch { again: lines { plainText } }"""
    with it.subscribe(alice, document, id=ended.id) as events:
        *batches, _ = (event["processOutput"] for event in events)
    for name in ("text", "plainText"):
        assert "\n".join(batch[name] for batch in batches) == ended.text
    assert [line["seq"] for batch in batches for line in batch["lines"]] == [*range(1, 41)]
    assert [line["plainText"] for each in batches for line in each["again"]] == ended.lines


def test_lines_are_noticed_wherever_they_are_selected(installation: Installation) -> None:
    """Events that have them are smaller."""
    it, alice = installation, installation.alice
    ended = run_python(it, alice, "for n in range(5000): print(n)")
    document = """subscription ($id: ID!) { processOutput(id: $id) { ...Batch } }
      fragment Batch on OutputEvent { ... on OutputBatch { firstSeq ...Lines } }
      fragment Lines on OutputBatch { lines { text } }"""
    with it.subscribe(alice, document, id=ended.id) as events:
        *batches, _ = (event["processOutput"].get("lines") for event in events)
    assert [line["text"] for batch in batches for line in batch] == ended.lines
    assert max(map(len, batches)) <= 1000


def test_all_that_is_there_comes_at_the_first_look(installation: Installation) -> None:
    """A rate is one of looks: else who asks for few of them would never catch up."""
    it, alice = installation, installation.alice
    ended = run_python(it, alice, "for n in range(16_000): print('x' * 1000)")
    began = time.monotonic()
    with it.subscribe(alice, TEXT, id=ended.id, rate=0.1) as events:
        *batches, _ = (event["processOutput"] for event in events)
    assert "\n".join(batch["text"] for batch in batches) == ended.text
    assert time.monotonic() - began < PATIENCE  # the pauses between as many looks as events


def server_sent(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    """The events of a stream: name and data."""
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event:"):
            name = line.partition(":")[2].strip()
        elif line.startswith("data:"):
            text = line.partition(":")[2].strip()
            yield name, json.loads(text) if text else None
        if name == "complete":
            yield name, None
            return


def test_live_output_over_server_sent_events(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    process_id = start_python(it, alice, f"print(1); {gate.wait}; print(2)")
    content = {"query": OUTPUT, "variables": {"id": process_id}}
    lines: list[str] = []
    seqs: list[int] = []
    end: dict[str, Any] = {}
    headers = {**alice.headers, "Accept": "text/event-stream"}
    with it.http.stream("POST", f"{it.url}/graphql", json=content, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for name, told in server_sent(answer):
            if name != "next":
                continue
            event = told["data"]["processOutput"]
            lines += [line["text"] for line in event.get("lines", ())]
            seqs += [line["seq"] for line in event.get("lines", ())]
            if lines == ["1"]:
                gate.open()
            end = event
    assert (lines, end["status"]) == (["1", "2"], "COMPLETED")
    check_sums(lines, seqs, end)


ACCEPTED = {
    "text/event-stream": "text/event-stream",
    "application/json;q=0.5, text/event-stream": "text/event-stream",
    "application/graphql-response+json, application/json, text/event-stream": "application/json",
    "application/json, text/event-stream;q=0": "application/json",
    "*/*, text/event-stream;q=0.1": "application/json",
    "text/event-stream, */*": "text/event-stream",
}


@on_sqlite
@pytest.mark.parametrize(("accept", "kind"), ACCEPTED.items(), ids=ACCEPTED)
def test_server_sent_events_are_for_those_who_want_them_most(
    installation: Installation, accept: str, kind: str
) -> None:
    it = installation
    headers = {**it.alice.headers, "Accept": accept}
    content = {"query": "{ viewer { name } }"}
    answer = it.request(it.alice, "POST", "/graphql", json=content, headers=headers)
    assert answer.headers["content-type"].partition(";")[0] == kind
    assert '"name":"alice"' in answer.text


PAGE = """query ($id: ID!, $after: Int, $first: Int, $last: Int, $from: DateTime, $to: DateTime) {
  process(id: $id) {
    output(after: $after, first: $first, last: $last, fromTime: $from, toTime: $to) {
      firstSeq lastSeq hasMore text lines { seq time text }
    }
  }
}"""


def page(it: Installation, process_id: str, **part: object) -> Any:
    part = {"after": 0, **part}
    return it.graphql(it.alice, PAGE, id=process_id, **part)["process"]["output"]


PAGES: dict[str, tuple[dict[str, int], list[int], bool]] = {
    "all": ({}, list(range(1, 101)), False),
    "first": ({"first": 3}, [1, 2, 3], True),
    "after": ({"after": 97, "first": 2}, [98, 99], True),
    "to the end": ({"after": 97, "first": 3}, [98, 99, 100], False),
    "past the end": ({"after": 100}, [], False),
    "last": ({"last": 2}, [99, 100], False),
    "last after": ({"after": 99, "last": 5}, [100], False),
    "none": ({"first": 0}, [], False),
}


@pytest.mark.parametrize(("part", "seqs", "more"), PAGES.values(), ids=PAGES)
def test_output_is_read_by_pages(
    installation: Installation, finished: str, part: dict[str, int], seqs: list[int], more: bool
) -> None:
    found = page(installation, finished, **part)
    assert [line["seq"] for line in found["lines"]] == seqs
    assert [line["text"] for line in found["lines"]] == [f"line {seq}" for seq in seqs]
    if seqs:
        assert found["text"].split("\n") == [f"line {seq}" for seq in seqs]
        assert (found["firstSeq"], found["lastSeq"]) == (seqs[0], seqs[-1])
        assert found["hasMore"] is more
    else:
        assert (found["firstSeq"], found["lastSeq"], found["text"]) == (None, None, "")


def test_pages_put_together_are_the_whole(installation: Installation, finished: str) -> None:
    lines, after, more = [], 0, True
    while more:
        found = page(installation, finished, after=after, first=7)
        lines += [line["text"] for line in found["lines"]]
        after, more = found["lastSeq"], found["hasMore"]
    assert lines == [f"line {n}" for n in range(1, 101)]


def test_page_between_two_times_includes_both(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gates = [Gate(it), Gate(it)]
    program = f"print(1); {gates[0].wait}; print(2); {gates[1].wait}; print(3)"
    process_id = start_python(it, alice, program)
    with it.subscribe(alice, OUTPUT, id=process_id) as events:
        for gate, _ in zip(gates, events, strict=False):
            gate.open()
        list(events)
    times = [line["time"] for line in page(it, process_id)["lines"]]
    assert all(earlier < later for earlier, later in pairwise(times))

    def between(start: str | None, end: str | None) -> list[str]:
        found = page(it, process_id, **{"from": start, "to": end})
        return [line["text"] for line in found["lines"]]

    assert between(times[1], None) == ["2", "3"]
    assert between(None, times[1]) == ["1", "2"]
    assert between(times[1], times[1]) == ["2"]
    elsewhere = datetime.fromisoformat(times[1]).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
    assert between(elsewhere, elsewhere) == ["2"]
    assert between("2001-01-01T00:00:00Z", "2001-01-02T00:00:00Z") == []


def lines_in(spool: Path) -> int:
    content = spool.read_bytes()
    return b"".join(content[each.start : each.end] for each in records(content)).count(b"\n")


@on_sqlite
def test_times_never_go_back_although_the_clock_does(mortal: Installation) -> None:
    """Not even between lines that are read together, as after a pause of the worker."""
    gates = [Gate(mortal) for _ in range(3)]
    parts = [f"print({number}); {gate.wait}" for number, gate in enumerate(gates)]
    process_id = start_python(mortal, mortal.alice, "; ".join(parts))
    until_lines(mortal, mortal.alice, process_id, 1)
    spool = mortal.data / "runs" / process_id / "spool"
    (worker,) = pids(mortal, "server.worker")
    pause(mortal, worker)
    for count, gate in enumerate(gates[:-1], 2):
        gate.open()
        until(lambda: lines_in(spool) == count)  # noqa: B023
    *_, last = records(spool.read_bytes())
    with spool.open("r+b") as file:
        file.seek(last.start - HEADER.size)
        file.write(HEADER.pack(last.time - 3600_000_000, last.kind, last.end - last.start))
    os.kill(worker, signal.SIGCONT)
    gates[-1].open()
    assert end_of(mortal, mortal.alice, process_id).lines == ["0", "1", "2"]
    lines = page(mortal, process_id)["lines"]
    times = [line["time"] for line in lines]
    assert times == sorted(times)
    after = page(mortal, process_id, **{"from": times[1]})["lines"]
    assert [line["text"] for line in after] == ["1", "2"]


def test_subscriber_of_a_process_that_is_deleted_is_told(installation: Installation) -> None:
    it, alice = installation, installation.alice
    process_id = start_python(it, alice, "print(1); import time; time.sleep(600)")
    until_running(it, alice, process_id)
    with it.subscribe(alice, OUTPUT, id=process_id) as events:
        heard = iter(events)
        next(heard)
        it.graphql(alice, "mutation ($id: ID!) { deleteProcess(id: $id) }", id=process_id)
        with pytest.raises(GraphQLRefusal) as refusal:
            list(heard)
    assert refusal.value.code == "NOT_FOUND"


def test_sums_of_the_process_are_those_of_its_end(installation: Installation) -> None:
    it, alice = installation, installation.alice
    ended = run_python(it, alice, "print('ä'); print()")
    found = facts(it, alice, ended.id, "lastSeq outputBytes outputSha256")
    check_sums(
        ["ä", ""],
        [1, 2],
        {
            "endSeq": found["lastSeq"],
            "byteCount": found["outputBytes"],
            "sha256": found["outputSha256"],
        },
    )
