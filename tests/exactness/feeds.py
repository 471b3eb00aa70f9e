"""Every face that tells output live: all lines after a place as they come, and then the end.

A face is a row of the table FEEDS. Leaving a feed cuts it.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

from tests.event_source import EVENTS, Event, events
from tests.exactness.graphql import IN_LINES, IN_TEXT, PATIENCE, subscribed, told
from tests.exactness.heard import Batch, Facts
from tests.installation import PROGRAM, Installation, User, open_http
from tests.subscription import data_of

NOT_REACHED = 255  # the exit code of `procession tail`

Told = Iterator[Batch | Facts]
Place = dict[str, int]  # `after` or `last`
Feed = Callable[[Installation, User, str, Place], AbstractContextManager[Told]]


@contextmanager
def websocket(
    document: str, it: Installation, who: User, process_id: str, place: Place
) -> Iterator[Told]:
    with subscribed(it, who, document, id=process_id, **place) as heard:
        yield (told(event["processOutput"]) for event in heard)


@contextmanager
def graphql_events(it: Installation, who: User, process_id: str, place: Place) -> Iterator[Told]:
    content = {"query": IN_LINES, "variables": {"id": process_id, **place}}
    with heard(who, "POST", f"{it.url}/graphql", json=content) as stream:
        nexts = (event for event in up_to("complete", stream) if event.name == "next")
        yield (told(data_of(event.document)["processOutput"]) for event in nexts)


@contextmanager
def rest_events(it: Installation, who: User, process_id: str, place: Place) -> Iterator[Told]:
    url = f"{it.url}/api/system/processes/{process_id}/output"
    with heard(who, "GET", url, params=place) as stream:
        yield (told_by_rest(event) for event in up_to("end", stream))


def told_by_rest(event: Event) -> Batch | Facts:
    if event.name == "error":
        raise ConnectionError(event.data)
    if event.name != "end":
        return Batch(int(event.id), event.data)
    facts = event.document
    return {"legacyStatus": facts.pop("status"), **facts}


@contextmanager
def heard(who: User, method: str, url: str, **rest: Any) -> Iterator[Iterator[Event]]:
    """The server-sent events that answer a request."""
    with (
        open_http(PATIENCE) as client,
        client.stream(method, url, headers={**who.headers, "Accept": EVENTS}, **rest) as answer,
    ):
        answer.raise_for_status()
        yield events(answer)


def up_to(name: str, stream: Iterator[Event]) -> Iterator[Event]:
    """These events and then the last one, which must come."""
    for event in stream:
        yield event
        if event.name == name:
            return
    raise EOFError("the stream was broken off")


@contextmanager
def tail(it: Installation, who: User, process_id: str, place: Place) -> Iterator[Told]:
    """The command, which by itself connects again after a cut."""
    options = [f"--{name}={number}" for name, number in place.items()]
    with subprocess.Popen(
        [PROGRAM, "tail", process_id, "--json", *options],
        env={**it.environment, "PROCESSION_SERVER": it.url, "PROCESSION_TOKEN": who.token},
        cwd=it.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as program:
        try:
            yield printed(program)
        finally:
            program.kill()


def printed(program: subprocess.Popen[bytes]) -> Told:
    assert program.stdout
    for line in map(json.loads, program.stdout):
        yield Batch(line["seq"], line["text"], (line["time"],))
    if (code := program.wait()) == NOT_REACHED:
        raise ConnectionError("there was no server at the beginning")
    yield {"shellCode": code}


FEEDS: dict[str, Feed] = {
    "websocket": partial(websocket, IN_LINES),
    "websocket, text": partial(websocket, IN_TEXT),
    "graphql events": graphql_events,
    "rest events": rest_events,
    "tail": tail,
}
