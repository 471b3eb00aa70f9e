"""Errors as clients see them: a code, and for bad input each field's message.

The project's own errors are told as they are; a mistake in the document by the codes
GRAPHQL_PARSE_FAILED and GRAPHQL_VALIDATION_FAILED; everything else is logged and masked, an outage
of the database or of the files in one line.
"""

import logging

from graphql import GraphQLError, GraphQLSyntaxError, ValueNode
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from models.outage import complain, is_outage
from resolvers.errors import BadInput, ProcessionError, TooManyRequests, Unavailable

log = logging.getLogger(__name__)

INTERNAL = "INTERNAL"
MASK = "Something went wrong on the server; its log says what."
AWAY = "The server cannot do this just now; ask again in some seconds."
# The last three are what Strawberry says of a request's form where it streams; elsewhere it is
# answered by a status.
MISTAKES = (GraphQLError, MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)


def extensions_of(error: ProcessionError) -> dict[str, object]:
    """`code`, for bad input `fields`, and where it may be tried again `retryAfter`, in seconds."""
    if isinstance(error, BadInput):
        return {"code": error.code, "fields": error.fields}
    if isinstance(error, TooManyRequests):
        return {"code": error.code, "retryAfter": error.retry_after}
    return {"code": error.code}


def document(error: ProcessionError) -> dict[str, object]:
    """The answer where there is none to what was asked."""
    return {"data": None, "errors": [{"message": str(error), "extensions": extensions_of(error)}]}


def outage(error: Exception) -> Unavailable | None:
    """What to say of an error that may go away by itself; the log is told of it."""
    if not is_outage(error):
        return None
    complain(log, "What was asked cannot be answered", error)
    return Unavailable(AWAY)


def render(error: GraphQLError) -> None:
    """Gives an error the message and the extensions that clients are to see."""
    if not error.extensions or "code" not in error.extensions:
        error.message, error.extensions = _told(error)


def _told(error: GraphQLError) -> tuple[str, dict[str, object]]:
    cause = error.original_error
    if isinstance(cause, ProcessionError):
        return str(cause), extensions_of(cause)
    if cause is not None and not isinstance(cause, MISTAKES) and not _is_of_a_value(error):
        if away := outage(cause):
            return str(away), extensions_of(away)
        log.error("An unexpected error at %s", error.path, exc_info=cause)
        return MASK, {"code": INTERNAL}
    parse = isinstance(error, GraphQLSyntaxError)
    code = "GRAPHQL_PARSE_FAILED" if parse else "GRAPHQL_VALIDATION_FAILED"
    return error.message, {"code": code}


def _is_of_a_value(error: GraphQLError) -> bool:
    """Whether a value in the document is none of its type, as a number of 5000 digits."""
    nodes = error.nodes or []
    return error.path is None and any(isinstance(node, ValueNode) for node in nodes)
