"""Room: it is taken beforehand for short texts that have to be written on a full disk, too.

A text is there whole or not at all: it is put into the file that holds its room, which then gets
its name.
"""

import os

SIZE = 4096  # bytes, more than such a text ever takes
NEW = ".new"  # behind the name, of what holds the room


def take(path: str) -> None:
    """Takes the room for a text. Raises OSError where there is none."""
    _write(path + NEW, bytes(SIZE))


def put(path: str, text: str, *, lasting: bool = False) -> None:
    """Puts the text there; `lasting`: the machine may fail right afterwards. Raises OSError."""
    _write(path + NEW, text.encode(), lasting=lasting)
    os.rename(path + NEW, path)


def _write(path: str, content: bytes, *, lasting: bool = False) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        written = 0
        while written < len(content):
            written += os.write(file, content[written:])
        os.ftruncate(file, written)
        if lasting:
            os.fsync(file)
    finally:
        os.close(file)
