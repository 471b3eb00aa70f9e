"""The GraphQL schema as a document: fresh, described, and true to its examples."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    is_specified_scalar_type,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from schema.limits import checked, parsed
from schema.schema import build, sdl

FOLDER = Path(__file__).parents[1] / "schema"
EXAMPLES = sorted((FOLDER / "graphiql" / "examples").glob("*.graphql"))


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(sdl())


def test_committed_schema_is_fresh() -> None:
    committed = (FOLDER / "schema.graphql").read_text()
    assert committed == sdl(), "run `procession schema > schema/schema.graphql`"


def undescribed(schema: GraphQLSchema) -> Iterator[str]:
    """Everything that a person in GraphiQL would find without a word about it."""
    for name, found in schema.type_map.items():
        if not name.startswith("__") and not is_specified_scalar_type(found):
            yield from undescribed_in(name, found)


def undescribed_in(name: str, found: GraphQLNamedType) -> Iterator[str]:
    if not found.description:
        yield name
    if isinstance(found, GraphQLObjectType | GraphQLInterfaceType):
        for field_name, field in found.fields.items():
            if not field.description:
                yield f"{name}.{field_name}"
            for argument_name, argument in field.args.items():
                if not argument.description:
                    yield f"{name}.{field_name}({argument_name})"
    elif isinstance(found, GraphQLInputObjectType):
        for field_name, input_field in found.fields.items():
            if not input_field.description:
                yield f"{name}.{field_name}"
    elif isinstance(found, GraphQLEnumType):
        for value_name, value in found.values.items():
            # What the values mean may also stand in the description of the enum.
            if not value.description and value_name not in (found.description or ""):
                yield f"{name}.{value_name}"


def test_every_type_field_argument_and_value_is_described(schema: GraphQLSchema) -> None:
    assert list(undescribed(schema)) == []


def test_there_are_examples() -> None:
    text = "".join(path.read_text() for path in EXAMPLES)
    for word in ("query", "mutation", "subscription", "processOutput", "startProcess"):
        assert word in text


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def example(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_example_is_valid(schema: GraphQLSchema, example: Path) -> None:
    assert validate(schema, parse(example.read_text())) == []


def test_variables_of_the_example_fit(schema: GraphQLSchema, example: Path) -> None:
    operation = operation_of(parse(example.read_text()))
    given: dict[str, Any] = {}
    if example.with_suffix(".json").exists():
        given = json.loads(example.with_suffix(".json").read_text())
    declared = {each.variable.name.value for each in operation.variable_definitions or ()}
    assert set(given) <= declared
    found = get_variable_values(schema, operation.variable_definitions or (), given)
    assert not isinstance(found, list), found


def operation_of(document: DocumentNode) -> OperationDefinitionNode:
    (operation,) = (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    return operation


def test_document_is_parsed_and_validated_once_although_limits_apply() -> None:
    caches = (parsed, checked)
    made = build()
    document = "query OnlyHere { __typename }"

    async def ask_twice() -> None:
        for _ in range(2):
            assert (await made.execute(document)).errors is None

    before = [each.cache_info() for each in caches]
    asyncio.run(ask_twice())
    after = [each.cache_info() for each in caches]
    for old, new in zip(before, after, strict=True):
        assert (new.hits - old.hits, new.misses - old.misses) == (1, 1)
