"""GraphQL over a WebSocket (`graphql-transport-ws`)."""

from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import SubscribeMessage

from resolvers.errors import NotSignedIn
from schema.context import Context


class Socket(BaseGraphQLTransportWSHandler[Context, None]):
    """A WebSocket; who opened it may have lost the right to since."""

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        if self.connection_acknowledged:
            try:
                await self.context.renew()
            except NotSignedIn:
                await self.websocket.close(code=4403, reason="Forbidden")
                return
        await super().handle_subscribe(message)

    async def handle_task_exception(self, error: Exception) -> None:
        """That a client leaves in the middle of a message is nothing to complain of."""
        if not isinstance(error, WebSocketDisconnected):
            await super().handle_task_exception(error)
