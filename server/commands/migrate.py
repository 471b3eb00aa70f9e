"""`procession migrate`."""

import sys

import click

from models.version import pending
from server.local import make_current, run
from server.privacy import make_private
from server.settings import read_settings


@click.command("migrate")
@click.option("--check", is_flag=True, help="Only say what is missing; exit code 1 if anything.")
def migrate_command(check: bool) -> None:
    """Bring the database to the form that this version needs.

    Safe to run twice, and on several machines at once. The embedded database is migrated by
    `procession serve`.
    """
    settings = read_settings()
    if not check:
        make_private(settings.data_folder)
    names = run((pending if check else make_current)(settings.database))
    for name in names:
        click.echo(f"{'missing' if check else 'applied'} {name}")
    if not names:
        click.echo("The database is up to date.")
    sys.exit(1 if check and names else 0)
