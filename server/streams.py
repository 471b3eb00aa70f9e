"""Live answers over HTTP: when the server leaves they are cut, and their clients connect again."""

import asyncio
import logging
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

LIVE = ("text/event-stream", "multipart/mixed")


class Streams:
    """An ASGI application whose live answers can be ended.

    They are ended without the event that would say that they are complete. (WebSockets are closed
    by uvicorn, with the code 1012 that says that the service restarts.)
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._live: set[asyncio.Task[object]] = set()
        self._leaving = False

    def end(self) -> None:
        self._leaving = True
        for task in self._live:
            task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        if scope["type"] != "http" or task is None:
            await self._app(scope, receive, send)
            return

        async def send_noticed(message: Message) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self._live.discard(task)  # it ends by itself
            await send(message)
            if message["type"] == "http.response.start" and is_live(message):
                self._live.add(task)
                if self._leaving:  # the request was on its way when the server was told to end
                    task.cancel()

        try:
            await self._app(scope, receive, send_noticed)
        except asyncio.CancelledError:
            if not self._leaving:
                raise
            if task in self._live:
                with suppress(asyncio.CancelledError):  # uvicorn waits no longer for who stalls
                    await send({"type": "http.response.body", "body": b""})
            else:  # uvicorn waits no longer
                what = f"{scope['method']} {scope['path']}"
                log.warning("The server left in the middle of %s", what)
        finally:
            self._live.discard(task)


def is_live(start: Message) -> bool:
    """Whether what begins so goes on for as long as its client listens."""
    return Headers(raw=start["headers"]).get("content-type", "").startswith(LIVE)
