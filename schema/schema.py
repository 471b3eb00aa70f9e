"""The schema: all types together, and how they are executed."""

from graphql import GraphQLError
from strawberry import Schema
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from schema.errors import RenderErrors
from schema.limits import Limits, TokenLimit
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import Subscription

CACHED_DOCUMENTS = 1000


class ProcessionSchema(Schema):
    """Strawberry logs every error with a traceback; ours are logged where they are unexpected."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """See `schema.errors`."""


def build() -> ProcessionSchema:
    """The executable schema."""
    return ProcessionSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        extensions=[
            RenderErrors,
            TokenLimit,
            Limits,
            lambda: ParserCache(maxsize=CACHED_DOCUMENTS),
            lambda: ValidationCache(maxsize=CACHED_DOCUMENTS),
        ],
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def sdl() -> str:
    """The schema in GraphQL's definition language."""
    return build().as_str() + "\n"
