"""GraphQL subscriptions over a WebSocket (graphql-transport-ws)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PROTOCOL = Subprotocol("graphql-transport-ws")


class Socket:
    """A connection on which many subscriptions may run."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = count(1)
        self._queues: dict[str, asyncio.Queue[Any]] = {}

    async def subscribe(
        self, query: str, variables: Mapping[str, object] | None = None
    ) -> "asyncio.Queue[Any]":
        """A queue of what arrives: each `data`, then None at the end."""
        number = str(next(self._numbers))
        queue = self._queues[number] = asyncio.Queue()
        payload = {"query": query, "variables": variables or {}}
        await self._send({"type": "subscribe", "id": number, "payload": payload})
        return queue

    async def begin(self, token: str) -> None:
        await self._send(
            {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}
        )
        message = orjson.loads(await self._connection.recv())
        assert message["type"] == "connection_ack", message

    async def read(self) -> None:
        async for text in self._connection:
            message = orjson.loads(text)
            match message["type"]:
                case "next":
                    self._queues[message["id"]].put_nowait(message["payload"]["data"])
                case "complete":
                    self._queues.pop(message["id"]).put_nowait(None)
                case "ping":
                    await self._send({"type": "pong"})
                case "error":
                    raise RuntimeError(message)

    async def _send(self, message: object) -> None:
        await self._connection.send(orjson.dumps(message).decode())


@asynccontextmanager
async def socket(port: int, token: str) -> AsyncIterator[Socket]:
    """A signed-in socket."""
    url = f"ws://127.0.0.1:{port}/graphql"
    async with connect(url, subprotocols=[PROTOCOL], max_size=None) as connection:
        opened = Socket(connection)
        await opened.begin(token)
        task = asyncio.create_task(opened.read())
        try:
            yield opened
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
