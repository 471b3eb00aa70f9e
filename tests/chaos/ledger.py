"""The ledger: every status that a watcher of all processes was told; an ended one never changes."""

import threading
from contextlib import suppress

from tests.chaos.doors import Doors
from tests.chaos.house import House
from tests.exactness.graphql import FragileSubscription
from tests.exactness.heard import ALIVE
from tests.installation import Installation, User
from tests.running import CHANGES

FOR_EVER = 3600.0  # seconds


class Ledger:
    """Watches each server from a thread of its own, inside."""

    def __init__(self, house: House, who: User) -> None:
        self.ends: dict[str, str] = {}
        self.complaints: list[str] = []
        self.count = 0
        self._who = who
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._live: dict[str, FragileSubscription] = {}
        self._threads = [
            threading.Thread(target=self._watch, args=(each,)) for each in house.servers
        ]

    def __enter__(self) -> "Ledger":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._live.values():
            each.cut()
        for thread in self._threads:
            thread.join()

    def note(self, process_id: str, status: str, own: dict[str, str]) -> None:
        """`own` are the ends that this watcher has seen; others may be behind."""
        with self._lock:
            self.count += 1
            before = (own if status in ALIVE else self.ends).get(process_id, status)
            if before != status:
                self.complaints.append(f"{process_id} was {before} and then {status}")
            if status not in ALIVE:
                self.ends[process_id] = own[process_id] = status

    def _watch(self, it: Installation) -> None:
        doors, own = Doors([it], self._who, patience=FOR_EVER), dict[str, str]()
        while not self._over.is_set():
            with suppress(TimeoutError), doors.excused():
                self._listen(it, own)

    def _listen(self, it: Installation, own: dict[str, str]) -> None:
        subscription = FragileSubscription(it.url, self._who.token, CHANGES, {})
        with subscription:
            self._live[it.url] = subscription
            for event in subscription:
                change = event["processChanges"]
                if change["process"] is not None:
                    self.note(change["id"], change["process"]["status"], own)
