"""What can go wrong for who asks. Each leaf has a code, which both faces render.

ProcessionError
├── NotSignedIn       UNAUTHENTICATED     nobody, or an unknown, expired or revoked token
├── Forbidden         FORBIDDEN           somebody else's
├── NotFound          NOT_FOUND           nobody's
├── Conflict          CONFLICT            somebody else is doing something to it, or was faster
├── BadInput          BAD_INPUT           with a message for each wrong field
├── TooLarge          TOO_LARGE           more than a limit allows
├── TooManyRequests   TOO_MANY_REQUESTS   more often than a limit allows
├── NoRoom            NO_ROOM             the server's disk is full
└── Unavailable       UNAVAILABLE         somebody else who is needed does not answer
"""

from collections.abc import Mapping, Sequence


class ProcessionError(Exception):
    """Told to the person as it is; says what to do next."""

    code: str


class NotSignedIn(ProcessionError):
    code = "UNAUTHENTICATED"


class Forbidden(ProcessionError):
    code = "FORBIDDEN"


class NotFound(ProcessionError):
    code = "NOT_FOUND"


class Conflict(ProcessionError):
    code = "CONFLICT"


class TooLarge(ProcessionError):
    code = "TOO_LARGE"


class NoRoom(ProcessionError):
    code = "NO_ROOM"


class Unavailable(ProcessionError):
    code = "UNAVAILABLE"


class TooManyRequests(ProcessionError):
    """`retry_after` is in how many seconds it may be tried again."""

    code = "TOO_MANY_REQUESTS"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BadInput(ProcessionError):
    """`fields` has what is wrong with each field, by its name, in the order in which they came."""

    code = "BAD_INPUT"

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        each = (f"{name}: {' '.join(messages)}" for name, messages in fields.items())
        super().__init__("; ".join(each))
        self.fields = {name: list(messages) for name, messages in fields.items()}
