"""A small client of GraphQL subscriptions by the protocol `graphql-transport-ws`."""

import json
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from websockets.sync.client import connect
from websockets.typing import Subprotocol

SILENCE = 120.0  # seconds without a message: nothing comes any more


class GraphQLRefusal(Exception):
    """The first error of an answer; `code` and `fields` are its extensions."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors
        extensions = errors[0].get("extensions", {})
        self.code: str = extensions.get("code", "")
        self.fields: dict[str, list[str]] = extensions.get("fields", {})


def data_of(answer: dict[str, Any]) -> Any:
    """The data of an answer. Raises GraphQLRefusal for the first error."""
    if answer.get("errors"):
        raise GraphQLRefusal(answer["errors"])
    return answer["data"]


class Subscription:
    """One operation on a WebSocket of its own; iterating gives the data of each event."""

    def __init__(self, url: str, token: str, document: str, variables: dict[str, Any]) -> None:
        self._connection = connect(
            url.replace("http:", "ws:", 1) + "/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            proxy=None,
        )
        self._token = token
        self._operation = {"query": document, "variables": variables}

    def __enter__(self) -> "Subscription":
        self._socket = self._connection.__enter__()
        self._send("connection_init", payload={"Authorization": f"Bearer {self._token}"})
        assert self._receive()["type"] == "connection_ack"
        self._send("subscribe", id="1", payload=self._operation)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Any]:
        while (message := self._receive())["type"] != "complete":
            if message["type"] == "error":
                raise GraphQLRefusal(message["payload"])
            yield data_of(message["payload"])

    def again(self, document: str) -> "Subscription":
        """Another operation on the same socket, after the first has failed."""
        assert self._receive()["type"] == "complete"
        self._send("subscribe", id="2", payload={"query": document})
        return self

    def _receive(self) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv(SILENCE))
            if message["type"] != "ping":
                return message
            self._send("pong")

    def _send(self, kind: str, **rest: object) -> None:
        self._socket.send(json.dumps({"type": kind, **rest}))
