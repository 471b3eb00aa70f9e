"""The command, and the table of its checks."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict

import click
import orjson

from models.database import connected
from models.version import UnfitError, is_there, pending, require_columns
from server.doctor import content, machine, rows
from server.doctor.finding import Check, Finding, Patient
from server.local import run
from server.settings import SettingsError, read_settings

ON_THE_MACHINE: Mapping[str, Check] = {
    "scripts": machine.scripts,
    "data folder": machine.folder,
    "disk": machine.disk,
    "redis": machine.redis,
}
IN_THE_DATABASE: Mapping[str, Check] = {
    "integrity": rows.integrity,
    "writes": rows.writes,
    "clock": rows.clock,
    "running": rows.running,
    "scheduled": rows.scheduled,
    "output": rows.output,
    "output sums": content.sums,
    "files folder": content.ownership,
    "files": content.files,
    "orphans": content.leftovers,
}
PATIENCE = 15.0  # seconds for the database to answer


@click.command("doctor")
@click.option("--deep", is_flag=True, help="Also read all output and files and check their sums.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def doctor_command(deep: bool, as_json: bool) -> None:
    """Look at settings, data folder and database, and say what is wrong and how to mend it.

    Changes nothing, and works while the server runs and while it does not. Exit code 1: something
    was found.
    """
    findings = run(_examine(deep))
    if as_json:
        click.echo(orjson.dumps({"findings": [asdict(each) for each in findings]}))
    else:
        for each in findings:
            click.echo(f"{each.check}: {each.wrong}\n    {each.mend}")
        if not findings:
            click.echo("All is well.")
    sys.exit(1 if findings else 0)


async def _examine(deep: bool) -> list[Finding]:
    try:
        patient = Patient(read_settings(), deep)
    except SettingsError as error:
        return [Finding("settings", str(error), "Correct it; see docs/settings.md")]
    return [
        *[each async for each in _findings(patient, ON_THE_MACHINE)],
        *await _examine_database(patient),
    ]


async def _examine_database(patient: Patient) -> list[Finding]:
    url = patient.settings.database
    if not is_there(url):
        mend = "Is PROCESSION_DATA right? `procession serve` makes one"
        return [Finding("database", f"There is no {url}", mend)]
    try:
        async with asyncio.timeout(PATIENCE):
            missing = await pending(url)
    except UnfitError as error:
        return [Finding("database", error.wrong, error.mend)]
    except Exception as error:  # whatever a driver raises
        mend = "Is it running, and is PROCESSION_DATABASE_URL right?"
        return [Finding("database", f"The database cannot be used: {error or 'no answer'}", mend)]
    if missing:
        wrong = f"The database lacks {len(missing)} migrations of this version"
        return [Finding("database", wrong, "Run `procession migrate`, or start the server anew")]
    async with connected(url):
        try:
            await require_columns(url)
        except UnfitError as error:
            return [Finding("database", error.wrong, error.mend)]
        return [each async for each in _findings(patient, IN_THE_DATABASE)]


async def _findings(patient: Patient, checks: Mapping[str, Check]) -> AsyncIterator[Finding]:
    """A check that cannot be made is a finding itself."""
    for name, check in checks.items():
        try:
            async for wrong, mend in check(patient):
                yield Finding(name, wrong, mend)
        except Exception as error:  # whatever a driver or the system raises
            yield Finding(name, f"This cannot be checked: {error}", "See to the others first")
