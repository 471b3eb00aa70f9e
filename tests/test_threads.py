"""What hangs holds up only what needs it: each kind of work that may has threads of its own."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from jobs.marker import NAME
from jobs.store import THREADS, Store
from jobs.trouble import BEGINNING, Outlook, Trouble
from tests import tus
from tests.database import on_sqlite
from tests.installation import PATIENCE, PROGRAM, Installation, until
from tests.running import run_python
from tests.workers import pids

HEADS = 8  # more than there are threads for everything, on small machines


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
    look = os.statvfs

    async def told() -> tuple[str | None, str | None, str | None]:
        with hanging() as disk:
            for _ in range(100):
                asyncio.get_running_loop().run_in_executor(None, disk.wait)
            trouble = Trouble(tmp_path)
            well = await trouble.words()
            monkeypatch.setattr("os.statvfs", lambda path: look(path) if disk.wait() else None)
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


def test_lease_does_not_need_a_thread_where_the_system_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    async def told() -> tuple[str | None, str | None]:
        trouble = Trouble(tmp_path)
        with monkeypatch.context() as system:
            system.setattr("jobs.threads.start_new_thread", refuse)
            without = await trouble.words()
            with pytest.raises(OSError, match="can't start new thread"):
                await Store(tmp_path).aside(int)
        return without, await trouble.words()

    none = "the data folder cannot be looked at (can't start new thread)"
    assert asyncio.run(told()) == (f"{BEGINNING}; {none}", BEGINNING)


def test_folder_is_looked_at_once_at_a_time() -> None:
    """However many ask while a look hangs."""
    looks: list[int] = []

    async def ask() -> list[str | None]:
        with hanging() as disk:

            def hang() -> None:
                looks.append(1)
                disk.wait()

            outlook = Outlook(hang, "the folder")
            return await asyncio.gather(*(outlook.words() for _ in range(3)))

    assert asyncio.run(ask()) == ["the folder does not answer"] * 3
    assert looks == [1]


def test_upload_whose_folder_hangs_holds_up_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        yield b"x"

    async def upload(store: Store) -> str:
        async with store.stage() as stage:
            return (await stage.receive(blocks(), "a", "text/plain")).sha256

    async def both() -> str:
        store, begun, make = Store(tmp_path), asyncio.Event(), Path.mkdir
        store.make()
        loop = asyncio.get_running_loop()
        with hanging() as files:

            def hang(path: Path, exist_ok: bool = False) -> None:
                loop.call_soon_threadsafe(begun.set)
                files.wait(5)  # not for ever, if it were in the thread of everybody
                make(path, exist_ok=exist_ok)

            monkeypatch.setattr(Path, "mkdir", hang)
            uploading = asyncio.create_task(upload(store))
            await begun.wait()
            assert not uploading.done()
            files.set()
            return await uploading

    assert asyncio.run(both()).startswith("2d711642")
    assert list((tmp_path / "staging").iterdir()) == []


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


@on_sqlite
def test_server_works_and_leaves_while_its_files_hang(mortal: Installation) -> None:
    """As uploads whose facts nobody tells: a FIFO to which nobody writes."""
    upload = tus.begin(mortal, mortal.admin, 1)
    (facts,) = mortal.data.glob(f"files/arriving/*/{upload}/facts.json")
    facts.unlink()
    os.mkfifo(facts)
    # More than is unpacked without a thread.
    printed = "import random; [print(random.random()) for _ in range(5000)]"
    assert mortal.server
    threads = Path(f"/proc/{mortal.server.pid}/task")
    with ThreadPoolExecutor(HEADS) as pool:
        asked = [pool.submit(tus.offset, mortal, mortal.admin, upload) for _ in range(HEADS)]
        until(lambda: len(list(threads.iterdir())) >= 2 + HEADS)  # its own, and SQLite's
        assert len(run_python(mortal, mortal.admin, printed).lines) == 5000
        assert mortal.end(signal.SIGTERM) == 0
    assert all(each.exception() for each in asked)
    facts.unlink()


@on_sqlite
def test_server_leaves_while_a_download_hangs(mortal: Installation) -> None:
    program = "import os; open(os.environ['PROCESSION_OUTPUT_DIR'] + '/x', 'w').write('x')"
    process_id = run_python(mortal, mortal.admin, program).id
    (kept,) = (mortal.data / "files" / process_id).iterdir()
    kept.unlink()
    os.mkfifo(kept)
    path = f"/api/system/processes/{process_id}/files/x"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(mortal.get, mortal.admin, path)
        with kept.open("wb"):  # which waits for a reader; nothing is written
            assert mortal.end(signal.SIGTERM) == 0
    kept.unlink()


@on_sqlite
def test_server_and_worker_that_begin_leave_while_their_files_hang(mortal: Installation) -> None:
    """And say what they wait for."""
    marker, away = mortal.data / "files" / NAME, mortal.data / "aside"
    told = f"The folder {mortal.data / 'files'} does not answer"
    before = mortal.log.read_text().count(told)
    marker.rename(away)
    os.mkfifo(marker)
    try:
        (worker,) = pids(mortal, "server.worker")
        os.kill(worker, signal.SIGKILL)
        until(lambda: mortal.log.read_text().count(told) == before + 1)
        assert mortal.end(signal.SIGTERM) == 0
        with (
            mortal.log.open("ab") as log,
            subprocess.Popen(
                [PROGRAM, "serve", "--port", "0"],
                cwd=mortal.folder,
                env=mortal.environment,
                stderr=log,
            ) as server,
        ):
            until(lambda: mortal.log.read_text().count(told) == before + 2)
            server.terminate()
            assert server.wait(PATIENCE) == 0
    finally:
        away.rename(marker)
