"""Room: what is to be stored may not fit, on the disk of the files or on the database's."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from resolvers.errors import NoRoom

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
WORDS = ("disk is full", "No space left", "Disk quota exceeded")  # as databases say it


@contextmanager
def room(kept: str = "nothing of this was kept") -> Iterator[None]:
    """Raises NoRoom for what fails inside because there is none; says what is kept."""
    try:
        yield
    except Exception as error:  # each driver has its own for this
        if not is_full(error):
            raise
        raise NoRoom(
            f"The server has no room left on its disk, so {kept}; "
            "tell its administrator, and try again later"
        ) from error


def is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in FULL
    return any(words in str(error) for words in WORDS)
