"""`procession scripts`."""

import sys

import click

from jobs.obstacles import obstacles
from models.manifest import read_catalogue
from server.settings import read_settings


@click.group("scripts")
def scripts_group() -> None:
    """Look at the scripts that may be started (the manifests in PROCESSION_SCRIPTS)."""


@scripts_group.command("list")
def list_scripts() -> None:
    """List all scripts: name, who may start it, description."""
    for script in read_catalogue(read_settings().script_folders).values():
        click.echo(f"{script.name}\t{script.allow}\t{script.description}")


@scripts_group.command("check")
def check_scripts() -> None:
    """Check every manifest, and that its script can run on this machine."""
    settings = read_settings()
    catalogue = read_catalogue(settings.script_folders)
    wrong = 0
    for script in catalogue.values():
        found = list(obstacles(script, settings.data_folder, settings.run_as))
        wrong += bool(found)
        for obstacle, mend in found:
            click.echo(f"{script.name}: {obstacle}\n    {mend}", err=True)
    click.echo(f"{len(catalogue)} script(s), {wrong} that cannot run here")
    sys.exit(1 if wrong else 0)
