"""Commands about the files that a script wrote: `procession files`, `procession download`."""

import sys
from pathlib import Path

import click

from client.download import Download, Fate
from client.errors import InTheWay, Refused
from client.meter import size
from client.processes import ENDED, Process, process
from client.table import Cell, plain
from server.access import Access
from server.commands.access import (
    EXITS,
    REFUSED,
    access_of,
    as_json,
    ask_hurriedly,
    connected,
    explained,
    is_terminal,
    open_meter,
    remote,
    say,
    write_columns,
    write_json,
    write_table,
)
from server.commands.access import process as process_argument


def complete_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    found = ask_hurriedly(
        access_of(context),
        lambda connection: process(connection, context.params["process_id"])["files"],
    )
    return [each["name"] for each in found if each["name"].startswith(incomplete)]


@click.command("files", epilog=EXITS)
@process_argument
@as_json
@remote
def files_command(access: Access, process_id: str, as_json: bool) -> None:
    """List the files that the process ID wrote: name, size, media type, SHA-256.

    They are there once it has ended. A pipe gets the bytes, with tabs between.

    \b
    Example: procession files 2f9c6a10
    """
    with connected(access) as connection:
        found = process(connection, process_id)["files"]
    if as_json:
        for each in found:
            write_json(each)
    elif is_terminal():
        names = [(each["name"], size(int(each["size"])), each["mediaType"]) for each in found]
        write_table((), [[*map(Cell, each)] for each in names])
    else:
        for each in found:
            write_columns([each["name"], str(each["size"]), each["mediaType"], each["sha256"]])


@click.command("download", epilog=f"{EXITS}\n\n254: what came is not what the script wrote.")
@process_argument
@click.argument("names", metavar="[NAME…]", nargs=-1, shell_complete=complete_names)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Into this folder, which is made if need be; else into the present one.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
@as_json
@remote
def download_command(
    access: Access,
    process_id: str,
    names: tuple[str, ...],
    output: Path,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Download files that the process ID wrote: those named, or all; prints where each is.

    After a cut it goes on by itself where it was; so it does, started again, after Ctrl-C. Until
    all of a file is there and its SHA-256 is right, it is in a file .procession-….part. What is
    there already, and the same, is left alone.

    \b
    Example: procession download 2f9c6a10 -o results
    """
    with connected(access) as connection:
        found = process(connection, process_id)
        wanted = _wanted(found, names)
    refused = 0
    with explained():
        download = Download(access.server(), output, open_meter, say, overwrite=overwrite)
        for each in wanted:
            try:
                path, fate = download.save(each)
            except (Refused, InTheWay) as error:
                say(str(error))
                refused += 1
            else:
                _tell(path, fate, each["sha256"], as_json)
    sys.exit(REFUSED if refused else 0)


def _wanted(found: Process, names: tuple[str, ...]) -> list[Process]:
    """Raises Refused."""
    files = {each["name"]: each for each in found["files"]}
    missing = [name for name in names if name not in files]
    if missing:
        there = ", ".join(map(plain, files)) or "none"
        until = "" if found["status"] in ENDED else "; it has not ended yet"
        raise Refused(f"There is no file {missing[0]!r} of this process ({there}{until})")
    if not files and found["status"] not in ENDED:
        raise Refused("The process has not ended yet: its files are there then")
    return [files[name] for name in names] if names else [*files.values()]


def _tell(path: Path, fate: Fate, sha256: str, as_json: bool) -> None:
    if as_json:
        write_json({"path": str(path), "sha256": sha256, "isNew": fate is Fate.SAVED})
    else:
        click.echo(path)
        if fate is Fate.THERE:
            say(f"{path} {fate.value}")
