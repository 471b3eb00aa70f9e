"""A real mail server on loopback."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from pathlib import Path
from queue import Queue
from typing import Any, cast

from aiosmtpd import smtp
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.installation import PATIENCE

USER, PASSWORD = "procession", "p/ss word"


@dataclass
class Inbox:
    """Answers each recipient with the next of `answers`, then takes the mail."""

    port: int = 0
    answers: list[str] = field(default_factory=list)
    got: Queue[tuple[bool, list[str], EmailMessage]] = field(default_factory=Queue)

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message: Any = message_from_bytes(envelope.content, policy=SMTP)
        self.got.put((session.ssl is not None, envelope.rcpt_tos, message))
        return "250 OK"

    def next(self) -> tuple[bool, list[str], EmailMessage]:
        """Whether it came by TLS, for whom, and what."""
        return self.got.get(timeout=PATIENCE)


class Session(smtp.SMTP):
    """A connection; the first transport is that below a later TLS."""

    def __init__(self, begun: "list[Session]", *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._begun = begun

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self not in self._begun:
            self._begun.append(self)
            self.first = transport
        super().connection_made(transport)


@contextmanager
def mail_server(pem: Path | None = None, *, guarded: bool = False) -> Iterator[Inbox]:
    """One that offers STARTTLS if it has a certificate; `guarded`: only for USER, and by TLS."""
    inbox = Inbox()
    context = None
    if pem is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem)
    begun: list[Session] = []
    made: Any = partial(
        Session,
        begun,
        inbox,
        tls_context=context,
        require_starttls=guarded,
        auth_required=guarded,
        authenticator=_authenticate,
    )
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(made, "127.0.0.1", 0))
    inbox.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield inbox
    finally:
        asyncio.run_coroutine_threadsafe(_end(server, begun), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server, begun: list[Session]) -> None:
    """Of what was left to the garbage collector another test would hear."""
    server.close()
    for session in begun:
        cast(asyncio.Transport, session.first).abort()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _authenticate(server: Any, session: Any, envelope: Any, way: str, given: Any) -> AuthResult:
    wanted = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=given == wanted)
