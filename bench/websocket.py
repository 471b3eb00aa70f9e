"""A WebSocket (graphql-transport-ws) that costs little; for one subscription.

It offers to take compressed messages, as browsers do.
"""

import socket
import zlib
from collections.abc import Iterator, Mapping

import orjson

BLOCK = 1 << 18
UPGRADE = (
    "GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YmVuY2gtYmVuY2gtYmVuYw==\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)
TEXT, COMPRESSED, PING, PONG = 0x81, 0xC1, 0x89, 0x8A  # whole messages
DEFLATE_END = b"\x00\x00\xff\xff"  # which is left out of each (RFC 7692)
MASK = bytes(4)  # which leaves a message as it is


class WebSocket:
    """A signed-in connection; `read` never waits."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.sendall(UPGRADE.encode())
        self._received = bytearray()
        while b"\r\n\r\n" not in self._received:
            self._received += self._socket.recv(BLOCK)
        assert self._received.startswith(b"HTTP/1.1 101 "), self._received
        self._received.clear()
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        authorization = {"Authorization": f"Bearer {token}"}
        self._send({"type": "connection_init", "payload": authorization})
        (message,) = self.read()
        assert orjson.loads(message)["type"] == "connection_ack", message

    def subscribe(self, query: str, variables: Mapping[str, object]) -> None:
        """From now on its events can be read."""
        payload = {"query": query, "variables": variables}
        self._send({"type": "subscribe", "id": "1", "payload": payload})

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def read(self) -> list[bytes]:
        """The messages that have come, when there is something to be read."""
        received = self._socket.recv(BLOCK)
        assert received, "The server closed the connection"
        self._received += received
        return list(self._messages())

    def _messages(self) -> Iterator[bytes]:
        while frame := _first_frame(self._received):
            kind, message, size = frame
            del self._received[:size]
            if kind == PING:
                self._write(PONG, message)
            elif kind == COMPRESSED:
                yield self._inflater.decompress(message + DEFLATE_END)
            else:
                assert kind == TEXT, (kind, message)
                yield message

    def _send(self, document: object) -> None:
        self._write(TEXT, orjson.dumps(document))

    def _write(self, kind: int, message: bytes) -> None:
        length = len(message)
        head = bytes([kind, 0x80 | length]) if length < 126 else bytes([kind, 0xFE])
        size = b"" if length < 126 else length.to_bytes(2, "big")
        self._socket.sendall(head + size + MASK + message)


def _first_frame(received: bytearray) -> tuple[int, bytes, int] | None:
    """Its kind, its message and the size of both; None if it is not there whole."""
    if len(received) < 2:
        return None
    length, begin = received[1], 2
    if length >= 126:
        begin += 2 if length == 126 else 8
        if len(received) < begin:
            return None
        length = int.from_bytes(received[2:begin], "big")
    end = begin + length
    return (received[0], bytes(received[begin:end]), end) if len(received) >= end else None
