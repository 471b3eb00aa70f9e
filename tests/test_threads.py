"""What hangs holds up only what needs it: each kind of work that may has threads of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from jobs.store import THREADS, Store
from jobs.trouble import BEGINNING, Trouble


@contextmanager
def hanging() -> Iterator[Event]:
    """What lets go those who wait for it, at the latest when this is left."""
    held = Event()
    try:
        yield held
    finally:
        held.set()


def test_lease_waits_neither_for_busy_threads_nor_for_a_disk_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is renewed with these words, and its worker given up if it is not."""

    async def told() -> tuple[str | None, str | None, str | None]:
        with hanging() as disk:
            for _ in range(100):
                asyncio.get_running_loop().run_in_executor(None, disk.wait)
            trouble = Trouble(tmp_path)
            well = await trouble.words()
            monkeypatch.setattr("jobs.trouble.trouble_with", lambda _: disk.wait() and None)
            hung = await trouble.words()
            disk.set()
            return well, hung, await trouble.words()

    answers = "the data folder does not answer"
    assert asyncio.run(told()) == (BEGINNING, f"{BEGINNING}; {answers}", BEGINNING)


def test_files_that_hang_hold_up_nothing_else(tmp_path: Path) -> None:
    async def both() -> tuple[int, int]:
        with hanging() as files:
            store = Store(tmp_path)
            removals = [asyncio.create_task(store.aside(files.wait)) for _ in range(THREADS - 1)]
            found = await asyncio.to_thread(int), await store.aside(int)
            files.set()
            await asyncio.gather(*removals)
            return found

    assert asyncio.run(both()) == (0, 0)
