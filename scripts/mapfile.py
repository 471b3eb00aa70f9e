"""Map files: one line per imported item, `FOLDER HANDLE`, with which it can be found again."""

import fcntl
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.errors import ScriptError, UsageError

Entry = tuple[str, str]
TEMPORARY_NAME = "temp"
FINAL_NAME = "mapfile"


@dataclass(frozen=True)
class Destination:
    """Where a map is written: `shown` on the console, and renamed to `final` when the run ends.

    `named` is what the person calls the final file: the output folder is none of their business.
    """

    shown: str
    written: Path
    final: Path
    named: str


def destination(given: str | None, output_dir: str | None) -> Destination:
    """The rule for the name: `given` by hand as it is, in an output folder only its last part."""
    folder = Path(output_dir or ".")
    if given is None:
        final = folder / FINAL_NAME
        return Destination(TEMPORARY_NAME, folder / TEMPORARY_NAME, final, FINAL_NAME)
    if output_dir:
        path = folder / Path(given).name
        return Destination(path.name, path, path, path.name)
    return Destination(given, Path(given), Path(given), given)


def read(path: str) -> list[Entry]:
    """The entries of a map file (folder, handle or id), in their order.

    Raises ScriptError if it cannot be read or a line has no two words.
    """
    try:
        with Path(path).open(encoding="utf-8-sig") as lines:
            return [_entry(path, number, line) for number, line in enumerate(lines, start=1)]
    except UnicodeDecodeError as error:
        raise ScriptError(f"The map file {path} is not a text in UTF-8.") from error
    except OSError as error:
        raise ScriptError(f"The map file {path} cannot be read: {error.strerror}.") from error


def _entry(path: str, number: int, line: str) -> Entry:
    # From the right: a folder's name may have spaces, a handle has none.
    words = line.rstrip().rsplit(maxsplit=1)
    if len(words) != 2:
        raise ScriptError(
            f"Line {number} of the map file {path} must be a folder and a handle, not"
            f" {line.strip()[:200]!r}."
        )
    return words[0], words[1]


def refuse_used(given: str | None, target: Destination, resumes: bool) -> None:
    """Raise UsageError if writing the map would lose or mix up an old one."""
    old = Path(given) if given else None
    for path in (old, target.written, target.final):
        if path is None or not path.exists() or not path.stat().st_size:
            continue
        if resumes and old and old.exists() and path.samefile(old):
            continue
        raise UsageError(
            f"The map file {path} is already in use. To continue that import, resume it with"
            f" -R -m {path}; to start another, move the file away or name another with -m."
        )


class MapWriter:
    """A map file being written. An entry is on the disk when `add` returns."""

    def __init__(self, target: Destination, old_entries: Iterable[Entry] = ()) -> None:
        self.target = target
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(target.written, flags, 0o644)
        try:
            self._lock()
            self._begin(old_entries)
        except BaseException:
            os.close(self._file)
            raise

    def add(self, folder: str, handle: str) -> None:
        self._write(f"{folder} {handle}\n")
        os.fsync(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Another run may have ended here meanwhile: its map is not overwritten.
        if self.target.written != self.target.final and not self.target.final.exists():
            self.target.written.replace(self.target.final)
        os.close(self._file)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"Another import is writing the map file {self.target.written}; name another."
            ) from error

    def _begin(self, old_entries: Iterable[Entry]) -> None:
        size = os.fstat(self._file).st_size
        if not size:
            self._write("".join(f"{folder} {handle}\n" for folder, handle in old_entries))
        elif os.pread(self._file, 1, size - 1) != b"\n":
            self._write("\n")

    def _write(self, text: str) -> None:
        remaining = memoryview(text.encode())
        while remaining:
            remaining = remaining[os.write(self._file, remaining) :]
