"""The worker that `procession serve` runs beside itself in the embedded default."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from jobs.background import beside
from server.worker import STOP_SCRIPTS

log = logging.getLogger(__name__)

AGAIN = 1.0  # seconds before a worker that ended by itself is started again


class WorkerChild:
    """Keeps one worker running. At the end it leaves its scripts to the next one, unless told to
    stop them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.stops_scripts = False
        self._environment = environment
        self._child: asyncio.subprocess.Process | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator["WorkerChild"]:
        try:
            async with beside(self._keep_running(), "worker"):
                yield self
        finally:
            if self._child is not None and self._child.returncode is None:
                await self._dismiss(self._child)

    async def _dismiss(self, child: asyncio.subprocess.Process) -> None:
        """By its standard input, which it reads once it can; a signal might come too early."""
        if child.stdin is not None:
            if self.stops_scripts:
                child.stdin.write(STOP_SCRIPTS)
            child.stdin.close()
        await child.wait()

    async def _keep_running(self) -> None:
        while True:
            # Its standard input ends with this program, however that ends. It has a session of its
            # own, so that a Ctrl-C reaches it only by this program.
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
