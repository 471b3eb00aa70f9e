"""The marker: a file in the folder of files that says which installation they belong to.

A folder that should be mounted and is not has none; that of another installation has another one.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

NAME = "procession.id"
LONGEST = 100  # bytes that are read of one


class Marker:
    """That of the installation with this identity, in a folder."""

    def __init__(self, folder: Path, identity: UUID) -> None:
        self._folder = folder
        self._identity = identity

    def trouble(self) -> str | None:
        """Why nothing may be removed from the folder, in words that anybody may read."""
        try:
            found = read(self._folder)
        except OSError as error:
            return f"the folder of files cannot be read ({error.strerror})"
        if found is None:
            return "the folder of files has no marker of this installation; is it mounted?"
        if found != str(self._identity):
            return "the folder of files is that of another installation"
        return None

    def put(self) -> None:
        """Marks a folder that has no marker; of several who do so at once, one wins."""
        if read(self._folder) is not None:
            return
        with self._written() as new:
            try:
                os.link(new, self._folder / NAME)
            except FileExistsError:
                pass
            except OSError:  # a file system without links
                new.replace(self._folder / NAME)

    def take(self) -> None:
        """Marks the folder, whosever it was."""
        with self._written() as new:
            new.replace(self._folder / NAME)

    @contextmanager
    def _written(self) -> Iterator[Path]:
        """The marker under another name, so that nobody sees half of it."""
        new = self._folder / f"{NAME}.{uuid4()}"
        try:
            with new.open("x") as file:
                file.write(f"{self._identity}\n")
                file.flush()
                os.fsync(file.fileno())
            yield new
        finally:
            new.unlink(missing_ok=True)


def read(folder: Path) -> str | None:
    """What a folder is marked with, if it is."""
    with suppress(FileNotFoundError), (folder / NAME).open("rb") as file:
        return file.read(LONGEST).decode(errors="replace").strip()
    return None
