"""The plan of a run: what the supervisor is to do, and what is to lie ready for it."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from jobs import variables
from jobs.account import Account, account
from jobs.command import argument_list
from jobs.handed import descriptors
from jobs.run import Run
from jobs.sandbox import sandboxed
from jobs.site import Site
from jobs.supervisor.launch import Launch
from models.file import Direction, File
from models.outage import TROUBLE, Complaint, is_outage
from models.process import Process
from models.script import Script

log = logging.getLogger(__name__)

# Of a script in a terminal: it may use colours, and a pager would wait for keys for ever.
TERMINAL = {"TERM": "xterm-256color", "PAGER": "cat", "GIT_PAGER": "cat"}
NO_CORE = {"RLIMIT_CORE": 0}  # a core dump would have the secrets in it


@dataclass(frozen=True, slots=True)
class Plan:
    """`uploads` maps the path that each upload is to have to where it is kept; `owner` is the user
    as whom the script runs, if it is another than ours.
    """

    launch: Launch
    uploads: dict[Path, Path]
    owner: Account | None


def script_of(process: Process, site: Site) -> Script:
    """Raises LookupError."""
    script = site.catalogue.get(process.script)
    if script is None:
        raise LookupError(f"the worker does not know the script {process.script!r} any more")
    return script


async def plan(process: Process, site: Site, run: Run) -> Plan:
    """Raises LookupError where the script cannot be run like that, any more or on this machine."""
    script = script_of(process, site)
    inputs = [(file.parameter, file) for file in await _inputs(process)]
    paths = {
        position: run.upload_path(position, file.name)
        for position, file in inputs
        if position is not None
    }
    kept = {position: site.store.path(process.id, file.id) for position, file in inputs}
    arguments = argument_list(
        script, process.parameters, paths | descriptors(script, process), run.out, site.data
    )
    owner = owner_of(script, site)
    if owner is not None:
        owner.require_way(run.work)
    if script.isolation.sandbox:
        arguments = sandboxed(arguments, script, run, site, owner)
    return Plan(
        _launch(process, script, site, run, arguments, owner),
        {path: kept[position] for position, path in paths.items()},
        owner,
    )


def owner_of(script: Script, site: Site) -> Account | None:
    """Raises LookupError."""
    name = script.isolation.run_as or site.run_as
    return account(name) if name else None


def _launch(
    process: Process,
    script: Script,
    site: Site,
    run: Run,
    arguments: list[str],
    owner: Account | None,
) -> Launch:
    return Launch(
        argv=arguments,
        env={
            **(TERMINAL if script.terminal else {}),
            **site.environment,
            **(owner.environment if owner else {}),
            **({"TMPDIR": "/tmp"} if script.isolation.sandbox else {}),  # noqa: S108
            variables.PROCESS_ID: str(process.id),
            variables.OUTPUT_DIR: str(run.out),
            variables.WORK_DIR: str(run.work),
            variables.EVENTS: str(run.events),
        },
        cwd=str(run.work),
        timeout=script.timeout,
        grace=script.grace,
        terminal=script.terminal,
        max_output=script.max_output,
        when_full=script.when_full,
        resources=script.resources | (NO_CORE if process.secrets else {}),
        nice=site.nice if script.nice is None else script.nice,
        secret=bool(process.secrets),
        user=owner.ids if owner else None,
        wrapped=script.isolation.sandbox,
        privileges=script.isolation.new_privileges,
    )


async def _inputs(process: Process) -> list[File]:
    """The uploads, however often the database must be asked."""
    of_process = File.filter(process_id=process.id, direction=Direction.INPUT.value)
    complaint = Complaint(log, f"Process {process.id} cannot be started yet")
    while True:
        try:
            found = await of_process
        except Exception as error:
            if not is_outage(error):
                raise
            complaint.say(error)
            await asyncio.sleep(TROUBLE)
        else:
            complaint.end()
            return found
