"""Reading one item of an archive: its metadata, bitstreams, collections and handle."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from scripts import contents, dublin_core
from scripts.archive import TEXT_BYTES, Folder
from scripts.console import one_line, say
from scripts.contents import Listing
from scripts.dublin_core import Value
from scripts.errors import ScriptError
from scripts.outbox import notification
from scripts.repository import Bitstream, Draft, Repository, now, taken

HANDLE_LENGTH = 2048
HANDLE = re.compile(r"[^\s/]+/\S+")
METADATA_ONLY = re.compile(r"dublin_core\.xml|metadata_[^/]*\.xml|handle|collections|\.[^/]*")


@dataclass(frozen=True)
class Options:
    """What applies to every item of a run."""

    collections: tuple[str, ...] = ()
    submitter: str | None = None
    applies_template: bool = False
    is_quiet: bool = False
    is_test: bool = False
    is_workflow: bool = False
    notifies: bool = False


@contextmanager
def naming(folder: str) -> Iterator[None]:
    """Put the item's name in front of whatever is wrong with it."""
    try:
        yield
    except ScriptError as error:
        raise ScriptError(f"{folder}: {error}") from error


def check_collection(name: str) -> str:
    """The name of a collection, or ScriptError if it cannot be one."""
    if not name.isprintable() or not re.fullmatch(r"\S+", name) or "||" in name:
        raise ScriptError(f"{name!r} is not the id of a collection.")
    return name


def listed_collections(folder: Folder) -> tuple[str, ...]:
    """The collections in the item's own `collections` file, empty without one."""
    if "collections" not in folder:
        return ()
    lines = map(str.strip, folder.text("collections").splitlines())
    return tuple(dict.fromkeys(check_collection(line) for line in lines if line))


class ItemReader:
    """Turns folders of an archive into drafts, and prints what it reads as it goes."""

    def __init__(self, repository: Repository, options: Options) -> None:
        self._repository = repository
        self._options = options

    def read(self, folder: Folder, collections: tuple[str, ...]) -> Draft:
        """The draft of one item, its bitstreams staged. Raises ScriptError if it is broken."""
        values = self._metadata(folder)
        if self._options.applies_template:
            if not collections:
                raise ScriptError("there is no collection whose template to apply; give -c.")
            values = self._template(collections[0]) + values
        content = self._repository.staging.begin()
        bitstreams = self._bitstreams(folder, content)
        return Draft(
            folder.name,
            [value for value in values if value.text] + self._provenance(),
            bitstreams,
            collections,
            self._options.submitter,
            "workflow" if self._options.is_workflow else "archived",
            content,
        )

    def handle(self, folder: Folder) -> str | None:
        """The handle the archive gives to the item, None if one is to be generated."""
        say("Processing handle file: handle")
        if "handle" in folder:
            # Only the first line counts.
            text = next(iter(folder.text("handle").splitlines()), "").strip()
            if text:
                say(f"read handle: '{text}'")
                return self._checked_handle(text)
        say("It appears there is no handle file -- generating one")
        return None

    def announce(self, draft: Draft) -> None:
        """Leave the message to the submitter with the item's files."""
        if not (self._options.notifies and draft.submitter):
            return
        titles = [value.text for value in draft.values if value.element == "title"]
        message = notification(
            self._repository.settings.mail_from,
            draft.submitter,
            draft.folder,
            one_line(titles[0] if titles else ""),
            draft.collections,
        )
        self._repository.staging.write_notification(draft.content, message)

    def _metadata(self, folder: Folder) -> list[Value]:
        others = [name for name in folder.names() if re.fullmatch(r"metadata_[^/]*\.xml", name)]
        names = ("dublin_core.xml", *others)
        if sum(map(folder.size, names)) > TEXT_BYTES:
            raise ScriptError(f"its metadata files are too large, over {TEXT_BYTES} bytes.")
        values: list[Value] = []
        for name in names:
            found = dublin_core.parse(folder.read(name), name)
            if not self._options.is_quiet:
                _print_values(folder.shown(name), found)
            values += found
        return values

    def _template(self, collection: str) -> list[Value]:
        # Quoted, so that no name of a collection leads out of the folder.
        path = self._repository.folder / "templates" / f"{quote(collection, safe='')}.xml"
        try:
            return dublin_core.parse(path.read_bytes(), str(path))
        except FileNotFoundError as error:
            raise ScriptError(
                f"the collection {collection} has no template; make {path}, or leave -p out."
            ) from error

    def _provenance(self) -> list[Value]:
        moment = now()
        by = f" by {self._options.submitter}" if self._options.submitter else ""
        submitted = f"Submitted{by} on {moment}, imported from an archive"
        values = [Value("dc", "description", "provenance", "en", submitted)]
        if self._options.is_workflow:
            return values
        dates = [Value("dc", "date", name, "", moment) for name in ("accessioned", "available")]
        return dates + values

    def _bitstreams(self, folder: Folder, content: str) -> list[Bitstream]:
        say(f"\tProcessing contents file: {folder.shown('contents')}")
        if "contents" not in folder:
            _check_metadata_only(folder)
            return []
        listings = contents.parse(folder.text("contents"))
        # Everything missing is known before gigabytes are copied.
        for name in {listing.name for listing in listings}:
            if name not in folder:
                raise ScriptError(f"contents names {name!r}, which is missing in the archive.")
        if not self._options.is_test:
            self._repository.staging.check_room(sum(folder.size(each.name) for each in listings))
        return [self._bitstream(folder, content, listing) for listing in listings]

    def _bitstream(self, folder: Folder, content: str, listing: Listing) -> Bitstream:
        stored = self._store(folder, content, listing.name)
        bundle = f"\tBundle: {listing.bundle}" if listing.bundle else ""
        primary = "\t **Setting as primary bitstream**" if listing.is_primary else ""
        say(f"\tBitstream: {listing.name}{bundle}{primary}")
        for option in listing.ignored:
            say(f"\tIgnoring unknown option: {one_line(option)}")
        if listing.has_options:
            say("Gathering options.")
        return Bitstream(*stored, listing)

    def _store(self, folder: Folder, content: str, name: str) -> tuple[str, int, str]:
        chunks = folder.chunks(name)
        if self._options.is_test:
            # Read to the end all the same: that verifies the checksum.
            return "", sum(map(len, chunks)), ""
        return self._repository.staging.write(content, chunks)

    def _checked_handle(self, text: str) -> str:
        if not HANDLE.fullmatch(text) or not text.isprintable() or len(text) > HANDLE_LENGTH:
            raise ScriptError(f"the handle file has {text[:99]!r}, which is no handle; correct it.")
        return text

    def check_free(self, handle: str | None) -> None:
        """Raise ScriptError if another item has the handle."""
        if handle is not None and self._repository.number(handle) is not None:
            raise taken(handle)


def print_options(draft: Draft) -> None:
    """Say which bitstreams have a description or permissions of their own."""
    special = [each.listing for each in draft.bitstreams if each.listing.has_options]
    if special:
        say("Processing options.")
    for listing in special:
        if listing.permission:
            say(f"\tSetting special permissions for {listing.name}")
        elif listing.permissions:
            say("\tinvalid permissions flag, permissions set to default")
        if listing.description:
            say(f"\tSetting description for {listing.name}")


def _print_values(path: str, values: list[Value]) -> None:
    say(f"\tLoading dublin core from {path}")
    for value in values:
        say(
            f"\tSchema: {value.schema} Element: {value.element} Qualifier: {value.qualifier}"
            f" Value: {one_line(value.text)}"
        )


def _check_metadata_only(folder: Folder) -> None:
    if not all(METADATA_ONLY.fullmatch(name) for name in folder.names()):
        raise ScriptError("No contents file found; add one that names the item's files.")
    say("No contents file found - but only metadata files found. Assuming metadata only.")
