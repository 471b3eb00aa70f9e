"""The schema: all types together, and how they are executed."""

from typing import Any

from graphql import GraphQLError
from strawberry import Schema
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from schema.errors import render
from schema.limits import Limits, TokenLimit
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.sharing import SharingExecution
from schema.subscription import Subscription

CACHED_DOCUMENTS = 1000


class ProcessionSchema(Schema):
    """A schema whose errors are rendered by `schema.errors`, in answers and in streams alike."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        for error in errors:
            render(error)

    async def execute(self, query: str | None, **options: Any) -> ExecutionResult:  # type: ignore[override]
        """A subscription cannot be answered at once: it needs a stream."""
        allowed = options.get("allowed_operation_types") or set(OperationType)
        options["allowed_operation_types"] = set(allowed) - {OperationType.SUBSCRIPTION}
        return await super().execute(query, **options)


def build() -> ProcessionSchema:
    """The executable schema."""
    return ProcessionSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        extensions=[
            TokenLimit,
            Limits,
            lambda: ParserCache(maxsize=CACHED_DOCUMENTS),
            lambda: ValidationCache(maxsize=CACHED_DOCUMENTS),
        ],
        execution_context_class=SharingExecution,
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def sdl() -> str:
    """The schema in GraphQL's definition language."""
    return build().as_str() + "\n"
