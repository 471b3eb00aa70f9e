"""What a command says when its database, its Redis or its folder cannot be used: what to do."""

import os
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from errno import ENOSPC
from pathlib import Path
from uuid import uuid4

import pytest
from tortoise.exceptions import OperationalError

from jobs.report import read
from jobs.run import Run
from server.explanation import explain
from server.insistence import insist
from server.local import run
from tests.installation import Installation, installed

NOWHERE = "postgres://procession:geheim@127.0.0.1:1/procession"
COMMANDS = [
    *("migrate", "migrate --check", "user list", "token list", "group list", "audit"),
    *("purge --dry-run", "backup FOLDER"),
]
AWAY = (
    r"Error: The database cannot be used: .*; is it running, and is PROCESSION_DATABASE_URL right\?"
)


@pytest.fixture(scope="module")
def it() -> Iterator[Installation]:
    with installed() as made:
        yield made


@pytest.mark.parametrize("command", COMMANDS)
def test_database_that_is_away_is_said(it: Installation, command: str, tmp_path: Path) -> None:
    asked = command.replace("FOLDER", str(tmp_path / "backup")).split()
    told = it.cli(*asked, code=1, PROCESSION_DATABASE_URL=NOWHERE)
    assert re.search(AWAY, told)
    assert "geheim" not in told
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize("command", ["migrate", "user list", "serve"])
def test_wrong_password_and_unknown_database_are_said(
    it: Installation, postgres: str, command: str
) -> None:
    wrong = re.sub(r"//.*@", "//nobody:geheim@", postgres)
    missing = f"{postgres.rpartition('/')[0]}/nowhere"
    for url in (wrong, missing):
        told = it.cli(*command.split(), code=1, PROCESSION_DATABASE_URL=url)
        assert re.search(
            "The database does not let us in: .*; correct PROCESSION_DATABASE_URL", told
        )
        assert "geheim" not in told


def test_disk_without_room_is_that_to_which_something_is_copied() -> None:
    """`shutil` names both."""
    error = OSError(ENOSPC, os.strerror(ENOSPC), "/store/file", None, "/backup/file")
    assert explain(error) == "No space left on device: /backup/file"


@pytest.mark.parametrize("command", ["migrate", "user list"])
def test_url_of_the_database_says_whether_by_tls(
    it: Installation, empty_database: str, command: str
) -> None:
    """That of the tests speaks none."""

    def tell(mode: str, code: int) -> str:
        url = f"{empty_database}?sslmode={mode}"
        return it.cli(*command.split(), code=code, PROCESSION_DATABASE_URL=url)

    it.cli("migrate", PROCESSION_DATABASE_URL=empty_database)
    tell("disable", 0)
    assert re.search(r"The database .* rejected SSL upgrade", tell("require", 1))


WRONG_OPTIONS = {
    "sslmode=verify-full&sslrootcert=/nowhere.pem": (
        "PROCESSION_DATABASE_URL: sslrootcert=/nowhere.pem: there is no such file"
    ),
    "sslmode=verify-full": "cannot be used: root cert",
    "ssl=yes": "PROCESSION_DATABASE_URL: 'ssl' is no option; there are sslmode",
    "sslmode=on": "PROCESSION_DATABASE_URL: sslmode=on is none of disable",
}


@pytest.mark.parametrize(("options", "words"), WRONG_OPTIONS.items(), ids=WRONG_OPTIONS)
def test_option_of_the_url_of_the_database_that_cannot_be_used_is_named(
    it: Installation, postgres: str, tmp_path: Path, options: str, words: str
) -> None:
    settings = {"PROCESSION_DATABASE_URL": f"{postgres}?{options}", "HOME": str(tmp_path)}
    assert words in it.cli("user", "list", code=1, **settings)


@pytest.mark.parametrize("command", ["migrate", "user list", "serve", "purge"])
def test_folder_that_cannot_be_used_is_said(it: Installation, tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("")
    told = it.cli(*command.split(), code=1, PROCESSION_DATA=str(tmp_path / "file" / "data"))
    assert re.search(r"/file/data.* Not a directory|Not a directory: .*/file/data", told)
    assert "PROCESSION_DATA" in told


def test_damaged_database_is_said(it: Installation, tmp_path: Path) -> None:
    (tmp_path / "procession.sqlite3").write_text("no database" * 1000)
    told = it.cli("user", "list", code=1, PROCESSION_DATA=str(tmp_path))
    assert "The database cannot be used: file is not a database" in told


def attempts(*errors: Exception) -> Callable[[], Awaitable[str]]:
    left = list(errors)

    async def attempt() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return attempt


async def at_once(_: float) -> None:
    """Does not wait."""


def of_sqlite(statement: str, path: Path) -> OperationalError:
    """As Tortoise raises it, while somebody else writes."""
    with closing(sqlite3.connect(path)) as other, closing(sqlite3.connect(path, timeout=0)) as ours:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as raised:
            ours.execute(statement)
    return OperationalError(raised.value)


def test_outages_are_sat_out_and_mistakes_are_not(tmp_path: Path) -> None:
    locked = of_sqlite("BEGIN IMMEDIATE", tmp_path / "database")
    mistaken = of_sqlite("SELECT nothing", tmp_path / "database")
    outages = ConnectionRefusedError("refused"), TimeoutError(), locked
    assert run(insist(attempts(*outages), "It fails", at_once)) == "done"
    for mistake in (mistaken, KeyError("x"), TypeError("x")):
        with pytest.raises(type(mistake)):
            run(insist(attempts(mistake), "It fails", at_once))


REPORT = '"version": 1, "progress": null, "notices": [], "summary": "", "values": {}'


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", "{", f"{{{REPORT}}}", f'{{{REPORT}, "counts": {{}}}}'),
        f'{{{REPORT}, "counts": {{"notice": "x", "warning": 0, "error": 0}}}}',
    ],
)
def test_damaged_report_is_none(tmp_path: Path, text: str) -> None:
    damaged = Run(tmp_path, uuid4())
    damaged.report.parent.mkdir()
    damaged.report.write_text(text)
    assert read(damaged) is None
    damaged.report.write_text(
        f'{{{REPORT}, "counts": {{"notice": 1, "warning": 0, "error": 0}}, "later": 1}}'
    )
    assert read(damaged)
