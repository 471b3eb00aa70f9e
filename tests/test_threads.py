"""What hangs holds up only what needs it: each kind of work that may has threads of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from jobs.store import THREADS, Store
from jobs.trouble import BEGINNING, Outlook, Trouble


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
            monkeypatch.setattr("jobs.trouble.trouble_with", lambda *_: disk.wait() and None)
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


def test_folder_is_looked_at_once_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ask while a look hangs."""
    looks: list[tuple[Path, str]] = []

    async def ask() -> list[str | None]:
        with hanging() as disk:

            def hang(folder: Path, name: str) -> None:
                looks.append((folder, name))
                disk.wait()

            monkeypatch.setattr("jobs.trouble.trouble_with", hang)
            outlook = Outlook(tmp_path, "the folder")
            return await asyncio.gather(*(outlook.words() for _ in range(3)))

    assert asyncio.run(ask()) == ["the folder does not answer"] * 3
    assert looks == [(tmp_path, "the folder")]


def test_threads_that_hang_keep_nobody_from_leaving(tmp_path: Path) -> None:
    """Neither what is under way then, nor what is begun to clean up."""

    async def leave() -> list[bool]:
        with hanging() as files:
            store = Store(tmp_path)
            async with store.threads.open():
                under_way = asyncio.create_task(store.aside(files.wait))
                await asyncio.sleep(0)
            left = under_way.done()
            cleaned = asyncio.create_task(store.aside(files.wait))
            under_way.cancel()
            await asyncio.wait([under_way, cleaned])
            return [left, under_way.cancelled(), cleaned.cancelled()]

    assert asyncio.run(leave()) == [False, True, True]
