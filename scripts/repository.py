"""A small repository: items, their metadata and bitstreams, in SQLite and a folder of files."""

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts import database, settings
from scripts.contents import Listing
from scripts.dublin_core import Value
from scripts.errors import ScriptError
from scripts.staging import Staging, locked


@dataclass(frozen=True)
class Bitstream:
    """A stored file: its place is `bitstreams/XX/CONTENT/ID` of its item's content."""

    id: str
    size: int
    sha256: str
    listing: Listing


@dataclass(frozen=True)
class Draft:
    """Everything about an item before it is in the database; its files are staged."""

    folder: str
    values: list[Value]
    bitstreams: list[Bitstream]
    collections: tuple[str, ...]
    submitter: str | None
    state: str
    content: str


class Repository:
    """A repository open for writing. Several programs may have it open at once.

    Raises ScriptError when it is opened if its settings or its version are not understood.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.settings = settings.read(folder)
        with locked(folder):
            self._database = database.connect(folder)
            database.create(self._database, folder)
            self.staging = Staging(folder, self._is_wanted)
            self._empty_trash()

    def close(self) -> None:
        self._empty_trash()
        with locked(self.folder):
            self.staging.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def number(self, identifier: str) -> int | None:
        """The number of the item with that handle or id, None if there is none."""
        return database.find_item(self._database, identifier)

    def collections(self, number: int) -> tuple[str, ...]:
        query = "SELECT collection FROM collections WHERE item = ? ORDER BY position"
        return tuple(name for (name,) in self._database.execute(query, (number,)))

    def reserve_handle(self) -> str:
        """A new handle. It is never given again, even if the item does not come to be."""
        prefix = self.settings.handle_prefix
        with self._transaction() as connection:
            while True:
                query = "UPDATE handles SET last = last + 1 RETURNING last"
                (last,) = connection.execute(query).fetchone()
                if self.number(f"{prefix}/{last}") is None:
                    return f"{prefix}/{last}"

    def add(self, draft: Draft, handle: str | None, record: Callable[[str], None]) -> None:
        """Store an item, all of it or nothing, and publish its files.

        `record` gets the handle (the id if it has none) just before the commit: what is in the
        repository is then always in the map file, and an entry without item can be told.
        """
        item_id = str(uuid.uuid4())
        self.staging.flush(draft.content)
        with self._transaction() as connection:
            if handle is not None and self.number(handle) is not None:
                raise taken(handle)
            number = connection.execute(
                "INSERT INTO items (id, handle, state, submitter, folder, content, added_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING number",
                (item_id, handle, draft.state, draft.submitter, draft.folder, draft.content, now()),
            ).fetchone()[0]
            self._fill(number, draft)
            record(handle or item_id)
        self.staging.publish(draft.content)

    def replace(self, identifier: str, draft: Draft) -> None:
        """Give an existing item new contents; id, handle and state stay, all of it or nothing."""
        self.staging.flush(draft.content)
        with self._transaction() as connection:
            number = self.number(identifier)
            if number is None:
                raise unknown(identifier)
            self._discard_content(number)
            for table in ("collections", "metadata", "bitstreams"):
                connection.execute(f"DELETE FROM {table} WHERE item = ?", (number,))  # noqa: S608
            query = "UPDATE items SET content = ?, submitter = coalesce(?, submitter), folder = ?"
            new = (draft.content, draft.submitter, draft.folder, number)
            connection.execute(f"{query} WHERE number = ?", new)
            self._fill(number, draft)
        self.staging.publish(draft.content)
        self._empty_trash()

    def delete(self, identifier: str) -> bool:
        """Delete an item with everything of it; False if there is none."""
        with self._transaction() as connection:
            number = self.number(identifier)
            if number is not None:
                self._discard_content(number)
                connection.execute("DELETE FROM items WHERE number = ?", (number,))
        self._empty_trash()
        return number is not None

    def _fill(self, number: int, draft: Draft) -> None:
        connection = self._database
        connection.executemany(
            "INSERT INTO collections VALUES (?, ?, ?)",
            [(number, position, name) for position, name in enumerate(draft.collections)],
        )
        connection.executemany(
            "INSERT INTO metadata VALUES (?, ?, ?, ?)",
            [
                (number, position, self._field(value), value.text)
                for position, value in enumerate(draft.values)
            ],
        )
        connection.executemany(
            "INSERT INTO bitstreams VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                _bitstream_row(number, position, stored)
                for position, stored in enumerate(draft.bitstreams)
            ],
        )

    def _field(self, value: Value) -> int:
        key = (value.schema, value.element, value.qualifier, value.language)
        self._database.execute(
            "INSERT OR IGNORE INTO fields (schema, element, qualifier, language)"
            " VALUES (?, ?, ?, ?)",
            key,
        )
        found: tuple[int] = self._database.execute(
            "SELECT id FROM fields WHERE (schema, element, qualifier, language) = (?, ?, ?, ?)",
            key,
        ).fetchone()
        return found[0]

    def _discard_content(self, number: int) -> None:
        # The rows go in this transaction, the files after it; a dead run's rest is found here.
        query = "INSERT INTO trash SELECT content FROM items WHERE number = ?"
        self._database.execute(query, (number,))

    def _empty_trash(self) -> None:
        for (content,) in self._database.execute("SELECT content FROM trash").fetchall():
            self.staging.remove(content)
            self._database.execute("DELETE FROM trash WHERE content = ?", (content,))

    def _is_wanted(self, content: str) -> bool:
        query = "SELECT 1 FROM items WHERE content = ?"
        return self._database.execute(query, (content,)).fetchone() is not None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise


def unknown(identifier: str) -> ScriptError:
    return ScriptError(f"{identifier} is not in the repository; add the item instead.")


def taken(handle: str) -> ScriptError:
    return ScriptError(
        f"the handle {handle} belongs to another item already; replace that one with -r, or take"
        " the handle file out."
    )


def now() -> str:
    """This moment, in UTC and whole seconds, as metadata and the database have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bitstream_row(number: int, position: int, stored: Bitstream) -> tuple[object, ...]:
    listing = stored.listing
    return (
        *(stored.id, number, position, listing.name, listing.stored_bundle, listing.description),
        *(listing.permission or (None, None)),
        *(listing.is_primary, stored.size, stored.sha256),
    )
