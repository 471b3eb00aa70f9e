"""How a reader behaves: it comes and goes, stands still, and in the end has everything."""

import threading
import time

from tests.exactness.feeds import FEEDS
from tests.exactness.heard import Batch, Heard
from tests.exactness.plan import Join
from tests.exactness.polls import POLLS
from tests.exactness.troubles import House

PATIENCE = 40.0  # seconds for a script to be over
PAUSE = 0.03  # seconds between two polls


class Reader:
    """Reads one process as a Join says; `over` is set once the script has ended."""

    def __init__(self, house: House, process_id: str, join: Join, over: threading.Event) -> None:
        self._house = house
        self._process_id = process_id
        self._join = join
        self._over = over
        self._cuts = iter(join.cuts)
        self._stall = join.stall
        self._heard = Heard(join)

    def read(self) -> Heard:
        """Everything, to the end."""
        while self._heard.end is None:
            with self._house.excused():
                if self._join.face in POLLS:
                    self._poll()
                else:
                    self._follow(next(self._cuts, None))
        return self._heard

    def _poll(self) -> None:
        poll = POLLS[self._join.face]
        poll(self._house.it, self._house.who, self._process_id, self._heard)
        if self._heard.end is None:
            time.sleep(PAUSE)

    def _follow(self, cut: int | None) -> None:
        """From where it was, to the end or until it has got `cut` lines."""
        feed, begun = FEEDS[self._join.face], self._heard.count
        with feed(self._house.it, self._house.who, self._process_id, self._heard.place) as events:
            for event in () if cut == 0 else events:
                if isinstance(event, Batch):
                    self._heard.add(event)
                    self._stand_still()
                else:
                    self._heard.finish(event)
                if cut is not None and self._heard.count - begun >= cut:
                    return
        assert self._heard.end or cut == 0, "the feed was over without an end"

    def _stand_still(self) -> None:
        """Leaves what comes next where it is, for as long as the script runs."""
        if self._stall is not None and self._heard.count >= self._stall:
            self._stall = None
            assert self._over.wait(PATIENCE)
