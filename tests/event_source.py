"""A plain client of server-sent events, which knows them as WHATWG's HTML has them and no more."""

import codecs
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.installation import Installation, User, open_http

EVENTS = "text/event-stream"


@dataclass
class Event:
    """`id` is the last one that was told, be it with this event or before."""

    id: str = ""
    name: str = "message"
    lines: list[str] = field(default_factory=list)

    @property
    def data(self) -> str:
        return "\n".join(self.lines)

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.data)
        return found


@contextmanager
def listening(
    it: Installation, who: User, process_id: str, seen: str = "", query: str = ""
) -> Iterator[Iterator[Event]]:
    """The live feed of a process. `seen` is the id of the last event before a cut."""
    with _asked(it, who, process_id, seen, query) as answer:
        yield events(answer)


def opening(it: Installation, who: User, process_id: str, query: str = "") -> str:
    """The last id that a client has which is cut off before the first event."""
    with _asked(it, who, process_id, "", query) as answer:
        return next(_blocks(answer)).id


@contextmanager
def _asked(
    it: Installation, who: User, process_id: str, seen: str, query: str
) -> Iterator[httpx.Response]:
    path = f"{it.url}/api/system/processes/{process_id}/output?{query}"
    headers = {**who.headers, "Accept": EVENTS} | ({"Last-Event-ID": seen} if seen else {})
    with (
        open_http() as client,
        client.stream("GET", path, headers=headers) as answer,
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (200, EVENTS)
        yield answer


def events(answer: httpx.Response) -> Iterator[Event]:
    """What a browser would dispatch."""
    return (block for block in _blocks(answer) if block.lines)


def _blocks(answer: httpx.Response) -> Iterator[Event]:
    """All that an empty line ends. Without data it is no event, but its id counts."""
    event = Event()
    for line in lines_of(answer):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            yield event
            event = Event(event.id)
        elif name == "id":
            event.id = value
        elif name == "event":
            event.name = value
        elif name == "data":
            event.lines.append(value)


def lines_of(answer: httpx.Response) -> Iterator[str]:
    """The lines of a stream, which end in CR, LF or both."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    begun = ""
    for content in answer.iter_bytes():
        begun += decoder.decode(content)
        *lines, begun = re.split(r"\r\n|\n|\r(?!$)", begun)
        yield from lines
