"""Backing up: the database as it is at one moment, and its files, while everything goes on."""

import os
import shutil
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from tortoise.models import Model

from jobs.archive import (
    FORMAT,
    TABLES,
    ArchiveError,
    Row,
    Summary,
    Table,
    Writer,
    columns_of,
    name_of,
    read,
    write_summary,
)
from jobs.ownership import require
from jobs.store import Store, digest_of
from models.file import Direction, File
from models.instant import now
from models.output import OutputChunk
from models.process import Process
from models.transaction import snapshot

ROWS = 1000  # in a block
CHUNKS = 100  # of output in a block, because they are large


@dataclass(slots=True)
class Files:
    """What became of the files; paths are those in the store."""

    count: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


async def back_up(store: Store, folder: Path, version: str, migrations: list[str]) -> Summary:
    """Makes the folder. Raises ArchiveError if there is something in it already, OwnershipError
    where the files are away: none of them is lost then."""
    await require(store)
    _make(folder)
    made_at = now()
    async with snapshot():
        tables = {name_of(model): await _write(folder, model) for model in TABLES}
    files = Files()
    columns = tables[name_of(File)].columns
    for rows in read(folder, name_of(File)):
        named = [dict(zip(columns, row, strict=True)) for row in rows]
        await to_thread(_take, store, folder, named, files)
    gone = await _gone(files.missing)
    bad = [path for path in files.missing if path.partition("/")[0] not in gone] + files.damaged
    summary = Summary(
        FORMAT, version, made_at, migrations, tables, files.count, files.bytes, sorted(gone), bad
    )
    write_summary(folder, summary)
    return summary


def _make(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise ArchiveError(f"There is something in {folder} already; name a new folder")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in ("tables", "files"):
        (folder / name).mkdir()


async def _write(folder: Path, model: type[Model]) -> Table:
    writer = Writer(folder, columns_of(model), name_of(model))
    async for rows in _rows(model):
        await to_thread(writer.write, rows)
    return writer.close()


async def _rows(model: type[Model]) -> AsyncIterator[list[Row]]:
    """All rows in the order of their keys, so many at a time."""
    key, columns = model._meta.pk_attr, columns_of(model)
    some = model.all().order_by(key).limit(CHUNKS if model is OutputChunk else ROWS)
    rows = await some.values_list(key, *columns)
    while rows:
        yield [row[1:] for row in rows]
        rows = await some.filter(**{f"{key}__gt": rows[-1][0]}).values_list(key, *columns)


def _take(store: Store, folder: Path, rows: list[dict[str, str]], files: Files) -> None:
    """Takes files into the backup."""
    for row in rows:
        path = store.path(UUID(row["process_id"]), UUID(row["id"]))
        name = f"{row['process_id']}/{row['id']}"
        copy = folder / "files" / name
        copy.parent.mkdir(exist_ok=True)
        try:
            copy_file(path, copy, row["direction"])
        except FileNotFoundError:
            files.missing.append(name)
            continue
        if digest_of(copy) != row["sha256"]:
            files.damaged.append(name)
        files.count += 1
        files.bytes += copy.stat().st_size


def copy_file(path: Path, copy: Path, direction: str) -> None:
    """By a link, or truly: a script may write to what was uploaded for it."""
    if direction == Direction.OUTPUT:
        with suppress(OSError):  # another file system, or one without links
            os.link(path, copy)
            return
    shutil.copyfile(path, copy)


async def _gone(missing: list[str]) -> set[str]:
    """Of processes of which files are missing, those that were deleted meanwhile."""
    ids = {path.partition("/")[0] for path in missing}
    there = Process.filter(id__in=list(ids))
    return ids - {str(each) for (each,) in await there.values_list("id")}
