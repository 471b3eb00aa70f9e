"""Retention: what is deleted by itself, what by `procession purge`, and what is never."""

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from jobs.orphans import digit_of_the_hour
from models.instant import to_micros
from tests.conftest import Install
from tests.installation import Installation, installed, until
from tests.rows import Row, insert

NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)
MANIFESTS = {
    "young": 'keep = "30d"',
    "ages": 'keep = "999999999.999999999d"',
    "forever": 'keep = "forever"',
    "finely": '[keep]\nage = "10d"\nat_least = 2\nfailed = "90d"\nstopped = {at_most = 1}',
}


def days_ago(
    it: Installation, script: str, days: Sequence[int], status: str = "COMPLETED"
) -> dict[int, str]:
    """Processes that ended so many days ago, and have 6 bytes of output; their ids by that."""
    ends = [NOW - timedelta(days=each) for each in days]
    ids = insert(
        it,
        [
            Row(it.alice.id, script, status, end - MINUTE, end - MINUTE, lines=[(end, "12345")])
            for end in ends
        ],
    )
    for end, process_id in zip(ends, ids, strict=True):
        it.execute(f"UPDATE process SET ended_at = {to_micros(end)} WHERE id = '{process_id}'")  # noqa: S608
    return dict(zip(days, ids, strict=True))


def left(it: Installation, *groups: dict[int, str]) -> list[list[int]]:
    """Of each group, the days of those that are still there."""
    there = {process_id for (process_id,) in it.rows("SELECT id FROM process")}
    return [[days for days, each in group.items() if each in there] for group in groups]


def is_clean(it: Installation) -> bool:
    """Nothing is left of deleted processes."""
    of_nobody = "SELECT 1 FROM {} WHERE process_id NOT IN (SELECT id FROM process)"
    return not any(it.rows(of_nobody.format(table)) for table in ("output_chunk", "deletion"))


@pytest.fixture
def it(install: Install, tmp_path: Path) -> Installation:
    """Not running."""
    for name, keep in MANIFESTS.items():
        (tmp_path / f"{name}.toml").write_text(f'name = "{name}"\ncommand = ["true"]\n{keep}\n')
    made = install(
        PROCESSION_SCRIPTS=f"{Path(__file__).with_name('scripts')}:{tmp_path}",
        PROCESSION_KEEP="7d",
        PROCESSION_AUDIT_KEEP="999999999.999999999d",
    )
    made.cli("migrate")
    return made


def test_what_the_manifests_do_not_keep_is_deleted_and_nothing_else(it: Installation) -> None:
    young = days_ago(it, "young", [1, 29, 31, 400])
    ages = days_ago(it, "ages", [400])
    forever = days_ago(it, "forever", [400])
    default = days_ago(it, "python", [1, 6, 8])  # its manifest does not say
    unknown = days_ago(it, "no-longer-there", [6, 8], "FAILED")
    completed = days_ago(it, "finely", [20, 21, 22])
    failed = days_ago(it, "finely", [1, 80, 91], "FAILED")
    stopped = days_ago(it, "finely", [300, 301, 302], "STOPPED")
    running = days_ago(it, "young", [100], "RUNNING")
    groups = [young, ages, forever, default, unknown, completed, failed, stopped, running]
    kept = sum(map(len, groups)) - 8

    told = it.cli("purge", "--dry-run")
    assert "Would delete 8 processes, the oldest of " in told
    assert "48 bytes of output" in told
    some = it.cli("purge", "--dry-run", "--script", "finely", "--status", "failed")
    assert some.startswith("Would delete 1 process, ")
    it.start()
    until(lambda: sum(map(len, left(it, *groups))) <= kept and is_clean(it))
    assert "There is nothing to delete." in it.cli("purge", "--yes")
    assert left(it, ages, forever, default, unknown) == [[400], [400], [1, 6], [6]]
    assert left(it, young, completed, failed) == [[1, 29], [20, 21], [1, 80]]
    assert left(it, stopped, running) == [[300], [100]]


def test_purge_deletes_what_it_is_told_to_once_that_is_confirmed() -> None:
    with installed() as it:
        it.start()
        young = days_ago(it, "young", [1, 3])
        failed = days_ago(it, "forever", [3, 5], "FAILED")
        assert "Aborted" in it.cli("purge", "--older-than", "2d", code=1)
        assert "There is nothing" in it.cli("purge", "--older-than", "6d")
        assert "no script 'yuong'" in it.cli("purge", "--script", "yuong", code=1)
        assert "is no duration" in it.cli("purge", "--older-than", "soon", code=2)
        deleted = it.cli("purge", "--older-than", "4d", "--status", "failed", "--yes")
        assert deleted.endswith("Deleted 1.\n")
        assert left(it, young, failed) == [[1, 3], [3]]
        it.cli("purge", "--older-than", "2d", "--script", "young", "--yes")
        assert left(it, young, failed) == [[1], [3]]
        until(lambda: is_clean(it))


def test_what_nobody_needs_in_the_data_folder_is_removed_and_nothing_else() -> None:
    with installed() as it:
        it.cli("migrate")
        digit, old = digit_of_the_hour(), time.time() - 2 * 24 * 3600
        ended, of_nobody, arriving = (f"{digit}{str(uuid4())[1:]}" for _ in range(3))
        insert(it, [Row(it.alice.id, id=ended, files=["f"])])
        ((kept,),) = it.rows("SELECT id FROM file")
        locks = it.data / "workers"
        paths = [*(it.data / "files" / each for each in (ended, of_nobody, arriving)), locks]
        for folder, name in zip(paths, [kept, "x", "x", f"new.{uuid4()}"], strict=True):
            folder.mkdir(parents=True)
            (folder / name).touch()
        (paths[0] / str(uuid4())).touch()  # its script wrote it, but its worker was killed
        dead = next(locks.iterdir())
        for path in (paths[0], paths[1], dead):
            os.utime(path, (old, old))
        it.start()
        until(lambda: not paths[1].exists() or digit != digit_of_the_hour())
        until(lambda: len(list(paths[0].iterdir())) == 1 or digit != digit_of_the_hour())
        assert (paths[0] / kept).exists()
        assert paths[2].exists()
        until(lambda: not dead.exists())
        until(lambda: len(list(locks.iterdir())) == 1)  # that of the worker that lives
