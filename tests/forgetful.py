"""A way to a server that may forget its connections, as a firewall does that loses its state."""

import ctypes
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

ATTACH_FILTER = 26  # SO_ATTACH_FILTER of Linux, which Python does not name
DROP = struct.pack("HBBI", 0x06, 0, 0, 0)  # BPF: of each packet, take nothing


class Way:
    """Passes on what it gets, to a server that `reach` connects to; `port` is where it begins."""

    def __init__(self, reach: Callable[[], socket.socket]) -> None:
        self._reach = reach
        self._ends: list[socket.socket] = []
        self._forgotten: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def forget(self) -> None:
        """From now on no packet of the connections there are arrives, nor is any answered."""
        self._forgotten.update(self._ends)
        for end in self._ends:
            drop = ctypes.create_string_buffer(DROP, len(DROP))
            program = struct.pack("HP", 1, ctypes.addressof(drop))
            end.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, program)

    def close(self) -> None:
        for each in (self._listening, *self._ends):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # wakes who waits for it
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):  # it is closed
            while True:
                ours, _ = self._listening.accept()
                its = self._reach()
                self._ends += [ours, its]
                for ends in ((ours, its), (its, ours)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(1 << 16):
                if source not in self._forgotten:
                    target.sendall(content)
            if source not in self._forgotten:
                target.shutdown(socket.SHUT_WR)


@contextmanager
def forgetful(reach: Callable[[], socket.socket]) -> Iterator[Way]:
    way = Way(reach)
    try:
        yield way
    finally:
        way.close()
