"""A connection over a WebSocket whose client cannot keep it without reading."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from server.connection import Patience
from server.stall import Stall


class WebSocket(WebSocketsSansIOProtocol):
    """uvicorn closes politely who does not answer its pings, which waits for ever for those who do
    not read, and cuts off those who are slow to read what came before the ping."""

    def __init__(self, patience: Patience, **rest: Any) -> None:
        super().__init__(**rest)
        self._patience = patience

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._stall = Stall(transport, self._patience.answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stall.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall.begin()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stall.end()

    def handle_ping(self) -> None:
        """Pings are read whoever reads the answers to them; these are not to gather."""
        if self._stall.has_begun:
            self.conn.data_to_send()
        else:
            super().handle_ping()

    def keepalive_timeout(self) -> None:
        if self._stall.has_begun:
            self.stop_keepalive()
            self.schedule_ping()
        else:
            super().keepalive_timeout()
            self._stall.begin()  # who does not read the rest does not read our good-bye either
