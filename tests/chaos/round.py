"""A round: a plan carried out in a house, until all is calm again."""

import sys
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.chaos.client import STOP, Client, Record
from tests.chaos.doors import Doors
from tests.chaos.house import House
from tests.chaos.ledger import Ledger
from tests.chaos.plan import Plan, Run, Trouble
from tests.chaos.troubles import make
from tests.installation import Installation, User, until

CLIENTS = 12  # at once
PACE = 20.0  # seconds that a trouble waits for its turn, at most
CALM = 90.0  # seconds until everything has ended, at most
UNENDED = "SELECT id, status FROM process WHERE status IN ('SCHEDULED', 'RUNNING')"


@dataclass
class Outcome:
    """What was done and told."""

    who: User
    records: list[Record] = field(default_factory=list)
    troubles: Counter[str] = field(default_factory=Counter)
    ends: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    seen: int = 0
    seconds: float = 0.0


def play(house: House, plan: Plan) -> Outcome:
    """Returns when everything has ended, or should have."""
    outcome, begun = Outcome(house.servers[0].admin), time.monotonic()
    with (
        Ledger(house, outcome.who) as ledger,
        ThreadPoolExecutor(CLIENTS) as clients,
        ThreadPoolExecutor(CLIENTS) as watchers,
    ):
        started = threading.Semaphore(0)

        def run(each: Run) -> Record:
            started.release()
            return Client(house, outcome.who, each).play(watchers)

        played: list[Future[Record]] = [clients.submit(run, each) for each in plan.runs]
        try:
            trouble(house, plan, started, outcome)
        finally:
            outcome.records = [each.result() for each in played]
        settle(house, outcome)
    outcome.ends, outcome.seen = ledger.ends, ledger.count
    outcome.complaints += ledger.complaints
    outcome.seconds = time.monotonic() - begun
    return outcome


def trouble(house: House, plan: Plan, started: threading.Semaphore, outcome: Outcome) -> None:
    """One trouble after the other, spread over the runs."""
    done = 0.0
    for each in plan.troubles:
        done += len(plan.runs) / len(plan.troubles)
        while done >= 1 and started.acquire(timeout=PACE):
            done -= 1
        tell(each, outcome)
        make(house, each, outcome.troubles)


def tell(each: Trouble, outcome: Outcome) -> None:
    count = sum(outcome.troubles.values())
    sys.stderr.write(f"\r{count} troubles; now: {each.kind:<20}")
    sys.stderr.flush()


def settle(house: House, outcome: Outcome) -> None:
    """Until nothing runs, waits or is to be removed any more, here and in the database."""
    stop_unknown(house, outcome)
    with suppress(AssertionError):  # the census tells what is left
        until(lambda: not house.database.rows(UNENDED), seconds=CALM)
        until(lambda: not any(any(each.iterdir()) for each in runs_of(house)), seconds=CALM)
        until(lambda: not house.living("jobs.supervisor"), seconds=CALM)
        until(lambda: not house.database.rows("SELECT 1 FROM deletion"), seconds=CALM)


def stop_unknown(house: House, outcome: Outcome) -> None:
    """What was started although the answer was lost, which nobody else would stop."""
    known = {each.id for each in outcome.records}
    for process_id, _ in house.database.rows(UNENDED):
        if process_id not in known:
            question = partial(Installation.graphql, user=outcome.who, document=STOP, id=process_id)
            Doors(house.servers, outcome.who).ask(question)


def runs_of(house: House) -> list[Path]:
    return [each / "runs" for each in house.machines]
