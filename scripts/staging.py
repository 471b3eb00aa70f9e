"""Where the files of an item wait until the item is in the database.

A run has a folder of its own, `staging/RUN`, locked while the run lives. An item's files are
written to `staging/RUN/CONTENT`; the commit of the row that names CONTENT decides; then the folder
moves to `bitstreams`. So whatever a dead run leaves is either wanted, and moved, or not, and
removed. Layout of the repository:

    lock  repository.db  bitstreams/XX/CONTENT/BITSTREAM  staging/RUN/CONTENT/BITSTREAM  outbox/
"""

import fcntl
import hashlib
import mailbox
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.errors import ScriptError

NOTIFICATION = "notification"
RUN_LOCK = "lock"
RESERVE_BYTES = 100 * 1024**2


class Staging:
    """The staging folder of one run. `is_wanted` tells whether the database names a content."""

    def __init__(self, repository: Path, is_wanted: Callable[[str], bool]) -> None:
        self._repository = repository
        self._is_wanted = is_wanted
        self._root = repository / "staging"
        self._root.mkdir(exist_ok=True)
        self._recover()
        self._run = self._root / uuid.uuid4().hex
        self._run.mkdir()
        self._lock = os.open(self._run / RUN_LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def begin(self) -> str:
        """A new content: the name of the folder for one item's files."""
        content = uuid.uuid4().hex
        (self._run / content).mkdir()
        return content

    def check_room(self, size: int) -> None:
        """Raise ScriptError unless so many bytes fit on the disk, with some left for others."""
        free = shutil.disk_usage(self._run).free
        if size + RESERVE_BYTES > free:
            raise ScriptError(
                f"its files have {size} bytes, and of the {free} that are free on the disk"
                f" {RESERVE_BYTES} must stay so; make room."
            )

    def write(self, content: str, chunks: Iterable[bytes]) -> tuple[str, int, str]:
        """Store one bitstream; its id, size and SHA-256. It is on the disk when this returns."""
        bitstream = str(uuid.uuid4())
        digest = hashlib.sha256()
        with (self._run / content / bitstream).open("xb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
            size = file.tell()
            file.flush()
            os.fsync(file.fileno())
        return bitstream, size, digest.hexdigest()

    def write_notification(self, content: str, message: bytes) -> None:
        """Keep a message with the item's files: it is sent when they are published."""
        (self._run / content / NOTIFICATION).write_bytes(message)

    def flush(self, content: str) -> None:
        """Make the names of an item's files durable, before the commit that relies on them."""
        _sync(self._run / content)
        _sync(self._run)

    def publish(self, content: str) -> None:
        """Move the files of a committed item to their place."""
        self._publish(self._run / content)

    def close(self) -> None:
        """Drop what was not published, and the run's folder."""
        self._settle(self._run)
        os.close(self._lock)

    def remove(self, content: str) -> None:
        """Delete the files of an item that is no longer in the database."""
        shutil.rmtree(self._place(content), ignore_errors=True)

    def _recover(self) -> None:
        for run in filter(Path.is_dir, list(self._root.iterdir())):
            with _lock_if_free(run / RUN_LOCK) as is_free:
                if is_free:
                    self._settle(run)

    def _settle(self, run: Path) -> None:
        for folder in list(run.iterdir()):
            if folder.is_dir() and self._is_wanted(folder.name):
                self._publish(folder)
        shutil.rmtree(run)

    def _publish(self, folder: Path) -> None:
        self._send(folder / NOTIFICATION)
        place = self._place(folder.name)
        if any(folder.iterdir()):
            place.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(place)
            _sync(place.parent)
        # Another program may have deleted the item between its commit and this move.
        if not self._is_wanted(folder.name):
            self.remove(folder.name)

    def _send(self, notification: Path) -> None:
        if notification.exists():
            outbox = mailbox.Maildir(self._repository / "outbox", create=True)
            outbox.add(notification.read_bytes())
            notification.unlink()

    def _place(self, content: str) -> Path:
        return self._repository / "bitstreams" / content[:2] / content


@contextmanager
def locked(repository: Path) -> Iterator[None]:
    """Keep other programs out while the repository is opened and tidied up."""
    with (repository / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _lock_if_free(path: Path) -> Iterator[bool]:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
