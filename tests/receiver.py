"""A real receiver of webhooks on loopback."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

from tests.installation import PATIENCE

HOST = "127.0.0.7"  # webhooks may reach this one of those that are this machine
TLS_HOST = "localhost"  # its name, for which its certificate is
HELD = 0  # a status that is not told before it is `released`


@dataclass
class Message:
    """What was received; header names are in small letters."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    def check(self, secret: str) -> None:
        """Its signature, as the Standard Webhooks specification says."""
        kind, _, key = secret.partition("_")
        assert kind == "whsec"
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.{self.body.decode()}"
        digest = hmac.new(base64.b64decode(key), signed.encode(), hashlib.sha256).digest()
        assert self.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


@dataclass
class Receiver:
    """Answers each request with the next of `statuses`, then with 204."""

    port: int = 0
    by_tls: bool = False
    statuses: list[int] = field(default_factory=list)
    got: Queue[Message] = field(default_factory=Queue)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        place = f"https://{TLS_HOST}" if self.by_tls else f"http://{HOST}"
        return f"{place}:{self.port}/hook?key=of-the-receiver"

    def next(self) -> Message:
        return self.got.get(timeout=PATIENCE)


@contextmanager
def receiving(pem: Path | None = None) -> Iterator[Receiver]:
    """A receiver at each address of this machine; with a certificate, by TLS."""
    made = Receiver(by_tls=pem is not None)

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = made.statuses.pop(0) if made.statuses else 204
            made.got.put(Message(self.path, headers, body))
            if status == HELD:
                made.released.wait(60)
                return
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("0.0.0.0", 0), Answer) as server:  # noqa: S104
        made.port = server.server_port
        if pem is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(pem)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        made.released.set()
        server.shutdown()
