"""Values of parameters: what is wrong with one, in words for whoever gave it."""

import re
from unicodedata import category

from models.instant import read_date
from models.script import Parameter, ParameterType

LONGEST = 100_000  # bytes of a value: Linux takes no longer argument than 128 KiB
LONGEST_FILE_NAME = 255  # bytes, the limit of most file systems
RESERVED = {"self"}  # names that a link to an output file cannot have
JOINERS = {"\u200c", "\u200d"}  # Persian, Hindi and emoji are not written without
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # the categories of what controls, or turns a text round


def problems(parameter: Parameter, value: str) -> list[str]:
    """What is wrong with a value of any type but FILE; nothing if it is right."""
    if parameter.type is ParameterType.OUTPUT:
        return _output_problems(value)
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
    if not all(map(is_seen, name)):
        return ["A file name cannot have control characters."]
    if len(name.encode()) > LONGEST_FILE_NAME:
        return [f"A file name has at most {LONGEST_FILE_NAME} bytes."]
    return []


def is_seen(sign: str) -> bool:
    """Whether it may be in a name: spaces of any width, too, which macOS and Japanese keyboards
    write."""
    return category(sign) not in HIDDEN or sign in JOINERS


def _output_problems(name: str) -> list[str]:
    if name in RESERVED:
        return [f"{name!r} is a reserved name; take another."]
    return file_name_problems(name)


def _of_type(parameter: Parameter, value: str) -> list[str]:
    match parameter.type:
        case ParameterType.BOOLEAN if value not in {"true", "false"}:
            return ['This must be "true" or "false".']
        case ParameterType.INTEGER:
            return _integer(parameter, value)
        case ParameterType.DATE:
            try:
                read_date(value)
            except ValueError:
                return ["This must be a date such as 2026-11-23 or 2026-11-23T10:00:00Z."]
        case ParameterType.ID if not re.fullmatch(r"\S{1,255}", value):
            return ["This must be an identifier: 1 to 255 characters without spaces."]
        case ParameterType.CHOICE if value not in parameter.choices:
            return [f"This must be one of: {', '.join(parameter.choices)}."]
    return []


def _integer(parameter: Parameter, value: str) -> list[str]:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        return ["This must be a whole number."]
    if parameter.min is not None and int(value) < parameter.min:
        return [f"This must be at least {parameter.min}."]
    if parameter.max is not None and int(value) > parameter.max:
        return [f"This must be at most {parameter.max}."]
    return []
