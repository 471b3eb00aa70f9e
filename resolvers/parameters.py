"""Checking the parameters that were sent against those that a script has."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from jobs.disguises import SHORTEST
from jobs.store import Staged
from models.script import Parameter, ParameterType, Script
from resolvers.errors import BadInput

LONGEST = 100_000  # bytes of a value: Linux takes no longer argument than 128 KiB
LONGEST_SECRET = 16 << 10  # bytes; each of its forms is looked for in all of the output
LONGEST_FILE_NAME = 255  # bytes, the limit of most file systems
RESERVED = {"self"}  # names that a link to an output file cannot have
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
    if parameter.type is ParameterType.FILE or parameter.type is ParameterType.OUTPUT:
        return file_name_problems(value)
    if "\0" in value:
        return ["NUL characters are not allowed."]
    if len(value.encode("utf-8", "surrogatepass")) > LONGEST:
        return [f"At most {LONGEST} bytes are allowed."]
    try:
        value.encode()
    except UnicodeEncodeError:
        return ["This is not valid Unicode text."]
    found = _of_type(parameter, value)
    if not found and not parameter.matches(value):
        return [f"This must match the pattern {parameter.pattern}"]
    return found


def file_name_problems(name: str) -> list[str]:
    """What keeps a name from being that of a file in a folder."""
    if not name or name in {".", ".."} or "/" in name or "\\" in name:
        return [f"{name!r} is not a file name; give a name without folders."]
    if not name.isprintable():
        return ["A file name cannot have control characters."]
    if len(name.encode()) > LONGEST_FILE_NAME:
        return [f"A file name has at most {LONGEST_FILE_NAME} bytes."]
    if name in RESERVED:
        return [f"{name!r} is a reserved name; take another."]
    return []


def _of_type(parameter: Parameter, value: str) -> list[str]:
    match parameter.type:
        case ParameterType.BOOLEAN if value not in {"true", "false"}:
            return ['This must be "true" or "false".']
        case ParameterType.INTEGER:
            return _integer(parameter, value)
        case ParameterType.SECRET:
            return _secret(value)
        case ParameterType.DATE:
            try:
                datetime.fromisoformat(value)
            except ValueError:
                return ["This must be a date such as 2026-11-23 or 2026-11-23T10:00:00Z."]
        case ParameterType.ID if not re.fullmatch(r"\S{1,255}", value):
            return ["This must be an identifier: 1 to 255 characters without spaces."]
        case ParameterType.CHOICE if value not in parameter.choices:
            return [f"This must be one of: {', '.join(parameter.choices)}."]
    return []


def _secret(value: str) -> list[str]:
    if len(value.strip()) < SHORTEST:
        return [f"A secret has at least {SHORTEST} characters, or it could not be hidden."]
    if len(value.encode()) > LONGEST_SECRET:
        return [f"A secret has at most {LONGEST_SECRET} bytes; put a longer one into a file."]
    return []


def _integer(parameter: Parameter, value: str) -> list[str]:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        return ["This must be a whole number."]
    if parameter.min is not None and int(value) < parameter.min:
        return [f"This must be at least {parameter.min}."]
    if parameter.max is not None and int(value) > parameter.max:
        return [f"This must be at most {parameter.max}."]
    return []


class Problems:
    """Collects messages by field."""

    def __init__(self) -> None:
        self.fields: dict[str, list[str]] = {}

    def add(self, name: str, message: str) -> None:
        self.fields.setdefault(name, []).append(message)
