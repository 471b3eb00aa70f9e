"""Webhooks: signed messages to URLs that users have given."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import httpx
import orjson

from jobs.delivery import DeliveryError, RefusedError
from jobs.reach import Address, Reach, ReachError
from jobs.safe import Safe, SealedError
from jobs.webhook_secret import place, signed
from models.delivery import Delivery
from models.process import Process

PATIENCE = httpx.Timeout(10.0, connect=3.0)  # seconds, of an attempt and of one address
ADDRESSES = 3  # of a host that are tried
PORTS = {"http": 80, "https": 443}
HEADERS = {"content-type": "application/json", "user-agent": "Procession"}

Link = Callable[[UUID], str | None]
"""The address of the page of a process, if it is known."""


class Webhooks:
    """Posts to webhooks."""

    def __init__(self, safe: Safe, reach: Reach, link: Link) -> None:
        self._safe = safe
        self._reach = reach
        self._link = link
        self._tls = httpx.create_ssl_context(trust_env=True)

    async def send(self, delivery: Delivery) -> None:
        """Raises DeliveryError."""
        try:
            secret = self._safe.open_text(delivery.secret or "", place(delivery.id))
        except SealedError as error:
            raise DeliveryError(str(error)) from None
        body = message(delivery.process, self._link(delivery.process_id))
        headers = signed(secret, str(delivery.id), body)
        try:
            async with asyncio.timeout(PATIENCE.read):
                status = await self._post(httpx.URL(delivery.url or ""), headers, body)
        except TimeoutError:
            raise DeliveryError(f"It did not answer within {PATIENCE.read:g} seconds") from None
        except (ReachError, OSError, httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise DeliveryError(_in_words(error)) from None
        if status == httpx.codes.GONE:
            raise RefusedError("It answered 410: it wants no more of this")
        if not httpx.codes.is_success(status):
            raise DeliveryError(f"It answered {status}, not 2xx")

    async def _post(self, url: httpx.URL, headers: dict[str, str], body: bytes) -> int:
        """The status of the answer of the first address that can be connected to."""
        host, port = url.raw_host.decode(), url.port or PORTS[url.scheme]
        addresses = await self._reach.addresses(url.scheme, host, port)
        *others, last = addresses[:ADDRESSES]
        for address in others:
            try:
                return await self._post_to(address, url, headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._post_to(last, url, headers, body)

    async def _post_to(
        self, address: Address, url: httpx.URL, headers: dict[str, str], body: bytes
    ) -> int:
        """To this address, as the host that the URL names. What it answers is not read.

        On a connection of its own: another host may have the same address.
        """
        there = url.copy_with(host=str(address))
        named = {**HEADERS, **headers, "host": url.netloc.decode()}
        sni = {"sni_hostname": url.raw_host.decode()}
        async with (
            httpx.AsyncClient(verify=self._tls, timeout=PATIENCE, trust_env=False) as http,
            http.stream("POST", there, content=body, headers=named, extensions=sni) as answer,
        ):
            return answer.status_code


def message(ended: Process, url: str | None) -> bytes:
    """What is told of the end of a process, as JSON."""
    facts = {
        "id": str(ended.id),
        "script": ended.script,
        "status": ended.status,
        "exitCode": ended.exit_code,
        "reason": ended.reason,
        "startTime": _utc(ended.start_time),
        "endedAt": _utc(ended.ended_at),
        "lastSeq": ended.last_seq,
        "url": url,
    }
    told = {"type": "process.ended", "timestamp": _utc(ended.ended_at), "data": facts}
    return orjson.dumps(told)


def _in_words(error: BaseException) -> str:
    """Why it could not be sent; of a certificate, what is wrong with it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"Its certificate is not good: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__


def _utc(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}" if moment else None
