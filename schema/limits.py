"""Limits on documents, so that no request can cost more than it should.

A document is parsed and checked once, and remembered if it is not long. Its shape is looked at
before it is validated: to validate a thousand equal fields, or fragments in fragments, takes
seconds.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    parse,
    specified_rules,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document

from schema.cost import Bill, bills
from schema.nesting import is_nested_beyond
from schema.shape import shapes

CACHED_DOCUMENTS = 200  # of which each takes up to half a megabyte
LONGEST_CACHED = 4096  # characters
CHARACTERS = 50  # in a document, for each token that it may have
UNNAMED = "This document has several operations; say in `operationName` which one is to be executed"

Operations = dict[str | None, Bill]


@dataclass(frozen=True, slots=True)
class Limits:
    """On one document; `seconds` on queries and mutations only. The server names each by the
    setting PROCESSION_MAX_DEPTH and so on, `seconds` by PROCESSION_OPERATION_TIMEOUT.
    """

    depth: int = 15
    aliases: int = 30
    tokens: int = 2000
    cost: int = 500_000
    answer: int = 32 << 20
    seconds: float = 60
    introspection: bool = True

    @property
    def characters(self) -> int:
        return self.tokens * CHARACTERS

    @property
    def brackets(self) -> int:
        """Each level may be within a fragment. Values and introspection have no levels."""
        return 2 * self.depth + 50


def unfit(query: str | None, limits: Limits) -> GraphQLError | None:
    """What is wrong with a document that is not even to be parsed."""
    if len(query or "") > limits.characters:
        return refusal(f"A document may have {limits.characters} characters", "TOKENS")
    if is_nested_beyond(limits.brackets, query or ""):
        return refusal(f"Brackets may be nested {limits.brackets} levels deep", "DEPTH")
    return None


def refusal(words: str, setting: str, **facts: int) -> GraphQLError:
    code = "TOO_COSTLY" if facts else "GRAPHQL_VALIDATION_FAILED"
    return GraphQLError(f"{words} (PROCESSION_MAX_{setting})", extensions={"code": code, **facts})


class Limited(SchemaExtension):
    """Parses, checks and times an operation within limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def on_parse(self) -> Iterator[None]:
        context = self.execution_context
        context.parse_options["max_tokens"] = self._limits.tokens
        if context.query and len(context.query) <= LONGEST_CACHED:
            with suppress(GraphQLError):  # which is told when it is parsed once more
                context.graphql_document = parsed(context.query, self._limits.tokens)
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        schema, document = context.schema._schema, context.graphql_document
        is_kept = len(context.query or "") <= LONGEST_CACHED
        check = checked if is_kept else checked.__wrapped__
        found = check(schema, document, self._limits)
        context.pre_execution_errors = found if isinstance(found, list) else self._refused(found)
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        limit = asyncio.timeout(self._limits.seconds)
        try:
            async with limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise GraphQLError(
                f"This took more than {self._limits.seconds:g} s (PROCESSION_OPERATION_TIMEOUT); "
                "what it was to change may have been changed: look before you repeat it",
                extensions={"code": "TIMEOUT"},
            ) from None

    def _refused(self, operations: Operations) -> list[GraphQLError]:
        context, most = self.execution_context, self._limits.cost
        if len(operations) > 1 and context._provided_operation_name is None:
            return [GraphQLError(UNNAMED)]  # Strawberry would execute the first
        cost = operations[context.operation_name].sum(context.variables)
        if cost <= most:
            return []
        words = f"This costs {cost} points of {most}; ask for smaller pages or fewer fields"
        return [refusal(words, "COST", cost=cost, limit=most)]


@lru_cache(maxsize=CACHED_DOCUMENTS)
def parsed(query: str, tokens: int) -> DocumentNode:
    return parse(query, max_tokens=tokens)


@lru_cache(maxsize=CACHED_DOCUMENTS)
def checked(
    schema: GraphQLSchema, document: DocumentNode, limits: Limits
) -> list[GraphQLError] | Operations:
    """What is wrong with a document, or what its operations cost."""
    try:
        if wrong := _misshapen(document, limits):
            return [wrong]
        rules = specified_rules
        if not limits.introspection:
            rules = (*rules, NoSchemaIntrospectionCustomRule)
        return validate_document(schema, document, rules) or bills(schema, document)
    except RecursionError:
        return [refusal("The fragments of this document are nested too deeply", "DEPTH")]


def _misshapen(document: DocumentNode, limits: Limits) -> GraphQLError | None:
    for shape in shapes(document):
        if shape.depth > limits.depth:
            return refusal(f"An operation may be {limits.depth} levels deep", "DEPTH")
        if shape.repeats > limits.aliases:
            words = f"An operation may have {limits.aliases} aliases and repeated fields"
            return refusal(words, "ALIASES")
    return None
