"""What processes were given, where it is long: it is read only where it is shown, and not all at
once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from tests.command_line import objects, printed
from tests.database import on_sqlite
from tests.installation import Installation, User
from tests.rows import LONG_AGO, Row, insert
from tests.subscription import GraphQLRefusal

LISTS = "/api/system/processes"
VALUES = "{ processes(first: 20) { nodes { id parameters { name value } } } }"
LONG = "long" * 25_000


@pytest.fixture(scope="module", autouse=True)
def _nothing_long_is_left(installation: Installation) -> Iterator[None]:
    """Others look at lists of all processes."""
    yield
    long = "SELECT id FROM process WHERE length(CAST(parameters AS TEXT)) > 100000"
    installation.execute(f"DELETE FROM parameter WHERE process_id IN ({long})")  # noqa: S608
    installation.execute(f"DELETE FROM process WHERE id IN ({long})")  # noqa: S608


@pytest.fixture(scope="module")
def dora(installation: Installation) -> User:
    return installation.add_user(f"given {uuid4()}")


@pytest.fixture(scope="module")
def rows(installation: Installation, dora: User) -> list[Row]:
    """Dora's processes, of which every third has little; 13 have a megabyte."""
    made = [
        Row(
            dora.id,
            status="RUNNING" if number % 2 else "COMPLETED",
            parameters=[("a", "true"), ("n", str(number)), *[("x", LONG)] * (number % 3 and 10)],
        )
        for number in range(20)
    ]
    insert(installation, made)
    return sorted(made, key=lambda row: row.id, reverse=True)


def test_rest_lists_what_is_long_as_it_lists_what_is_short(
    installation: Installation, dora: User, rows: list[Row]
) -> None:
    few = installation.get(dora, f"{LISTS}?size=1")
    answer = installation.get(dora, LISTS)
    assert "content-length" in few.headers and "content-length" not in answer.headers
    assert few.headers.keys() - {"content-length"} == answer.headers.keys() - {"transfer-encoding"}
    document = answer.json()
    assert list(document) == list(few.json()) == ["page", "sort", "_embedded"]
    assert document["page"]["totalElements"] == len(rows)
    shown = document["_embedded"]["processes"]
    assert [each["processId"] for each in shown] == [row.id for row in rows]
    for each, row in zip(shown, rows, strict=True):
        assert [(given["name"], given["value"]) for given in each["parameters"]] == row.parameters
        assert each == installation.get(dora, f"{LISTS}/{row.id}").json()
    head = installation.request(dora, "HEAD", LISTS)
    assert head.status_code == 200 and head.headers["link"] == answer.headers["link"]


def test_graphql_lists_what_was_given_in_whole_or_in_one_line(
    installation: Installation, dora: User, rows: list[Row]
) -> None:
    nodes = installation.graphql(dora, VALUES)["processes"]["nodes"]
    found = {each["id"]: each["parameters"] for each in nodes}
    for row in rows:
        assert [(each["name"], each["value"]) for each in found[row.id]] == row.parameters
    long = next(row for row in rows if len(row.parameters) > 2)
    names = "process { parameters { name } }"
    follow = f"subscription ($id: ID) {{ processChanges(id: $id) {{ {names} }} }}"
    with installation.subscribe(dora, follow, id=long.id) as events:
        given = next(iter(events))["processChanges"]["process"]["parameters"]
        assert [each["name"] for each in given] == [name for name, _ in long.parameters]
    document = (
        "{ processes { edges { node { ...P } } } } fragment P on Process { parametersExcerpt }"
    )
    edges = installation.graphql(dora, document)["processes"]["edges"]
    for edge, row in zip(edges, rows, strict=True):
        whole = "-a " + " ".join(f"-{name} {value}" for name, value in row.parameters[1:])
        shown = whole if len(whole) <= 500 else f"{whole[:499]}…"
        assert edge["node"] == {"parametersExcerpt": shown}


def test_excerpt_is_one_line_of_500_characters_at_most(installation: Installation) -> None:
    who = installation.bob
    given = {
        "-c print(1) print(2)  x y -n": [("c", "print(1)\nprint(2)\r\nx\u2028y"), ("n", "true")],
        f"-c {'x' * 497}": [("c", "x" * 497)],
        f"-c {'x' * 496}…": [("c", "x" * 498)],
    }
    document = "query ($id: ID!) { process(id: $id) { parametersExcerpt } }"
    for shown, parameters in given.items():
        (found,) = insert(installation, [Row(who.id, "excerpt", parameters=parameters)])
        process = installation.graphql(who, document, id=found)["process"]
        assert process == {"parametersExcerpt": shown}


def test_many_parameters_are_large_although_they_are_empty(installation: Installation) -> None:
    """Each takes hundreds of bytes of memory, and time in which nobody else is answered."""
    who = installation.bob
    many: list[Any] = [Row(who.id, "many", parameters=[("x", "")] * 66_000) for _ in range(2)]
    insert(installation, many)
    document = '{ processes(filter: {script: "many"}) { nodes { id parameters { name } } } }'
    with pytest.raises(GraphQLRefusal, match="PROCESSION_MAX_ANSWER"):
        installation.graphql(who, document)
    listed = installation.get(who, f"{LISTS}?script=many")
    assert "content-length" not in listed.headers
    for each in listed.json()["_embedded"]["processes"]:
        assert each["parameters"] == [{"name": "x", "value": ""}] * 66_000


def test_answer_that_would_be_too_large_is_refused(
    installation: Installation, dora: User, rows: list[Row]
) -> None:
    aliases = " ".join(f"a{n}: {VALUES[2:-2]}" for n in range(3))
    with pytest.raises(GraphQLRefusal, match="PROCESSION_MAX_ANSWER") as refusal:
        installation.graphql(dora, f"{{ {aliases} viewer {{ name }} }}")
    assert refusal.value.code == "TOO_LARGE"
    assert refusal.value.errors[0]["extensions"]["limit"] == 32 << 20
    names = VALUES.replace("name value", "name")
    with pytest.raises(GraphQLRefusal, match="PROCESSION_MAX_ANSWER"):
        again = " ".join(f"b{n}: {names[2:-2]}" for n in range(3))
        installation.graphql(dora, f"{{ {again} }}")
    script = " ".join(
        f"c{n}: processes {{ nodes {{ id script {{ parameters {{ name }} }} }} }}" for n in range(9)
    )
    assert len(installation.graphql(dora, f"{{ {script} }}")) == 9


@contextmanager
def without_what_was_given(it: Installation) -> Iterator[None]:
    """Whoever reads it fails."""
    names = ("parameters", "secrets")
    for name in names:
        it.execute(f"ALTER TABLE process RENAME COLUMN {name} TO hidden_{name}")
    try:
        yield
    finally:
        for name in names:
            it.execute(f"ALTER TABLE process RENAME COLUMN hidden_{name} TO {name}")


def test_head_of_a_list_reads_nothing_that_it_does_not_show(mortal: Installation) -> None:
    it, who = mortal, mortal.add_user(f"owner of many {uuid4()}")
    insert(it, [Row(who.id, parameters=[("x", LONG)] * 10) for _ in range(6)])
    whole = it.get(who, LISTS)
    before = it.log.stat().st_size
    with without_what_was_given(it):
        head = it.request(who, "HEAD", LISTS)
        assert it.get(who, "/healthz").status_code == 200  # on the same connection
    assert head.headers.keys() == whole.headers.keys() - {"transfer-encoding"}
    assert b"parameters" not in it.log.read_bytes()[before:]


def test_what_was_given_is_not_read_where_it_is_not_shown(mortal: Installation) -> None:
    it, who = mortal, mortal.add_user(f"owner of one {uuid4()}")
    (found,) = insert(it, [Row(who.id, lines=[(LONG_AGO, "one")], parameters=[("n", "1")])])
    plain = "id scriptName status reason output { text } progress { done }"
    changes = f"subscription ($id: ID) {{ processChanges(id: $id) {{ process {{ {plain} }} }} }}"
    with without_what_was_given(it):
        nodes = it.graphql(who, f"{{ processes(first: 1) {{ totalCount nodes {{ {plain} }} }} }}")[
            "processes"
        ]
        (node,) = nodes["nodes"]
        document = f"query ($id: ID!) {{ process(id: $id) {{ {plain} }} }}"
        assert it.graphql(who, document, id=found)["process"] == node
        assert node["output"] == {"text": "one"}
        with it.subscribe(who, changes, id=found) as told:
            events = iter(told)
            assert next(events)["processChanges"]["process"] == node
            for part in ("output", "files"):
                assert it.get(who, f"{LISTS}/{found}/{part}").status_code == 200
            stop = "mutation ($id: ID!) { stopProcess(id: $id) { id } }"
            assert it.graphql(who, stop, id=found)["stopProcess"] == {"id": found}
            assert it.request(who, "DELETE", f"{LISTS}/{found}").status_code == 204
            assert next(events)["processChanges"]["process"] is None


@on_sqlite
def test_command_line_lists_what_is_long_page_by_page(
    installation: Installation, dora: User, rows: list[Row]
) -> None:
    more: list[Any] = [Row(dora.id, "long", parameters=[("x", LONG)] * 10) for _ in range(40)]
    insert(installation, more)
    with pytest.raises(GraphQLRefusal):
        installation.graphql(dora, VALUES.replace("20", "60"))
    listed = objects(
        printed(installation, dora, "list", "--script", "long", "--limit", "0", "--json")
    )
    assert {each["id"] for each in listed} == {row.id for row in more}
