"""`procession scripts`."""

import sys

import click

from jobs.command import found, program
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
    """Check every manifest, and that its command exists on this machine."""
    settings = read_settings()
    catalogue = read_catalogue(settings.script_folders)
    missing = 0
    for script in catalogue.values():
        if not found(script, settings.data_folder):
            missing += 1
            command = program(script, settings.data_folder)[0]
            click.echo(f"{script.name}: the command {command!r} is not found here", err=True)
    click.echo(f"{len(catalogue)} script(s), {missing} without a command")
    sys.exit(1 if missing else 0)
