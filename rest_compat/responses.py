"""Answers in JSON."""

from collections.abc import AsyncIterator, Mapping

import orjson
from starlette.responses import Response, StreamingResponse

from jobs.chunk import Batch
from rest_compat import hal

HAL = "application/hal+json;charset=UTF-8"


def json(
    document: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = HAL,
) -> Response:
    return Response(
        orjson.dumps(document), status, headers={"Content-Type": media_type, **(headers or {})}
    )


def output(batches: AsyncIterator[Batch]) -> Response:
    """Execution Console Output, written as it is read."""
    return StreamingResponse(_written(batches), headers={"Content-Type": HAL})


async def _written(batches: AsyncIterator[Batch]) -> AsyncIterator[bytes]:
    before = b"["
    async for batch in batches:
        for some in batch.split(1000):  # encoding more at once would keep others waiting
            yield before + orjson.dumps(hal.output(some))[1:-1]
            before = b","
    yield b"[]" if before == b"[" else b"]"
