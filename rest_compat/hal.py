"""The contract's documents (`processes-endpoint.md`, `scripts-endpoint.md`): keys in its order.

Pure functions from models to documents, so that none can hide a query.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import Any
from uuid import UUID

import orjson

from jobs.chunk import Batch
from models.file import File
from models.instant import from_micros
from models.process import Process
from models.script import Parameter, ParameterType, Script
from models.status import Status
from resolvers.given import Parameters
from rest_compat.links import Links
from rest_compat.paging import Page

Document = dict[str, Any]

LEGACY_STATUS: dict[str, str] = {
    Status.SCHEDULED: "SCHEDULED",
    Status.RUNNING: "RUNNING",
    Status.COMPLETED: "STOPPED",  # the contract's word for the ordinary end
    Status.FAILED: "FAILED",
    Status.STOPPED: "STOPPED",
}
LEGACY_TYPES = {
    ParameterType.INTEGER: "string",
    ParameterType.CHOICE: "string",
    ParameterType.SECRET: "string",
}


def time(moment: datetime) -> str:
    """`2017-11-22T10:29:11Z`: UTC, whole seconds."""
    return f"{moment.astimezone(UTC).isoformat()[:19]}Z"  # strftime costs four times as much


def process(row: Process, given: Parameters, links: Links) -> Document:
    """Execution Details."""
    document = started(row, given, links)
    document["_links"]["files"] = {"href": links.files(document["processId"])}
    return document


def started(row: Process, given: Parameters, links: Links) -> Document:
    """Script Invocation: as Execution Details, but without a link to files."""
    process_id = str(row.id)
    return {
        "processId": process_id,
        "userId": str(row.user_id),
        "startTime": time(row.start_time),
        "status": LEGACY_STATUS[row.status],
        "parameters": [{"name": name, "value": value} for name, value in given],
        "_links": {
            "self": {"href": links.process(process_id)},
            "script": {"href": links.script(row.script)},
            "output": {"href": links.output(process_id)},
        },
    }


def processes(page: Page, total: int) -> tuple[bytes, bytes]:
    """The JSON of Execution List, before and after its Execution Details."""
    whole = orjson.dumps({**head(page, total), "_embedded": {"processes": []}})
    end = len(b"]}}")
    return whole[:-end], whole[-end:]


def head(page: Page, total: int) -> Document:
    """What every list begins with."""
    return {
        "page": {
            "size": page.size,
            "totalElements": total,
            "totalPages": page.count(total),
            "number": page.number,
        },
        "sort": {"by": page.sort, "order": "desc" if page.descending else "asc"},
    }


def output(batch: Batch) -> bytes:
    """Some entries of Execution Console Output: its JSON without the brackets.

    A batch is escaped as a whole, then cut at what its newlines have become: that takes a fifth of
    the time of writing each entry by itself.
    """
    # A backslash before an n is no newline: backslashes step aside for what JSON never has in it.
    text = orjson.dumps(batch.text)[1:-1].replace(rb"\\", b"\0")
    lines = iter(text.split(rb"\n"))
    entries = []
    for second, runs in groupby(batch.runs, key=lambda run: run[1] // 1_000_000):
        shown = time(from_micros(second * 1_000_000))
        opening = f'{{"time":"{shown}","line":"'.encode()
        count = sum(count for count, _ in runs)
        entries.append(opening + (b'"},' + opening).join(islice(lines, count)) + b'"}')
    return b",".join(entries).replace(b"\0", rb"\\")


def end(row: Process) -> Document:
    """The end of a live feed: its sums let a client prove that it has every line."""
    return {
        "status": LEGACY_STATUS[row.status],
        "exitCode": row.exit_code,
        "lastSeq": row.last_seq,
        "byteCount": row.output_bytes,
        "sha256": row.output_sha256,
    }


def files(process_id: UUID, rows: Iterable[File], links: Links) -> Document:
    """Execution File Output List."""
    named = {
        row.name: {"href": links.file(process_id, row.name)} for row in rows if row.name != "self"
    }
    return {
        "processId": str(process_id),
        "_links": {"self": {"href": links.files(process_id)}, **named},
    }


def scripts(some: Iterable[Script], page: Page, total: int, links: Links) -> Document:
    """The list of scripts."""
    listed = [
        {
            "name": each.name,
            "description": each.description,
            "_links": {"self": {"href": links.script(each.name)}},
        }
        for each in some
    ]
    return {**head(page, total), "_embedded": {"scripts": listed}}


def script(one: Script) -> Document:
    """One script."""
    return {
        "name": one.name,
        "description": one.description,
        "parameters": [_parameter(each) for each in one.parameters],
    }


def authentication(links: Links, *, is_signed_in: bool) -> Document:
    """Whether who asks has signed in."""
    names = ("status", "login", "logout")
    return {
        "okay": True,
        "authenticated": is_signed_in,
        "type": "status",
        "_links": {
            "self" if name == "status" else name: {"href": links.authentication(name)}
            for name in names
        },
    }


def root(links: Links) -> Document:
    """Where to begin."""
    return {
        "_links": {
            "self": {"href": links.root()},
            "scripts": {"href": links.scripts()},
            "processes": {"href": links.processes()},
        }
    }


def error(status: int, phrase: str, message: str, path: str, now: datetime) -> Document:
    """Any error."""
    return {
        "timestamp": time(now),
        "status": status,
        "error": phrase,
        "message": message,
        "path": path,
    }


def _parameter(parameter: Parameter) -> Document:
    return {
        "name": parameter.name,
        "description": parameter.description,
        "type": LEGACY_TYPES.get(parameter.type, parameter.type.value),
    }
