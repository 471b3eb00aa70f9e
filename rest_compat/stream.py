"""Answers that are sent while they are made, and the steps in which they are made."""

import asyncio
import logging
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from jobs.chunk import Batch
from models.outage import is_outage
from resolvers.departure import Departed, while_there
from resolvers.errors import ProcessionError

SMALL = 1 << 14  # characters or bytes that are worked on without a thread
# Written at once: a piece takes a multiple of its memory while it is made.
LINES = 4096
CHARACTERS = 1 << 18
LEVEL = 1  # of compression: higher ones take long and gain little
GZIP = 16 + zlib.MAX_WBITS  # asks zlib for the head and the sums of gzip

log = logging.getLogger(__name__)


class Stream(StreamingResponse):
    """Sends chunks until there are no more, or the client has left; then closes their source.

    Unlike Starlette's it lets the source clean up in peace. What goes wrong in the middle breaks
    the connection off, so that a part never looks like the whole.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None] | AsyncGenerator[str, None],
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(chunks, headers=headers)
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(Departed):
            await while_there(receive, self._send(send))

    async def _send(self, send: Send) -> None:
        async with aclosing(self._chunks):
            with broken_off():
                await self.stream_response(send)


@contextmanager
def broken_off() -> Iterator[None]:
    """What goes wrong inside, while an answer is sent, is told in one line if it is no mistake of
    ours. No end is sent then, which uvicorn takes for a failure."""
    try:
        yield
    except Exception as error:
        if not (isinstance(error, ProcessionError) or is_outage(error)):
            raise
        log.warning("An answer was broken off: %s", error)


async def pieces(write: Callable[[Batch], bytes], batch: Batch) -> AsyncGenerator[bytes, None]:
    """What `write` makes of a batch; of a large one piece by piece, by threads."""
    if len(batch.text) <= SMALL:
        yield write(batch)
        return
    parts = (part for some in batch.fitted(CHARACTERS) for part in some.split(LINES))
    written = map(write, parts)
    while (piece := await asyncio.to_thread(next, written, None)) is not None:
        yield piece


async def gzipped(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The chunks compressed; large ones by threads."""
    packer = zlib.compressobj(LEVEL, wbits=GZIP)
    async with aclosing(chunks):
        async for chunk in chunks:
            if len(chunk) <= SMALL:
                yield packer.compress(chunk)
            else:
                yield await asyncio.to_thread(packer.compress, chunk)
    yield packer.flush()
