"""How processes are printed: as a table, as lines, as JSON."""

from collections.abc import Iterable, Iterator

from client.gauge import in_percent, in_words
from client.moment import shown, spent
from client.processes import Process
from client.table import Cell
from server.commands.access import (
    is_terminal,
    now,
    paint,
    write_columns,
    write_json,
    write_table,
)

HEAD = ("ID", "SCRIPT", "STATUS", "USER", "STARTED", "TOOK", "PARAMETERS")
SHORT = 8  # characters of an id on a terminal
COLOURS = {"RUNNING": "blue", "COMPLETED": "green", "FAILED": "red", "STOPPED": "yellow"}


def print_processes(found: Iterable[Process], as_json: bool) -> None:
    """As JSON; as a table on a terminal; as lines in a pipe."""
    if is_terminal() and not as_json:
        rows = [*map(row, found)]
        write_table(HEAD, rows)
        return
    for each in found:
        if as_json:
            write_json(each)
        else:
            write_columns(columns(each))


def row(found: Process) -> list[Cell]:
    """As a person reads it."""
    has_begun = found["status"] != "SCHEDULED" and found["waitsFor"] is None
    took = spent(found["startTime"], found["endedAt"], now()) if has_begun else ""
    return [
        Cell(found["id"][:SHORT]),
        Cell(found["scriptName"]),
        _status(found),
        Cell(found["user"]["name"]),
        Cell(shown(found["startTime"], now())),
        Cell(took),
        Cell(_parameters(found)),
    ]


def columns(found: Process) -> list[str]:
    """As a program reads it."""
    code = found["exitCode"]
    return [
        found["id"],
        found["scriptName"],
        found["status"],
        found["user"]["name"],
        found["startTime"],
        found["endedAt"] or "",
        "" if code is None else str(code),
        _parameters(found),
    ]


def _status(found: Process) -> Cell:
    return Cell(state(found), paint(COLOURS.get(found["status"])))


def state(found: Process) -> str:
    """Its status, and what is to be known beside."""
    beside = found["waitsFor"] or ""
    if found["status"] == "FAILED" and found["exitCode"] is not None:
        beside = str(found["exitCode"])
    elif found["status"] == "RUNNING" and found["stopRequestedAt"]:
        beside = "stopping"
    elif found["status"] == "RUNNING" and found["progress"]:
        beside = in_percent(found["progress"])
    return f"{found['status']} ({beside.lower()})" if beside else str(found["status"])


def _parameters(found: Process) -> str:
    return " ".join(f"{each['name']}={each['value']}" for each in found["parameters"])


def facts(found: Process) -> Iterator[tuple[str, Cell]]:
    """Lines of `show`: the name of each, and its text."""
    yield "id", Cell(found["id"])
    yield "script", Cell(found["scriptName"])
    yield "status", _status(found)
    for name in ("reason", "exitCode", "createdAt", "startTime", "stopRequestedAt", "endedAt"):
        if found[name] is not None:
            text = str(found[name])
            yield name, Cell(shown(text, now()) if name.endswith(("At", "Time")) else text)
    yield "user", Cell(found["user"]["name"])
    if found["progress"]:
        yield "progress", Cell(in_words(found["progress"]))
    yield "output", Cell(f"{found['lastSeq']} lines, {found['outputBytes']} bytes")
    for each in found["parameters"]:
        yield "parameter", Cell(f"{each['name']}={each['value']}")
    for kind in ("uploads", "files"):
        for each in found[kind]:
            yield kind[:-1], Cell(f"{each['name']} ({each['size']} bytes)")
    yield from _told(found)


def _told(found: Process) -> Iterator[tuple[str, Cell]]:
    """What the script has told of itself. Of many notices the first are kept, and all counted."""
    for each in found["values"]:
        yield "value", Cell(f"{each['name']}={each['value']}")
    for each in found["notices"]:
        yield each["level"].lower(), Cell(each["message"])
    for level, count in found["noticeCounts"].items():
        if count:
            yield level, Cell(str(count))
    for line in (found["summary"] or "").splitlines():
        yield "summary", Cell(line)
