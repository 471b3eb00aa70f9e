"""The ways by which users are told outside that a process has ended."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from jobs.delivery import Send
from models.delivery import Channel, Delivery
from server.late import late
from server.parts import Parts
from server.settings import Settings


class Late:
    """A way that is loaded when it is used first, for most workers never need it."""

    def __init__(self, load: Callable[[], Send]) -> None:
        self._load = load
        self._send: Send | None = None
        self._loading = asyncio.Lock()

    async def __call__(self, delivery: Delivery) -> None:
        async with self._loading:
            if self._send is None:
                self._send = await asyncio.to_thread(self._load)
        await self._send(delivery)


def channels(settings: Settings, parts: Parts) -> Mapping[Channel, Send]:
    """Those that the settings make possible."""
    found = {Channel.WEBHOOK: Late(partial(_webhooks, settings, parts))}
    if settings.smtp_url:
        found[Channel.EMAIL] = Late(partial(_mail, settings))
    return found


def _webhooks(settings: Settings, parts: Parts) -> Send:
    reach = late("jobs.reach:Reach")(settings.webhook_allowed)
    send: Send = late("jobs.webhook:Webhooks")(parts.safe, reach, settings.page_of).send
    return send


def _mail(settings: Settings) -> Send:
    relay = late("jobs.mail:Relay").of(settings.smtp_url)
    send: Send = late("jobs.mail:Mail")(relay, settings.mail_from, settings.page_of).send
    return send
