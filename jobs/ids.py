"""Ids: the entries of a folder that are named by one; whatever else lies there is not ours."""

from contextlib import suppress
from pathlib import Path
from uuid import UUID


def ids_in(folder: Path) -> list[UUID]:
    """The ids, in no order."""
    found = []
    for path in folder.iterdir():
        with suppress(ValueError):
            found.append(UUID(path.name))
    return found
