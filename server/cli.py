"""The command line: `procession`."""

import sys
from importlib.metadata import version
from typing import Any

import click

from jobs.archive import ArchiveError
from jobs.command import found, program
from models.manifest import ManifestError, read_catalogue
from models.migration import migrate, pending
from resolvers.errors import ProcessionError
from schema.schema import sdl
from server.accounts import token_group, user_group
from server.backup import backup_command, restore_command
from server.doctor.command import doctor_command
from server.local import NoDatabaseError, run
from server.parts import DataFolderInUseError, log_to_stderr
from server.purge import purge_command
from server.redis import NoRedisError
from server.remote import search_command, tail_command
from server.serve import NotMigratedError, serve
from server.settings import SettingsError, read_settings
from server.worker import work

EXPLAINED = (
    ArchiveError,
    DataFolderInUseError,
    ManifestError,
    NoDatabaseError,
    NoRedisError,
    NotMigratedError,
    ProcessionError,
    SettingsError,
)


class Commands(click.Group):
    """Tells errors that a person can do something about without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EXPLAINED as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("procession"), prog_name="procession")
def main() -> None:
    """Run an organisation's scripts as processes: start them, watch them live, fetch their files.

    Settings are environment variables PROCESSION_* or lines of procession.toml; with none set,
    everything lives in the folder ./data. See docs/settings.md.
    """


@main.command("serve")
@click.option("--host", help="Address to listen on (PROCESSION_HOST; 127.0.0.1).")
@click.option("--port", type=int, help="Port to listen on; 0: any (PROCESSION_PORT; 8080).")
def serve_command(host: str | None, port: int | None) -> None:
    """Serve GraphQL, REST and the page.

    Without settings this starts all there is: it makes the data folder and its database, the first
    administrator, a Redis and a worker. With PROCESSION_REDIS_URL run `procession worker` on each
    machine that is to run scripts. Ctrl-C ends everything, running scripts included; SIGTERM leaves
    the scripts running for the next start.
    """
    changes = {"host": host, "port": port}
    settings = read_settings(
        **{name: value for name, value in changes.items() if value is not None}
    )
    log_to_stderr(settings)
    run(serve(settings))


@main.command("worker")
@click.option("--drain", is_flag=True, help="On SIGTERM, wait for the scripts to end.")
def worker_command(drain: bool) -> None:
    """Run scripts that servers accept.

    Needs PROCESSION_DATABASE_URL and PROCESSION_REDIS_URL, the same as the servers'. SIGTERM leaves
    the scripts running for the next worker on this machine, with --drain the second one does;
    Ctrl-C stops them.
    """
    settings = read_settings()
    if settings.embedded_redis:
        raise SettingsError(
            "PROCESSION_REDIS_URL: a worker needs the Redis of its servers; "
            "without one, `procession serve` runs a worker by itself"
        )
    log_to_stderr(settings)
    run(work(settings, drain=drain))


@main.command("migrate")
@click.option("--check", is_flag=True, help="Only say what is missing; exit code 1 if anything.")
def migrate_command(check: bool) -> None:
    """Bring the database to the form that this version needs.

    Safe to run twice, and on several machines at once. The embedded database is migrated by
    `procession serve`.
    """
    settings = read_settings()
    settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = run(pending(settings.database) if check else migrate(settings.database))
    for name in names:
        click.echo(f"{'missing' if check else 'applied'} {name}")
    if not names:
        click.echo("The database is up to date.")
    sys.exit(1 if check and names else 0)


@main.group("scripts")
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


main.add_command(user_group)
main.add_command(token_group)
main.add_command(tail_command)
main.add_command(search_command)
main.add_command(purge_command)
main.add_command(backup_command)
main.add_command(restore_command)
main.add_command(doctor_command)


@main.command("schema")
def schema_command() -> None:
    """Print the GraphQL schema in its definition language."""
    click.echo(sdl(), nl=False)
