"""Backups: whole, of one moment, and restored into either database without starting anything."""

import asyncio
import fcntl
import json
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from jobs.marker import read as marker
from models.database import connected, connection
from models.transaction import snapshot
from models.user import User
from tests.installation import PATIENCE, PROGRAM, Installation, database_name, installed, until
from tests.postgres import create_database, drop_database
from tests.running import Gate, end_of, facts, start, start_python, until_lines

WRITE = """
import os, pathlib
pathlib.Path(os.environ['PROCESSION_OUTPUT_DIR'], 'out.bin').write_bytes(os.urandom(100_000))
for number in range(40):
    print('line', number, 'ä', flush=True)
"""
FACTS = """status scriptName exitCode reason parameters { name value } user { name }
  outputBytes files { name size sha256 } uploads { name size sha256 }"""
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


def empty(database: str, request: pytest.FixtureRequest) -> AbstractContextManager[Installation]:
    """An installation on which nothing was done yet."""
    if database == "sqlite":
        return installed()
    return _on_postgres(request)


@contextmanager
def _on_postgres(request: pytest.FixtureRequest) -> Iterator[Installation]:
    server: str = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("migrated")
    url = asyncio.run(create_database(server, f"procession_{uuid4().hex}", template))
    with installed(url) as it:
        yield it
    asyncio.run(drop_database(server, database_name(url)))


def start_upload(it: Installation, program: str) -> str:
    """The id of a process with an upload."""
    files = {"c": (None, program), "f": ("in.txt", b"to be or not to be")}
    answer = it.request(it.alice, "POST", "/api/system/scripts/python/processes", files=files)
    return str(answer.json()["processId"])


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_snapshot_is_of_one_moment_while_others_write(
    database: str, request: pytest.FixtureRequest
) -> None:
    async def count_twice(it: Installation) -> tuple[int, int, int]:
        async with connected(url_of(it)):
            async with snapshot():
                before = await User.all().count()
                await asyncio.to_thread(it.add_user, "late")
                within = await User.all().count()
            return before, within, await User.all().count()

    with empty(database, request) as it:
        it.cli("migrate")
        assert asyncio.run(count_twice(it)) == (0, 0, 1)


def test_snapshot_may_be_idle_for_as_long_as_a_disk_takes(request: pytest.FixtureRequest) -> None:
    async def patience() -> list[str]:
        ask = "SHOW idle_in_transaction_session_timeout"
        async with connected(it.database_url, pool=1):
            async with snapshot():
                within = await connection().execute_query_dict(ask)
            rows = [*within, *await connection().execute_query_dict(ask)]
        return [value for row in rows for value in row.values()]

    with empty("postgres", request) as it:
        assert asyncio.run(patience()) == ["0", "10s"]


def url_of(it: Installation) -> str:
    return it.database_url or f"sqlite://{it.data / 'procession.sqlite3'}"


def give_rights(it: Installation) -> None:
    """Alice has a password, and is in a group that has a right; the audit says so."""
    it.cli("user", "password", "alice", stdin="correct horse battery\n")
    group = it.graphql(it.admin, 'mutation { addGroup(name: "curators") { id } }')["addGroup"]["id"]
    join = "mutation ($g: ID!, $u: ID!) { joinGroup(groupId: $g, userId: $u) { id } }"
    it.graphql(it.admin, join, g=group, u=it.alice.id)
    it.insert("script_grant", [{"group_id": group, "script": "python", "right": "READ"}])


def rights(it: Installation) -> list[Any]:
    """What `give_rights` gave."""
    members = it.rows(
        'SELECT u.name, u.password, g.name, r.script, r."right" FROM membership m'
        " JOIN user_account u ON u.id = m.user_id JOIN user_group g ON g.id = m.group_id"
        " JOIN script_grant r ON r.group_id = g.id"
    )
    audit = it.rows(
        "SELECT at, actor_id, actor, token_id, address, action, target, result, details"
        " FROM audit WHERE action = 'group.join'"
    )
    return [*members, *((*entry, json.loads(details)) for *entry, details in audit)]


NOTIFY = """mutation ($id: ID!) {
  notifyMe(processId: $id, by: {webhook: "https://192.0.2.1/"}) { secret }
}"""


@dataclass
class House:
    """A backup, made while `running` ran, and what there was to be found."""

    it: Installation
    backup: Path
    ended: str
    running: str
    waiting: str
    facts: Any
    rights: list[Any]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    """Made once for each database; its server has ended."""
    with empty(request.param, request) as it:
        it.start()
        who = it.alice
        give_rights(it)
        ended = start_upload(it, WRITE)
        end_of(it, who, ended)
        gate = Gate(it)
        running = start_python(it, who, f"print('begun', flush=True); {gate.wait}")
        waiting = start(it, who, "python", ("c", "pass"), at=TOMORROW)
        gate.reached()
        until_lines(it, who, running, 1)
        for process_id in (running, waiting):
            it.graphql(who, NOTIFY, id=process_id)
        backup = it.folder / "backup"
        assert "3 processes and 2 files" in it.cli("backup", str(backup))
        assert "something in" in it.cli("backup", str(backup), code=1)
        gate.open()
        end_of(it, who, running)
        found, given = facts(it, who, ended, FACTS), rights(it)
        it.end()
        yield House(it, backup, ended, running, waiting, found, given)


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """Where it is restored: one of each database."""
    with empty(request.param, request) as it:
        yield it


def test_everything_is_restored_and_nothing_is_started(house: House, target: Installation) -> None:
    told = target.cli("restore", str(house.backup))
    assert "Restored 3 processes and 2 files" in told
    assert "2 that had not ended are FAILED" in told
    target.start()
    target.__dict__["alice"] = house.it.alice  # whose token is good here too
    who = target.alice
    assert facts(target, who, house.ended, FACTS) == house.facts
    assert len(house.rights) == 2 and rights(target) == house.rights
    whole = end_of(target, who, house.ended)
    assert whole.lines == [f"line {number} ä" for number in range(40)]
    assert target.stored() == {path for path in house.it.stored() if house.ended in path}
    assert marker(target.data / "files") == target.identity != house.it.identity
    running = end_of(target, who, house.running)
    assert running.status == "FAILED"
    assert running.lines[0] == "begun"
    assert running.lines[1].startswith("[procession] It was running when the backup of 20")
    waiting = end_of(target, who, house.waiting)
    assert (waiting.status, len(waiting.lines)) == ("FAILED", 1)
    assert "had not been started" in waiting.text
    assert target.rows("SELECT state, attempts FROM delivery") == [("FAILED", 0)] * 2
    target.end()
    assert "has users or processes" in target.cli("restore", str(house.backup), code=1)


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_move_keeps_what_is_due_in_the_future(house: House) -> None:
    with installed() as target:
        told = target.cli("restore", str(house.backup), "--keep-scheduled")
        assert "1 that had not ended" in told
        status = f"SELECT status FROM process WHERE id = '{house.waiting}'"  # noqa: S608
        assert target.rows(status) == [("SCHEDULED",)]


def without_summary(backup: Path) -> str:
    (backup / "backup.json").unlink()
    return "never finished"


def with_torn_table(backup: Path) -> str:
    table = backup / "tables" / "output_chunk"
    table.write_bytes(table.read_bytes()[:-1])
    return "missing or damaged"


def with_other_file(backup: Path) -> str:
    next(path for path in (backup / "files").rglob("*") if path.is_file()).write_bytes(b"other")
    return "missing or damaged"


def of_later_version(backup: Path) -> str:
    summary = json.loads((backup / "backup.json").read_text())
    summary["migrations"].append("99_20990101000000_later.py")
    (backup / "backup.json").write_text(json.dumps(summary))
    return "newer than this one"


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_bad_backup_is_refused_and_nothing_is_left_of_it(house: House, tmp_path: Path) -> None:
    with installed() as target:
        for harm in (without_summary, with_torn_table, with_other_file, of_later_version):
            backup = tmp_path / harm.__name__
            shutil.copytree(house.backup, backup)
            told = harm(backup)
            assert told in target.cli("restore", str(backup), code=1)
        assert target.rows("SELECT * FROM user_account") == []
        assert target.stored() == set()
        assert "FOLDER" in target.cli("restore", code=2)


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_restoration_that_fails_leaves_the_files_that_were_there(
    house: House, tmp_path: Path
) -> None:
    """The store is still that of the old installation."""
    backup = tmp_path / "backup"
    shutil.copytree(house.backup, backup)
    told = with_other_file(backup)
    stored = house.it.stored()
    with installed(PROCESSION_FILES_URL=f"file://{house.it.data}/files") as target:
        assert "is that of the installation" in target.cli("restore", str(backup), code=1)
        target.cli("restore", "--take-files", "--yes")
        assert told in target.cli("restore", str(backup), code=1)
    assert house.it.stored() == stored
    house.it.cli("restore", "--take-files", "--yes")


@contextmanager
def opening_delayed(folder: Path) -> Iterator[threading.Event]:
    """Inside, who opens one of the files below a folder waits there, and then the event is set."""
    met = threading.Event()
    before = signal.signal(signal.SIGIO, lambda *_: met.set())
    with ExitStack() as stack:
        for path in (each for each in folder.rglob("*") if each.is_file()):
            held = stack.enter_context(path.open("r+b"))
            fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        yield met
    signal.signal(signal.SIGIO, before)


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_restoration_that_is_interrupted_leaves_no_files_without_rows(
    house: House, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    shutil.copytree(house.backup, backup)
    with installed() as target:
        with opening_delayed(backup / "files") as met:
            program = restoring(target, backup)
            until(met.is_set)
            program.send_signal(signal.SIGINT)
        program.wait(PATIENCE)
        assert marker(target.data / "files") == target.identity
        rows = target.rows("SELECT id FROM file")
        assert len(target.stored()) == len(rows)
        assert program.returncode == (0 if rows else 1)


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_restoration_that_is_interrupted_too_late_is_whole(
    house: House, request: pytest.FixtureRequest
) -> None:
    with empty("postgres", request) as target:
        with target.locked("output_chunk"):
            program = restoring(target, house.backup)
            target.until_waiting("output_chunk", 1)
            program.send_signal(signal.SIGINT)
        assert program.wait(PATIENCE) == 0
        assert len(target.stored()) == len(target.rows("SELECT id FROM file")) == 2


def restoring(it: Installation, backup: Path) -> subprocess.Popen[bytes]:
    command = [PROGRAM, "restore", str(backup)]
    return subprocess.Popen(command, cwd=it.folder, env=it.environment)


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_data_folder_is_made_for_its_owner_only_or_not_at_all(
    house: House, request: pytest.FixtureRequest
) -> None:
    with installed() as it:
        assert "There is no database" in it.cli("backup", str(it.folder / "backup"), code=1)
        assert "missing 0_" in it.cli("migrate", "--check", code=1)
        assert not it.data.exists()
    with empty("postgres", request) as target:
        target.cli("restore", str(house.backup), PROCESSION_REDIS_URL="redis://127.0.0.1:1/0")
        assert target.data.stat().st_mode & 0o777 == 0o700


def test_database_that_was_restored_by_other_means_starts_nothing(house: House) -> None:
    told = house.it.cli("restore", "--in-place", code=1)
    assert "Aborted" in told
    told = house.it.cli("restore", "--in-place", "--yes")
    assert told == "1 that had not ended are FAILED now\n"
    rows = house.it.rows("SELECT status FROM process WHERE ended_at IS NULL")
    assert rows == []
    assert bool(house.it.rows("SELECT * FROM installation")) is not bool(house.it.database_url)
