"""The worker that `procession serve` runs beside itself in the embedded default."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from jobs.background import beside

log = logging.getLogger(__name__)

AGAIN = 1.0  # seconds before a worker that ended by itself is started again


class WorkerChild:
    """Keeps one worker running; `farewell` is the signal with which it is ended."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.farewell = signal.SIGTERM
        self._environment = environment
        self._child: asyncio.subprocess.Process | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator["WorkerChild"]:
        try:
            async with beside(self._keep_running(), "worker"):
                yield self
        finally:
            if self._child is not None and self._child.returncode is None:
                self._child.send_signal(self.farewell)
                await self._child.wait()

    async def _keep_running(self) -> None:
        while True:
            # Its standard input is a pipe that ends with this program, however that ends. It has a
            # session of its own, so that a Ctrl-C reaches it only by this program.
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # whatever lies in the present folder is not ours to import
                "-m",
                "server.worker",
                stdin=asyncio.subprocess.PIPE,
                env=dict(self._environment),
                start_new_session=True,
            )
            code = await self._child.wait()
            log.error("The worker ended with exit code %s; starting it again", code)
            await asyncio.sleep(AGAIN)
