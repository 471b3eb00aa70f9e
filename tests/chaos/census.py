"""What must be true of a house once all is calm: nothing is left that belongs to nobody.

Each question is a row of CENSUS, and answers what should not be there, in words.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from jobs.marker import NAME
from tests.chaos.case import Case
from tests.chaos.house import House
from tests.chaos.round import UNENDED, runs_of
from tests.installation import Installation, files_below, until
from tests.running import alive

TABLES = ("output_chunk", "parameter", "file", "merge")  # whose rows belong to processes
ORPHANS = "SELECT count(*) FROM {} WHERE process_id NOT IN (SELECT id FROM process)"
CALM = 30.0  # seconds in which a house must have healed


def programs(house: House, cases: list[Case]) -> Iterable[str]:
    """Scripts, what they left behind, and supervisors."""
    pids = {pid for case in cases for pid in case.told.pids}
    yield from (f"the program {pid} of a script" for pid in pids if belongs(pid, house))
    yield from (f"the supervisor {pid}" for pid in house.living("jobs.supervisor"))


def belongs(pid: int, house: House) -> bool:
    """Whether it lives, and is not another one that got its number later."""
    try:
        return alive(pid) and str(house.folder) in Path(f"/proc/{pid}/environ").read_text()
    except OSError:
        return False


def rows(house: House, _: list[Case]) -> Iterable[str]:
    yield from (f"the process {each} is stuck" for each in house.database.rows(UNENDED))
    for table in TABLES:
        ((count,),) = house.database.rows(ORPHANS.format(table))
        if count:
            yield f"{count} rows of {table} without a process"
    for (process_id,) in house.database.rows("SELECT process_id FROM deletion"):
        yield f"the deletion of {process_id} is not done"


def folders(house: House, _: list[Case]) -> Iterable[str]:
    for runs in runs_of(house):
        yield from (f"the folder {path}" for path in runs.iterdir())


def stored(house: House, cases: list[Case]) -> Iterable[str]:
    """Files in the store without a row, and rows without a file.

    A server that was killed with an upload in its hands leaves it to the housekeeping; there can
    be no more of these than starts that were not answered.
    """
    told = {
        f"{owner}/{file}" for owner, file in house.database.rows("SELECT process_id, id FROM file")
    }
    paths = files_below(house.files)
    found = {path.relative_to(house.files).as_posix() for path in paths if path.name != NAME}
    yield from (f"no file {each}" for each in told - found)
    lost = sum(case.record.lost for case in cases if case.record)
    known = {case.id for case in cases}
    orphans = [each for each in found - told if Path(each).parts[0] in known]
    yield from (f"the file {each} of a process without its row" for each in orphans)
    if len(found - told) - len(orphans) > lost:
        yield f"{len(found - told)} files of nobody, although only {lost} starts went unanswered"


def health(house: House, _: list[Case]) -> Iterable[str]:
    for server in house.servers:
        try:
            until(lambda it=server: is_ready(it), seconds=CALM)  # type: ignore[misc]
        except AssertionError:
            yield f"{server.url} is not ready: {server.http.get(f'{server.url}/readyz').text}"


def is_ready(it: Installation) -> bool:
    return bool(it.http.get(f"{it.url}/readyz").json()["status"] == "ready")


CENSUS: dict[str, Callable[[House, list[Case]], Iterable[str]]] = {
    "programs": programs,
    "rows": rows,
    "folders": folders,
    "files in the store": stored,
    "health": health,
}
