"""Export the metadata of items as the CSV file that repository managers know.

    python -m scripts.metadata_export --repository REPOSITORY -i COLLECTION -f metadata.csv

One line per item: `id,collection,dc.title,dc.title[en],...`, with `||` between several values.
Exit codes: 0 done, 1 failed, 2 the options make no sense.
"""

import csv
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

from scripts import database
from scripts.command_line import CommandLine
from scripts.console import run, say
from scripts.errors import ScriptError
from scripts.events import tell, tell_done

SEPARATOR = "||"
PROGRESS_ITEMS = 10_000
TOLD_ITEMS = 500
LEFT_OUT = (
    "dc.date.accessioned",
    "dc.date.available",
    "dc.date.updated",
    "dc.description.provenance",
)
DEFAULT_NAME = "metadata.csv"
# The items of each kind of selection, in the order in which they came; all read from an index.
EVERYTHING = "SELECT number, id FROM items WHERE state = 'archived' ORDER BY number"
OF_COLLECTION = (
    "SELECT items.number, items.id FROM collections JOIN items ON items.number = collections.item"
    " WHERE collections.collection = ? AND items.state = 'archived' ORDER BY collections.item"
)
ONE_ITEM = "SELECT number, id FROM items WHERE number = ?"


def parser() -> CommandLine:
    made = CommandLine(
        "metadata_export", description=(__doc__ or "").split("\n")[0], allow_abbrev=False
    )
    made.add_argument("-i", "--id", help="a collection or an item, by id or handle")
    made.add_argument("-f", "--file", help=f"the CSV file ({DEFAULT_NAME})")
    made.add_argument("-a", "--all", action="store_true", help="also fields normally left out")
    made.add_argument(
        "--repository",
        default=os.environ.get("PROCESSION_REPOSITORY", "repository"),
        help="folder of the repository (PROCESSION_REPOSITORY, or ./repository)",
    )
    return made


def main() -> int:
    asked = parser().read(sys.argv[1:])
    target = Path(asked.file or Path(os.environ.get("PROCESSION_OUTPUT_DIR", "."), DEFAULT_NAME))
    with closing(_open(Path(asked.repository))) as connection:
        export = Export(connection, asked.id, asked.all)
        say(f"Exporting the metadata of {asked.id or 'everything'} to {target}")
        with replacing(target) as file:
            count = export.write(file)
    exported = f"{count} items with {len(export.fields)} metadata columns"
    say(f"Exported {exported} to {target}")
    tell(summary=f"Exported {exported} to `{target.name}`")
    tell(values={"items": count, "columns": len(export.fields)})
    if export.ambiguous:
        ambiguous = f"{export.ambiguous} values have {SEPARATOR} in their own text"
        say(f"Warning: {ambiguous}")
        tell(warning=ambiguous)
    return 0


class Export:
    """One export, all of it from one moment of the repository.

    Raises ScriptError when constructed if `identifier` is neither an item nor a collection.
    """

    def __init__(self, connection: sqlite3.Connection, identifier: str | None, all_fields: bool):
        self._connection = connection
        # A transaction that only reads: items imported meanwhile do not exist for it.
        connection.execute("BEGIN")
        self._query, self._arguments = _selection(connection, identifier)
        self.fields = self._columns(all_fields)
        self.ambiguous = 0

    def write(self, file: TextIO) -> int:
        """Write the header and a line per item as it is read; the number of items."""
        # CRLF, so that the csv module also quotes values with a lone CR.
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(["id", "collection", *self.fields.values()])
        count, total = 0, self._count()
        tell_done(0, total)
        for number, item_id in self._connection.execute(self._query, self._arguments):
            writer.writerow([item_id, self._collections(number), *self._values(number)])
            count += 1
            if count % PROGRESS_ITEMS == 0:
                say(f"{count} items")
            if count % TOLD_ITEMS == 0:
                tell_done(count, total)
        tell_done(count, total)
        return count

    def _count(self) -> int:
        chosen = f"SELECT count(*) FROM ({self._query})"  # noqa: S608 one of the three constants
        (total,) = self._connection.execute(chosen, self._arguments).fetchone()
        return int(total)

    def _columns(self, all_fields: bool) -> dict[int, str]:
        # Only the fields that occur, in the order in which the repository first met them.
        chosen = self._query  # one of the three constants above
        found = self._connection.execute(
            "SELECT id, schema, element, qualifier, language FROM fields WHERE id IN"  # noqa: S608
            f" (SELECT field FROM metadata WHERE item IN (SELECT number FROM ({chosen})))"
            " ORDER BY id",
            self._arguments,
        )
        named = {number: (_name(*words), language) for number, *words, language in found}
        return {
            number: f"{name}[{language}]" if language else name
            for number, (name, language) in named.items()
            if all_fields or name not in LEFT_OUT
        }

    def _collections(self, number: int) -> str:
        query = "SELECT collection FROM collections WHERE item = ? ORDER BY position"
        return SEPARATOR.join(name for (name,) in self._connection.execute(query, (number,)))

    def _values(self, number: int) -> list[str]:
        cells: dict[int, list[str]] = {field: [] for field in self.fields}
        query = "SELECT field, value FROM metadata WHERE item = ? ORDER BY position"
        for field, value in self._connection.execute(query, (number,)):
            if field in cells:
                cells[field].append(value)
                self.ambiguous += SEPARATOR in value
        return [SEPARATOR.join(values) for values in cells.values()]


def _selection(
    connection: sqlite3.Connection, identifier: str | None
) -> tuple[str, tuple[object, ...]]:
    if identifier is None:
        return EVERYTHING, ()
    number = database.find_item(connection, identifier)
    if number is not None:
        return ONE_ITEM, (number,)
    known = "SELECT 1 FROM collections WHERE collection = ? LIMIT 1"
    if connection.execute(known, (identifier,)).fetchone() is None:
        raise ScriptError(
            f"{identifier} is neither an item nor a collection with items; check the id or handle."
        )
    return OF_COLLECTION, (identifier,)


def _name(schema: str, element: str, qualifier: str) -> str:
    return ".".join(filter(None, (schema, element, qualifier)))


def _open(folder: Path) -> sqlite3.Connection:
    if not (folder / database.DATABASE).exists():
        raise ScriptError(f"There is no repository in {folder}; import something first.")
    connection = database.connect(folder)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    database.check_version(folder, version)
    return connection


@contextmanager
def replacing(target: Path) -> Iterator[TextIO]:
    """A file that takes the place of `target` only when it is complete."""
    partial = target.with_name(f".export.{os.getpid()}")  # the name may be as long as one can be
    try:
        with partial.open("x", encoding="utf-8", newline="") as file:
            yield file
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


if __name__ == "__main__":
    run(main)
