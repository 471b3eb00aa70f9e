"""The list of processes in GraphQL: pages, filters, orders, and changes as they happen."""

import json
import random
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby, takewhile
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest

from jobs.doorbell import Topic
from tests.database import on_postgres
from tests.installation import PATIENCE, Installation, User
from tests.rows import Row, insert
from tests.running import CHANGES, Gate, end_of, run_python, start_python, until_heard
from tests.subscription import GraphQLRefusal

LIST = """query ($first: Int, $after: String, $last: Int, $before: String,
                 $filter: ProcessFilter, $sort: ProcessSort) {
  processes(first: $first, after: $after, last: $last, before: $before,
            filter: $filter, sort: $sort) {
    totalCount
    nodes { id }
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)
COUNT = 300
NEVER = datetime.max.replace(tzinfo=UTC)
ENDED = ("COMPLETED", "FAILED", "STOPPED")


@pytest.fixture(scope="module")
def vera(installation: Installation) -> User:
    return installation.add_user("vera")


@pytest.fixture(scope="module")
def rows(installation: Installation, vera: User) -> list[Row]:
    """Vera's processes, many of which start at the same moment."""
    chance = random.Random(7)  # noqa: S311
    statuses = ("COMPLETED", "FAILED", "STOPPED", "RUNNING", "SCHEDULED")
    made = [
        Row(
            vera.id,
            chance.choice(("one", "two", "three")),
            status := chance.choice(statuses),
            start_time=(start := BEGINNING + timedelta(hours=chance.randrange(40))),
            ended_at=start + timedelta(hours=chance.randrange(9)) if status in ENDED else None,
            created_at=BEGINNING + timedelta(seconds=chance.randrange(100)),
            parameters=[("n", str(number)), ("colour", chance.choice(("red", "green")))],
            reason='It is 100% \\"x\\"' if status == "FAILED" else None,
        )
        for number in range(COUNT)
    ]
    insert(installation, made)
    return made


def ask(it: Installation, who: User, **arguments: Any) -> Any:
    return it.graphql(who, LIST, **arguments)["processes"]


KEYS = {
    "START_TIME": lambda row: (row.start_time, row.id),
    "CREATED_AT": lambda row: (row.created_at, row.id),
    "SCRIPT": lambda row: (row.script, row.start_time, row.id),
    "ENDED_AT": lambda row: (row.ended_at or NEVER, row.id),
    "DURATION": lambda row: (
        row.ended_at - row.start_time if row.ended_at else timedelta.max,
        row.id,
    ),
}


@pytest.fixture(params=[(by, way) for by in KEYS for way in ("ASC", "DESC")], ids="-".join)
def sort(request: pytest.FixtureRequest) -> dict[str, str]:
    by, way = request.param
    return {"by": by, "direction": way}


def in_order(rows: list[Row], sort: dict[str, str]) -> list[str]:
    ordered = sorted(rows, key=KEYS[sort["by"]], reverse=sort["direction"] == "DESC")
    return [row.id for row in ordered]


def test_pages_forwards_hold_each_process_once_in_order(
    installation: Installation, vera: User, rows: list[Row], sort: dict[str, str]
) -> None:
    found: list[str] = []
    after = None
    while True:
        page = ask(installation, vera, first=70, after=after, sort=sort)
        found += [edge["node"]["id"] for edge in page["edges"]]
        info = page["pageInfo"]
        assert info["hasPreviousPage"] is (after is not None)
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break
    assert found == in_order(rows, sort)


def test_pages_backwards_hold_each_process_once_in_order(
    installation: Installation, vera: User, rows: list[Row], sort: dict[str, str]
) -> None:
    found: list[str] = []
    before = None
    while True:
        page = ask(installation, vera, last=70, before=before, sort=sort)
        found = [edge["node"]["id"] for edge in page["edges"]] + found
        info = page["pageInfo"]
        assert info["hasNextPage"] is (before is not None)
        before = info["startCursor"]
        if not info["hasPreviousPage"]:
            break
    assert found == in_order(rows, sort)


def test_page_between_two_cursors(installation: Installation, vera: User, rows: list[Row]) -> None:
    cursors = [edge["cursor"] for edge in ask(installation, vera, first=10)["edges"]]
    between = ask(installation, vera, first=100, after=cursors[2], before=cursors[7])
    expected = in_order(rows, {"by": "START_TIME", "direction": "DESC"})[3:7]
    assert [node["id"] for node in between["nodes"]] == expected


def test_newest_twenty_come_unless_asked_otherwise(
    installation: Installation, vera: User, rows: list[Row]
) -> None:
    page = ask(installation, vera)
    expected = in_order(rows, {"by": "START_TIME", "direction": "DESC"})
    assert [node["id"] for node in page["nodes"]] == expected[:20]
    assert page["totalCount"] == COUNT
    assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]


def test_page_of_nothing_still_counts(
    installation: Installation, vera: User, rows: list[Row]
) -> None:
    page = ask(installation, vera, first=0)
    assert (page["nodes"], page["totalCount"]) == ([], len(rows))


def test_process_that_comes_or_goes_moves_no_other_to_another_page(
    installation: Installation,
) -> None:
    it = installation
    wanda = it.add_user("wanda")
    made = [Row(wanda.id, start_time=BEGINNING + timedelta(hours=hour)) for hour in range(10)]
    newest = insert(it, made)[::-1]
    first = ask(it, wanda, first=4)
    it.graphql(wanda, DELETE, id=newest[1])
    insert(it, [Row(wanda.id, start_time=BEGINNING + timedelta(hours=20))])
    second = ask(it, wanda, first=4, after=first["pageInfo"]["endCursor"])
    assert [node["id"] for node in second["nodes"]] == newest[4:8]


FILTERS: dict[str, tuple[dict[str, Any], Any]] = {
    "none": ({}, lambda row: True),
    "script": ({"script": "two"}, lambda row: row.script == "two"),
    "status": ({"statuses": ["FAILED"]}, lambda row: row.status == "FAILED"),
    "statuses": (
        {"statuses": ["FAILED", "RUNNING"]},
        lambda row: row.status in {"FAILED", "RUNNING"},
    ),
    "no status at all": ({"statuses": []}, lambda row: False),
    "parameter": (
        {"parameters": [{"name": "colour", "value": "red"}]},
        lambda row: ("colour", "red") in row.parameters,
    ),
    "two parameters": (
        {"parameters": [{"name": "colour", "value": "red"}, {"name": "n", "value": "5"}]},
        lambda row: {("colour", "red"), ("n", "5")} <= set(row.parameters),
    ),
    "start time, both ends included": (
        {"startTime": {"start": "2030-01-01T05:00:00Z", "end": "2030-01-01T12:00:00+02:00"}},
        lambda row: 5 <= (row.start_time - BEGINNING) / timedelta(hours=1) <= 10,
    ),
    "creation time": (
        {"createdAt": {"end": "2030-01-01T00:00:30Z"}},
        lambda row: row.created_at <= BEGINNING + timedelta(seconds=30),
    ),
    "end": (
        {"endedAt": {"start": "2030-01-01T08:00:00Z", "end": "2030-01-01T20:00:00Z"}},
        lambda row: (
            row.ended_at is not None and 8 <= (row.ended_at - BEGINNING) / timedelta(hours=1) <= 20
        ),
    ),
    "text of the script": ({"text": "WO"}, lambda row: row.script == "two"),
    "text of a parameter": ({"text": "Gree"}, lambda row: ("colour", "green") in row.parameters),
    "text of the user": ({"text": "vera"}, lambda row: True),
    "text of the reason": ({"text": '100% \\"X'}, lambda row: row.status == "FAILED"),
    "text of nothing": ({"text": "%"}, lambda row: row.status == "FAILED"),
    "text that no database takes": ({"text": "\0"}, lambda row: False),
    "longest text": ({"text": "\x01!" * 500}, lambda row: False),
    "all together": (
        {
            "script": "one",
            "statuses": ["COMPLETED", "STOPPED"],
            "parameters": [{"name": "colour", "value": "green"}],
            "startTime": {"start": "2030-01-01T03:00:00Z"},
        },
        lambda row: (
            row.script == "one"
            and row.status in {"COMPLETED", "STOPPED"}
            and ("colour", "green") in row.parameters
            and row.start_time >= BEGINNING + timedelta(hours=3)
        ),
    ),
}


COUNTS = """query ($filter: ProcessFilter) {
  processes(first: 0, filter: $filter) { statusCounts { status count } }
}"""


def test_each_status_is_counted_whatever_statuses_are_wanted(
    installation: Installation, vera: User, rows: list[Row]
) -> None:
    wanted = {"script": "two", "statuses": ["FAILED"], "userId": vera.id}
    for who in (vera, installation.admin):
        found = installation.graphql(who, COUNTS, filter=wanted)["processes"]["statusCounts"]
        counted = Counter(row.status for row in rows if row.script == "two")
        assert {each["status"]: each["count"] for each in found} == dict(counted)


def test_beginning_of_an_id_finds_its_process(
    installation: Installation, vera: User, rows: list[Row]
) -> None:
    for text in (rows[0].id, rows[0].id[:13].upper()):
        found = ask(installation, vera, filter={"text": text})
        assert [each["id"] for each in found["nodes"]] == [rows[0].id]


@pytest.mark.parametrize(("wanted", "holds"), FILTERS.values(), ids=FILTERS)
def test_filter_holds_for_what_is_found_and_for_nothing_else(
    installation: Installation, vera: User, rows: list[Row], wanted: dict[str, Any], holds: Any
) -> None:
    expected = [row.id for row in rows if holds(row)]
    page = ask(installation, vera, first=COUNT, filter=wanted)
    assert sorted(node["id"] for node in page["nodes"]) == sorted(expected)
    assert page["totalCount"] == len(expected)
    by_admin = ask(installation, installation.admin, filter={**wanted, "userId": vera.id})
    assert by_admin["totalCount"] == len(expected)


def test_pages_of_a_filtered_list_hold_each_process_once(
    installation: Installation, vera: User, rows: list[Row]
) -> None:
    wanted = {"script": "two", "statuses": ["FAILED", "COMPLETED"]}
    found: list[str] = []
    after = None
    more = True
    while more:
        page = ask(installation, vera, first=7, after=after, filter=wanted)
        found += [node["id"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    wanted_rows = [r for r in rows if r.script == "two" and r.status in wanted["statuses"]]
    assert found == in_order(wanted_rows, {"by": "START_TIME", "direction": "DESC"})


def test_administrator_sees_all_and_others_only_their_own(
    installation: Installation, vera: User, rows: list[Row]
) -> None:
    insert(installation, [Row(installation.admin.id)])
    everything = ask(installation, installation.admin, first=0)["totalCount"]
    assert everything > ask(installation, vera, first=0)["totalCount"] == len(rows)
    with pytest.raises(GraphQLRefusal) as refusal:
        ask(installation, installation.alice, filter={"userId": vera.id})
    assert refusal.value.code == "FORBIDDEN"


def cursor(*values: object) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).decode()


NOBODY = str(UUID(int=0))
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "negative": ({"first": -1}, "first"),
    "too many": ({"first": 1001}, "first"),
    "too many from the end": ({"last": 1001}, "last"),
    "both ends": ({"first": 1, "last": 1}, "last"),
    "no cursor": ({"after": "x"}, "after"),
    "empty cursor": ({"before": ""}, "before"),
    "cursor with other contents": ({"after": "WyJzdGFydF90aW1lIiwxXQ=="}, "after"),
    "cursor beyond all times": ({"after": cursor("start_time", 1 << 63, NOBODY)}, "after"),
    "cursor of no process": ({"after": cursor("start_time", 1, f"urn:uuid:{NOBODY}")}, "after"),
    "cursor with NUL": (
        {
            "after": cursor("script", "a\0", 1, NOBODY),
            "sort": {"by": "SCRIPT", "direction": "ASC"},
        },
        "after",
    ),
    "user id": ({"filter": {"userId": "x"}}, "filter.userId"),
    "long text": ({"filter": {"text": "x" * 1001}}, "filter.text"),
}


@pytest.mark.parametrize(("arguments", "name"), WRONG.values(), ids=WRONG)
def test_wrong_argument_is_refused_by_name(
    installation: Installation, arguments: dict[str, Any], name: str
) -> None:
    with pytest.raises(GraphQLRefusal) as refusal:
        ask(installation, installation.alice, **arguments)
    assert refusal.value.code == "BAD_INPUT"
    assert list(refusal.value.fields) == [name]


def test_cursor_of_another_order_is_refused(
    installation: Installation, vera: User, rows: list[Row]
) -> None:
    cursor = ask(installation, vera, first=1)["pageInfo"]["endCursor"]
    with pytest.raises(GraphQLRefusal) as refusal:
        ask(installation, vera, after=cursor, sort={"by": "SCRIPT", "direction": "ASC"})
    assert list(refusal.value.fields) == ["after"]


# --- changes --------------------------------------------------------------------------------------


DELETE = "mutation ($id: ID!) { deleteProcess(id: $id) }"


def test_changes_of_one_process_begin_with_its_present_state(installation: Installation) -> None:
    it, alice = installation, installation.alice
    ended = run_python(it, alice, "print(1)")
    with it.subscribe(alice, CHANGES, id=ended.id) as events:
        change = next(iter(events))["processChanges"]
    assert (change["id"], change["process"]["status"]) == (ended.id, "COMPLETED")


def test_changes_of_all_tell_a_life_in_order(installation: Installation) -> None:
    it, alice, gate = installation, installation.alice, Gate(installation)
    with it.subscribe(alice, CHANGES) as events:
        heard = iter(events)
        until_heard(it, alice, heard)
        process_id = start_python(it, alice, gate.wait)
        statuses = []
        while "COMPLETED" not in statuses:
            change = next(heard)["processChanges"]
            if change["id"] == process_id:
                statuses.append(change["process"]["status"])
                if statuses[-1] == "RUNNING":
                    gate.open()
        it.graphql(alice, DELETE, id=process_id)
        while (change := next(heard)["processChanges"])["id"] != process_id:
            pass
        assert change["process"] is None
    told = [status for status, _ in groupby(statuses)]
    assert told in (["SCHEDULED", "RUNNING", "COMPLETED"], ["RUNNING", "COMPLETED"])


def test_change_is_told_whose_ring_was_lost_while_others_ring(installation: Installation) -> None:
    it, moment = installation, datetime.now(UTC)
    with ThreadPoolExecutor(1) as pool, it.subscribe(it.alice, CHANGES) as events:
        heard = iter(events)
        until_heard(it, it.alice, heard)
        with ringing(it):
            (lost,) = insert(it, [Row(it.alice.id, start_time=moment, created_at=moment)])
            told = (event["processChanges"]["id"] == lost for event in heard)
            assert pool.submit(any, told).result(PATIENCE)


@on_postgres
def test_change_is_told_that_comes_while_a_subscriber_is_just_beginning(
    installation: Installation,
) -> None:
    """They may have asked for the list before it."""
    it, moment = installation, datetime.now(UTC)
    (changed,) = insert(it, [Row(it.alice.id, start_time=moment, created_at=moment)])
    change = f"UPDATE process SET status = 'FAILED' WHERE id = '{changed}'"  # noqa: S608
    with ExitStack() as stack:
        with it.locked("process", change):
            events = stack.enter_context(it.subscribe(it.alice, CHANGES))
            it.until_waiting("LIMIT 1000", 1)  # it looks at what there is
            stack.enter_context(closing(it.redis())).publish(Topic.PROCESS.value, changed)
        last = start_python(it, it.alice, "print(1)")
        heard = (event["processChanges"] for event in events)
        told = list(takewhile(lambda each: each["id"] != last, heard))
    assert ("FAILED", changed) in [(each["process"]["status"], each["id"]) for each in told]


@contextmanager
def ringing(it: Installation) -> Iterator[None]:
    """Inside a bell is rung all the time, about what is nobody's business."""
    over = Event()

    def ring() -> None:
        redis = it.redis()
        while not over.wait(0.1):
            redis.publish(Topic.PROCESS.value, str(uuid4()))
        redis.close()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(ring)
        try:
            yield
        finally:
            over.set()
            done.result()


def test_deletion_of_what_is_old_is_told_to_its_owner_alone(installation: Installation) -> None:
    it = installation
    (old,) = insert(it, [Row(it.alice.id)])
    with (
        it.subscribe(it.alice, CHANGES) as events,
        it.subscribe(it.bob, CHANGES) as others,
    ):
        heard, elsewhere = iter(events), iter(others)
        until_heard(it, it.alice, heard)
        until_heard(it, it.bob, elsewhere)
        it.graphql(it.alice, DELETE, id=old)
        while (change := next(heard)["processChanges"])["process"]:
            pass
        assert change["id"] == old
        theirs = start_python(it, it.bob, "print(1)")
        while (change := next(elsewhere)["processChanges"])["id"] != theirs:
            assert change["process"]


def test_changes_of_others_are_not_told(installation: Installation) -> None:
    it = installation
    with it.subscribe(it.bob, CHANGES) as events:
        heard = iter(events)
        until_heard(it, it.bob, heard)
        first = start_python(it, it.bob, "print(1)")
        theirs = start_python(it, it.alice, "print(2)")
        end_of(it, it.alice, theirs)
        it.graphql(it.alice, DELETE, id=theirs)
        last = start_python(it, it.bob, "print(3)")
        ids: set[str] = set()
        while not {first, last} <= ids:
            ids.add(next(heard)["processChanges"]["id"])
    assert theirs not in ids
