"""The connection to a server: operations by the protocol `graphql-transport-ws`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, NoReturn

import orjson
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from client.errors import (
    ClientError,
    Cut,
    Fault,
    NotSignedIn,
    OtherVersion,
    Refused,
    TooLarge,
    Unreachable,
)

LONGEST_GREETING = 10.0  # seconds that the server has to take the connection
GOODBYE = 1.0  # seconds that the server has to close the connection
LARGEST = 1 << 26  # bytes of a message
FORBIDDEN = 4403  # how the server closes a connection whose token it does not take
SIGN_IN = (
    "The server does not take this token; `procession login` or, on its machine, "
    "`procession token create` makes a new one"
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is (http or https), and the token with which to sign in.

    `patience`: how many seconds it has for each answer; as long as it takes, unless said.
    """

    url: str
    token: str
    patience: float | None = None

    @contextmanager
    def connected(self) -> Iterator["Connection"]:
        """Raises Unreachable or Refused; and Cut out of the block, whenever that happens."""
        socket = self._connect()
        try:
            with socket:
                connection = Connection(socket, self.patience)
                connection.sign_in(self.token)
                yield connection
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code == FORBIDDEN:
                raise NotSignedIn(SIGN_IN) from None
            raise Cut(f"The connection to {self.url} was cut") from closed

    def _connect(self) -> ClientConnection:
        address = f"ws{self.url.removeprefix('http').rstrip('/')}/graphql"
        try:
            return connect(
                address,
                subprotocols=[Subprotocol("graphql-transport-ws")],
                compression=None,  # it would be the slowest part of all
                close_timeout=GOODBYE,
                open_timeout=self.patience or LONGEST_GREETING,
                max_size=LARGEST,
            )
        except (OSError, ValueError, InvalidHandshake, InvalidURI) as error:
            raise Unreachable(f"No Procession server answers at {self.url}: {error}") from error


class Connection:
    """Runs operations, one after the other; `patience` as of a Server."""

    def __init__(self, socket: ClientConnection, patience: float | None) -> None:
        self._socket = socket
        self._patience = patience
        self._ids = map(str, count(1))
        self._id: str | None = None  # of the operation that was begun last

    def sign_in(self, token: str) -> None:
        """Must be the first."""
        self._send("connection_init", payload={"Authorization": f"Bearer {token}"})
        self._receive(self._patience)

    def ask(self, document: str, **variables: object) -> Any:
        """The data of a query or a mutation. Raises Refused or Cut."""
        (answer,) = self.run(document, **variables)
        return answer

    def run(self, document: str, **variables: object) -> Iterator[Any]:
        """The data of each event of an operation; of a query it is one. Raises Refused or Cut."""
        self.subscribe(document, **variables)
        yield from self.events()

    def events(self) -> Iterator[Any]:
        """Those of the operation that was begun last, to its end. Raises Refused or Cut."""
        while (message := self._receive(self._patience))["type"] != "complete":
            yield data_of(message)

    def subscribe(self, document: str, **variables: object) -> None:
        """Begins an operation whose events `wait` and `events` hear."""
        operation = {"query": document, "variables": variables}
        self._id = next(self._ids)
        self._send("subscribe", id=self._id, payload=operation)

    def wait(self, seconds: float) -> Any | None:
        """The data of the next event, if one comes in this time. Raises Refused or Cut."""
        try:
            message = self._receive(seconds)
        except TimeoutError:
            return None
        if message["type"] == "complete":
            raise Cut("The server has nothing more to tell")
        return data_of(message)

    def _receive(self, seconds: float | None) -> Any:
        """The next message that is neither about the connection itself nor about an operation that
        was refused before. Raises TimeoutError."""
        while True:
            message = orjson.loads(self._socket.recv(seconds, decode=False))
            if message["type"] == "ping":
                self._send("pong")
            elif message.get("id") in (None, self._id):
                return message

    def _send(self, kind: str, **rest: object) -> None:
        try:
            message = orjson.dumps({"type": kind, **rest})
        except TypeError as error:
            raise ClientError(f"This cannot be sent: {error}") from None
        self._socket.send(message, text=True)


def data_of(message: Any) -> Any:
    told = message["payload"]
    if message["type"] == "error":
        refuse(told[0])
    if told.get("errors"):
        refuse(told["errors"][0])
    return told["data"]


def refuse(error: Any) -> NoReturn:
    """Raises Refused, Fault where one may try again, or OtherVersion."""
    extensions, message = error.get("extensions", {}), error["message"]
    code = extensions.get("code")
    if code in ("INTERNAL", "CONFLICT", "UNAVAILABLE"):
        raise Fault(message)
    # A variable is what the person has given; a setting is a limit, told by its name.
    is_theirs = message.startswith("Variable ") or "(PROCESSION_" in message
    if code == "GRAPHQL_VALIDATION_FAILED" and not is_theirs:
        raise OtherVersion(
            "The server is of another version than this command, and does not know all that it "
            f"asks for: {message} Use the `procession` of the server's version"
        )
    kind = TooLarge if code == "TOO_LARGE" else Refused
    raise kind(message, extensions.get("fields"))
