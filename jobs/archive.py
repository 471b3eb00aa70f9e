"""The form of a backup, which is the same for every database: a folder with

backup.json    what there should be, and its sums; written last, so that without it nothing counts
tables/NAME    the rows of a table: blocks, each of them its length (u32, big-endian) and a
               Zstandard frame of a list of rows in MessagePack
files/ID/ID    the files of the store, as they lie there
"""

import hashlib
import struct
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from tortoise.models import Model

from jobs.store import digest_of
from models.audit import AuditEntry
from models.delivery import Delivery
from models.file import File
from models.group import Grant, Group, Membership
from models.output import Merge, OutputChunk
from models.process import Deletion, Parameter, Process
from models.report import Report
from models.user import Identity, Token, User

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FORMAT = 1
SUMMARY = "backup.json"
LENGTH = struct.Struct(">I")
# Those that are referred to come first. Workers, and failures to sign in, are of the place where
# they were.
TABLES: tuple[type[Model], ...] = (
    *(User, Token, Identity, Group, Membership, Grant, AuditEntry),
    *(Process, Report, Delivery, Parameter, File, Merge, OutputChunk, Deletion),
)

Row = Sequence[Any]


class ArchiveError(Exception):
    """A backup that cannot be made or used; says why, and what to do."""


class Table(msgspec.Struct, frozen=True):
    """What the file of a table should be."""

    columns: tuple[str, ...]
    rows: int
    sha256: str


class Summary(msgspec.Struct, frozen=True):
    """`gone` are processes that were deleted while the backup was made, and are no part of it.

    `bad` are the paths of files that the store did not have, or not as they should be.
    """

    format: int
    procession: str
    made_at: datetime
    migrations: list[str]
    tables: dict[str, Table]
    files: int
    bytes: int
    gone: list[str]
    bad: list[str]


class Writer:
    """Writes the rows of one table."""

    def __init__(self, folder: Path, columns: Sequence[str], name: str) -> None:
        self._columns = tuple(columns)
        self._file = (folder / "tables" / name).open("xb")
        self._digest = hashlib.sha256()
        self._rows = 0

    def write(self, rows: Sequence[Row]) -> None:
        block = zstd.compress(msgspec.msgpack.encode(rows))
        for part in (LENGTH.pack(len(block)), block):
            self._digest.update(part)
            self._file.write(part)
        self._rows += len(rows)

    def close(self) -> Table:
        self._file.close()
        return Table(self._columns, self._rows, self._digest.hexdigest())


def read(folder: Path, name: str) -> Iterator[list[Row]]:
    """The rows of a table, a block at a time."""
    with (folder / "tables" / name).open("rb") as file:
        while length := file.read(LENGTH.size):
            block = file.read(LENGTH.unpack(length)[0])
            yield msgspec.msgpack.decode(zstd.decompress(block), type=list[list[Any]])


def name_of(model: type[Model]) -> str:
    """That of its table."""
    return str(model._meta.db_table)


def columns_of(model: type[Model]) -> list[str]:
    """Those that are backed up; a number that the database gives by itself means nothing."""
    meta = model._meta
    return sorted(name for name in meta.db_fields if name != meta.pk_attr or not meta.pk.generated)


def write_summary(folder: Path, summary: Summary) -> None:
    new = folder / f"{SUMMARY}.new"
    new.write_bytes(msgspec.json.format(msgspec.json.encode(summary)))
    new.rename(folder / SUMMARY)


def read_summary(folder: Path, migrations: Sequence[str]) -> Summary:
    """Checks everything but the files. Raises ArchiveError.

    `migrations` are those that this program knows.
    """
    try:
        summary = msgspec.json.decode((folder / SUMMARY).read_bytes(), type=Summary)
    except FileNotFoundError:
        raise ArchiveError(
            f"{folder} is no backup, or one that was never finished: it has no {SUMMARY}"
        ) from None
    except msgspec.DecodeError as error:
        raise ArchiveError(f"{folder / SUMMARY} is damaged: {error}") from None
    if summary.format > FORMAT or not set(summary.migrations) <= set(migrations):
        raise ArchiveError(
            f"{folder} was made by Procession {summary.procession}, which is newer than this one: "
            "restore it with that version"
        )
    for name, table in summary.tables.items():
        path = folder / "tables" / name
        if not path.is_file() or digest_of(path) != table.sha256:
            raise ArchiveError(f"{path} is missing or damaged: use another backup")
    return summary
