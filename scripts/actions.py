"""What an import does with a repository: add, replace, delete."""

from collections.abc import Iterable

from scripts.archive import Archive, Folder
from scripts.console import complain, say
from scripts.errors import ScriptError
from scripts.events import Tally, tell
from scripts.item import ItemReader, Options, listed_collections, naming, print_options
from scripts.mapfile import Entry, MapWriter
from scripts.repository import Draft, Repository, unknown


class Addition:
    """Adds the items of an archive that are not in `done` yet, each with a line in the map."""

    def __init__(self, repository: Repository, options: Options, writer: MapWriter | None) -> None:
        self._repository = repository
        self._options = options
        self._reader = ItemReader(repository, options)
        self._writer = writer

    def run(self, archive: Archive, done: Iterable[Entry]) -> None:
        """Raises ScriptError at the first broken item; a test run looks at all of them first."""
        skipped = self._really_done(done)
        with Tally(len(archive.folders)) as tally:
            for index, folder in enumerate(archive.folders):
                if folder.name in skipped:
                    say(f"Skipping import of {folder.name}")
                    tally.count("skipped", folder.name)
                else:
                    self._try(index, folder, tally)
        if broken := tally.counts["failed"]:
            raise ScriptError(f"{broken} of {len(archive.folders)} items cannot be imported.")

    def _try(self, index: int, folder: Folder, tally: Tally) -> None:
        try:
            with naming(folder.name):
                self._add(folder)
        except ScriptError as error:
            if not self._options.is_test:
                raise
            complain(str(error))
            tell(error=str(error))
            tally.count("failed", folder.name)
        else:
            say(f"{index} {folder.name}")
            tally.count("checked" if self._options.is_test else "added", folder.name)

    def _really_done(self, done: Iterable[Entry]) -> set[str]:
        # A run that was killed may have written the entry and not the item.
        return {name for name, handle in done if self._repository.number(handle) is not None}

    def _add(self, folder: Folder) -> None:
        collections = self._options.collections or _own_collections(folder)
        say(f"Adding item from directory {folder.name}")
        draft = self._reader.read(folder, collections)
        handle = None if self._options.is_workflow else self._reader.handle(folder)
        self._reader.check_free(handle)
        print_options(draft)
        if not self._options.is_test:
            self._store(draft, handle)

    def _store(self, draft: Draft, handle: str | None) -> None:
        if not self._options.is_workflow:
            handle = handle or self._repository.reserve_handle()
        self._reader.announce(draft)
        self._repository.add(draft, handle, lambda name: self._record(draft.folder, name))

    def _record(self, folder: str, handle: str) -> None:
        if self._writer:
            self._writer.add(folder, handle)


def replace(
    repository: Repository, options: Options, archive: Archive, entries: list[Entry]
) -> None:
    """Give the items of a map the contents of the folders of the same name."""
    reader = ItemReader(repository, options)
    folders = {folder.name: folder for folder in archive.folders}
    with Tally(len(entries)) as tally:
        for name, identifier in entries:
            with naming(name):
                if name not in folders:
                    raise ScriptError("is in the map file but not in the archive; add its folder.")
                _replace(repository, reader, options, folders[name], identifier)
            tally.count("checked" if options.is_test else "replaced", name)


def _replace(
    repository: Repository, reader: ItemReader, options: Options, folder: Folder, identifier: str
) -> None:
    say(f"\tReplacing:  {identifier}")
    number = repository.number(identifier)
    if number is None:
        raise unknown(identifier)
    collections = options.collections or repository.collections(number)
    say(f"Adding item from directory {folder.name}")
    draft = reader.read(folder, collections)
    if "handle" in folder and reader.handle(folder) not in (None, identifier):
        raise ScriptError(f"its handle file does not say {identifier} as the map file does.")
    print_options(draft)
    if not options.is_test:
        repository.replace(identifier, draft)


def delete(repository: Repository, is_test: bool, map_path: str, entries: list[Entry]) -> None:
    """Delete the items of a map; those that are gone already are no failure."""
    say(f"Deleting items listed in mapfile: {map_path}")
    with Tally(len(entries)) as tally:
        for name, identifier in entries:
            say(f"Deleting item {identifier}")
            exists = repository.number(identifier) is not None
            if exists if is_test else repository.delete(identifier):
                tally.count("checked" if is_test else "deleted", name)
                continue
            say("Error - cannot locate item - already deleted?")
            tell(warning=f"{identifier} cannot be located: already deleted?")
            tally.count("absent", name)


def _own_collections(folder: Folder) -> tuple[str, ...]:
    """None is no error: the item then lies in the repository, but in no collection."""
    if "collections" in folder:
        say("Processing collections file: collections")
    return listed_collections(folder)
