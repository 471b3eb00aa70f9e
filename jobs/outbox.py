"""What a script left in its output folder, taken without being led astray by it.

The script, or what it started, may still be at work: a name that was a file a moment ago may be a
link now, and a folder may be a link to another. So folders are walked, and files opened, by
descriptors, and what was opened is looked at, not what its name says.
"""

import errno
import hashlib
import logging
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from models.value import RESERVED, is_seen

DEEPEST = 50  # folders in folders; an open descriptor for each
LONGEST = 1000  # characters of a name with its folders
# Gone, a link, a socket, or not for us to read: all else may be better when it is tried again.
LEFT_OUT = {errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EACCES}
FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """A regular file, open, and what it is to be called."""

    name: str
    file: BufferedReader

    @property
    def size(self) -> int:
        return os.fstat(self.file.fileno()).st_size

    def digest(self) -> str:
        """The SHA-256 of its bytes, in hexadecimal."""
        return hashlib.file_digest(self.file, "sha256").hexdigest()


def regular_files(folder: Path) -> Iterator[Found]:
    """The files below a folder, in the order of their names; each is open until the next.

    Links, devices and the like are left out, as are files that belong to somebody else. Raises
    OSError where one that should be there cannot be opened now: no descriptor is left, say.
    """
    taken = set(RESERVED)
    for parent, folders, names, descriptor in os.fwalk(folder, onerror=_leave_out):
        folders.sort()
        inside = Path(parent).relative_to(folder)
        if len(inside.parts) >= DEEPEST and folders:
            log.warning("%s: what lies deeper is left out", parent)
            folders.clear()
        owner = os.fstat(descriptor).st_uid
        for name in sorted(names):
            file = _opened(name, descriptor)
            if file is None:
                continue
            with file:
                about = os.fstat(file.fileno())
                if stat.S_ISREG(about.st_mode) and about.st_uid == owner:
                    called = harmless((inside / name).as_posix(), taken)
                    taken.add(called)
                    yield Found(called, file)


def harmless(name: str, taken: set[str]) -> str:
    """A name without hidden characters, and that is not taken.

    What is no UTF-8, control characters, and marks that turn the direction of a text are replaced.
    """
    text = os.fsencode(name).decode(errors="replace")
    text = "".join(each if is_seen(each) else "\ufffd" for each in text)[-LONGEST:]
    while text in taken:
        text += "_"
    return text


def _opened(name: str, folder: int) -> BufferedReader | None:
    """The file; None if it is to be left out."""
    try:
        descriptor = os.open(name, FLAGS, dir_fd=folder)
    except OSError as error:
        _leave_out(error)
        return None
    try:
        return os.fdopen(descriptor, "rb")
    except IsADirectoryError:  # it has just become one
        os.close(descriptor)
        return None


def _leave_out(error: OSError) -> None:
    if error.errno not in LEFT_OUT:
        raise error
