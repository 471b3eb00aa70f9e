"""A client: starts a process, watches it, perhaps stops or deletes it, and notes its answers."""

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from threading import Event

import httpx

from tests.chaos.doors import Doors, Gone
from tests.chaos.house import House
from tests.chaos.plan import Run
from tests.exactness.heard import Heard
from tests.exactness.plan import Join
from tests.exactness.reader import Reader
from tests.faces import GraphQL, Parameter, Upload, form
from tests.installation import Installation, User

STOP = "mutation ($id: ID!) { stopProcess(id: $id) { id } }"
DELETE = "mutation ($id: ID!) { deleteProcess(id: $id) }"
STATUS = "query ($id: ID!) { process(id: $id) { status } }"
NEVER = Event()
BEFORE = (httpx.ConnectError, httpx.ConnectTimeout)  # no server can have got the request


@dataclass
class Record:
    """What a client was told of its process. `complaint` is what should not have happened to it.

    `lost` counts starts that got no answer: each may have been accepted nevertheless.
    """

    run: Run
    id: str = ""
    lost: int = 0
    upload: str | None = None
    stopped: bool = False
    deleted: bool = False
    heard: Heard | None = None
    complaint: str = ""


class Client:
    """Plays one run in a house."""

    def __init__(self, house: House, who: User, run: Run) -> None:
        self._house = house
        self._who = who
        self._doors = Doors(house.servers, who, run.number)
        self.record = Record(run)

    def play(self, watchers: ThreadPoolExecutor) -> Record:
        try:
            self._start()
            watching = watchers.submit(self._watch)
            self._act()
            watching.result()
        except Exception as error:
            self.record.complaint = f"{type(error).__name__}: {error}"
        return self.record

    def _start(self) -> None:
        """Again and again until there is an answer. Each time it may be another process."""
        run = self.record.run
        content = None
        if run.upload is not None:
            content = random.Random(run.number).randbytes(run.upload)  # noqa: S311
            self.record.upload = sha256(content).hexdigest()
        while not self.record.id:
            with self._doors.excused(), self._counted():
                self.record.id = START[run.face](
                    self._doors.it, self._who, run, self._given(content)
                )

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """A start without an answer, unless no server can have got it."""
        try:
            yield
        except BEFORE:
            raise
        except Exception:
            self.record.lost += 1
            raise

    def _given(self, content: bytes | None) -> list[Parameter]:
        recipe = json.dumps(asdict(self.record.run.recipe))
        given: list[Parameter] = [("r", recipe), ("j", str(self._house.journal))]
        return given if content is None else [*given, ("f", Upload("upload", content))]

    def _act(self) -> None:
        run = self.record.run
        if run.act:
            time.sleep(run.then)
        if run.act == "stop":
            self._doors.ask(lambda it: it.graphql(self._who, STOP, id=self.record.id))
            self.record.stopped = True
        if run.act == "delete":
            self._delete()

    def _delete(self) -> None:
        with suppress(Gone):  # the answer to an earlier try was lost
            self._doors.ask(lambda it: it.graphql(self._who, DELETE, id=self.record.id))
        self.record.deleted = True
        try:
            found = self._doors.ask(lambda it: it.graphql(self._who, STATUS, id=self.record.id))
        except Gone:
            return
        raise AssertionError(f"it was deleted, and then {found} was told of it")

    def _watch(self) -> None:
        join = self.record.run.watch
        try:
            self.record.heard = read(self._house, self._who, self.record.id, join)
        except Gone:
            if self.record.run.act != "delete":
                raise


def read(house: House, who: User, process_id: str, join: Join) -> Heard:
    """All that a reader hears, to the end. Raises Gone."""
    # A reader of tests/exactness takes the doors for its house: it knows no more of it.
    return Reader(Doors(house.servers, who), process_id, join, NEVER).read()  # type: ignore[arg-type]


def start_by_rest(it: Installation, who: User, run: Run, given: list[Parameter]) -> str:
    parts = [*given, ("startTime", moment(run.ahead))] if run.ahead else given
    body, content_type = form(parts)
    address = f"/api/system/scripts/{run.script}/processes"
    answer = it.request(who, "POST", address, content=body, headers={"Content-Type": content_type})
    return str(answer.raise_for_status().json()["processId"])


def start_by_graphql(it: Installation, who: User, run: Run, given: list[Parameter]) -> str:
    due = moment(run.ahead) if run.ahead else None
    return GraphQL(it).start(who, run.script, *given, start_time=due).id


def moment(ahead: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + ahead))


START = {"graphql": start_by_graphql, "rest": start_by_rest}
