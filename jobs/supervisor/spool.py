"""The spool: what the script printed and what the supervisor says of it, only ever appended to.

It consists of records. A record is a header (time in microseconds since 1970 u64, kind u8, length
u32, big-endian) and as many bytes: of kind OUTPUT as they came from the script, of kind SYSTEM a
line of the supervisor's.
"""

import os
import struct
import time

OUTPUT, SYSTEM = 0, 1
HEADER = struct.Struct(">QBI")
BLOCK = 1 << 18  # bytes of output in a record, at most, but for a mark


class Spool:
    """Appends records, each whole or not at all, and rings the bell.

    `waiting` are records for which there was no room, because the disk is full or broken;
    `trouble` is what was the matter last.
    """

    def __init__(self) -> None:
        self.file = os.open("spool", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # Read and write: ringing neither fails nor blocks while no worker listens.
        self.bell = os.open("bell", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self.size = 0
        self.waiting: list[tuple[bytes, bytes]] = []
        self.trouble = ""

    def append(self, kind: int, content: bytes) -> bool:
        """Writes a record now; False: there is no room."""
        return self.catch_up() and self._write(_header(kind, content), content)

    def say(self, text: str) -> None:
        """Writes a line of the supervisor's, now or as soon as there is room."""
        self.put(SYSTEM, text.encode("utf-8", "replace"))

    def put(self, kind: int, content: bytes) -> None:
        """Writes a record now or as soon as there is room."""
        self.waiting.append((_header(kind, content), content))
        self.catch_up()

    def catch_up(self) -> bool:
        """Writes what waits; False: there is still no room."""
        while self.waiting and self._write(*self.waiting[0]):
            del self.waiting[0]
        return not self.waiting

    def has_room(self) -> bool:
        """Whether there is room for a block again; found out by writing one."""
        fits = self._extend(b"", bytes(BLOCK))
        self._cut()
        return fits

    def unsaid(self) -> str | None:
        """What still waits, in words."""
        return "; ".join(content.decode().strip() for _, content in self.waiting) or None

    def _write(self, header: bytes, content: bytes) -> bool:
        if not self._extend(header, content):
            self._cut()
            return False
        self.size += len(header) + len(content)
        self.ring()
        return True

    def _extend(self, header: bytes, content: bytes) -> bool:
        try:
            written = os.pwritev(self.file, (header, content), self.size)
            while written < len(header) + len(content):  # there is no room, most likely
                rest = (header + content)[written:]
                written += os.pwrite(self.file, rest, self.size + written)
        except OSError as error:
            self.trouble = error.strerror or str(error)
            return False
        return True

    def _cut(self) -> None:
        """Takes back what was written of a record that did not fit."""
        try:
            os.ftruncate(self.file, self.size)
        except OSError:
            pass  # a broken disk; whoever reads knows a torn record from a whole one

    def ring(self) -> None:
        """Tells the worker that there is something new."""
        try:
            os.write(self.bell, b"!")
        except BlockingIOError:
            pass  # full: it has been rung often enough


def _header(kind: int, content: bytes) -> bytes:
    return HEADER.pack(time.time_ns() // 1000, kind, len(content))
