"""Execution Console Output: the contract's JSON, bare lines, or a live feed."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from hashlib import sha256
from typing import cast
from uuid import UUID

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from jobs.background import ahead
from jobs.chunk import Batch
from jobs.output import Window
from models.process import Process
from models.status import Status
from resolvers import output
from resolvers.errors import BadInput
from resolvers.output import Part
from resolvers.preferences import coding, weight, weights
from resolvers.processes import process
from resolvers.viewer import Viewer
from rest_compat import hal
from rest_compat.api import Api, process_id
from rest_compat.conditions import is_known, unchanged
from rest_compat.feed import EVENTS, SEEN, live
from rest_compat.paging import read_number, single
from rest_compat.responses import HAL
from rest_compat.stream import CHARACTERS, Stream, gzipped, pieces
from rest_compat.times import earliest, latest, read_time

TEXT = "text/plain;charset=UTF-8"
MEDIA_RANGES = {  # what each form is asked for by, the most precise first
    HAL: ("application/hal+json", "application/json", "application/*", "*/*"),
    TEXT: ("text/plain", "text/*", "*/*"),
    EVENTS: ("text/event-stream", "text/*", "*/*"),
}


async def show_output(api: Api, viewer: Viewer, request: Request) -> Response:
    """Execution Console Output, in the form that the client prefers."""
    form = preferred_form(request.headers)
    part = read_part(request, form)
    row = await process(viewer, process_id(request))
    part = _numbered(part, row)
    if form == EVENTS:
        return await live(api, viewer, request, row, part)
    return _stored(viewer, request, form, row, part)


def preferred_form(headers: Headers) -> str:
    """The content type. Where a client wants several alike, or none of them, the contract's."""
    wanted = weights(headers.getlist("accept"))
    return max(MEDIA_RANGES, key=lambda form: weight(wanted, *MEDIA_RANGES[form]))


def read_part(request: Request, form: str) -> Part:
    """Which lines are asked for. Raises BadInput, which names each wrong parameter."""
    wrong: dict[str, list[str]] = {}
    query = request.query_params
    start = read_time("fromTime", single(query, "fromTime", wrong), wrong)
    end = read_time("toTime", single(query, "toTime", wrong), wrong)
    after = last = None
    if form != HAL:  # the contract knows no such parameters
        after = read_number("after", single(query, "after", wrong), 0, wrong)
        last = read_number("last", single(query, "last", wrong), 0, wrong)
    if form == EVENTS and (seen := request.headers.get(SEEN)):
        after, last = read_number("Last-Event-ID", seen, 0, wrong), None
    if wrong:
        raise BadInput(wrong)
    return Part(
        after or 0, last=last, from_time=start and earliest(start), to_time=end and latest(end)
    )


def _numbered(part: Part, row: Process) -> Part:
    """The same lines, the last ones of now by the number after which they begin."""
    if part.last is None:
        return part
    return replace(part, after=max(part.after, row.last_seq - part.last), last=None)


def _stored(viewer: Viewer, request: Request, form: str, row: Process, part: Part) -> Response:
    """The lines that are stored by now."""
    packed = coding(request.headers.getlist("accept-encoding"), ["gzip"]) is not None
    headers = _headers(form, row, part.window(), packed=packed)
    if is_known(request.headers, headers.get("ETag")):
        return unchanged(Headers(headers))
    if request.method == "HEAD":
        return StreamingResponse((), headers=headers)
    chunks = (_entries if form == HAL else _text)(_whole(viewer, row.id, part))
    return Stream(gzipped(chunks) if packed else chunks, headers)


def _headers(form: str, row: Process, window: Window, *, packed: bool) -> dict[str, str]:
    """Output that is finished has an ETag, another for each way in which it is sent."""
    headers = {"Content-Type": form, "Vary": "Accept, Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    if not Status(row.status).ended:
        return {**headers, "Cache-Control": "no-store"}
    facts = (row.output_sha256, window, form, packed)
    etag = sha256(repr(facts).encode()).hexdigest()
    return {**headers, "Cache-Control": "private, no-cache", "ETag": f'"{etag}"'}


async def _whole(viewer: Viewer, process_id: UUID, part: Part) -> AsyncGenerator[Batch, None]:
    """The lines. Raises NotFound if the process was deleted meanwhile, and with it some of them."""
    found = await output.stored(viewer, process_id, part)
    async with aclosing(cast("AsyncGenerator[Batch, None]", found)) as batches:
        async for batch in batches:
            yield batch
    await process(viewer, process_id)


async def _entries(batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[bytes, None]:
    opening = b"["
    async with aclosing(ahead(batches)) as coming:
        async for batch in coming:
            async with aclosing(pieces(hal.output, batch)) as some:
                async for entries in some:
                    yield opening + entries
                    opening = b","
    yield b"[]" if opening == b"[" else b"]"


async def _text(batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(ahead(batches)) as coming:
        async for batch in coming:
            for start in range(0, len(batch.text), CHARACTERS):
                yield batch.text[start : start + CHARACTERS].encode()
            yield b"\n"
