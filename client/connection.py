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

from client.errors import ClientError, Cut, Refused, Unreachable

GOODBYE = 1.0  # seconds that the server has to close the connection
LARGEST = 1 << 26  # bytes of a message
FORBIDDEN = 4403  # how the server closes a connection whose token it does not take
SIGN_IN = "The server does not take this token; `procession token create` there makes a new one"


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is (http or https), and the token with which to sign in."""

    url: str
    token: str

    @contextmanager
    def connected(self) -> Iterator["Connection"]:
        """Raises Unreachable or Refused; and Cut out of the block, whenever that happens."""
        socket = self._connect()
        try:
            with socket:
                connection = Connection(socket)
                connection.sign_in(self.token)
                yield connection
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code == FORBIDDEN:
                raise Refused(SIGN_IN) from None
            raise Cut(f"The connection to {self.url} was cut") from closed

    def _connect(self) -> ClientConnection:
        address = f"ws{self.url.removeprefix('http').rstrip('/')}/graphql"
        try:
            return connect(
                address,
                subprotocols=[Subprotocol("graphql-transport-ws")],
                compression=None,  # it would be the slowest part of all
                close_timeout=GOODBYE,
                max_size=LARGEST,
            )
        except (OSError, ValueError, InvalidHandshake, InvalidURI) as error:
            raise Unreachable(f"No Procession server answers at {self.url}: {error}") from error


class Connection:
    """Runs operations, one after the other."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = map(str, count(1))

    def sign_in(self, token: str) -> None:
        """Must be the first."""
        self._send("connection_init", payload={"Authorization": f"Bearer {token}"})
        self._receive()

    def run(self, document: str, **variables: object) -> Iterator[Any]:
        """The data of each event of an operation; of a query it is one. Raises Refused or Cut."""
        operation = {"query": document, "variables": variables}
        self._send("subscribe", id=next(self._ids), payload=operation)
        while (message := self._receive())["type"] != "complete":
            told = message["payload"]
            if message["type"] == "error":
                refuse(told[0])
            if told.get("errors"):
                refuse(told["errors"][0])
            yield told["data"]

    def _receive(self) -> Any:
        while True:
            message = orjson.loads(self._socket.recv(decode=False))
            if message["type"] != "ping":
                return message
            self._send("pong")

    def _send(self, kind: str, **rest: object) -> None:
        try:
            message = orjson.dumps({"type": kind, **rest})
        except TypeError as error:
            raise ClientError(f"This cannot be sent: {error}") from None
        self._socket.send(message, text=True)


def refuse(error: Any) -> NoReturn:
    """Raises Refused, or Cut for a fault of the server's, after which one may try again."""
    code = error.get("extensions", {}).get("code")
    raise (Cut if code == "INTERNAL" else Refused)(error["message"])
