"""Plans carried out: real scripts write, readers read, troubles come, and all is written down."""

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from tests.exactness.heard import Heard
from tests.exactness.model import Expected
from tests.exactness.plan import Join, Plan, Stage
from tests.exactness.reader import Reader
from tests.exactness.script import Script
from tests.exactness.troubles import House

THREADS = 200  # more than there are ever readers
WHOLE = Join("websocket")


@dataclass(frozen=True)
class Outcome:
    """What a process had to show, what each reader has heard, and what one who came last has."""

    id: str
    expected: Expected
    heard: list[Heard]
    whole: Heard


class Performance:
    """One plan, carried out in an installation. The first readers come before the script runs."""

    def __init__(self, house: House, plan: Plan, pool: ThreadPoolExecutor) -> None:
        self._house = house
        self._plan = plan
        self._pool = pool
        self._over = threading.Event()
        self._heard: list[Future[Heard]] = []
        self.script = Script(house.it, house.who)
        self._join(plan.stages[0].joins)

    def play(self) -> Outcome:
        try:
            for number, stage in enumerate(self._plan.stages):
                if number > 0:
                    self._join(stage.joins)
                self._act(number, stage)
            self._end()
            self.script.gone()
        finally:
            self._over.set()
        return self._outcome()

    def _act(self, number: int, stage: Stage) -> None:
        self._trouble(number, during=False)
        self.script.begin(stage.writes())
        self._trouble(number, during=True)
        self.script.done()

    def _end(self) -> None:
        number = len(self._plan.stages)
        self._trouble(number, during=False)
        self.script.end(self._plan.ending)
        self._join(self._plan.joins_at_end)
        self._trouble(number, during=True)

    def _trouble(self, number: int, *, during: bool) -> None:
        for trouble in self._plan.troubles:
            stage = trouble.stage % (len(self._plan.stages) + 1)
            if (stage, trouble.during) == (number, during):
                self._house.trouble(trouble.kind)

    def _join(self, joins: Iterable[Join]) -> None:
        for join in joins:
            self._heard.append(self._pool.submit(self._reader(join).read))

    def _reader(self, join: Join) -> Reader:
        return Reader(self._house, self.script.id, join, self._over)

    def _outcome(self) -> Outcome:
        heard = [each.result() for each in self._heard]
        heard += [self._reader(join).read() for join in self._plan.joins_after]
        expected = Expected(self.script.written, self._plan.ending)
        return Outcome(self.script.id, expected, heard, self._reader(WHOLE).read())


def perform(house: House, plans: Sequence[Plan]) -> list[Outcome]:
    """Carries out all plans at the same time."""
    with ThreadPoolExecutor(THREADS) as pool, ExitStack() as stack:
        performances = [Performance(house, plan, pool) for plan in plans]
        for each in performances:
            stack.enter_context(each.script)
        return [outcome.result() for outcome in [pool.submit(each.play) for each in performances]]
