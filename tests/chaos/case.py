"""Everything that is known of a process after a round: from its client, the database, its script,
and from one who reads all of it in the end."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

from tests.chaos.client import Record, read
from tests.chaos.doors import Doors, Gone
from tests.chaos.house import House
from tests.chaos.journal import Told, read_journal
from tests.chaos.round import CLIENTS, Outcome
from tests.exactness.heard import Heard
from tests.exactness.plan import Join
from tests.installation import Installation, User

WHOLE = Join("websocket")
OF_OURS = "[procession] "
ROWS = """SELECT id, status, exit_code, reason, ended_at, stop_requested_by, last_seq, output_bytes,
    output_sha256 FROM process"""
FILES = "query ($id: ID!) { process(id: $id) { files { name url sha256 } } }"


@dataclass(frozen=True)
class Row:
    """What the database says."""

    id: str
    status: str
    exit_code: int | None
    reason: str | None
    ended_at: int | None
    stopper: str | None
    last_seq: int
    output_bytes: int
    output_sha256: str | None


@dataclass(frozen=True)
class Case:
    """One process. Without a row it is deleted, or has never been; without a record no client has
    heard of it. `end` is the terminal status that a watcher saw; `files` are SHA-256s by name."""

    id: str
    row: Row | None
    record: Record | None
    told: Told
    end: str | None
    whole: Heard | None = None
    files: dict[str, str] | None = None

    @property
    def system_lines(self) -> list[str]:
        return [line for line in self.lines if line.startswith(OF_OURS)]

    @property
    def lines(self) -> list[str]:
        return self.whole.lines if self.whole else []

    @property
    def reason(self) -> str:
        return (self.row and self.row.reason) or ""


def cases(house: House, outcome: Outcome) -> list[Case]:
    """Of every process of which anybody knows."""
    rows = {row.id: row for row in (Row(*each) for each in house.database.rows(ROWS))}
    records = {each.id: each for each in outcome.records if each.id}
    journal = read_journal(house.journal)
    ids = sorted({*rows, *records, *journal})

    def look(process_id: str) -> Case:
        case = Case(
            process_id,
            rows.get(process_id),
            records.get(process_id),
            journal.get(process_id, Told()),
            outcome.ends.get(process_id),
        )
        return with_contents(case, house, outcome.who)

    with ThreadPoolExecutor(CLIENTS) as readers:
        return list(readers.map(look, ids))


def with_contents(case: Case, house: House, who: User) -> Case:
    """And what those are told who ask now."""
    if case.row is None or case.row.ended_at is None:
        return case
    try:
        whole = read(house, who, case.id, WHOLE)
        files = Doors(house.servers, who).ask(lambda it: dict(downloads(it, who, case.id)))
    except Gone:
        return case
    return Case(case.id, case.row, case.record, case.told, case.end, whole, files)


def downloads(it: Installation, who: User, process_id: str) -> Iterable[tuple[str, str]]:
    """Name and SHA-256 of each output file; the stored one must be that of the bytes."""
    for file in it.graphql(who, FILES, id=process_id)["process"]["files"]:
        content = it.get(who, file["url"]).raise_for_status().content
        found = sha256(content).hexdigest()
        assert found == file["sha256"], f"the file {file['name']} of {process_id} is damaged"
        yield file["name"], found
