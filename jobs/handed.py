"""What is handed to a script beside its arguments: its secrets (`jobs.supervisor.secrets`)."""

import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from jobs.disguises import disguises
from jobs.supervisor.secrets import FIRST
from models.process import Process
from models.script import Passing, Script


def descriptors(script: Script, process: Process) -> dict[int, Path]:
    """The paths of the secrets that are read from descriptors, by position."""
    free = count(FIRST)
    return {
        position: Path(f"/dev/fd/{next(free)}")
        for position, (name, _) in enumerate(process.parameters)
        if (parameter := script.parameter(name)) and parameter.passing is Passing.FD
    }


def handed(script: Script, process: Process, secrets: Mapping[str, str]) -> bytes:
    """The line that the supervisor is told of the secrets, which are by position."""
    env, files = {}, []
    for position, secret in secrets.items():
        name = process.parameters[int(position)][0]
        parameter = script.parameter(name)
        if parameter is None:  # the manifest was changed since the process was accepted
            raise LookupError(f"The script {script.name!r} has no parameter {name!r} any more")
        if parameter.passing is Passing.FD:
            files.append(secret)
        else:
            env[parameter.variable] = secret
    needles = sorted(set().union(*map(disguises, secrets.values())))
    return json.dumps({"env": env, "files": files, "needles": needles}).encode() + b"\n"
