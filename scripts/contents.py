"""The `contents` file: which files of a folder become bitstreams, and how."""

import re
from collections import Counter
from dataclasses import dataclass

from scripts.entries import check_path
from scripts.errors import ScriptError

PERMISSION = re.compile(r"-([rw])\S*\s+(?:'([^']+)'|(\S.*))", re.IGNORECASE)
ACTIONS = {"r": "READ", "w": "WRITE"}


@dataclass(frozen=True)
class Listing:
    """One line: a file's name and its options (None or empty where the line has none)."""

    name: str
    bundle: str | None
    description: str
    permissions: str
    is_primary: bool
    ignored: tuple[str, ...]

    @property
    def has_options(self) -> bool:
        return bool(self.description or self.permissions)

    @property
    def stored_bundle(self) -> str:
        return self.bundle or ("LICENSE" if self.name == "license.txt" else "ORIGINAL")

    @property
    def permission(self) -> tuple[str, str] | None:
        """Action (READ or WRITE) and group; None without one or with one that is not understood."""
        match = PERMISSION.match(self.permissions)
        return (ACTIONS[match[1].lower()], (match[2] or match[3]).strip()) if match else None


def parse(text: str) -> list[Listing]:
    """The listed files in their order. Raises ScriptError for lines that may not be followed."""
    # Only line feeds end a line: splitlines() would cut names at exotic separators.
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    listings = [_listing(line) for line in lines if line.strip()]
    counts = Counter(listing.name for listing in listings)
    for name, count in counts.items():
        if count > 1:
            # A few bytes per line could fill any disk with copies of one file.
            raise ScriptError(f"contents names {name!r} {count} times; name it once.")
    return listings


def _listing(line: str) -> Listing:
    if re.match(r"-r\s", line.strip()):
        raise ScriptError(
            f"contents registers a bitstream ({line.strip()!r}); that is not possible here, put the"
            " file itself into the archive."
        )
    name, *options = line.split("\t")
    name = name.strip()
    check_path(name)
    known = {"bundle": "", "description": "", "permissions": "", "primary": ""}
    ignored = []
    for option in filter(None, map(str.strip, options)):
        key, _, value = option.partition(":")
        if key in known:
            known[key] = value.strip()
        else:
            ignored.append(option)
    return Listing(
        name,
        known["bundle"] or None,
        known["description"],
        known["permissions"],
        known["primary"] == "true",
        tuple(ignored),
    )
