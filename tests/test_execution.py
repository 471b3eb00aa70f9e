"""The short way through lists gives what graphql-core gives, for any document."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import strawberry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema
from strawberry.schema.config import StrawberryConfig

from schema.execution import SELECTIONS, Execution
from schema.scalars import SCALARS, BigInt


@strawberry.enum
class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@strawberry.type
class Leaf:
    name: str
    size: BigInt
    seen: datetime | None
    colour: Colour
    marks: list[list[int] | None]
    broken: str  # null in every third item, although it may not be
    maybe: "Leaf | None"

    @strawberry.field
    def shout(self, times: int = 1) -> str:
        return self.name.upper() * (times % 5)

    @strawberry.field
    def length(self) -> int:
        return len(self.name)

    @strawberry.field
    async def later(self) -> str:
        await asyncio.sleep(0)
        return self.name


@strawberry.type
class Stone:
    weight: float


def leaf(number: int, deeper: bool = True) -> Leaf:
    return Leaf(
        name=f"leaf {number}",
        size=BigInt(1 << 40),
        seen=datetime(2026, 1, 1, tzinfo=UTC) if number % 2 else None,
        colour=Colour.RED if number % 2 else Colour.BLUE,
        marks=[[1, 2], None, []],
        broken=None if number % 3 == 2 else "whole",  # type: ignore[arg-type]
        maybe=leaf(number + 1, deeper=False) if deeper and number % 2 else None,
    )


@strawberry.type
class Query:
    @strawberry.field
    def leaves(self) -> list[Leaf]:
        return [leaf(number) for number in range(2)]

    @strawberry.field
    def some_broken(self) -> list[Leaf | None]:
        return [leaf(number) for number in range(4)]

    @strawberry.field
    def things(self) -> list[Annotated[Leaf | Stone, strawberry.union("Thing")]]:
        return [leaf(1), Stone(weight=1.5)]

    @strawberry.field
    def lazily(self) -> list[Leaf]:
        return (leaf(number) for number in range(2))  # type: ignore[return-value]


Told = tuple[Any, list[tuple[str, str]]]
"""The data, and the errors' messages and paths."""


@dataclass
class Both:
    """The same schema, executed with and without the short way."""

    short: strawberry.Schema
    plain: strawberry.Schema


class Quiet(strawberry.Schema):
    """Does not log the errors that these tests make."""

    def process_errors(self, *_: object, **__: object) -> None:
        pass


CONFIG = StrawberryConfig(scalar_map=SCALARS)
BOTH = Both(
    short=Quiet(query=Query, config=CONFIG, execution_context_class=Execution),
    plain=Quiet(query=Query, config=CONFIG),
)


def told(answered: strawberry.Schema, document: str, variables: dict[str, object]) -> Told:
    result = asyncio.run(answered.execute(document, variable_values=variables))
    errors = sorted((str(each.message), str(each.path)) for each in result.errors or ())
    return result.data, errors


def same(document: str, variables: dict[str, object] | None = None) -> Told:
    """Asserts that both ways tell the same; returns it."""
    short = told(BOTH.short, document, variables or {})
    assert short == told(BOTH.plain, document, variables or {})
    return short


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_document_is_answered_alike(data: st.DataObject) -> None:
    same(data.draw(from_schema(BOTH.plain.as_str())))


def test_short_way_is_taken_for_plain_selections() -> None:
    document = "{ leaves { again: name length ...on Leaf { size maybe { colour } } __typename } }"
    data, errors = same(document)
    assert not errors
    assert data["leaves"][1]["maybe"] == {"colour": "BLUE"}
    assert any(read.__name__ != "not_plain" for _, read in SELECTIONS._known.values())


def test_directives_on_variables_are_obeyed_each_time() -> None:
    document = """
        query ($with: Boolean!) { leaves { name ...More } }
        fragment More on Leaf { size @include(if: $with) }
    """
    with_size, _ = same(document, {"with": True})
    without, _ = same(document, {"with": False})
    assert "size" in with_size["leaves"][0]
    assert "size" not in without["leaves"][0]


def test_null_where_none_may_be_is_an_error_at_its_place() -> None:
    data, errors = same("{ someBroken { name broken } }")
    assert data["someBroken"][2] is None
    assert len(errors) == 1
    assert "someBroken" in errors[0][1]


def test_fields_selected_twice_are_merged() -> None:
    data, _ = same("{ leaves { maybe { name } maybe { size } } }")
    assert set(data["leaves"][1]["maybe"]) == {"name", "size"}


def test_same_document_again_and_with_another_operation() -> None:
    document = "query A { leaves { name } } query B { leaves { size } }"
    for _ in range(2):
        assert same(document)
