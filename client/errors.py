"""What can go wrong for the client.

ClientError
├── Unreachable   nobody answers at the server's address, or not as a server of this kind
├── Cut           the connection has ended too early; whoever knows how far they came may go on
│   └── Fault         it has not, but the server failed, or somebody else was in the way
├── Refused       the server says no, and why
│   ├── NotSignedIn   it knows no such token, or there is none
│   └── TooLarge      of less it would not say so
├── OtherVersion  the server does not know what it is asked for
├── InTheWay      what is on this machine leaves no room for what is to come
└── Incomplete    what has come is not what the script wrote
"""


class ClientError(Exception):
    """Told to the person as it is; says what to do next."""


class Unreachable(ClientError):
    pass


class Cut(ClientError):
    pass


class Fault(Cut):
    pass


class Refused(ClientError):
    """`fields` are messages by the name of what is wrong, where that is known."""

    def __init__(self, message: str, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class NotSignedIn(Refused):
    pass


class TooLarge(Refused):
    pass


class OtherVersion(ClientError):
    pass


class InTheWay(ClientError):
    pass


class Incomplete(ClientError):
    pass
