"""Limits on GraphQL: what a document may look like and what it may cost."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from threading import Timer
from typing import Any
from uuid import UUID, uuid4

import pytest
from graphql import build_schema, parse

from resolvers.errors import TooLarge
from schema import context
from schema.answer import Answer
from schema.cost import bills
from schema.nesting import is_nested_beyond
from schema.schema import sdl
from tests.installation import Installation, installed
from tests.rows import LONG_AGO, Row, insert
from tests.subscription import GraphQLRefusal


@pytest.fixture(scope="module")
def it() -> Iterator[Installation]:
    """With limits that are reached soon."""
    with installed(
        PROCESSION_MAX_DEPTH="6",
        PROCESSION_MAX_COST="10000",
        PROCESSION_MAX_ANSWER="50000",
        PROCESSION_INTROSPECTION="false",
    ) as made:
        made.start()
        yield made


def refused(it: Installation, document: str, **variables: Any) -> GraphQLRefusal:
    with pytest.raises(GraphQLRefusal) as refusal:
        it.graphql(it.admin, document, **variables)
    return refusal.value


BOMB = "".join(f"fragment A{n} on Query {{ ...A{n + 1} ...A{n + 1} }} " for n in range(150))
CHAIN = "".join(f"fragment A{n} on Query {{ ...A{n + 1} }} " for n in range(190))
ENDS = "fragment A{} on Query {{ viewer {{ id }} }}"
SHAPES = {
    "deep": (
        "{ processes { edges { node { script { parameters { name { x { y } } } } } } } }",
        "6 levels deep (PROCESSION_MAX_DEPTH)",
    ),
    "aliases": (
        "{" + " ".join(f"a{n}: viewer {{ id }}" for n in range(31)) + "}",
        "30 aliases and repeated fields (PROCESSION_MAX_ALIASES)",
    ),
    "repeated fields": ("{" + "viewer { id } " * 400 + "}", "PROCESSION_MAX_ALIASES"),
    "repeated leaves": ("{ viewer {" + "id " * 1900 + "} }", "PROCESSION_MAX_ALIASES"),
    "fragments in fragments": ("{ ...A0 } " + BOMB + ENDS.format(150), "PROCESSION_MAX_ALIASES"),
    "fragment again and again": (
        "{" + "...A0 " * 500 + "} " + ENDS.format(0),
        "PROCESSION_MAX_ALIASES",
    ),
    "tokens": ("{" + " viewer { id }" * 1000 + "}", "2000 tokens"),
    "characters": ("{ viewer { id } } #" + "x" * 100_000, "100000 characters"),
    "introspection": ("{ __schema { types { name } } }", "introspection has been disabled"),
    "selections in selections": ("{ viewer " * 600 + "}" * 600, "nested 62 levels deep"),
    "thousands of levels": ("{a" * 20_000 + "}" * 20_000, "(PROCESSION_MAX_DEPTH)"),
    "lists in lists": ("{ a(x: " + "[" * 63 + "]" * 63 + ") }", "nested 62 levels deep"),
}


@pytest.mark.parametrize(("document", "told"), SHAPES.values(), ids=SHAPES)
def test_document_of_bad_shape_is_refused(it: Installation, document: str, told: str) -> None:
    refusal = refused(it, document)
    assert told in str(refusal)
    assert refusal.code in {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}


def test_long_chain_of_fragments_is_answered_or_refused_in_words(it: Installation) -> None:
    document = "{ ...A0 } " + CHAIN + ENDS.format(190)
    try:
        assert it.graphql(it.admin, document)["viewer"]["id"] == it.admin.id
    except GraphQLRefusal as refusal:
        assert "PROCESSION_MAX_DEPTH" in str(refusal)


BRACKETS = "[({" * 100


@pytest.mark.parametrize(
    "hidden",
    [
        f"# {BRACKETS}",
        f'@skip(if: "{BRACKETS}")',
        f'@skip(if: "\\"{BRACKETS}")',
        f'@skip(if: """ "{BRACKETS} \\""" {BRACKETS} """)',
    ],
)
def test_brackets_in_text_are_not_nested(hidden: str) -> None:
    assert not is_nested_beyond(2, f"{{ viewer {hidden}\n {{ id }} }}")
    assert is_nested_beyond(2, f"{{ viewer {hidden}\n {{ id {{ id }} }} }}")


def test_what_is_not_closed_is_looked_at_once() -> None:
    """It would take minutes if each quotation mark were tried with all that follows."""
    for piece in ('"""\n\\', '"\n', '""" \\', '"\\', "#", '"""', '\\"""\n'):
        assert not is_nested_beyond(0, piece * 200_000)


# A document with its variables, and what it costs.
COSTS: list[tuple[str, dict[str, Any], int]] = [
    ("{ viewer { id } }", {}, 2),
    ("{ processes(first: 1000) { nodes { id status user { name } } } }", {}, 21 + 1000 * 4),
    ("{ processes { nodes { id } totalCount } }", {}, 21 + 20 + 100),
    ("query ($n: Int) { processes(last: $n) { edges { node { id } } } }", {"n": 50}, 21 + 50 * 2),
    ("query ($n: Int = 7) { processes(first: $n) { nodes { id } } }", {}, 21 + 7),
    ("query ($n: Int = 7) { processes(first: $n) { nodes { id } } }", {"n": -5}, 21),
    ("query ($n: Int) { processes(first: $n) { nodes { id } } }", {"n": 50.0}, 21 + 50),
    ("query ($n: Int) { processes(first: $n) { nodes { id } } }", {"n": 50.5}, 21 + 20),
    ("query ($n: Int) { processes(first: $n, last: 9) { nodes { id } } }", {"n": None}, 21 + 9),
    (
        "{ ...P } fragment P on Query { processes(first: 3) { ...C } }"
        " fragment C on ProcessConnection { nodes { parameters { name } } }",
        {},
        21 + 3 * (1 + 10),
    ),
    (
        "{ processes(first: 10) { nodes { output(last: 5) { lines { text } } } } }",
        {},
        21 + 10 * (1 + 5 * (20 + 400) + 1 + 5),
    ),
    (
        "query ($l: Int) { processes(first: 2) { nodes { output(first: $l) { text } } } }",
        {"l": 100_000},
        21 + 2 * (1 + 1000 * 20 + 50 * 400 + 1),
    ),
    (
        "query ($i: ID!) { process(id: $i) { output(first: 50) { lastSeq ...P } } } fragment P on"
        " OutputPage { text ... on OutputPage { plainText } lines { seq ...L } }"
        " fragment L on OutputLine { text }",
        {},
        1 + 1 + 50 * (20 + 3 * 400) + 4 + 50 * 2,
    ),
    (
        """query ($i: ID!) { process(id: $i) {
          outputSearch(pattern: "x", first: 5) { matches { line { seq plainText } } }
        } }""",
        {},
        1 + 20_000 + 5 * 400 + 1 + 5 * 3,
    ),
    (
        """query ($i: ID!, $c: Int!) { process(id: $i) {
          outputSearch(pattern: "x", first: 1, context: $c) {
            matches { before { a: text b: text } }
          }
        } }""",
        {"c": 50},
        1 + 20_000 + 2 * 50 * 400 + 1 + 1 + 10 * 2,
    ),
    ("{ processes(first: 5) { nodes { summary } } }", {}, 21 + 5 * 400),
    (f"{{ processes(first: 5) {{ nodes {{ {'a' * 49}: id }} }} }}", {}, 21 + 5),
    (f"{{ processes(first: 5) {{ nodes {{ {'a' * 250}: id }} }} }}", {}, 21 + 5 * (1 + 5)),
    (
        "{ processes(first: 5) { nodes { parameters { value again: value } } ...P } }"
        " fragment P on ProcessConnection { edges { node { parameters { value } } } }",
        {},
        21 + 5 * (1 + 10 * (1 + 100)) + 1 + 5 * (1 + 1 + 10 * 100),
    ),
    ("query ($n: Int) { processes(first: $n) { nodes { id } } }", {"n": 1e300}, 2**53 - 1),
]


@pytest.mark.parametrize(("document", "variables", "cost"), COSTS)
def test_operation_costs_what_its_lists_ask_for(
    document: str, variables: dict[str, Any], cost: int
) -> None:
    (bill,) = bills(build_schema(sdl()), parse(document)).values()
    assert bill.sum(variables) == cost


def test_size_given_as_a_variable_counts_each_time(it: Installation) -> None:
    document = (
        "query ($n: Int) { processes(first: $n) { nodes { script { parameters { name } } } } }"
    )
    assert it.graphql(it.admin, document, n=100)
    assert str(refused(it, document, n=1000.0)) == str(refused(it, document, n=1000))
    refusal = refused(it, document, n=1000)
    assert "12021 points of 10000" in str(refusal) and "PROCESSION_MAX_COST" in str(refusal)
    assert refusal.errors[0]["extensions"] == {"code": "TOO_COSTLY", "cost": 12021, "limit": 10000}
    assert refused(it, document, n=1e300).code == "TOO_COSTLY"
    assert it.graphql(it.admin, document, n=100)


def test_operation_that_is_named_is_executed_at_its_own_cost(it: Installation) -> None:
    dear = "query B { processes(first: 1000) { nodes { script { parameters { name } } } } }"
    asked = {"query": f"query A {{ viewer {{ name }} }} {dear}"}
    for name, kind in (("A", "data"), ("B", "errors")):
        answer = it.request(it.admin, "POST", "/graphql", json={**asked, "operationName": name})
        assert answer.json()[kind]


def test_texts_of_an_output_cost_what_they_may_be_long(it: Installation) -> None:
    """Of pages of few lines, which may have 64 KiB each, one answer could have gigabytes."""
    document = "{ processes(first: 9) { nodes { output(last: 9) { %s } } } }"
    assert it.graphql(it.admin, document % "lastSeq") == {"processes": {"nodes": []}}
    for selection in ("text", "a: plainText", "lines { text }"):
        assert refused(it, document % selection).code == "TOO_COSTLY"


TEXTS = {"all in one": "text", "line by line": "lines { text }"}


@pytest.mark.parametrize("selection", TEXTS.values(), ids=TEXTS)
def test_answer_is_refused_for_what_its_texts_are_as_json(it: Installation, selection: str) -> None:
    """A control character has six bytes there."""
    found = {
        sign: insert(it, [Row(it.admin.id, lines=[(LONG_AGO, sign * 500)] * 20)])[0]
        for sign in "x\x01"
    }
    lines = f"output(last: 20) {{ {selection} }}"
    document = f"query ($id: ID!) {{ process(id: $id) {{ {lines} }} }}"
    assert "x" * 500 in str(it.graphql(it.admin, document, id=found["x"]))
    refusal = refused(it, document, id=found["\x01"])
    assert "PROCESSION_MAX_ANSWER" in str(refusal) and "changed" not in str(refusal)
    assert [each["extensions"] for each in refusal.errors] == [
        {"code": "TOO_LARGE", "limit": 50000}
    ]
    stop = f"mutation ($id: ID!) {{ stopProcess(id: $id) {{ {lines} }} }}"
    assert "has been changed" in str(refused(it, stop, id=found["\x01"]))
    follow = "subscription ($id: ID!) { processOutput(id: $id) { ... on OutputBatch { %s } } }"
    with (
        pytest.raises(GraphQLRefusal, match="PROCESSION_MAX_ANSWER"),
        it.subscribe(it.admin, follow % selection, id=found["\x01"]) as events,
    ):
        list(events)


def test_objects_in_an_answer_count_too(it: Installation) -> None:
    details = json.dumps({"parameters": [["x", "x" * 200]] * 100})
    it.insert("audit", [{"at": 0, "action": "long", "result": "OK", "details": details}])
    document = '{ audit(filter: {action: "long"}) { nodes { %s } } }'
    assert "x" * 200 in str(it.graphql(it.admin, document % "details"))
    refusal = refused(it, document % "a: details b: details c: details")
    assert refusal.code == "TOO_LARGE"


def test_reports_count_as_they_are_read_each_part_by_itself(it: Installation) -> None:
    (found,) = insert(it, [Row(it.admin.id)])
    facts = {"process_id": found, "facts": json.dumps({"a": "x" * 60_000})}
    it.insert("report", [{**facts, "summary": "Done.", "notices": "[]"}])
    document = "query ($id: ID!) { process(id: $id) { summary notices { level } %s } }"
    assert it.graphql(it.admin, document % "", id=found) == {
        "process": {"summary": "Done.", "notices": []}
    }
    assert refused(it, document % "values { name }", id=found).code == "TOO_LARGE"


def test_answer_that_is_too_large_takes_no_other_of_its_connection_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are read together only now and then: by chance, so the database is left out here."""

    async def parts_of(ids: Collection[UUID], part: str, admit: Callable[[int], None]) -> Any:
        admit(10 * len(ids))
        return dict.fromkeys(ids, part)

    monkeypatch.setattr(context, "parts_of", parts_of)
    small, large = Answer(10), Answer(20)
    keys: list[context.Told] = [(uuid4(), "facts", each) for each in (large, small, small, large)]
    first, *refused, last = asyncio.run(context._load_reports(keys))
    assert first == last == "facts" and [type(each) for each in refused] == [TooLarge] * 2


def test_subscription_and_stream_are_limited_too(it: Installation) -> None:
    for document, told in (
        ('{ processes(first: 1000) { nodes { outputSearch(pattern: "x") { hasMore } } } }', "COST"),
        ("subscription { processChanges { process {" + "id " * 100 + "} } }", "ALIASES"),
        ("subscription { processChanges { id } } #" + "x" * 100_000, "TOKENS"),
    ):
        with (
            pytest.raises(GraphQLRefusal, match=f"PROCESSION_MAX_{told}"),
            it.subscribe(it.admin, document) as events,
        ):
            list(events)


def test_operation_beyond_its_time_is_told_so_and_what_it_began_is_done() -> None:
    with installed(PROCESSION_OPERATION_TIMEOUT="1") as made:
        made.start()
        who = made.admin
        path = made.data / "procession.sqlite3"
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        begun, told = 0, ""
        with closing(connection) as database:
            while not told:  # it was in time if it reached the server late
                begun += 1
                database.execute("BEGIN IMMEDIATE")  # nobody else can write until it is over
                release = Timer(1.5, database.rollback)
                release.start()
                try:
                    made.graphql(who, 'mutation { startProcess(script: "echo") { id } }')
                except GraphQLRefusal as refusal:
                    told = f"{refusal.code}: {refusal}"
                release.join()
        assert told.startswith("TIMEOUT: ") and "PROCESSION_OPERATION_TIMEOUT" in told
        assert made.graphql(who, "{ processes { totalCount } }")["processes"]["totalCount"] == begun


def test_several_operations_in_one_request_are_refused(it: Installation) -> None:
    body = json.dumps([{"query": "{ viewer { id } }"}] * 2).encode()
    answer = it.request(
        it.admin, "POST", "/graphql", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400


def test_long_documents_are_not_remembered() -> None:
    """Neither they nor what was found out of them."""
    with installed() as it:
        it.start()

        def ask(number: int) -> None:
            comment = "#\n" * 1900 + f"#{number:06}" + "x" * 90_000
            assert it.graphql(it.admin, f"{comment}\n{{ scripts {{ name }} }}")["scripts"]

        for number in range(10):
            ask(number)
        before = it.resident()
        for number in range(10, 60):
            ask(number)
        assert it.resident() - before < 10 << 20
