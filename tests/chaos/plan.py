"""The plan of a round, as data, drawn from its seed: what is run, by whom, and what goes wrong."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from tests.exactness.plan import Join

FOR_EVER = 600.0  # seconds: only who is stopped ends
MOST_WRITES = 60  # of a script, about
FEEDS = ("websocket", "websocket, text", "graphql events", "rest events")
KILLS = {"worker killed", "server killed", "redis killed", "supervisor killed"}
# How often each trouble comes, in proportion.
EVERYWHERE = {
    **{"worker killed": 8, "server killed": 6, "redis killed": 4, "supervisor killed": 2},
    **{"worker paused": 1, "server ended": 2, "redis flushed": 1, "disk full": 1},
}
WEIGHTS: Mapping[str, Mapping[str, int]] = {
    "embedded": EVERYWHERE,
    "shared": {**EVERYWHERE, "worker ended": 2, "worker lost": 1, "database restarted": 1},
}


@dataclass(frozen=True)
class Recipe:
    """What a script does (`tests/chaos/scripts/restless.py`).

    It writes `lines` of up to `width` bytes in bursts, each followed by a pause, then files of
    these sizes, lasts for so long, and ends with `code`; times are in seconds. `manner` is what it
    does when it is told to end: a plain one dies, a polite one says goodbye, a deaf one goes on.
    One that `leaves` starts a program that leaves its session.
    """

    lines: int
    burst: int
    width: int
    pause: float
    files: tuple[int, ...]
    lasts: float
    code: int
    manner: str
    leaves: bool


@dataclass(frozen=True)
class Run:
    """What a client does: starts a script, watches it, and perhaps stops or deletes it.

    `upload` is the size of a file that is sent along, `ahead` and `then` are in seconds: how far
    ahead it is scheduled, and when after the answer `act` follows ("stop", "delete" or none).
    """

    number: int
    script: str
    face: str
    recipe: Recipe
    upload: int | None
    ahead: float
    watch: Join
    act: str
    then: float


@dataclass(frozen=True)
class Trouble:
    """What goes wrong, to which of several, and for how many seconds."""

    kind: str
    victim: int
    lasts: float


@dataclass(frozen=True)
class Plan:
    """One round."""

    seed: int
    topology: str
    runs: tuple[Run, ...]
    troubles: tuple[Trouble, ...]


def draw(seed: int, topology: str, runs: int, kills: int) -> Plan:
    """The plan of this seed. Beside so many kills there are other troubles."""
    chance = random.Random(f"{seed} {topology}")  # noqa: S311
    drawn = tuple(run(chance, number) for number in range(runs))
    return Plan(seed, topology, drawn, troubles(chance, topology, kills))


def run(chance: random.Random, number: int) -> Run:
    act = chance.choices(("", "stop", "delete"), (6, 2, 1))[0]
    return Run(
        number=number,
        script=chance.choices(("restless", "in-turn"), (5, 1))[0],
        face=chance.choice(("graphql", "rest")),
        recipe=recipe(chance, endless=act != "" and chance.random() < 0.6),
        upload=chance.choice((None, None, 0, 1000, 300_000)),
        ahead=chance.choice((0.0, 0.0, 0.0, 2.0)),
        watch=join(chance),
        act=act,
        then=chance.choice((0.0, 0.3, 1.0, 2.0)),
    )


def recipe(chance: random.Random, *, endless: bool) -> Recipe:
    lines = chance.choice((0, 1, 20, 60, 600, 3000))
    return Recipe(
        lines=lines,
        burst=max(chance.choice((1, 7, 100, 1000)), lines // MOST_WRITES),
        width=chance.choice((0, 60, 900)),
        pause=chance.choice((0.0, 0.01, 0.05)),
        files=tuple(chance.choices((0, 100, 20_000, 400_000), k=chance.choice((0, 0, 1, 3)))),
        lasts=FOR_EVER if endless else chance.choice((0.0, 0.0, 0.5, 1.5)),
        code=chance.choice((0, 0, 0, 3)),
        manner=chance.choice(("plain", "plain", "polite", "deaf")),
        leaves=chance.random() < 0.1,
    )


def join(chance: random.Random) -> Join:
    cuts = tuple(chance.choices((0, 1, 10, 200), k=chance.choice((0, 0, 2, 5))))
    return Join(chance.choice(FEEDS), cuts=cuts)


def troubles(chance: random.Random, topology: str, kills: int) -> tuple[Trouble, ...]:
    """In turn by their weights, so that of each kind there are about as many as there should be."""
    weights = WEIGHTS[topology]
    drawn: list[Trouble] = []
    while sum(each.kind in KILLS for each in drawn) < kills:
        kind = chance.choices(list(weights), list(weights.values()))[0]
        drawn.append(Trouble(kind, chance.randrange(1000), chance.choice((0.0, 0.3, 1.5))))
    return tuple(drawn)
