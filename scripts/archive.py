"""A Simple Archive Format zip, read in place: nothing of it is ever unpacked by name."""

import re
import unicodedata
import zipfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from scripts.entries import UNREADABLE, Limits, entries, opened
from scripts.errors import ScriptError

CHUNK_BYTES = 1024**2
TEXT_BYTES = 16 * 1024**2  # metadata, contents, handle and collections files are read whole


class Folder:
    """One item's folder: its files by the name that `contents` gives them.

    Every reading method raises ScriptError for what is missing, too large or damaged.
    """

    def __init__(self, packed: zipfile.ZipFile, name: str, shown: str) -> None:
        self.name = name
        self._packed = packed
        self._shown = shown
        self._entries: dict[str, zipfile.ZipInfo] = {}

    def put(self, name: str, entry: zipfile.ZipInfo) -> None:
        self._entries[name] = entry

    def __contains__(self, name: str) -> bool:
        return unicodedata.normalize("NFC", name) in self._entries

    def names(self) -> list[str]:
        """The names of its files, sorted."""
        return sorted(self._entries)

    def shown(self, name: str) -> str:
        """The path of a file as it is printed: the archive, the folder, the name."""
        return f"{self._shown}/{name}"

    def size(self, name: str) -> int:
        return self._find(name).file_size

    def read(self, name: str) -> bytes:
        """A small file as it is."""
        if self.size(name) > TEXT_BYTES:
            raise ScriptError(f"{name} is larger than {TEXT_BYTES} bytes, too large to be read.")
        return b"".join(self.chunks(name))

    def text(self, name: str) -> str:
        """A small text file."""
        try:
            return self.read(name).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ScriptError(f"{name} is not in UTF-8; save it again in UTF-8.") from error

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file of any size, piece by piece; its checksum is verified at the end."""
        entry = self._find(name)
        left = entry.file_size
        try:
            with self._packed.open(entry) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    left -= len(chunk)
                    yield chunk
        except (*UNREADABLE, OSError) as error:
            raise ScriptError(f"{name} is damaged in the archive: {error}.") from error
        if left:  # it cannot have more than it says: zipfile stops there
            raise ScriptError(f"{name} is damaged in the archive: it lacks {left} bytes.")

    def _find(self, name: str) -> zipfile.ZipInfo:
        entry = self._entries.get(unicodedata.normalize("NFC", name))
        if entry is None:
            raise ScriptError(f"{name} is missing; put it into the archive.")
        return entry


class Archive:
    """An open archive. `folders` are its items in natural order (item_2 before item_10).

    Raises ScriptError when it is opened if the zip as a whole cannot be trusted.
    """

    def __init__(self, path: str, limits: Limits) -> None:
        self.path = path
        self._file, self._packed = opened(path)
        try:
            self.folders = _folders(self._packed, path, entries(self._packed, path, limits))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._packed.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _folders(
    packed: zipfile.ZipFile, path: str, entries: dict[tuple[str, ...], zipfile.ZipInfo]
) -> list[Folder]:
    top = _top(entries)
    folders: dict[str, Folder] = {}
    for parts, entry in entries.items():
        inner = parts[len(top) :]
        if parts[: len(top)] != top or len(inner) < 2 or _is_litter(inner[0]):
            continue
        if inner[0] != inner[0].strip():
            # A map file separates the folder from the handle by a space.
            raise ScriptError(f"{inner[0]!r} begins or ends with a space; rename the folder.")
        shown = "/".join((path, *top, inner[0]))
        folder = folders.setdefault(inner[0], Folder(packed, inner[0], shown))
        if inner[-1]:
            folder.put("/".join(inner[1:]), entry)
    if not folders:
        raise ScriptError(f"{path} has no items; each needs a folder with a dublin_core.xml.")
    return sorted(folders.values(), key=lambda folder: _natural(folder.name))


def _top(entries: dict[tuple[str, ...], zipfile.ZipInfo]) -> tuple[str, ...]:
    roots = {parts[0] for parts in entries if len(parts) > 1 and not _is_litter(parts[0])}
    if len(roots) != 1:
        return ()
    (root,) = roots
    described = {parts[:-1] for parts in entries if parts[-1] in ("dublin_core.xml", "contents")}
    holds_items = any(len(folder) == 2 and folder[0] == root for folder in described)
    return (root,) if holds_items and (root,) not in described else ()


def _is_litter(name: str) -> bool:
    return name == "__MACOSX" or name.startswith(".")


def _natural(name: str) -> list[tuple[int, str]]:
    # Numbers compare by length, then by digits: as numbers, but without a limit on their size.
    pieces = re.split(r"([0-9]+)", name)
    return [
        (len(piece.lstrip("0")), piece.lstrip("0")) if position % 2 else (0, piece)
        for position, piece in enumerate(pieces)
    ]
