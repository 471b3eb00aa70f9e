"""Processes: listing them, finding one by its id, asking for their end."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from client.connection import Connection
from client.errors import Refused, TooLarge
from client.moment import sent

FIELDS = """fragment fields on Process {
  id scriptName user { id name } status waitsFor createdAt startTime endedAt exitCode reason
  stopRequestedAt parameters { name value } lastSeq outputBytes
  progress { done total unit message fraction }
}"""
"""What is told of a process everywhere; `--json` prints it as it is."""
LIST = """query ($first: Int!, $after: String, $filter: ProcessFilter, $sort: ProcessSort) {
  processes(first: $first, after: $after, filter: $filter, sort: $sort) {
    nodes { FIELDS } pageInfo { hasNextPage endCursor }
  }
}"""
SHOW = f"""query ($id: ID!) {{
  process(id: $id) {{
    ...fields outputSha256 summary noticeCounts {{ notices warnings errors }}
    values {{ name value }} notices {{ level message }}
    uploads {{ name size mediaType sha256 }} files {{ name size mediaType sha256 url }}
  }}
}} {FIELDS}"""
STOP = f"mutation ($id: ID!) {{ stopProcess(id: $id) {{ ...fields }} }} {FIELDS}"
DELETE = "mutation ($id: ID!) { deleteProcess(id: $id) }"
SINCE = """query ($id: ID!, $moment: DateTime!) {
  process(id: $id) { lastSeq output(first: 1, fromTime: $moment) { firstSeq } }
}"""
LAST = "query ($id: ID!) { process(id: $id) { lastSeq } }"
CHANGES = f"""subscription ($id: ID) {{
  processChanges(id: $id) {{ id process {{ ...fields }} }}
}} {FIELDS}"""
USER = "query ($name: String!) { user(name: $name) { id } }"
ENDED = {"COMPLETED", "FAILED", "STOPPED"}
PAGE = 100
UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.I)
SHORTEST, FARTHEST = 4, 1000  # characters of the beginning of an id; processes it is looked for in

Process = dict[str, Any]
"""A process as JSON."""


def list_processes(
    connection: Connection,
    wanted: dict[str, Any],
    sort: dict[str, str] | None = None,
    limit: int | None = None,
    fields: str = "...fields",
) -> Iterator[Process]:
    """Those `wanted` (a ProcessFilter), page after page, `limit` at most. Pages become smaller
    where they are too large for the server."""
    document = LIST.replace("FIELDS", fields) + (FIELDS if "..." in fields else "")
    asked: dict[str, Any] = {"filter": wanted, "sort": sort, "after": None}
    most = PAGE
    while limit is None or limit > 0:
        first = most if limit is None else min(most, limit)
        try:
            page = connection.ask(document, first=first, **asked)["processes"]
        except TooLarge:
            if first == 1:
                raise
            most = first // 2
            continue
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        asked["after"] = page["pageInfo"]["endCursor"]
        limit = limit and limit - first


def find(connection: Connection, beginning: str) -> str:
    """The id that is meant: itself, or its beginning, of one of the newest processes.

    Raises Refused if there is none or if there are several.
    """
    if is_whole(beginning):
        return beginning
    text = beginning.lower()
    if len(text) < SHORTEST or not re.fullmatch("[0-9a-f-]+", text):
        raise Refused(
            f"{beginning!r} is not an id; it has 36 characters, of which the first "
            f"{SHORTEST} may do"
        )
    newest = list_processes(connection, {}, limit=FARTHEST, fields="id")
    found = [each["id"] for each in newest if each["id"].startswith(text)]
    if not found:
        raise Refused(
            f"There is no process whose id begins with {beginning!r} among the newest "
            f"{FARTHEST}; give all of it"
        )
    if len(found) > 1:
        raise Refused(f"{len(found)} ids begin with {beginning!r}: {', '.join(found[:5])}")
    return str(found[0])


def is_whole(text: str) -> bool:
    """Whether it is an id, not only its beginning."""
    return UUID.fullmatch(text) is not None


def since(connection: Connection, process_id: str, moment: datetime) -> int:
    """The number of the last line that came before this moment."""
    found = connection.ask(SINCE, id=process_id, moment=sent(moment))["process"]
    if found is None:
        raise Refused(f"There is no process {process_id}")
    first = found["output"]["firstSeq"]
    return int(found["lastSeq"] if first is None else first - 1)


def before_last(connection: Connection, process_id: str, count: int) -> int:
    """The number of the line behind which there are so many now; 0 if there are no more."""
    found = connection.ask(LAST, id=process_id)["process"]
    if found is None:
        raise Refused(f"There is no process {process_id}")
    return max(0, int(found["lastSeq"]) - count)


def process(connection: Connection, beginning: str) -> Process:
    """All that is told of one, `uploads` and `files` too. Raises Refused."""
    process_id = find(connection, beginning)
    found: Process | None = connection.ask(SHOW, id=process_id)["process"]
    if found is None:
        raise Refused(f"There is no process {process_id}")
    return found


def stop(connection: Connection, process_id: str) -> Process:
    """Asks for its end; answers how it is now."""
    stopped: Process = connection.ask(STOP, id=process_id)["stopProcess"]
    return stopped


def until_ended(connection: Connection, process_id: str) -> Process:
    """How it is once it has ended; the connection is of no use then. Raises Refused if it is
    deleted."""
    for event in connection.run(CHANGES, id=process_id):
        found: Process | None = event["processChanges"]["process"]
        if found is None:
            break
        if found["status"] in ENDED:
            return found
    raise Refused(f"The process {process_id} was deleted")


def delete(connection: Connection, process_id: str) -> None:
    connection.ask(DELETE, id=process_id)


def user_id(connection: Connection, name: str) -> str:
    """The id of a user. Raises Refused."""
    found = connection.ask(USER, name=name)["user"]
    if found is None:
        raise Refused(f"There is no user {name!r}")
    return str(found["id"])
