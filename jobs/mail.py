"""Mail: messages to users, by SMTP."""

from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime
from typing import Self
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib

from jobs.delivery import DeliveryError, RefusedError
from models.delivery import Delivery
from models.process import Process

PATIENCE = 10.0  # seconds for each step
PERMANENT = 500  # from here on an answer means: never
PORTS = {"smtp": 25, "smtps": 465}
AGENT = "Procession"

Link = Callable[[UUID], str | None]
"""The address of the page of a process, if it is known."""


@dataclass(frozen=True, slots=True)
class Relay:
    """The server that takes our mail; with `tls` it speaks TLS from the beginning.

    Otherwise STARTTLS is used where it is offered, and required where there is a password.
    """

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str) -> Self:
        """That of a URL `smtp://` or `smtps://`, which may have user and password."""
        parts = urlsplit(url)
        user, password = (each and unquote(each) for each in (parts.username, parts.password))
        port = parts.port or PORTS[parts.scheme]
        return cls(parts.hostname or "", port, parts.scheme == "smtps", user, password)

    async def take(self, message: EmailMessage) -> None:
        """Raises SMTPException, OSError. Nobody is who they say without a certificate that shows
        it, except where there is neither a password nor a promise of TLS."""
        await aiosmtplib.send(
            message,
            hostname=self.host,
            port=self.port,
            username=self.user,
            password=self.password,
            use_tls=self.tls,
            start_tls=False if self.tls else (True if self.user else None),
            validate_certs=self.tls or self.user is not None,
            timeout=PATIENCE,
        )


class Mail:
    """Writes to users, as the address `sender`."""

    def __init__(self, relay: Relay, sender: str, link: Link) -> None:
        self._relay = relay
        self._sender = sender
        self._link = link

    async def send(self, delivery: Delivery) -> None:
        """Raises DeliveryError."""
        address = delivery.user.email
        if address is None:
            raise RefusedError("The user has no address any more")
        page = self._link(delivery.process_id)
        message = written(delivery.id, delivery.process, page, self._sender, address)
        try:
            await self._relay.take(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refusal(error.recipients[0]) from None
        except aiosmtplib.SMTPResponseException as error:
            raise DeliveryError(f"The mail server answered {error.code}") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryError(f"The mail server cannot be used: {error}") from None


def _refusal(error: aiosmtplib.SMTPRecipientRefused) -> DeliveryError:
    kind = RefusedError if error.code >= PERMANENT else DeliveryError
    return kind(f"The mail server refused the address: {error.code}")


def written(
    message_id: UUID, ended: Process, page: str | None, sender: str, address: str
) -> EmailMessage:
    """What is told of the end of a process. The output is not: it may be longer, and others' mail
    servers need not see it."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"{AGENT} <{sender}>"
    message["To"] = address
    message["Subject"] = f"{ended.script}: {ended.status}"
    message["Date"] = localtime()
    message["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday answers it
    message.set_content(_text(ended, page), cte="quoted-printable")
    return message


def _text(ended: Process, page: str | None) -> str:
    lines = [f"The script {ended.script!r} has ended: {ended.status}.", ""]
    if ended.reason:
        lines.append(f"Why:     {ended.reason}")
    if ended.exit_code is not None:
        lines.append(f"Code:    {ended.exit_code}")
    lines += [
        f"Started: {ended.start_time:%Y-%m-%d %H:%M:%S} UTC",
        f"Ended:   {ended.ended_at:%Y-%m-%d %H:%M:%S} UTC",
        f"Process: {page or ended.id}",
        "",
        "You have asked for this message, or the script tells who starts it.",
    ]
    return "\n".join(lines) + "\n"
