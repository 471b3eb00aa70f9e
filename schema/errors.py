"""Errors as clients see them: a code, and for bad input each field's message.

The project's own errors are told as they are; a mistake in the document by the codes
GRAPHQL_PARSE_FAILED and GRAPHQL_VALIDATION_FAILED; everything else is logged and masked.
"""

import logging

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.extensions import MaskErrors

from resolvers.errors import BadInput, ProcessionError

log = logging.getLogger(__name__)

INTERNAL = "INTERNAL"
MASK = "Something went wrong on the server; its log says what."


def extensions_of(error: ProcessionError) -> dict[str, object]:
    """`code`, and for bad input `fields`."""
    if isinstance(error, BadInput):
        return {"code": error.code, "fields": error.fields}
    return {"code": error.code}


class RenderErrors(MaskErrors):
    """Gives every error its extensions, in answers and in streams alike."""

    def __init__(self) -> None:
        super().__init__(should_mask_error=lambda _: True, error_message=MASK)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        if error.extensions and "code" in error.extensions:
            return error
        message, extensions = _told(error)
        return GraphQLError(
            message,
            nodes=error.nodes,
            source=error.source,
            positions=error.positions,
            path=error.path,
            extensions=extensions,
        )


def _told(error: GraphQLError) -> tuple[str, dict[str, object]]:
    cause = error.original_error
    if isinstance(cause, ProcessionError):
        return str(cause), extensions_of(cause)
    if cause is not None and not isinstance(cause, GraphQLError):
        log.error("An unexpected error at %s", error.path, exc_info=cause)
        return MASK, {"code": INTERNAL}
    parse = isinstance(error, GraphQLSyntaxError)
    code = "GRAPHQL_PARSE_FAILED" if parse else "GRAPHQL_VALIDATION_FAILED"
    return error.message, {"code": code}
