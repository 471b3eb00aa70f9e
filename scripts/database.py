"""The database of a repository: its tables, and how it is opened."""

import sqlite3
from pathlib import Path

from scripts.errors import ScriptError

DATABASE = "repository.db"
LOCK_TIMEOUT_S = 60  # another import may hold the write lock while its disk is slow
SCHEMA_VERSION = 1  # as the last statement below says
SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE items (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, handle TEXT UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('archived', 'workflow')), submitter TEXT,
    folder TEXT NOT NULL, content TEXT NOT NULL UNIQUE, added_at TEXT NOT NULL);
CREATE TABLE collections (
    item INTEGER NOT NULL REFERENCES items ON DELETE CASCADE, position INTEGER NOT NULL,
    collection TEXT NOT NULL, PRIMARY KEY (item, position)) WITHOUT ROWID;
CREATE INDEX collection_items ON collections (collection, item);
CREATE TABLE fields (
    id INTEGER PRIMARY KEY, schema TEXT NOT NULL, element TEXT NOT NULL, qualifier TEXT NOT NULL,
    language TEXT NOT NULL, UNIQUE (schema, element, qualifier, language));
CREATE TABLE metadata (
    item INTEGER NOT NULL REFERENCES items ON DELETE CASCADE, position INTEGER NOT NULL,
    field INTEGER NOT NULL REFERENCES fields, value TEXT NOT NULL,
    PRIMARY KEY (item, position)) WITHOUT ROWID;
CREATE INDEX field_items ON metadata (field, item);
CREATE TABLE bitstreams (
    id TEXT PRIMARY KEY, item INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
    position INTEGER NOT NULL, name TEXT NOT NULL, bundle TEXT NOT NULL, description TEXT NOT NULL,
    action TEXT, "group" TEXT, is_primary INTEGER NOT NULL, size INTEGER NOT NULL,
    sha256 TEXT NOT NULL, UNIQUE (item, position)) WITHOUT ROWID;
CREATE TABLE handles (last INTEGER NOT NULL);
INSERT INTO handles VALUES (0);
CREATE TABLE trash (content TEXT PRIMARY KEY) WITHOUT ROWID;
PRAGMA user_version = 1;
COMMIT;
"""


def connect(folder: Path) -> sqlite3.Connection:
    """A connection to the database of a repository, in autocommit mode."""
    database = sqlite3.connect(folder / DATABASE, timeout=LOCK_TIMEOUT_S, isolation_level=None)
    database.execute("PRAGMA foreign_keys = ON")
    database.execute("PRAGMA synchronous = FULL")
    return database


def create(connection: sqlite3.Connection, folder: Path) -> None:
    """Make the tables of a new repository, or check those of an old one.

    Raises ScriptError for a version that this program does not know. Keep other programs out.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.executescript(SCHEMA)
    else:
        check_version(folder, version)


def check_version(folder: Path, version: int) -> None:
    """Raise ScriptError unless this program knows the version of the schema."""
    if version != SCHEMA_VERSION:
        raise ScriptError(
            f"The repository {folder} has version {version}, this program knows {SCHEMA_VERSION};"
            " use the program it was made with."
        )


def find_item(database: sqlite3.Connection, identifier: str) -> int | None:
    """The number of the item with that handle or id, None if there is none."""
    query = (
        "SELECT number FROM items WHERE handle = ?1 UNION SELECT number FROM items WHERE id = ?1"
    )
    found: tuple[int] | None = database.execute(query, (identifier,)).fetchone()
    return found[0] if found else None
