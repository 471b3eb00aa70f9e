"""Downloading the files that a script wrote: resumed after a cut, and proved by their SHA-256.

What has come of a file is in `.procession-HASH.part`, where HASH begins its SHA-256, until it is
whole. The names come from the server, and are not believed: whatever they are, nothing is written
outside of the folder.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from client.connection import Server
from client.errors import ClientError, Cut, Incomplete, InTheWay, Refused, Unreachable
from client.exchange import check, exchange
from client.insistence import Insistence
from client.meter import Meter, OpenMeter
from client.table import plain

BLOCK = 1 << 18

File = dict[str, Any]
"""A file as JSON: `name`, `size`, `sha256`, `url`."""


class Fate(Enum):
    """What became of a download."""

    SAVED = "saved"
    THERE = "was there already"


class Download:
    """Saves files in a folder; `warn` is told of cuts. Others are replaced only to `overwrite`."""

    def __init__(
        self,
        server: Server,
        folder: Path,
        open_meter: OpenMeter,
        warn: Callable[[str], None],
        *,
        overwrite: bool = False,
    ) -> None:
        self._server = server
        self._folder = folder
        self._open_meter = open_meter
        self._warn = warn
        self._overwrite = overwrite

    def save(self, file: File) -> tuple[Path, Fate]:
        """Raises Incomplete, InTheWay, Refused, Unreachable; ClientError for a full disk."""
        target = self._target(safe(file["name"]))
        if target.is_symlink() or target.exists():
            if _is_same(target, file):
                return target, Fate.THERE
            if not self._overwrite or target.is_dir():
                raise InTheWay(f"{target} is there already, and another; see --overwrite")
        _make(target.parent)
        partial = target.parent / f".procession-{_hash(file)[:16]}.part"
        with _locked(partial) as part:
            self._fill(part, file)
            part.flush()
            os.fsync(part.fileno())
            _prove(part, partial, file)
            partial.rename(target)
        return target, Fate.SAVED

    def _target(self, name: str) -> Path:
        """Where it is saved. Raises InTheWay for a link that could lead elsewhere."""
        target = self._folder / name
        for each in target.parents[: name.count("/")]:
            if each.is_symlink():
                raise InTheWay(f"{each} is a link, which is not followed")
        return target

    def _fill(self, part: BinaryIO, file: File) -> None:
        """Until all of it is there, across cuts of the connection."""
        size, insistence = int(file["size"]), Insistence(self._warn)
        meter = self._open_meter(file["name"], size)
        try:
            while (have := part.seek(0, os.SEEK_END)) < size:
                try:
                    self._receive(part, file, have, meter)
                except (Cut, Unreachable) as error:
                    if part.tell() > have:
                        insistence.succeed()
                    meter.clear()
                    insistence.wait(error)
        finally:
            meter.clear()

    def _receive(self, part: BinaryIO, file: File, have: int, meter: Meter) -> None:
        """What comes of the rest. Raises Cut if that is not all."""
        headers = {"Range": f"bytes={have}-", "If-Range": f'"{file["sha256"]}"'} if have else {}
        with exchange(self._server, "GET", urlsplit(file["url"]).path, headers) as answer:
            check(answer, 200, 206)
            if answer.status == 200:
                have = part.truncate(0)
                part.seek(0)
            meter.begin(have)
            while block := answer.read1(min(BLOCK, int(file["size"]) - have)):
                have += _written(part, block)
                meter.add(len(block))
        if have < int(file["size"]):
            raise Cut(f"The connection to {self._server.url} was cut")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InTheWay(f"{folder} cannot be made: there is a file in its place") from error


def _written(part: BinaryIO, block: bytes) -> int:
    """A full disk is no cut of the connection."""
    try:
        return part.write(block)
    except OSError as error:
        raise ClientError(f"{error.strerror}; what has come is kept") from error


def safe(name: str) -> str:
    """The name, if it is one of a file in the folder or in folders below. Raises Refused."""
    if {"", ".", ".."} & {*name.split("/")} or plain(name) != name or "\\" in name:
        raise Refused(f"{plain(name)!r} is not saved: it is no plain name of a file")
    return name


def _hash(file: File) -> str:
    text = str(file["sha256"])
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise Refused(f"{file['name']!r} is not saved: the server tells no SHA-256 of it")
    return text


def _is_same(path: Path, file: File) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != int(file["size"]):
        return False
    with path.open("rb") as opened:
        return _digest(opened) == str(file["sha256"])


def _prove(part: BinaryIO, partial: Path, file: File) -> None:
    part.seek(0)
    if _digest(part) != file["sha256"]:
        partial.unlink()
        raise Incomplete(f"What came of {file['name']!r} is not what the script wrote; try again")


def _digest(opened: BinaryIO) -> str:
    digest = sha256()
    for block in iter(lambda: opened.read(BLOCK), b""):
        digest.update(block)
    return digest.hexdigest()


@contextmanager
def _locked(partial: Path) -> Iterator[BinaryIO]:
    """What has come by now; ours alone. No link is followed."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(partial, flags, 0o666), "r+b") as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InTheWay(f"{partial}: somebody else is downloading this file") from None
        yield part
