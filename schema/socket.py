"""GraphQL over a WebSocket (`graphql-transport-ws`)."""

import logging
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)

from models.outage import complain
from resolvers.errors import NotSignedIn, ProcessionError, TooManyRequests, Unavailable
from schema.context import Context
from schema.errors import extensions_of

log = logging.getLogger(__name__)

REASON = 123  # bytes
MOST = 100  # operations at a time on one WebSocket
FULL = f"A WebSocket may have {MOST} operations at a time; end one, or open another WebSocket"
HINTS = {"WebSocket message must be valid JSON": "A message must be a JSON object, in UTF-8"}
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

    async def handle_invalid_message(self, error_message: str) -> None:
        await super().handle_invalid_message(HINTS.get(error_message, error_message))

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """The protocol lets the payload be null, too; Strawberry does not."""
        if message.get("payload") is None:
            message = {"type": "connection_init"}
        try:
            await super().handle_connection_init(message)
        except WebSocketDisconnected:
            raise
        except Exception as error:
            await self._send_away(error)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        if self.connection_acknowledged:
            try:
                await self.context.renew()
            except NotSignedIn:
                await self.websocket.close(code=4403, reason="Forbidden")
                return
            except Exception as error:
                await self._send_away(error)
                return
            if message["id"] not in self.operations and len(self.operations) >= MOST:
                await self._refuse(message["id"], TooManyRequests(FULL, 1.0))
                return
        await super().handle_subscribe(message)

    async def handle_task_exception(self, error: Exception) -> None:
        """That a client leaves in the middle of a message is nothing to complain of."""
        if not isinstance(error, WebSocketDisconnected):
            await super().handle_task_exception(error)

    @staticmethod
    def _get_pre_execution_close_reason(_: GraphQLError) -> None:
        """A mistake in one document is no reason to end all operations of a client."""

    async def _send_away(self, error: Exception) -> None:
        """Who asks cannot be looked up now."""
        if not isinstance(error, Unavailable):
            complain(log, "Whether a client may ask cannot be looked up", error)
        await self.websocket.close(code=1013, reason="Try again later")

    async def _refuse(self, operation_id: str, error: ProcessionError) -> None:
        told = GraphQLError(str(error), extensions=extensions_of(error)).formatted
        await self.send_message({"id": operation_id, "type": "error", "payload": [told]})


def misshapen(message: Mapping[str, Any]) -> str | None:
    """What is wrong with the form of a message (`graphql-transport-ws`), in words."""
    if not isinstance(message.get("id", ""), str):
        return "The `id` of a message must be a string"
    if message.get("type") != "subscribe":
        return None
    payload = message.get("payload")
    if not isinstance(payload, dict):
        return "The `payload` must be an object"
    wrong = [name for name in PAYLOAD if not isinstance(payload.get(name), PAYLOAD[name])]
    return f"In the `payload`, {wrong[0]!r} is not of the right type" if wrong else None
