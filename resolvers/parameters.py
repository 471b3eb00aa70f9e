"""Checking the parameters that were sent against those that a script has."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from jobs.disguises import SHORTEST
from jobs.store import Staged
from models.script import Parameter, ParameterType, Script
from models.value import file_name_problems
from models.value import problems as value_problems
from resolvers.errors import BadInput

LONGEST_SECRET = 16 << 10  # bytes; each of its forms is looked for in all of the output
MASK = "***"


@dataclass(frozen=True, slots=True)
class Sent:
    """A parameter as it came: under its short or long name, with a value or an upload, or the id of
    one that came before (`resolvers.arrivals`)."""

    name: str
    value: str | None = None
    upload: Staged | None = None
    arrival: UUID | None = None


@dataclass(slots=True)
class Checked:
    """Parameters in the order sent: short name and value as they may be shown.

    `secrets` and `uploads` are by position.
    """

    shown: list[tuple[str, str]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    uploads: dict[int, Staged] = field(default_factory=dict)


def check(script: Script, sent: Iterable[Sent]) -> Checked:
    """Raises BadInput with everything that is wrong, by the names that were sent."""
    checked, wrong = Checked(), Problems()
    seen: dict[str, int] = {}
    outputs: set[str] = set()
    for each in sent:
        parameter = script.parameter(each.name)
        if parameter is None:
            names = ", ".join(known.name for known in script.parameters) or "none"
            wrong.add(each.name, f"{script.name!r} has no such parameter; it has: {names}.")
            continue
        seen[parameter.name] = seen.get(parameter.name, 0) + 1
        if seen[parameter.name] == 2 and not parameter.repeat:
            wrong.add(each.name, "This parameter may be given only once.")
        value = each.upload.name if each.upload else each.value or ""
        for problem in problems(parameter, each, value):
            wrong.add(each.name, problem)
        if parameter.type is ParameterType.OUTPUT:
            if value in outputs:
                wrong.add(each.name, f"Two output files cannot both be called {value!r}.")
            outputs.add(value)
        position = len(checked.shown)
        if each.upload:
            checked.uploads[position] = each.upload
        if parameter.type is ParameterType.SECRET:
            checked.secrets[str(position)], value = value, MASK
        checked.shown.append((parameter.name, value))
    for parameter in script.parameters:
        if parameter.mandatory and parameter.name not in seen:
            wrong.add(parameter.name, "This parameter is mandatory.")
    if wrong.fields:
        raise BadInput(wrong.fields)
    return checked


def problems(parameter: Parameter, sent: Sent, value: str) -> Iterable[str]:
    """What is wrong with one value, in words; nothing if it is right."""
    if (parameter.type is ParameterType.FILE) != (sent.upload is not None):
        wanted = "a file to be uploaded" if sent.upload is None else "a value, not a file"
        return [f"This parameter takes {wanted}."]
    if parameter.type is ParameterType.FILE:
        return file_name_problems(value)
    found = value_problems(parameter, value)
    return _secret(value) if parameter.type is ParameterType.SECRET and not found else found


def _secret(value: str) -> list[str]:
    if len(value.strip()) < SHORTEST:
        return [f"A secret has at least {SHORTEST} characters, or it could not be hidden."]
    if len(value.encode()) > LONGEST_SECRET:
        return [f"A secret has at most {LONGEST_SECRET} bytes; put a longer one into a file."]
    return []


class Problems:
    """Collects messages by field."""

    def __init__(self) -> None:
        self.fields: dict[str, list[str]] = {}

    def add(self, name: str, message: str) -> None:
        self.fields.setdefault(name, []).append(message)
