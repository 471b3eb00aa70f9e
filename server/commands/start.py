"""`procession start`: what a script takes becomes options."""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TextIO

import click

from client.connection import Server
from client.errors import Refused
from client.moment import future, sent
from client.scripts import Parameter, Script, script
from client.starting import Given, start
from client.tail import Lines
from server.access import Access
from server.commands.access import (
    WRONG_USE,
    access_of,
    as_json,
    ask_hurriedly,
    complete_scripts,
    explained,
    open_meter,
    remote,
    say,
    write_json,
)
from server.commands.choices import Assignment, Moment
from server.commands.remote import FAILED, print_tail

KINDS: dict[str, click.ParamType[Any]] = {
    "FILE": click.Path(exists=True, dir_okay=False),
    "SECRET": click.File(),
}
METAVARS = {"DATE": "DATE", "ID": "ID", "OUTPUT": "NAME", "SECRET": "FILE", "FILE": "FILE"}
SCRIPT, SERVER = "procession.script", "procession.server"
UNKNOWN = {"ignore_unknown_options": True, "allow_extra_args": True}
EPILOG = """\b
Exit codes: with --follow that of the script, 255 if it cannot be started or
followed; otherwise 0 started, 1 refused, 3 not signed in, 4 no server answers;
2 wrong use or parameters, 130 Ctrl-C (the script runs on)."""


class Start(click.Command):
    """Asks the server which options the script takes that is to be started."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        self._look(ctx, args)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        own = super().get_params(ctx)
        return [*own, *_options(ctx.meta[SCRIPT], own)] if SCRIPT in ctx.meta else own

    def _look(self, ctx: click.Context, args: list[str]) -> None:
        """Finds the script of these arguments; when completing, does without if there is none."""
        probe = click.Command(None, params=self.params, add_help_option=False)
        probe.context_settings = UNKNOWN
        with probe.make_context("start", [*args], resilient_parsing=True) as given:
            name, access = given.params["script_name"], access_of(given)
        if not name or name.startswith("-"):
            return
        if ctx.resilient_parsing:
            found = ask_hurriedly(access, lambda connection: [script(connection, name)])
            if found:
                ctx.meta[SCRIPT] = found[0]
            return
        with explained(FAILED if given.params["follow"] else None):
            ctx.meta[SERVER] = server = access.server()
            with server.connected() as connection:
                ctx.meta[SCRIPT] = script(connection, name)


def _options(found: Script, own: Sequence[click.Parameter]) -> Iterator[click.Option]:
    """Those of the script, but for the names that are ours."""
    taken = {name for each in own for name in (*each.opts, *each.secondary_opts)}
    for parameter in found["parameters"]:
        names = [name for name in _names(parameter) if name not in taken]
        if names:
            yield _option(parameter, names)


def _option(parameter: Parameter, names: list[str]) -> click.Option:
    kind, is_flag = parameter["type"], parameter["type"] == "BOOLEAN"
    if is_flag and parameter["default"] == "true":
        names = [*names[:-1], f"{names[-1]}/--no-{names[-1].lstrip('-')}"]
    return click.Option(
        [_key(parameter), *names],
        type=None if is_flag else _kind(parameter),
        is_flag=is_flag,
        default=None,
        multiple=parameter["repeat"] and not is_flag,
        metavar=METAVARS.get(kind),
        help=_help(parameter),
    )


def _kind(parameter: Parameter) -> click.ParamType[Any]:
    if parameter["type"] == "CHOICE":
        return click.Choice(parameter["choices"])
    least, most = parameter["min"], parameter["max"]
    if parameter["type"] == "INTEGER":
        return click.INT if least is most is None else click.IntRange(least, most)
    return KINDS.get(parameter["type"], click.STRING)


def _names(parameter: Parameter) -> list[str]:
    """As a script is given them: `-z`, `--zip`."""
    known = (parameter["name"], parameter["long"])
    return [f"-{name}" if len(name) == 1 else f"--{name}" for name in known if name]


def _hint(parameter: Parameter) -> str:
    """As click names an option that is wrong."""
    return " / ".join(f"'{name}'" for name in _names(parameter))


def _key(parameter: Parameter) -> str:
    """The name under which click keeps its value; none of our own is such."""
    return f"given_{parameter['name'].encode().hex()}"


def _help(parameter: Parameter) -> str:
    notes = ["mandatory"] if parameter["mandatory"] else []
    notes += ["repeatable"] if parameter["repeat"] else []
    notes += [f"default: {parameter['default']}"] if parameter["default"] is not None else []
    text = parameter["description"]
    if parameter["type"] == "SECRET":
        text += " (in a FILE; - for standard input)"
    return f"{text}  [{', '.join(notes)}]" if notes else text


@click.command("start", cls=Start, epilog=EPILOG)
@click.argument("script_name", metavar="SCRIPT", shell_complete=complete_scripts)
@click.option("--follow", is_flag=True, help="Print its output until it ends, as `tail` does.")
@click.option("--at", type=Moment(future), help="When: 18:00, 2h (from now), 2026-01-31T18:00.")
@click.option(
    "--param",
    "pairs",
    type=Assignment(),
    multiple=True,
    help="A parameter whose name is that of another option; of a file or a secret, the path.",
)
@as_json
@remote
@click.pass_context
def start_command(
    context: click.Context,
    /,
    access: Access,
    script_name: str,
    follow: bool,
    at: datetime | None,
    pairs: tuple[tuple[str, str], ...],
    as_json: bool,
    **values: Any,
) -> None:
    """Start SCRIPT with its own options, which `procession start SCRIPT --help` shows.

    SCRIPT stands before them. Files are uploaded; secrets are read from files, or asked for on a
    terminal. Prints the id of the process.

    \b
    Examples:
      procession start import --add --zip site.zip --follow
      procession start metadata-export --at 18:00
    """
    found, server = context.meta[SCRIPT], context.meta[SERVER]
    given = [*_given(found, values), *_paired(found, pairs)]
    with explained(FAILED if follow else None):
        given += _missing(context, found, {each.name for each in given})
        try:
            moment = sent(at) if at else None
            process = start(server, script_name, given, moment, open_meter, say)
        except Refused as error:
            _tell_fields(found, error)
            raise
        if follow:
            _follow(server, process["id"], as_json)
        elif as_json:
            write_json(process)
        else:
            click.echo(process["id"])


def _follow(server: Server, process_id: str, as_json: bool) -> None:
    say(f"{process_id} is accepted")
    try:
        written = Lines.as_json if as_json else Lines.plain
        print_tail(server, process_id, written, stamped=as_json)
    except KeyboardInterrupt:
        say(f"The script runs on; procession stop {process_id} ends it")
        raise


def _given(found: Script, values: dict[str, Any]) -> Iterator[Given]:
    """What was given as options."""
    for parameter in found["parameters"]:
        value = values.get(_key(parameter))
        for each in value if isinstance(value, tuple) else (value,):
            if each is not None:
                yield _value(parameter, each)


def _paired(found: Script, pairs: Sequence[tuple[str, str]]) -> Iterator[Given]:
    """What was given by --param; what the script does not know, the server refuses."""
    for name, text in pairs:
        for parameter in found["parameters"]:
            if name in (parameter["name"], parameter["long"]):
                value = KINDS.get(parameter["type"], click.STRING).convert(text, None, None)
                yield _value(parameter, value)
                break
        else:
            yield Given(name, text)


def _value(parameter: Parameter, value: Any) -> Given:
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif parameter["type"] == "SECRET":
        value = _secret(parameter, value)
    return Given(parameter["name"], str(value), parameter["type"] == "FILE")


def _secret(parameter: Parameter, file: TextIO) -> str:
    """Raises BadParameter."""
    try:
        return file.read().removesuffix("\n")
    except UnicodeDecodeError:
        told = f"{file.name!r} is no text in UTF-8."
        raise click.BadParameter(told, param_hint=_hint(parameter)) from None


def _missing(context: click.Context, found: Script, names: set[str]) -> Iterator[Given]:
    """What has to be given and was not: a secret is asked for. Raises UsageError."""
    for parameter in found["parameters"]:
        if parameter["mandatory"] and parameter["name"] not in names:
            hint = _hint(parameter)
            if parameter["type"] != "SECRET" or not sys.stdin.isatty():
                raise click.UsageError(f"Missing option {hint}.", context)
            secret = click.prompt(f"{hint} ({parameter['description']})", hide_input=True, err=True)
            yield Given(parameter["name"], secret)


def _tell_fields(found: Script, error: Refused) -> None:
    """Each wrong parameter beside its option; ends the program if that says all."""
    hints = {each["name"]: " / ".join(_names(each)) for each in found["parameters"]}
    hints["startTime"] = "--at"
    for name, messages in error.fields.items():
        for message in messages:
            say(f"{hints.get(name, name)}: {message}")
    if error.fields:
        sys.exit(WRONG_USE)
