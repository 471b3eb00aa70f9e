"""Import items from a Simple Archive Format zip into a small repository, or replace or delete them.

    python -m scripts.saf_import --repository REPOSITORY -a -c COLLECTION -z ARCHIVE

Adding writes a map file, with which the same items can be replaced (-r), deleted (-d), or an import
that failed continued (-R). Exit codes: 0 done, 1 failed, 2 the options do not go together.
"""

import argparse
import os
import re
import sys
from pathlib import Path

from scripts import mapfile
from scripts.actions import Addition, delete, replace
from scripts.archive import Archive
from scripts.command_line import CommandLine
from scripts.console import run, say
from scripts.entries import Limits
from scripts.errors import ScriptError, Stopped, UsageError
from scripts.item import Options, check_collection
from scripts.mapfile import Destination, Entry, MapWriter
from scripts.repository import Repository

EMAIL = re.compile(r"[^\s@,;:<>()\"]+@[^\s@,;:<>()\"]+")
TRUTH = {"": True, "true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parser() -> CommandLine:
    made = CommandLine("saf_import", description=(__doc__ or "").split("\n")[0], allow_abbrev=False)
    made.add_argument("-a", "--add", action="store_true", help="add items")
    made.add_argument(
        "-c", "--collection", action="append", default=[], metavar="ID", help="destination"
    )
    made.add_argument("-d", "--delete", metavar="MAP", help="delete items listed in the map file")
    made.add_argument("-e", "--eperson", metavar="EMAIL", help="email of the person importing")
    made.add_argument("-m", "--mapfile", metavar="MAP", help="map file")
    made.add_argument("-n", "--notify", action="store_true", help="with -w: write to the person")
    made.add_argument("-p", "--template", metavar="true", help="apply template")
    made.add_argument("-q", "--quiet", action="store_true", help="don't display metadata")
    made.add_argument("-r", "--replace", action="store_true", help="replace items in the map file")
    made.add_argument("-R", "--resume", action="store_true", help="resume a failed import")
    made.add_argument("-t", "--test", action="store_true", help="test run, import nothing")
    made.add_argument("-w", "--workflow", action="store_true", help="send through the workflow")
    made.add_argument("-z", "--zip", metavar="ZIP", help="zip file with the import")
    _add_settings(made)
    return made


def _add_settings(made: CommandLine) -> None:
    limits = Limits()
    made.add_argument(
        "--repository",
        default=os.environ.get("PROCESSION_REPOSITORY", "repository"),
        help="folder of the repository (PROCESSION_REPOSITORY, or ./repository)",
    )
    made.add_argument(
        "--max-bytes", type=int, default=limits.total_bytes, help="an archive may unpack to this"
    )
    made.add_argument(
        "--max-ratio", type=int, default=limits.ratio, help="and to this many times its size"
    )


def main() -> int:
    asked = parser().read(sys.argv[1:])
    check(asked)
    options = options_of(asked)
    if asked.test:
        say("**Test Run** - not actually importing items.")
    if asked.delete is not None:
        _delete(asked)
    elif asked.replace:
        _replace(asked, options)
    else:
        _add(asked, options)
    if asked.test:
        say("***End of Test Run***")
    return 0


def check(asked: argparse.Namespace) -> None:
    """Raise UsageError, with what to do instead, if the options do not go together."""
    deletes = asked.delete is not None
    wrongs = {
        "Say what to do: -a adds items, -r replaces them, -d MAP deletes them.": not (
            asked.add or asked.replace or deletes
        ),
        "Only one of -a, -r and -d at a time.": asked.add + asked.replace + deletes > 1,
        "Resume (-R) works only when adding: give -a as well.": asked.resume and not asked.add,
        "Resume (-R) needs the map file of the import to continue: give -m MAP.": (
            asked.resume and asked.mapfile is None
        ),
        "Replace (-r) needs the map file of the items to replace: give -m MAP.": (
            asked.replace and asked.mapfile is None
        ),
        "Give the archive with the items: -z ZIP.": not deletes and asked.zip is None,
        "Delete (-d MAP) takes the map file itself: leave -m and -z out.": (
            deletes and (asked.mapfile is not None or asked.zip is not None)
        ),
        "Replaced items stay where they are in the workflow: leave -w out.": (
            asked.replace and asked.workflow
        ),
        "To notify (-n) from the workflow, say whom: give -e EMAIL.": (
            asked.notify and asked.workflow and not asked.eperson
        ),
        f"-e must be an email address, not {asked.eperson!r}.": (
            asked.eperson is not None and not is_email(asked.eperson)
        ),
        f"-p is true or false, not {asked.template!r}.": (
            asked.template is not None and asked.template.lower() not in TRUTH
        ),
        "--max-bytes and --max-ratio must be positive.": min(asked.max_bytes, asked.max_ratio) < 1,
    }
    for message, is_wrong in wrongs.items():
        if is_wrong:
            raise UsageError(message)


def is_email(text: str) -> bool:
    return text.isprintable() and bool(EMAIL.fullmatch(text))


def options_of(asked: argparse.Namespace) -> Options:
    """The options of a run. Raises UsageError for a collection that cannot be one."""
    try:
        collections = tuple(dict.fromkeys(map(check_collection, asked.collection)))
    except ScriptError as error:
        raise UsageError(f"-c: {error}") from error
    return Options(
        collections=collections,
        submitter=asked.eperson,
        applies_template=asked.template is not None and TRUTH[asked.template.lower()],
        is_quiet=asked.quiet,
        is_test=asked.test,
        is_workflow=asked.workflow,
        notifies=asked.notify and asked.workflow,
    )


def _add(asked: argparse.Namespace, options: Options) -> None:
    target = mapfile.destination(asked.mapfile, os.environ.get("PROCESSION_OUTPUT_DIR"))
    done = mapfile.read(asked.mapfile) if asked.resume else []
    mapfile.refuse_used(asked.mapfile, target, asked.resume)
    with Archive(asked.zip, _limits(asked)) as archive:
        if asked.resume:
            say("**Resume import** - attempting to import items not already imported")
        if not options.collections and any("collections" in each for each in archive.folders):
            say("No collections given. Assuming 'collections' file inside item directory")
        say(f"Adding items from directory: {asked.zip}")
        if asked.test:
            _add_all(asked, options, archive, None, done)
            return
        with MapWriter(target, done) as writer:
            say(f"Generating mapfile: {target.shown}")
            try:
                _add_all(asked, options, archive, writer, done)
            except (Exception, Stopped) as error:
                error.add_note(_advice(target))
                raise


def _add_all(
    asked: argparse.Namespace,
    options: Options,
    archive: Archive,
    writer: MapWriter | None,
    done: list[Entry],
) -> None:
    with Repository(Path(asked.repository)) as repository:
        Addition(repository, options, writer).run(archive, done)


def _advice(target: Destination) -> str:
    return (
        "The import is not complete. What was imported stays; to go on once the reason is mended,"
        f" run it again with -R -m {target.named}"
    )


def _replace(asked: argparse.Namespace, options: Options) -> None:
    entries = mapfile.read(asked.mapfile)
    with (
        Archive(asked.zip, _limits(asked)) as archive,
        Repository(Path(asked.repository)) as repository,
    ):
        replace(repository, options, archive, entries)


def _delete(asked: argparse.Namespace) -> None:
    entries = mapfile.read(asked.delete)
    with Repository(Path(asked.repository)) as repository:
        delete(repository, asked.test, asked.delete, entries)


def _limits(asked: argparse.Namespace) -> Limits:
    return Limits(asked.max_bytes, asked.max_ratio)


if __name__ == "__main__":
    run(main)
