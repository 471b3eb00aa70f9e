"""The bare route: Starlette under the server's uvicorn settings, answering bytes that it has.

python -m bench.bare FILE: `GET /` and `POST /` answer the file's bytes; prints its port.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socket

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@asynccontextmanager
async def bare(folder: Path, content: bytes) -> AsyncIterator[int]:
    """The port at which such a server answers inside."""
    file = folder / f"bare-{len(content)}"
    file.write_bytes(content)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare", str(file), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        yield int(await process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


class Server(uvicorn.Server):
    """Prints its port."""

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)


def main(file: Path) -> None:
    content = file.read_bytes()

    async def answer(request: Request) -> Response:
        await request.body()
        return Response(content, media_type="application/json")

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    config = uvicorn.Config(
        app,
        port=0,
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Server(config).serve())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
