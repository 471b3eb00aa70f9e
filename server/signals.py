"""The signals that end a server, or its start."""

import asyncio
import signal
from collections.abc import Callable

from server.children import WorkerChild


class Signals:
    """SIGINT, which is Ctrl-C, stops the scripts of our worker; SIGTERM leaves them running, and so
    does SIGHUP, with which a terminal is closed."""

    def __init__(self, leave: Callable[[], object]) -> None:
        self._leave = leave  # ends the server, or what is to become one
        self.worker: WorkerChild | None = None
        self.have_come = False

    def leave_by(self, leave: Callable[[], object]) -> None:
        """What ends it from now on; at once where a signal has come and its cancellation was lost
        (see `jobs.background.end`), since no other one would."""
        self._leave = leave
        if self.have_come:
            leave()

    def listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, *leaving()):
            loop.add_signal_handler(number, self._end, number)

    def _end(self, number: signal.Signals) -> None:
        if self.worker is not None:
            self.worker.stops_scripts = number is signal.SIGINT
        if not self.have_come:  # a second one is not to disturb the end
            self.have_come = True
            self._leave()


def leaving() -> list[signal.Signals]:
    """With which signals a program is told to leave, and let scripts run on."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # as nohup wants it
    return [signal.SIGTERM] if ignored else [signal.SIGTERM, signal.SIGHUP]
