"""`procession audit`: who did what, as lines for people or for programs."""

from datetime import UTC, datetime

import click
import orjson

from models.audit import NOBODY, AuditEntry
from models.duration import seconds
from models.instant import ago, read_instant
from resolvers.entries import Wanted, entries
from resolvers.viewer import OPERATOR
from server.local import on_present_database
from server.settings import read_settings


def moment(_: click.Context, __: click.Parameter, written: str | None) -> datetime | None:
    """An option's `2026-11-23`, `2026-11-23T10:00:00Z` (UTC where it has no zone) or `30d` ago."""
    if written is None:
        return None
    try:
        return ago(seconds(written))
    except ValueError:
        pass
    try:
        return read_instant(written)
    except ValueError:
        raise click.BadParameter(
            f"{written!r} is neither a time such as 2026-11-23T10:00:00Z nor a duration such as 30d"
        ) from None


@click.command("audit")
@click.option("--user", metavar="NAME", help="Only what this user did; or operator, or system.")
@click.option("--action", metavar="ACTION", help="Only this action, such as process.start.")
@click.option("--target", metavar="TARGET", help="Only what was done to this id or name.")
@click.option("--result", metavar="CODE", help="Only with this result: OK, or an error's code.")
@click.option(
    "--since", metavar="TIME", callback=moment, help="From this time on; 30d: 30 days ago."
)
@click.option("--until", metavar="TIME", callback=moment, help="Up to this time.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object a line.")
def audit_command(
    user: str | None,
    action: str | None,
    target: str | None,
    result: str | None,
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
) -> None:
    """Print who did what, when, from where, to what, with which result; the oldest first."""
    wanted = Wanted(user, action, target, result, since, until)
    on_present_database(read_settings(), _print(wanted, as_json))


async def _print(wanted: Wanted, as_json: bool) -> None:
    write = _as_json if as_json else _as_text
    async for some in entries(OPERATOR, wanted):
        click.echo("\n".join(map(write, some)))


def _as_text(entry: AuditEntry) -> str:
    columns = (entry.actor, entry.address, entry.action, entry.target, entry.result)
    details = orjson.dumps(entry.details).decode() if entry.details else None
    return "\t".join([_written(entry.at), *(each or "-" for each in (*columns, details))])


def _as_json(entry: AuditEntry) -> str:
    document = {
        "at": _written(entry.at),
        "actor": entry.actor,
        "actorId": None if entry.actor_id == NOBODY else entry.actor_id,
        "tokenId": entry.token_id,
        "address": entry.address,
        "action": entry.action,
        "target": entry.target,
        "result": entry.result,
        "details": entry.details,
    }
    return orjson.dumps(document).decode()


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:26]}Z"
