"""Watching the list of processes change."""

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from client.connection import Connection, Server
from client.errors import Cut, Unreachable
from client.insistence import Insistence
from client.processes import CHANGES, Process

TICK = 0.25  # seconds after which a picture may be drawn again
SETTLE = 0.3  # seconds in which further changes are waited for
LOOK = 5.0  # seconds after which to look even if nothing was heard
MEMORY = 1000  # processes of which is known what was told of them last

Ask = Callable[[Connection], list[Process]]
"""Lists what is watched."""


def looks(
    server: Server, ask: Ask, warn: Callable[[str], None]
) -> Generator[list[Process], None, None]:
    """The list whenever it may have changed, and every TICK between; across cuts, without end.

    Raises Unreachable only if there never was a connection; Refused.
    """
    yield from _insisting(lambda begin: _looks(server, ask, begin), warn)


def changes(
    server: Server, ask: Ask, wanted: Callable[[Process], bool], warn: Callable[[str], None]
) -> Iterator[Any]:
    """The processes that there are, then each that is new or has changed, as it is now; of one that
    was deleted only `id` and `deleted`. After a cut, what has changed meanwhile."""
    told: dict[str, Any] = {}
    for event in _insisting(lambda begin: _changes(server, ask, begin), warn):
        process = event["process"]
        if process is None:
            if told.pop(event["id"], None):
                yield {"id": event["id"], "deleted": True}
        elif wanted(process) and told.get(event["id"]) != process:
            told.pop(event["id"], None)
            told[event["id"]] = process
            if len(told) > MEMORY:
                del told[next(iter(told))]
            yield process


def _insisting(
    act: Callable[[Callable[[], None]], Iterator[Any]], warn: Callable[[str], None]
) -> Iterator[Any]:
    """What `act` yields, again and again; it is given what to call once it is connected."""
    insistence = Insistence(warn)
    while True:
        try:
            for each in act(insistence.begin):
                insistence.succeed()
                yield each
        except (Cut, Unreachable) as error:
            insistence.wait(error)


def _looks(server: Server, ask: Ask, begin: Callable[[], None]) -> Iterator[list[Process]]:
    with server.connected() as asking, server.connected() as news:
        begin()
        news.subscribe(CHANGES)
        while True:
            found = ask(asking)
            until = time.monotonic() + LOOK
            while time.monotonic() < until:
                yield found
                if news.wait(TICK) is not None:
                    _settle(news)
                    break


def _settle(news: Connection) -> None:
    until = time.monotonic() + SETTLE
    while (left := until - time.monotonic()) > 0:
        news.wait(left)


def _changes(server: Server, ask: Ask, begin: Callable[[], None]) -> Iterator[Any]:
    with server.connected() as asking, server.connected() as news:
        begin()
        news.subscribe(CHANGES)  # first, so that nothing changes unheard
        for process in reversed(ask(asking)):
            yield {"id": process["id"], "process": process}
        for event in news.events():
            yield event["processChanges"]
