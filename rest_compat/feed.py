"""A live feed of output: server-sent events, as WHATWG's HTML describes them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from jobs.background import end
from jobs.chunk import Batch
from jobs.output import Window
from models.process import Process
from models.status import Status
from resolvers import output
from resolvers.output import End, Part
from resolvers.viewer import Viewer
from rest_compat import hal
from rest_compat.api import Api
from rest_compat.errors import explanation
from rest_compat.stream import Stream, pieces

T = TypeVar("T")

EVENTS = "text/event-stream"
SEEN = "last-event-id"  # the header in which a client says where it was cut off
HEADERS = {
    "Content-Type": EVENTS,
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Encoding",
    "X-Accel-Buffering": "no",  # nginx would collect
}
PATIENCE = 15.0  # seconds of silence until a comment shows that the connection lives
COMMENT = b": keep-alive\n\n"
AGAIN = b"retry: 1000\n"  # milliseconds until a client that was cut off comes back


async def live(api: Api, viewer: Viewer, request: Request, row: Process, part: Part) -> Response:
    """An event for each line as it comes, and one for the end, which has the number after theirs.

    It begins with the number after which it does, so that a client which is cut off before the
    first line has a place to come back to. Whoever comes back although they have seen the end, as
    browsers do, is told to stay away.
    """
    window = part.window()
    if SEEN in request.headers and Status(row.status).ended and part.after > row.last_seq:
        return Response(status_code=204)
    if request.method == "HEAD":
        return StreamingResponse((), headers=HEADERS)
    api.app.seats.require(viewer)  # as long as a status can still say so
    place = await _place(viewer, row, part)
    events = output.follow(viewer, api.app, row.id, place, _as_it_is)
    return Stream(_feed(request, _opening(row, place), _told(events, window)), HEADERS)


async def _place(viewer: Viewer, row: Process, part: Part) -> Part:
    """The same part, begun as late as its first line of now allows."""
    if part.from_time is None:
        return part
    first = await output.page(viewer, row.id, replace(part, first=1))
    return replace(part, after=first.first_seq - 1 if first else max(part.after, row.last_seq))


def _opening(row: Process, place: Part) -> bytes:
    """When a client is to come back, and behind which line.

    A line that is not there yet is not named: who came back with it would seem to have seen the
    end.
    """
    begun = b"id: %d\n" % place.after if place.after <= row.last_seq else b""
    return AGAIN + begun + b"\n"


async def _feed(
    request: Request, opening: bytes, told: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    yield opening
    try:
        async with aclosing(_beating(told)) as beats:
            async for piece in beats:
                yield COMMENT if piece is None else piece
    except Exception as error:
        yield _event("error", explanation(request, error))


async def _beating(items: AsyncGenerator[T, None]) -> AsyncGenerator[T | None, None]:
    """The same items, and None whenever there was none for so long that a comment is due."""
    coming = asyncio.ensure_future(anext(items, None))
    try:
        while True:
            await asyncio.wait({coming}, timeout=PATIENCE)
            if not coming.done():
                yield None
            elif (item := coming.result()) is not None:
                coming = asyncio.ensure_future(anext(items, None))
                yield item
            else:
                return
    finally:
        await end(coming)
        await items.aclose()


async def _told(
    events: AsyncGenerator[Batch | End, None], window: Window
) -> AsyncGenerator[bytes, None]:
    write = partial(_lines, window)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, End):
                row = event.process
                yield f"id: {row.last_seq + 1}\n".encode() + _event("end", hal.end(row))
            else:
                async with aclosing(pieces(write, event)) as some:
                    async for piece in some:
                        yield piece


def _as_it_is(batch: Batch) -> Batch:
    return batch


def _lines(window: Window, batch: Batch) -> bytes:
    """An event for each line of the window. A carriage return in it goes on in a field of its own.

    Clients read that as a newline, which no line has, so they can turn it back.
    """
    found = window.cut(batch)
    if found is None:
        return b""
    texts = found.text.split("\n")
    if "\r" in found.text:
        texts = [text.replace("\r", "\ndata: ") for text in texts]
    events = [f"id: {seq}\ndata: {text}\n\n" for seq, text in enumerate(texts, found.first_seq)]
    return "".join(events).encode()


def _event(name: str, document: hal.Document) -> bytes:
    return f"event: {name}\ndata: {orjson.dumps(document).decode()}\n\n".encode()
