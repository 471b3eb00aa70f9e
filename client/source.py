"""A file of this machine that is to be sent."""

import os
from collections.abc import Iterator
from mimetypes import guess_type
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from client.errors import ClientError

BLOCK = 1 << 18


def opened(path: Path) -> BinaryIO:
    """Raises ClientError."""
    try:
        return path.open("rb")
    except OSError as error:
        raise ClientError(f"{path}: {error.strerror}") from error


def length(file: BinaryIO) -> int | None:
    """Its bytes, if they are known: those that come from a pipe are not."""
    facts = os.fstat(file.fileno())
    return facts.st_size if S_ISREG(facts.st_mode) else None


def media_type(path: Path) -> str:
    return guess_type(path.name)[0] or "application/octet-stream"


def blocks(file: BinaryIO, size: int | None) -> Iterator[bytes]:
    """What is in it from here on; exactly `size` bytes if that was said to the server."""
    rest = size
    while rest != 0:
        try:
            block = file.read(BLOCK if rest is None else min(BLOCK, rest))
        except OSError as error:
            raise ClientError(f"{file.name}: {error.strerror}") from error
        if not block:
            break
        rest = rest and rest - len(block)
        yield block
    if rest:
        raise ClientError(f"{file.name} became smaller while it was sent; nothing was started")
