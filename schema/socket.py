"""GraphQL over a WebSocket (`graphql-transport-ws`)."""

import logging
from collections.abc import Mapping
from typing import Any

from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message, SubscribeMessage

from models.outage import complain
from resolvers.errors import NotSignedIn
from schema.context import Context

log = logging.getLogger(__name__)

REASON = 123  # bytes
PAYLOAD: dict[str, tuple[type, ...]] = {
    "query": (str,),
    "variables": (dict, type(None)),
    "operationName": (str, type(None)),
    "extensions": (dict, type(None)),
}


class Wire(ASGIWebSocketAdapter):
    """What carries the messages. Starlette and uvicorn tell the first one who meets it that the
    client has gone; all others they tell of a mistake."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        try:
            await super().send_json(message)
        except RuntimeError as error:
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        """The reason is cut to what has room in a frame (RFC 6455, section 5.5)."""
        try:
            await super().close(code, reason.encode()[:REASON].decode(errors="ignore"))
        except Exception as error:  # nobody is there to be told
            raise WebSocketDisconnected from error


class Socket(BaseGraphQLTransportWSHandler[Context, None]):
    """A WebSocket; who opened it may have lost the right to since."""

    async def handle_message(self, message: Message) -> None:
        """Strawberry takes a message of another form for a fault of its own."""
        if wrong := misshapen(message):
            await self.handle_invalid_message(wrong)
        else:
            await super().handle_message(message)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        if self.connection_acknowledged:
            try:
                await self.context.renew()
            except NotSignedIn:
                await self.websocket.close(code=4403, reason="Forbidden")
                return
            except Exception as error:
                complain(log, "Whether a client may still ask cannot be looked up", error)
                await self.websocket.close(code=1013, reason="Try again later")
                return
        await super().handle_subscribe(message)

    async def handle_task_exception(self, error: Exception) -> None:
        """That a client leaves in the middle of a message is nothing to complain of."""
        if not isinstance(error, WebSocketDisconnected):
            await super().handle_task_exception(error)


def misshapen(message: Any) -> str | None:
    """What is wrong with the form of a message (`graphql-transport-ws`), in words."""
    if not isinstance(message, dict):
        return "A message must be an object"
    if not isinstance(message.get("id", ""), str):
        return "The `id` of a message must be a string"
    if message.get("type") != "subscribe":
        return None
    payload = message.get("payload")
    if not isinstance(payload, dict):
        return "The `payload` must be an object"
    wrong = [name for name in PAYLOAD if not isinstance(payload.get(name), PAYLOAD[name])]
    return f"In the `payload`, {wrong[0]!r} is not of the right type" if wrong else None
