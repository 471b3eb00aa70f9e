"""What scripts leave in their output folders: names made harmless, and no link followed."""

import os
import resource
import threading
from pathlib import Path
from urllib.parse import quote

import pytest

from jobs.outbox import DEEPEST, regular_files
from tests.database import on_sqlite
from tests.installation import Installation
from tests.running import run_python

WRITE = """
import os
os.chdir(os.environ["PROCESSION_OUTPUT_DIR"])
for name in (b"self", b"ex\\xff", b"new\\nline", "abc\u202efdp.exe".encode(), b"a\\\\b", b"CON",
             "a\u202fb\u3000c\u200dd\ufeff.txt".encode(),
             "f\u00e4rbung \u6f22.txt".encode(), b'quote".txt', b"x" * 255):
    open(name, "w").write("content")
os.link(os.environ["PROCESSION_WORK_DIR"] + "/../launch.json", "linked")
os.symlink("/etc/passwd", "link")
"""
NAMES = {
    *("self_", "ex\ufffd", "new\ufffdline", "abc\ufffdfdp.exe", "a\\b", "CON", "linked"),
    *("a\u202fb\u3000c\u200dd\ufffd.txt", "f\u00e4rbung \u6f22.txt", 'quote".txt', "x" * 255),
}


@on_sqlite
def test_odd_names_are_shown_and_can_be_downloaded(installation: Installation) -> None:
    it = installation
    ended = run_python(it, it.alice, WRITE)
    assert ended.status == "COMPLETED", ended.text
    path = f"/api/system/processes/{ended.id}/files"
    links = it.get(it.alice, path).json()["_links"]
    assert links.pop("self")["href"] == path
    assert set(links) == NAMES
    for name in NAMES:
        answer = it.get(it.alice, f"{path}/{quote(name)}")
        assert answer.status_code == 200
        disposition = answer.headers["content-disposition"]
        assert disposition.startswith("attachment; filename") and "\n" not in disposition
        assert name == "linked" or answer.text == "content"


def names(folder: Path) -> set[str]:
    return {found.name for found in regular_files(folder)}


def test_only_regular_files_are_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    assert names(tmp_path) == {"file"}


@pytest.mark.parametrize("second", ["b", "b/c"], ids=["file", "folder"])
def test_file_for_which_no_descriptor_is_left_is_not_left_out(tmp_path: Path, second: str) -> None:
    for path in (tmp_path / "a", tmp_path / second):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = regular_files(tmp_path)
    assert next(found).name == "a"
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, most[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            next(found)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
    assert names(tmp_path) == {"a", second}


def test_folders_without_end_are_walked_so_far(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(DEEPEST + 5):
        folder /= "f"
        folder.mkdir()
        (folder / "x").touch()
    assert len(names(tmp_path)) == DEEPEST


def test_file_that_has_become_a_folder_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").touch()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    walked: list[object] = [(str(tmp_path), [], ["a", "b"], descriptor)]
    monkeypatch.setattr(os, "fwalk", lambda *_, **__: iter(walked))
    before = list(Path("/proc/self/fd").iterdir())
    assert names(tmp_path) == {"b"}
    assert list(Path("/proc/self/fd").iterdir()) == before
    os.close(descriptor)


def test_folder_that_is_swapped_for_a_link_leads_nowhere(tmp_path: Path) -> None:
    outside, out = tmp_path / "outside", tmp_path / "out"
    for folder, text in ((outside, "secret"), (out / "sub", "own")):
        folder.mkdir(parents=True)
        (folder / "name").write_text(text)
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            (out / "sub").rename(out / "away")
            (out / "sub").symlink_to(outside)
            (out / "sub").unlink()
            (out / "away").rename(out / "sub")

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        for _ in range(300):
            assert {found.file.read() for found in regular_files(out)} <= {b"own"}
    finally:
        done.set()
        swapping.join()
