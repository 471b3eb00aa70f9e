"""The entries of a zip, weighed before any of them is read: bombs and traps are refused here."""

import io
import re
import stat
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scripts.errors import ScriptError

GIB = 1024**3
DIRECTORY_BYTES = 16 * 1024**2  # of which zipfile makes objects of twenty times that size
SMALL_BYTES = 1024**2  # below this an entry may shrink as well as it likes
UTF8_NAME = 0x800
ENCRYPTED = 0x1
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError)
# Those of which zipfile unpacks no more than is asked for; of a megabyte of bzip2 it would make
# twenty thousand at once, whatever size the entry tells.
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Limits:
    """What an archive may unpack to: `total_bytes` in all, `ratio` times its packed size."""

    total_bytes: int = 256 * GIB
    ratio: int = 200


class _Bounded(io.FileIO):
    """The file of a zip. Only the directory, which zipfile reads at once, can be so large."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > DIRECTORY_BYTES:
            raise ScriptError(
                f"{self.name} has a directory of {size} bytes, over {DIRECTORY_BYTES}: too many"
                " files for one archive; split it."
            )
        return super().read(size)


def opened(path: str) -> tuple[IO[bytes], zipfile.ZipFile]:
    """The zip and its file, both to be closed. Raises ScriptError for what is none."""
    try:
        file = _Bounded(path)
    except OSError as error:
        raise ScriptError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return file, zipfile.ZipFile(file)
    except (*UNREADABLE, OSError, ValueError) as error:
        file.close()
        raise ScriptError(
            f"{path} is not a complete zip file ({error}); give a zip with one folder per item."
        ) from error


def entries(
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
    if entry.compress_type not in COMPRESSIONS:
        raise ScriptError(f"{name!r} is not packed by deflate; pack it again.")
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
