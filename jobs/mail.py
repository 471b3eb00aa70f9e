"""Mail: messages to users, by SMTP."""

import logging
import socket
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
NO_SUCH = (550, 551, 553)  # answers that mean so of an address, with NO_ADDRESS before their words
NO_ADDRESS = "5.1."  # RFC 3463: others say that the relay does not let us, which can be mended
PORTS = {"smtp": 25, "smtps": 465}
AGENT = "Procession"

log = logging.getLogger(__name__)

Link = Callable[[UUID], str | None]
"""The address of the page of a process, if it is known."""


@dataclass(frozen=True, slots=True)
class Relay:
    """The server that takes our mail; with `tls` it speaks TLS from the beginning.

    Otherwise STARTTLS is used where it is offered, and required where there is a password. `local`
    is our own name, for which the system may take its time.
    """

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    local: str | None = None

    @classmethod
    def of(cls, url: str) -> Self:
        """That of a URL `smtp://` or `smtps://`, which may have user and password. Blocks."""
        parts = urlsplit(url)
        user, password = (each and unquote(each) for each in (parts.username, parts.password))
        port = parts.port or PORTS[parts.scheme]
        tls, local = parts.scheme == "smtps", socket.getfqdn()
        return cls(parts.hostname or "", port, tls, user, password, local)

    async def take(self, message: EmailMessage, sender: str, address: str) -> None:
        """Raises SMTPException, OSError. Nobody is who they say without a certificate that shows
        it, except where there is neither a password nor a promise of TLS."""
        await aiosmtplib.send(
            message,
            sender=sender,
            recipients=[address],
            local_hostname=self.local,
            hostname=self.host,
            port=self.port,
            username=self.user,
            password=self.password,
            use_tls=self.tls,
            start_tls=False if self.tls else (None if self.user is None else True),
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
            await self._relay.take(message, self._sender, address)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refusal(error.recipients[0]) from None
        except aiosmtplib.SMTPResponseException as error:
            log.warning("The mail server answered %s: %a", error.code, error.message)
            raise DeliveryError(f"The mail server answered {error.code}") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            log.warning("The mail server cannot be used: %a", str(error))
            reason = "The mail server cannot be used now; the worker's log says why"
            raise DeliveryError(reason) from None


def _refusal(error: aiosmtplib.SMTPRecipientRefused) -> DeliveryError:
    log.warning("The mail server refused an address, with %s: %a", error.code, error.message)
    is_final = error.code in NO_SUCH and error.message.startswith(NO_ADDRESS)
    return (RefusedError if is_final else DeliveryError)(
        f"The mail server refused the address: {error.code}"
    )


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
    if ended.ended_at and ended.start_time <= ended.ended_at:  # else it was stopped before
        lines.append(f"Started: {ended.start_time:%Y-%m-%d %H:%M:%S} UTC")
    lines += [
        f"Ended:   {ended.ended_at:%Y-%m-%d %H:%M:%S} UTC",
        f"Process: {page or ended.id}",
        "",
        "You have asked for this message, or the script tells who starts it.",
    ]
    return "\n".join(lines) + "\n"
