"""How large an answer is: counted while it is made, and refused before it is whole.

Prices (`schema.cost`) bound how many items there are. That does not bound bytes: one process may
have megabytes of parameters, and what is a control character in a text is six bytes of JSON. Prices
by which the worst would be small would forbid what is usual.
"""

from contextvars import ContextVar

import orjson
from graphql import GraphQLError

from resolvers.errors import TooLarge

WORDS = (
    "This answer would take more than {} bytes; ask for smaller pages or fewer fields "
    "(PROCESSION_MAX_ANSWER)"
)
DONE = "; what was to be changed has been changed"
NUMBERS = (int, float, bool)  # which prices bound


class Answer:
    """Counts bytes of JSON: of what is read for an answer, and of texts and objects in it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._to_read = self._to_write = most

    @property
    def is_too_large(self) -> bool:
        return self._to_read < 0 or self._to_write < 0

    def read(self, size: int) -> None:
        """Raises TooLarge where so many bytes must not be read as well."""
        self._to_read -= size
        if self._to_read < 0:
            raise TooLarge(WORDS.format(self._most))

    def write(self, value: object) -> object:
        """The value; nothing once there have been too many, for then nobody sees them."""
        if self._to_write < 0:
            return ""
        self._to_write -= len(orjson.dumps(value))
        return value

    def refusal(self, *, is_done: bool) -> GraphQLError:
        words = WORDS.format(self._most) + (DONE if is_done else "")
        return GraphQLError(words, extensions={"code": TooLarge.code, "limit": self._most})


ANSWER: ContextVar[Answer] = ContextVar("ANSWER")  # that is being made


def admit(size: int) -> None:
    """Raises TooLarge where so many bytes must not be read for the present answer. What a
    subscription reads before its first event is only one process."""
    if answer := ANSWER.get(None):
        answer.read(size)


def write(value: object) -> object:
    return value if type(value) in NUMBERS else ANSWER.get().write(value)
