"""The command line: `procession`."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from server.late import late, program

COMMANDS = {
    "audit": "audit:audit_command",
    "backup": "backup:backup_command",
    "catalogue": "catalogue:catalogue_command",
    "completion": "completion:completion_command",
    "delete": "processes:delete_command",
    "doctor": "doctor:doctor_command",
    "download": "files:download_command",
    "files": "files:files_command",
    "group": "groups:group_group",
    "list": "processes:list_command",
    "login": "account:login_command",
    "logout": "account:logout_command",
    "migrate": "migrate:migrate_command",
    "notify": "deliveries:notify_command",
    "purge": "purge:purge_command",
    "restore": "backup:restore_command",
    "schema": "schema:schema_command",
    "scripts": "scripts:scripts_group",
    "search": "remote:search_command",
    "serve": "serve:serve_command",
    "show": "processes:show_command",
    "start": "start:start_command",
    "stop": "processes:stop_command",
    "tail": "remote:tail_command",
    "token": "accounts:token_group",
    "user": "accounts:user_group",
    "watch": "watch:watch_command",
    "whoami": "account:whoami_command",
    "worker": "worker:worker_command",
}
"""Where each is in `server.commands`, from which it is imported when it is asked for: all of them
take a second."""

HERE = {
    "serve": "Serve GraphQL, REST and the console.",
    "worker": "Run scripts that servers accept.",
    "migrate": "Bring the database to the form that this version needs.",
    "user": "Add, list and change users.",
    "token": "Create, list and revoke tokens.",
    "group": "Make groups of users, and grant them rights to scripts.",
    "scripts": "List and check the scripts that may be started.",
    "purge": "Delete ended processes that need not be kept.",
    "backup": "Make a backup of database and files.",
    "restore": "Restore a backup.",
    "doctor": "Look for what is wrong, and say how to mend it.",
    "audit": "Print who did what.",
    "schema": "Print the GraphQL schema.",
}
"""The commands that work on the database, the most usual first, in a line for `--help`."""

ANYWHERE = {
    "login": "Sign in to a server.",
    "logout": "Sign out, and have the server refuse the token.",
    "whoami": "Print who you are to the server.",
    "catalogue": "List the scripts that you may see, or what one takes.",
    "start": "Start a script.",
    "list": "List processes.",
    "show": "Show one process.",
    "watch": "Watch processes as they change.",
    "tail": "Print the output of a process as it comes.",
    "search": "Search the output of a process.",
    "files": "List the files that a process wrote.",
    "download": "Download files that a process wrote.",
    "stop": "Stop processes.",
    "delete": "Delete processes with their output and files.",
    "notify": "Have the server tell you when a process ends.",
    "completion": "Complete commands and their arguments in a shell.",
}
"""The commands that speak to a server, from any machine."""

EXPLAINED = {
    "jobs.archive": "ArchiveError",
    "jobs.ownership": "OwnershipError",
    "models.manifest": "ManifestError",
    "models.version": "VersionError",
    "resolvers.errors": "ProcessionError",
    "server.listening": "AddressError",
    "server.local": "NoDatabaseError",
    "server.parts": "DataFolderError",
    "server.redis": "NoRedisError",
    "server.settings": "SettingsError",
}
"""The errors that a person can do something about, by their modules."""


CLICK = (click.ClickException, click.exceptions.Exit, click.Abort)


class Commands(click.Group):
    """Loads a command when it is needed, and tells EXPLAINED errors without a traceback, and what
    `server.explanation` has words for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = program(f"server.commands.{COMMANDS[cmd_name]}")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """By where they work. What each says itself is too long for a line."""
        for title, commands in (
            ("Commands on the server's machine", HERE),
            ("Commands that speak to a server, from any machine", ANYWHERE),
        ):
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if isinstance(error, tuple(_explained())):
                raise click.ClickException(str(error)) from error
            if isinstance(error, CLICK):
                raise
            if words := late("server.explanation:explain")(error):
                raise click.ClickException(words) from error
            raise


def _explained() -> Iterator[type[Exception]]:
    """Who has raised one of them has imported it."""
    for module, name in EXPLAINED.items():
        if module in sys.modules:
            yield getattr(sys.modules[module], name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="procession", prog_name="procession")
def main() -> None:
    """Run an organisation's scripts as processes: start them, watch them live, fetch their files.

    Settings are environment variables PROCESSION_* or lines of procession.toml; with none set,
    everything lives in the folder ./data. See docs/settings.md.
    """
