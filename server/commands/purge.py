"""`procession purge`: deletes ended processes, by the rules of retention or by age."""

from collections.abc import Iterable
from datetime import datetime

import click

from jobs.retention import ENDED, Group, Total, groups, remove, scripts_known, total
from models.audit import OPERATOR
from models.duration import seconds
from models.instant import ago
from models.manifest import read_catalogue
from models.status import Status
from resolvers.errors import NotFound
from server.local import on_database
from server.settings import Settings, read_settings

STATUSES = [status.value.lower() for status in ENDED]


def cutoff(_: click.Context, __: click.Parameter, written: str | None) -> datetime | None:
    """The moment that is an option's `30d` ago."""
    if written is None:
        return None
    try:
        return ago(seconds(written))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("purge")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--script", metavar="NAME", help="Only processes of this script.")
@click.option(
    "--status",
    "statuses",
    type=click.Choice(STATUSES, case_sensitive=False),
    multiple=True,
    help="Only those that ended so; may be given more than once.",
)
@click.option(
    "--older-than",
    metavar="DURATION",
    callback=cutoff,
    help="All that ended longer ago (12h, 30d), whatever the manifests keep.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge_command(
    dry_run: bool,
    script: str | None,
    statuses: tuple[str, ...],
    older_than: datetime | None,
    yes: bool,
) -> None:
    """Delete ended processes, with their output and files.

    Without --older-than it is those that the manifests (`keep`) and PROCESSION_KEEP do not keep any
    longer; a worker deletes them by itself each hour. Asks first.
    """
    settings = read_settings()
    chosen = [Status(each.upper()) for each in statuses] or list(ENDED)
    found = on_database(settings, _found(settings, script, chosen, older_than))
    doomed = on_database(settings, total(found))
    if not doomed.count:
        click.echo("There is nothing to delete.")
        return
    click.echo(("Would delete " if dry_run else "To be deleted: ") + _in_words(doomed))
    if dry_run:
        return
    if not yes:
        click.confirm("Delete them for good?", abort=True)
    click.echo(f"Deleted {on_database(settings, _remove(found))}.")


async def _found(
    settings: Settings, script: str | None, statuses: list[Status], older_than: datetime | None
) -> list[Group]:
    """Raises NotFound for a script of which there is nothing at all."""
    known = await scripts_known()
    catalogue = read_catalogue(settings.script_folders)
    if script is not None and script not in {*known, *catalogue}:
        raise NotFound(f"There is no script {script!r}; see `procession scripts list`")
    scripts = known if script is None else [script]
    if older_than is not None:
        return [
            Group(name, status, old=older_than, cutoff=older_than)
            for name in scripts
            for status in statuses
        ]
    rules = groups(scripts, statuses, catalogue, settings.default_keep)
    return [group async for group in rules]


async def _remove(found: Iterable[Group]) -> int:
    count = 0
    for group in found:
        async for ids in remove(group, OPERATOR):
            count += len(ids)
    return count


def _in_words(doomed: Total) -> str:
    size = f"{doomed.bytes:,} bytes of output and files".replace(",", " ")
    noun = "process" if doomed.count == 1 else "processes"
    return f"{doomed.count} {noun}, the oldest of {doomed.oldest:%Y-%m-%d %H:%M}Z, {size}"
