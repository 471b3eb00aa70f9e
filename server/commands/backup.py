"""`procession backup` and `procession restore`."""

import sys
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path

import click

from jobs.archive import read_summary
from jobs.backup import back_up
from jobs.ownership import take
from jobs.restoration import end_in_place, restore
from jobs.store import Store
from models.version import known
from server.local import on_database, on_present_database
from server.parts import alone_in
from server.privacy import make_private
from server.settings import Settings, read_settings


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path))
def backup_command(folder: Path) -> None:
    """Make a backup of database and files in the new FOLDER, while the server runs.

    It can be restored into another kind of database too. Exit code 1: files were missing or
    damaged, and are named.
    """
    settings = read_settings()
    store = Store(settings.files_folder)
    work = back_up(store, folder, version("procession"), known(settings.database))
    made = on_present_database(settings, work)
    processes = made.tables["process"].rows - len(made.gone)
    click.echo(f"Backed up {processes} processes and {made.files} files in {folder}")
    for path in made.bad:
        click.echo(f"Missing or damaged in the store: {path}; see `procession doctor`", err=True)
    sys.exit(1 if made.bad else 0)


@click.command("restore")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option(
    "--keep-scheduled",
    is_flag=True,
    help="For a move: what is due in the future is started then.",
)
@click.option(
    "--in-place",
    is_flag=True,
    help="The database was restored by other means: only end what had not ended in it.",
)
@click.option(
    "--take-files",
    is_flag=True,
    help="Only make the folder of files this installation's, whosever it was and whatever it has.",
)
@click.option("--yes", is_flag=True, help="With --in-place and --take-files: do not ask.")
def restore_command(
    folder: Path | None, keep_scheduled: bool, in_place: bool, take_files: bool, yes: bool
) -> None:
    """Restore the backup in FOLDER into an empty installation, of SQLite or PostgreSQL.

    No script of the backup is started: what was scheduled or running becomes FAILED, and says so.
    Servers and workers must not run meanwhile.
    """
    if [folder is not None, in_place, take_files].count(True) != 1:
        raise click.UsageError("give the FOLDER of a backup, or --in-place, or --take-files")
    settings = read_settings()
    embedded = settings.embedded_database or settings.embedded_redis
    with alone_in(settings.data_folder) if embedded else nullcontext():
        if folder is not None:
            _restore(settings, folder, keep_scheduled)
        elif in_place:
            _restore_in_place(settings, keep_scheduled, yes)
        else:
            _take_files(settings, yes)


def _restore(settings: Settings, folder: Path, keep_scheduled: bool) -> None:
    summary = read_summary(folder, known(settings.database))
    make_private(settings.data_folder)
    store = Store(settings.files_folder)
    ended = on_database(settings, restore(store, folder, summary, keep_scheduled=keep_scheduled))
    processes = summary.tables["process"].rows - len(summary.gone)
    click.echo(
        f"Restored {processes} processes and {summary.files} files, all as they were on "
        f"{summary.made_at:%Y-%m-%d %H:%M}Z; {ended} that had not ended are FAILED now"
    )


def _restore_in_place(settings: Settings, keep_scheduled: bool, yes: bool) -> None:
    if not yes:
        click.confirm("End all that is SCHEDULED or RUNNING in this database?", abort=True)
    beside = settings.embedded_database and not settings.files_url  # they were copied together
    work = end_in_place(keep_scheduled=keep_scheduled, is_copy=not beside)
    click.echo(f"{on_present_database(settings, work)} that had not ended are FAILED now")


def _take_files(settings: Settings, yes: bool) -> None:
    folder = settings.files_folder
    if not yes:
        click.confirm(
            f"Take {folder}? What this database does not know there is removed within a day",
            abort=True,
        )
    make_private(settings.data_folder)
    on_database(settings, take(Store(folder)))
    click.echo(f"{folder} is the folder of this installation now")
