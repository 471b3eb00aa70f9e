"""Migrations: from nothing to exactly what the models say, on both databases."""

import asyncio
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from tests.installation import PATIENCE, Installation, database_name, installed
from tests.postgres import create_database, drop_database

ROOT = Path(__file__).parents[1]
GENERATE = """
import asyncio, sys
from tortoise import Tortoise
from models.migration import command

async def generate(url):
    await Tortoise.init(config=command(url).tortoise_config)
    await Tortoise.generate_schemas(safe=False)
    await Tortoise.close_connections()

asyncio.run(generate(sys.argv[1]))
"""
COLUMNS = """SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity,
    character_maximum_length FROM information_schema.columns WHERE table_schema = 'public'"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
CONSTRAINTS = """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace"""

Catalogue = set[tuple[object, ...]]


def generated(url: str) -> None:
    """Puts the tables there as the models say, without migrations."""
    subprocess.run([sys.executable, "-c", GENERATE, url], cwd=ROOT, check=True, timeout=PATIENCE)


SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type <> 'trigger'"
"""Models have no triggers."""

OF_EXPRESSIONS = {"idx_process_end", "idx_process_duration"}
"""Indexes that models do not have either (`resolvers.order`)."""


def sqlite_catalogue(path: Path) -> Catalogue:
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(SCHEMA).fetchall()
    return {(*rest, normalised(sql or "")) for *rest, sql in rows}


def normalised(sql: str) -> tuple[str, ...]:
    """SQL without comments, spacing and the order of a table's columns."""
    sql = re.sub(r"/\*.*?\*/|--[^\n]*", "", sql, flags=re.DOTALL).replace("IF NOT EXISTS ", "")
    head, _, body = re.sub(r"\s+", " ", sql).partition("(")
    body = body.strip().removesuffix(")")
    columns = re.split(r",(?![^(]*\))", body) if "TABLE" in head else [body]
    return head.strip(), *sorted(each.strip() for each in columns)


def postgres_catalogue(url: str) -> Catalogue:
    async def read() -> Catalogue:
        connection = await asyncpg.connect(url)
        try:
            return {
                tuple(row)
                for query in (COLUMNS, INDEXES, CONSTRAINTS)
                for row in await connection.fetch(query)
            }
        finally:
            await connection.close()

    return asyncio.run(read())


@pytest.fixture
def two_databases(postgres: str) -> Iterator[tuple[str, str]]:
    urls = [asyncio.run(create_database(postgres, f"procession_{uuid4().hex}")) for _ in "ab"]
    yield urls[0], urls[1]
    for url in urls:
        asyncio.run(drop_database(postgres, database_name(url)))


def test_migrated_sqlite_equals_the_models(tmp_path: Path) -> None:
    generated(f"sqlite://{tmp_path / 'models.sqlite3'}")
    with installed() as it:
        it.cli("migrate")
        migrated = sqlite_catalogue(it.data / "procession.sqlite3")
    assert {name for kind, name, *_ in migrated if kind == "table"} >= {"process", "output_chunk"}
    assert {name for _, name, *_ in migrated} >= OF_EXPRESSIONS
    migrated = {row for row in migrated if row[1] not in OF_EXPRESSIONS}
    assert migrated == sqlite_catalogue(tmp_path / "models.sqlite3")


def test_migrated_postgres_equals_the_models(two_databases: tuple[str, str]) -> None:
    first, second = two_databases
    generated(second)
    with installed(first) as it:
        it.cli("migrate")
    migrated = postgres_catalogue(first)
    assert {row[0] for row in migrated} >= {"process", "output_chunk"}
    assert {row[1] for row in migrated} >= OF_EXPRESSIONS
    migrated = {row for row in migrated if row[1] not in OF_EXPRESSIONS}
    assert migrated == postgres_catalogue(second)


def test_second_run_changes_nothing_on_sqlite() -> None:
    with installed() as it:
        check_second_run(it, lambda: sqlite_catalogue(it.data / "procession.sqlite3"))


def test_second_run_changes_nothing_on_postgres(empty_database: str) -> None:
    with installed(empty_database) as it:
        check_second_run(it, lambda: postgres_catalogue(empty_database))


def check_second_run(it: Installation, catalogue: Callable[[], Catalogue]) -> None:
    assert it.cli("migrate").startswith("applied ")
    versions = "SELECT version FROM aerich"
    before = catalogue(), it.rows(versions)
    assert before[1]
    assert it.cli("migrate") == "The database is up to date.\n"
    assert (catalogue(), it.rows(versions)) == before


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_models_have_no_change_that_no_migration_makes(tmp_path: Path, dialect: str) -> None:
    copy = tmp_path / "models"
    shutil.copytree(ROOT / "models", copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = sorted(copy.rglob("*.py"))
    drafted = subprocess.run(
        [sys.executable, "-m", "models.migration", dialect, "probe"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert drafted.stdout.strip() == ""
    assert sorted(copy.rglob("*.py")) == before


APPLIED = {
    "0_20261123000000_init.py": "924dcf6a0d8928bf",
    "1_20261124000000_leases.py": "7638360dec13a4d6",
    "2_20261124010000_access.py": "cca3515186ea6b04",
    "3_20261124020000_progress.py": "a9c08dab1601f4b7",
    "4_20261124030000_notices.py": "19ddd0370ac14dd4",
    "5_20261130000000_installation.py": "2cf57210f175b058",
}
"""The sum of each migration, of both dialects."""


def test_migrations_that_databases_have_had_stay_as_they_are() -> None:
    files: defaultdict[str, bytes] = defaultdict(bytes)
    for path in sorted((ROOT / "models" / "migrations").glob("*/models/[0-9]*.py")):
        files[path.name] += path.read_bytes()
    assert {name: sha256(files[name]).hexdigest()[:16] for name in files} == APPLIED


def test_drafting_would_notice_a_change(tmp_path: Path) -> None:
    copy = tmp_path / "models"
    shutil.copytree(ROOT / "models", copy, ignore=shutil.ignore_patterns("__pycache__"))
    worker = copy / "worker.py"
    line = "    machine = fields.CharField(max_length=255)\n"
    assert line in worker.read_text()
    added = "    colour = fields.CharField(max_length=10, null=True)\n"
    worker.write_text(worker.read_text().replace(line, line + added))
    drafted = subprocess.run(
        [sys.executable, "-m", "models.migration", "sqlite", "probe"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert drafted.stdout.strip().endswith("probe.py")
