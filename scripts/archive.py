"""A Simple Archive Format zip, read in place: nothing of it is ever unpacked by name."""

import lzma
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from scripts.errors import ScriptError

GIB = 1024**3
CHUNK_BYTES = 1024**2
SMALL_BYTES = 1024**2  # below this an entry may shrink as well as it likes
TEXT_BYTES = 16 * 1024**2  # metadata, contents, handle and collections files are read whole
UTF8_NAME = 0x800
ENCRYPTED = 0x1
UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


@dataclass(frozen=True)
class Limits:
    """What an archive may unpack to: `total_bytes` in all, `ratio` times its packed size."""

    total_bytes: int = 256 * GIB
    ratio: int = 200


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
        try:
            with self._packed.open(entry) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    yield chunk
        except UNREADABLE as error:
            raise ScriptError(f"{name} is damaged in the archive: {error}.") from error

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
        self._file, self._packed = _open(path)
        try:
            self.folders = _folders(self._packed, path, _entries(self._packed, path, limits))
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


def check_path(path: str) -> None:
    """Raise ScriptError unless the path stays where it starts.

    Control characters are refused too: names are printed, and written to map files.
    """
    if "\\" in path:
        raise ScriptError(f"{path!r} has a backslash in its path; use / and pack it again.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
        raise ScriptError(f"{path!r} has a control character in its name; rename it.")
    if re.match(r"/|[A-Za-z]:", path) or {"", ".", ".."} & set(path.split("/")):
        raise ScriptError(f"{path!r} leaves the archive; use a plain path inside the item.")


def _open(path: str) -> tuple[IO[bytes], zipfile.ZipFile]:
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed by the archive
    except OSError as error:
        raise ScriptError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return file, zipfile.ZipFile(file)
    except (*UNREADABLE, OSError, ValueError) as error:
        file.close()
        raise ScriptError(
            f"{path} is not a complete zip file ({error}); give a zip with one folder per item."
        ) from error


def _entries(
    packed: zipfile.ZipFile, path: str, limits: Limits
) -> dict[tuple[str, ...], zipfile.ZipInfo]:
    found: dict[tuple[str, ...], zipfile.ZipInfo] = {}
    for entry in packed.infolist():
        name = _name(entry)
        check_path(name.removesuffix("/"))
        _check_entry(entry, name, limits)
        # A trailing slash stays as an empty last part: it tells a folder from a file.
        parts = tuple(unicodedata.normalize("NFC", name).split("/"))
        if parts in found:
            raise ScriptError(f"{name!r} is twice in the archive; pack it again.")
        found[parts] = entry
    _check_total(sum(entry.file_size for entry in found.values()), path, limits)
    return found


def _name(entry: zipfile.ZipInfo) -> str:
    # Many packers write UTF-8 without saying so; zipfile then reads the bytes as code page 437.
    if entry.flag_bits & UTF8_NAME:
        return entry.orig_filename
    try:
        return entry.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.orig_filename


def _check_entry(entry: zipfile.ZipInfo, name: str, limits: Limits) -> None:
    if entry.flag_bits & ENCRYPTED:
        raise ScriptError(f"{name!r} is encrypted; pack it again without a password.")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ScriptError(f"{name!r} is a link or a device; pack the file itself.")
    if _is_bomb(entry.file_size, entry.compress_size, limits):
        raise ScriptError(
            f"{name!r} would unpack to {entry.file_size} bytes, over {limits.ratio} times its"
            " packed size; if that is right, raise --max-ratio."
        )


def _check_total(total: int, path: str, limits: Limits) -> None:
    if total > limits.total_bytes:
        raise ScriptError(
            f"{path} would unpack to {total} bytes, over {limits.total_bytes}; split it, or raise"
            " --max-bytes."
        )
    # Entries may overlap, so the sum is compared with the size of the file itself.
    if _is_bomb(total, Path(path).stat().st_size, limits):
        raise ScriptError(
            f"{path} would unpack to {total} bytes, over {limits.ratio} times its size; if that is"
            " right, raise --max-ratio."
        )


def _is_bomb(size: int, packed_size: int, limits: Limits) -> bool:
    return size > SMALL_BYTES and size > limits.ratio * packed_size


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
