"""The schema: all types together, and how they are executed."""

from typing import Any

from graphql import GraphQLError
from strawberry import Schema
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StreamResult
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from schema.errors import render
from schema.limits import Limited, Limits, unfit
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.sharing import SharingExecution
from schema.subscription import Subscription


class ProcessionSchema(Schema):
    """A schema whose errors are rendered by `schema.errors`, in answers and in streams alike."""

    limits: Limits

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        for error in errors:
            render(error)

    async def execute(self, query: str | None, **options: Any) -> ExecutionResult:  # type: ignore[override]
        """A subscription cannot be answered at once: it needs a stream."""
        if wrong := unfit(query, self.limits):
            return PreExecutionError(data=None, errors=[wrong])
        allowed = options.get("allowed_operation_types") or set(OperationType)
        options["allowed_operation_types"] = set(allowed) - {OperationType.SUBSCRIPTION}
        return await super().execute(query, **options)

    async def stream(self, query: str | None, **options: Any) -> StreamResult:  # type: ignore[override]
        if wrong := unfit(query, self.limits):
            return _refused(wrong)
        return await super().stream(query, **options)


async def _refused(error: GraphQLError) -> StreamResult:
    yield PreExecutionError(data=None, errors=[error])


def build(limits: Limits = Limits()) -> ProcessionSchema:  # noqa: B008
    """The executable schema."""

    class Bounded(SharingExecution):
        most = limits.answer

    schema = ProcessionSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        extensions=[
            lambda: Limited(limits),
        ],
        execution_context_class=Bounded,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    schema.limits = limits
    return schema


def sdl() -> str:
    """The schema in GraphQL's definition language."""
    return build().as_str() + "\n"
