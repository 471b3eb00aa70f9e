"""The import script, run as a person or Procession runs it: as a program, by its command line."""

import fcntl
import hashlib
import mailbox
import os
import resource
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from scripts import metadata_export, saf_import
from tests.archives import (
    EXAMPLE_CONSOLE,
    Files,
    build,
    build_example,
    build_titled,
    item,
    metadata,
    titled,
)

ROOT = Path(__file__).parent.parent
COLLECTION = "954e5cfa-6990-4c85-ae42-f30d8c7888e2"
TIMEOUT_S = 60


class Bench:
    """A folder to work in, with a repository, and the program to run there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = folder / "repository"
        # Whether lines leave at once must be the program's own doing.
        inherited = {key: text for key, text in os.environ.items() if key != "PYTHONUNBUFFERED"}
        self.env = {**inherited, "PYTHONPATH": str(ROOT)}

    def start(self, *arguments: str | Path, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "scripts.saf_import", *map(str, arguments)],
            cwd=self.folder,
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(
        self, *arguments: str | Path, code: int = 0, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end, and require the exit code; never a traceback."""
        with self.start(*arguments, **env) as process:
            output, errors = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == code, output + errors
        assert "Traceback" not in errors
        return subprocess.CompletedProcess(process.args, code, output, errors)

    def add(self, archive: Path, *arguments: str | Path, code: int = 0, **env: str) -> str:
        """Add an archive to the collection; what was printed."""
        done = self.run("-a", "-c", COLLECTION, "-z", archive, *arguments, code=code, **env)
        return done.stdout + done.stderr

    def rows(self, query: str) -> list[tuple[object, ...]]:
        database = sqlite3.connect(self.repository / "repository.db")
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()

    def titles(self) -> list[str]:
        """The titles of all items, sorted; a title is twice if the item is."""
        if not (self.repository / "repository.db").exists():
            return []
        query = (
            "SELECT value FROM items LEFT JOIN metadata ON item = number"
            " AND field = (SELECT id FROM fields WHERE element = 'title') ORDER BY value"
        )
        return [str(title) for (title,) in self.rows(query)]

    def values(self) -> list[tuple[object, ...]]:
        """The metadata that came from an archive: field, language, value."""
        return self.rows(
            "SELECT schema || '.' || element || '.' || qualifier, language, value"
            " FROM metadata JOIN fields ON id = field"
            " WHERE element NOT IN ('date', 'description') ORDER BY item, position"
        )

    def handles(self) -> list[object]:
        return [handle for (handle,) in self.rows("SELECT handle FROM items ORDER BY number")]

    def map(self, name: str = "mapfile") -> list[str]:
        return (self.folder / name).read_text().splitlines()

    def files(self) -> list[bytes]:
        """The contents of all stored bitstreams, sorted."""
        stored = (self.repository / "bitstreams").glob("*/*/*")
        return sorted(path.read_bytes() for path in stored)

    def check_whole(self) -> None:
        """Each bitstream has its file, unharmed, no file is without one, nothing is half done."""
        known = self.rows(
            "SELECT substr(content, 1, 2) || '/' || content || '/' || bitstreams.id, sha256, size"
            " FROM bitstreams JOIN items ON number = item"
        )
        root = self.repository / "bitstreams"
        found = {
            (str(path.relative_to(root)), hashlib.sha256(path.read_bytes()).hexdigest())
            for path in root.glob("*/*/*")
        }
        assert found == {(path, digest) for path, digest, _ in known}
        assert list((self.repository / "staging").iterdir()) == []
        assert self.rows("SELECT * FROM trash") == []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def advance(process: subprocess.Popen[str], line: str) -> None:
    """Read what a program prints up to that line; one that prints no more is killed."""
    assert process.stdout
    watchdog = threading.Timer(TIMEOUT_S, process.kill)
    watchdog.start()
    try:
        assert line + "\n" in iter(process.stdout.readline, ""), f"{line!r} was never printed"
    finally:
        watchdog.cancel()


# --- add: the console ----------------------------------------------------------------------------


def test_console_is_the_contract_example_line_for_line(bench: Bench) -> None:
    archive = build_example(bench.folder / "saf.zip")
    done = bench.run("-a", "-c", COLLECTION, "-z", archive)
    assert done.stdout == EXAMPLE_CONSOLE.format(zip=archive)
    assert done.stderr == ""
    assert bench.map() == ["item_1 123456789/1"]
    assert not (bench.folder / "temp").exists()
    assert bench.files() == [b"\0\0\0\x18ftypmp42"]
    bench.check_whole()


def test_long_options_say_the_same(bench: Bench) -> None:
    build_example(bench.folder / "saf.zip")
    output = bench.run("--add", "--collection", COLLECTION, "--zip", "saf.zip").stdout
    assert output == EXAMPLE_CONSOLE.format(zip="saf.zip")


def test_console_of_an_item_with_everything(bench: Bench) -> None:
    build(
        bench.folder / "all.zip",
        {
            "thesis": {
                "dublin_core.xml": metadata(
                    ("title.none[en]", "A <thesis>"), ("contributor.author", "Ada"), ("type", " ")
                ),
                "metadata_thesis.xml": metadata(("degree.level", "PhD"), schema="thesis"),
                "contents": (
                    b"a.pdf\tbundle:ORIGINAL\tpermissions:-r 'Staff'\tdescription:The text"
                    b"\tprimary:true\r\n\nlicense.txt\nb.pdf\tpermissions:nobody\tiiif-label:B\n"
                ),
                "a.pdf": b"A",
                "b.pdf": b"B",
                "license.txt": b"L",
                "handle": b"20.500/7\nthe rest does not count\n",
            }
        },
    )
    assert bench.add(Path("all.zip")) == (
        "Adding items from directory: all.zip\n"
        "Generating mapfile: temp\n"
        "Adding item from directory thesis\n"
        "\tLoading dublin core from all.zip/thesis/dublin_core.xml\n"
        "\tSchema: dc Element: title Qualifier:  Value: A <thesis>\n"
        "\tSchema: dc Element: contributor Qualifier: author Value: Ada\n"
        "\tSchema: dc Element: type Qualifier:  Value: \n"
        "\tLoading dublin core from all.zip/thesis/metadata_thesis.xml\n"
        "\tSchema: thesis Element: degree Qualifier: level Value: PhD\n"
        "\tProcessing contents file: all.zip/thesis/contents\n"
        "\tBitstream: a.pdf\tBundle: ORIGINAL\t **Setting as primary bitstream**\n"
        "Gathering options.\n"
        "\tBitstream: license.txt\n"
        "\tBitstream: b.pdf\n"
        "\tIgnoring unknown option: iiif-label:B\n"
        "Gathering options.\n"
        "Processing handle file: handle\n"
        "read handle: '20.500/7'\n"
        "Processing options.\n"
        "\tSetting special permissions for a.pdf\n"
        "\tSetting description for a.pdf\n"
        "\tinvalid permissions flag, permissions set to default\n"
        "0 thesis\n"
    )
    assert bench.map() == ["thesis 20.500/7"]
    assert bench.values() == [
        ("dc.title.", "en", "A <thesis>"),
        ("dc.contributor.author", "", "Ada"),
        ("thesis.degree.level", "", "PhD"),
    ]
    assert bench.rows(
        'SELECT name, bundle, description, action, "group", is_primary, size'
        " FROM bitstreams ORDER BY position"
    ) == [
        ("a.pdf", "ORIGINAL", "The text", "READ", "Staff", 1, 1),
        ("license.txt", "LICENSE", "", None, None, 0, 1),
        ("b.pdf", "ORIGINAL", "", None, None, 0, 1),
    ]
    bench.check_whole()


def test_quiet_leaves_the_metadata_out(bench: Bench) -> None:
    archive = build_example(bench.folder / "saf.zip")
    expected = EXAMPLE_CONSOLE.format(zip=archive).splitlines()
    assert bench.add(archive, "-q").splitlines() == expected[:3] + expected[5:]
    assert bench.titles() == ["Bunny Video"]


def test_value_with_line_breaks_is_one_line_on_the_console(bench: Bench) -> None:
    build(bench.folder / "a.zip", {"x": item(("title", "One\n0 item_9\u2028two"))})
    output = bench.add(Path("a.zip"))
    assert "\tSchema: dc Element: title Qualifier:  Value: One 0 item_9 two\n" in output
    assert bench.titles() == ["One\n0 item_9\u2028two"]


def test_lines_leave_at_once(bench: Bench) -> None:
    build_example(bench.folder / "saf.zip")
    bench.repository.mkdir()
    with (bench.repository / "lock").open("w") as lock:
        # The program waits for this lock, so what arrives was not flushed by its end.
        fcntl.flock(lock, fcntl.LOCK_EX)
        with bench.start("-a", "-c", COLLECTION, "-z", "saf.zip") as process:
            advance(process, "Generating mapfile: temp")
            fcntl.flock(lock, fcntl.LOCK_UN)
            advance(process, "0 item_1")
    assert process.returncode == 0


def test_items_are_numbered_in_natural_order(bench: Bench) -> None:
    folders = {name: titled(name) for name in ("item_10", "item_9", "item_010b", "cover", "item_1")}
    build(bench.folder / "a.zip", folders)
    lines = bench.add(Path("a.zip"), "-q").splitlines()
    assert [line for line in lines if line[0].isdigit()] == [
        "0 cover",
        "1 item_1",
        "2 item_9",
        "3 item_10",
        "4 item_010b",
    ]


def test_items_may_be_inside_one_folder_with_litter_beside(bench: Bench) -> None:
    path = build(bench.folder / "a.zip", {"item_1": titled("One")}, top="batch")
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("__MACOSX/batch/._item_1", b"x")
        packed.writestr("batch/.DS_Store", b"x")
        packed.writestr("README", b"x")
    output = bench.add(Path("a.zip"))
    assert output.startswith("Adding items from directory: a.zip\n")
    assert "\tLoading dublin core from a.zip/batch/item_1/dublin_core.xml\n" in output
    assert bench.map() == ["item_1 123456789/1"]


def test_item_without_contents_file_is_metadata_only(bench: Bench) -> None:
    build(bench.folder / "a.zip", {"x": {"dublin_core.xml": metadata(("title", "X"))}})
    note = "No contents file found - but only metadata files found. Assuming metadata only.\n"
    assert note in bench.add(Path("a.zip"))
    assert bench.titles() == ["X"]
    bench.check_whole()


def test_names_need_not_be_ascii(bench: Bench) -> None:
    # The archive has the decomposed form, as macOS writes it, and contents the composed one.
    files = item(("title", "Über"), contents="h\u00e9.txt\n") | {
        "sub/\u65e5": b"1",
        "he\u0301.txt": b"2",
    }
    build(bench.folder / "a.zip", {"\u00fcber uns": files})
    assert "\tBitstream: h\u00e9.txt\n" in bench.add(Path("a.zip"), PYTHONIOENCODING="ascii")
    assert bench.map() == ["\u00fcber uns 123456789/1"]


def test_names_in_utf_8_need_no_mark_in_the_archive(bench: Bench) -> None:
    files = item(("title", "X"), contents="h\u00e9.txt") | {"h\u00e9.txt": b"1"}
    path = build(bench.folder / "a.zip", {"x": files})
    packed = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        # The last entry has the name that is not ASCII.
        struct.pack_into("<H", packed, packed.rindex(signature) + offset, 0)
    path.write_bytes(packed)
    assert "\tBitstream: h\u00e9.txt\n" in bench.add(path)


# --- add: where things go ------------------------------------------------------------------------


def test_collections_of_the_command_line_in_their_order(bench: Bench) -> None:
    bench.add(build_example(bench.folder / "saf.zip"), "-c", "123/4", "-c", COLLECTION)
    query = "SELECT collection FROM collections ORDER BY position"
    assert bench.rows(query) == [(COLLECTION,), ("123/4",)]


def test_collections_file_counts_when_none_is_given(bench: Bench) -> None:
    build(bench.folder / "a.zip", {"x": titled("X") | {"collections": b"12/1\n\n12/2\n12/1\n"}})
    output = bench.run("-a", "-z", "a.zip").stdout.splitlines()
    assert output[0] == "No collections given. Assuming 'collections' file inside item directory"
    assert output[3:5] == [
        "Processing collections file: collections",
        "Adding item from directory x",
    ]
    assert bench.rows("SELECT collection FROM collections") == [("12/1",), ("12/2",)]


def test_item_without_any_collection_lies_in_none(bench: Bench) -> None:
    folders = {"a": titled("A") | {"collections": b"12/1"}, "b": titled("B")}
    build(bench.folder / "a.zip", folders)
    bench.run("-a", "-z", "a.zip")
    assert bench.titles() == ["A", "B"]
    assert bench.rows("SELECT collection FROM collections") == [("12/1",)]


def test_template_needs_a_collection(bench: Bench) -> None:
    build(bench.folder / "a.zip", {"b": titled("B")})
    errors = bench.run("-a", "-p", "true", "-z", "a.zip", code=1).stderr
    assert errors.startswith("b: there is no collection whose template")
    assert bench.titles() == []


def test_repository_is_chosen_by_option_then_environment(bench: Bench) -> None:
    archive = build_example(bench.folder / "saf.zip")
    bench.add(archive, "-m", "m1", "--repository", "one", PROCESSION_REPOSITORY="two")
    bench.add(archive, "-m", "m2", PROCESSION_REPOSITORY="two")
    assert (bench.folder / "one/repository.db").exists()
    assert (bench.folder / "two/repository.db").exists()
    assert not bench.repository.exists()


def test_submitter_is_recorded(bench: Bench) -> None:
    bench.add(build_example(bench.folder / "saf.zip"), "-e", "ada@example.org")
    assert bench.rows("SELECT submitter, state FROM items") == [("ada@example.org", "archived")]


def test_large_bitstream_is_streamed(bench: Bench) -> None:
    block, count = os.urandom(1024**2), 160
    path = bench.folder / "a.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("x/dublin_core.xml", metadata(("title", "Large")))
        packed.writestr("x/contents", "film.mp4")
        with packed.open("x/film.mp4", "w") as stream:
            for _ in range(count):
                stream.write(block)
    limit = 128 * 1024**2
    bench_run = subprocess.run(
        [sys.executable, "-m", "scripts.saf_import", "-a", "-c", "1/1", "-z", path],
        cwd=bench.folder,
        env=bench.env,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        capture_output=True,
        text=True,
    )
    assert bench_run.returncode == 0, bench_run.stderr
    digest = hashlib.sha256(block * count).hexdigest()
    assert bench.rows("SELECT size, sha256 FROM bitstreams") == [(count * 1024**2, digest)]


# --- the map file --------------------------------------------------------------------------------


def test_map_is_renamed_in_the_output_folder(bench: Bench) -> None:
    (bench.folder / "out").mkdir()
    archive = build_titled(bench.folder / "a.zip", 1)
    add_entry("item_2/contents")(archive)
    output = bench.add(archive, PROCESSION_OUTPUT_DIR="out", code=1)
    assert "Generating mapfile: temp\n" in output
    assert output.endswith("run it again with -R -m mapfile\n")
    assert [path.name for path in (bench.folder / "out").iterdir()] == ["mapfile"]
    assert bench.map("out/mapfile") == ["item_1 123456789/1"]


def test_named_map_is_written_where_it_says_by_hand(bench: Bench) -> None:
    (bench.folder / "maps").mkdir()
    output = bench.add(build_example(bench.folder / "saf.zip"), "-m", "maps/first")
    assert "Generating mapfile: maps/first\n" in output
    assert bench.map("maps/first") == ["item_1 123456789/1"]


def test_named_map_is_written_to_the_output_folder_under_its_last_name(bench: Bench) -> None:
    (bench.folder / "out").mkdir()
    archive = build_example(bench.folder / "saf.zip")
    output = bench.add(archive, "-m", "/nowhere/first", PROCESSION_OUTPUT_DIR="out")
    assert "Generating mapfile: first\n" in output
    assert bench.map("out/first") == ["item_1 123456789/1"]


@pytest.mark.parametrize(("used", "arguments"), [("m", ["-m", "m"]), ("mapfile", []), ("temp", [])])
def test_map_of_another_import_is_never_overwritten(
    bench: Bench, used: str, arguments: list[str]
) -> None:
    (bench.folder / used).write_text("item_7 1/7\n")
    output = bench.add(build_example(bench.folder / "saf.zip"), *arguments, code=2)
    assert f"-R -m {used}" in output
    assert bench.map(used) == ["item_7 1/7"]
    assert bench.titles() == []


def test_resume_skips_what_the_map_has_and_extends_it(bench: Bench) -> None:
    bench.add(build_titled(bench.folder / "a.zip", 2))
    # Edited by hand, the last line may have lost its end.
    (bench.folder / "mapfile").write_text((bench.folder / "mapfile").read_text().rstrip())
    lines = bench.add(build_titled(bench.folder / "a.zip", 3), "-q", "-R", "-m", "mapfile")
    assert lines.splitlines()[:5] == [
        "**Resume import** - attempting to import items not already imported",
        f"Adding items from directory: {bench.folder / 'a.zip'}",
        "Generating mapfile: mapfile",
        "Skipping import of item_1",
        "Skipping import of item_2",
    ]
    assert lines.splitlines()[-1] == "2 item_3"
    assert bench.titles() == ["Title 1", "Title 2", "Title 3"]
    assert bench.map() == [f"item_{n} 123456789/{n}" for n in (1, 2, 3)]


def test_resume_in_an_output_folder_leaves_the_given_map_alone(bench: Bench) -> None:
    bench.add(build_titled(bench.folder / "a.zip", 1), "-m", "given")
    (bench.folder / "out").mkdir()
    archive = build_titled(bench.folder / "a.zip", 2)
    bench.add(archive, "-R", "-m", "given", PROCESSION_OUTPUT_DIR="out")
    assert bench.map("given") == ["item_1 123456789/1"]
    assert bench.map("out/given") == ["item_1 123456789/1", "item_2 123456789/2"]


def test_resume_imports_an_item_whose_map_entry_came_to_nothing(bench: Bench) -> None:
    # A program that is killed between the entry and the commit leaves this.
    bench.add(build_titled(bench.folder / "a.zip", 1))
    with (bench.folder / "mapfile").open("a") as file:
        file.write("item_2 123456789/2\n")
    bench.add(build_titled(bench.folder / "a.zip", 2), "-R", "-m", "mapfile")
    assert bench.titles() == ["Title 1", "Title 2"]


def test_item_that_cannot_be_mapped_is_not_imported(bench: Bench) -> None:
    # A full disk: an item outside of every map could not be found again, and would come twice.
    output = bench.add(build_titled(bench.folder / "a.zip", 1), "-m", "/dev/full", code=1)
    assert "Failed: [Errno 28] No space left on device" in output
    assert bench.titles() == []
    bench.check_whole()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [(b"item_1\n", "Line 1"), (b"a 1/1\n\nb 1/2", "Line 2"), (b"\xff\xfe", "UTF-8")],
)
def test_map_that_is_none_is_refused(bench: Bench, text: bytes, complaint: str) -> None:
    (bench.folder / "m").write_bytes(text)
    output = bench.add(build_titled(bench.folder / "a.zip", 1), "-R", "-m", "m", code=1)
    assert complaint in output
    assert bench.titles() == []


# --- replace and delete --------------------------------------------------------------------------


def test_replace_keeps_id_handle_and_collections(bench: Bench) -> None:
    bench.add(build_titled(bench.folder / "a.zip", 2))
    before = bench.rows(
        "SELECT id, handle, collection FROM items JOIN collections ON item = number"
    )
    build(bench.folder / "b.zip", {f"item_{n}": titled(f"New {n}") for n in (1, 2, 3)})
    output = bench.run("-r", "-m", "mapfile", "-z", "b.zip").stdout
    assert output.splitlines()[:3] == [
        "\tReplacing:  123456789/1",
        "Adding item from directory item_1",
        "\tLoading dublin core from b.zip/item_1/dublin_core.xml",
    ]
    after = bench.rows("SELECT id, handle, collection FROM items JOIN collections ON item = number")
    assert after == before
    assert bench.titles() == ["New 1", "New 2"]
    assert bench.files() == [b"The text of New 1", b"The text of New 2"]
    assert len(bench.map()) == 2
    bench.check_whole()


def test_replace_changes_collection_and_submitter_only_when_given(bench: Bench) -> None:
    archive = build_titled(bench.folder / "a.zip", 1)
    bench.add(archive, "-e", "ada@example.org")
    query = "SELECT collection, submitter FROM collections JOIN items ON item = number"
    bench.run("-r", "-m", "mapfile", "-z", archive, "-c", "77/7")
    assert bench.rows(query) == [("77/7", "ada@example.org")]
    bench.run("-r", "-m", "mapfile", "-z", archive, "-e", "bo@example.org")
    assert bench.rows(query) == [("77/7", "bo@example.org")]


@pytest.mark.parametrize(
    ("entry", "files", "complaint"),
    [
        ("item_1 9/9", titled("New"), "item_1: 9/9 is not in the repository"),
        ("item_5 123456789/1", titled("New"), "item_5: is in the map file but not in the archive"),
        ("item_1 123456789/1", titled("New") | {"handle": b"1/2"}, "item_1: its handle file"),
        ("item_1 123456789/1", item(contents="gone.txt"), "item_1: contents names 'gone.txt'"),
    ],
)
def test_replace_that_fails_leaves_the_old_item(
    bench: Bench, entry: str, files: Files, complaint: str
) -> None:
    bench.add(build_titled(bench.folder / "a.zip", 1))
    (bench.folder / "m").write_text(entry)
    build(bench.folder / "b.zip", {"item_1": files})
    errors = bench.run("-r", "-m", "m", "-z", "b.zip", code=1).stderr
    assert errors.startswith(complaint)
    assert bench.titles() == ["Title 1"]
    assert bench.files() == [b"The text of Title 1"]
    bench.check_whole()


def test_delete_removes_the_items_of_the_map_once(bench: Bench) -> None:
    bench.add(build_titled(bench.folder / "a.zip", 2))
    bench.add(build_example(bench.folder / "b.zip"), "-m", "other")
    output = bench.run("-d", "mapfile").stdout
    assert output.splitlines() == [
        "Deleting items listed in mapfile: mapfile",
        "Deleting item 123456789/1",
        "Deleting item 123456789/2",
    ]
    assert bench.titles() == ["Bunny Video"]
    assert len(bench.files()) == 1
    bench.check_whole()
    again = bench.run("-d", "mapfile").stdout
    assert again.count("Error - cannot locate item - already deleted?\n") == 2


def test_handle_of_a_deleted_item_is_not_given_again(bench: Bench) -> None:
    archive = build_example(bench.folder / "a.zip")
    bench.add(archive, "-m", "m1")
    bench.run("-d", "m1")
    bench.add(archive, "-m", "m2")
    assert bench.map("m2") == ["item_1 123456789/2"]


# --- test runs -----------------------------------------------------------------------------------


def test_test_run_imports_nothing_and_says_so(bench: Bench) -> None:
    output = bench.add(build_titled(bench.folder / "a.zip", 2), "-t", "-w", "-n", "-e", "a@b")
    assert output.startswith("**Test Run** - not actually importing items.\n")
    assert output.endswith("1 item_2\n***End of Test Run***\n")
    assert bench.titles() == []
    assert bench.files() == []
    assert not (bench.repository / "outbox").exists()
    assert not (bench.folder / "mapfile").exists()


def test_test_run_finds_every_broken_item(bench: Bench) -> None:
    folders = {f"item_{n}": titled(f"Title {n}") for n in range(5)}
    folders["item_1"]["dublin_core.xml"] = b"<dublin_core>"
    del folders["item_3"]["page.txt"]
    output = bench.add(build(bench.folder / "a.zip", folders), "-t", code=1)
    assert "\nitem_1: dublin_core.xml is not well-formed XML" in output
    assert "\nitem_3: contents names 'page.txt'" in output
    assert "2 of 5 items cannot be imported." in output
    assert "4 item_4\n" in output


@pytest.mark.parametrize("arguments", [["-d", "mapfile"], ["-r", "-m", "mapfile", "-z", "b.zip"]])
def test_test_run_deletes_and_replaces_nothing(bench: Bench, arguments: list[str]) -> None:
    bench.add(build_titled(bench.folder / "a.zip", 1))
    build(bench.folder / "b.zip", {"item_1": titled("New")})
    output = bench.run("-t", *arguments).stdout
    assert "123456789/1" in output
    assert output.endswith("***End of Test Run***\n")
    assert bench.titles() == ["Title 1"]
    assert bench.files() == [b"The text of Title 1"]


# --- workflow, notification, template ------------------------------------------------------------


def test_workflow_items_have_a_state_and_their_id_in_the_map(bench: Bench) -> None:
    build(bench.folder / "a.zip", {"x": titled("X") | {"handle": b"1/1"}})
    output = bench.add(bench.folder / "a.zip", "-w")
    assert "handle" not in output
    ((item_id, handle, state),) = bench.rows("SELECT id, handle, state FROM items")
    assert (handle, state) == (None, "workflow")
    assert bench.map() == [f"x {item_id}"]
    assert "Skipping import of x\n" in bench.add(
        bench.folder / "a.zip", "-R", "-m", "mapfile", "-w"
    )
    bench.run("-d", "mapfile")
    assert bench.titles() == []


def test_notification_is_put_into_the_outbox(bench: Bench) -> None:
    bench.repository.mkdir()
    (bench.repository / "repository.toml").write_text('mail_from = "library@example.org"')
    build_titled(bench.folder / "a.zip", 2)
    bench.add(Path("a.zip"), "-w", "-n", "-e", "ada@example.org")
    messages = list(mailbox.Maildir(bench.repository / "outbox", create=False))
    assert [(str(message["From"]), str(message["To"])) for message in messages] == [
        ("library@example.org", "ada@example.org")
    ] * 2
    texts = sorted(str(message.get_payload()) for message in messages)
    assert "Title: Title 1\n" in texts[0]
    assert COLLECTION in texts[0]
    bench.check_whole()


@pytest.mark.parametrize("arguments", [["-n"], ["-w", "-e", "a@b"]])
def test_no_notification_without_workflow_or_wish(bench: Bench, arguments: list[str]) -> None:
    bench.add(build_example(bench.folder / "a.zip"), *arguments)
    assert bench.titles() == ["Bunny Video"]
    assert not (bench.repository / "outbox").exists()


@pytest.mark.parametrize(
    ("collection", "file_name"), [("12-3", "12-3.xml"), ("../x/1", "..%2Fx%2F1.xml")]
)
def test_template_adds_its_values(bench: Bench, collection: str, file_name: str) -> None:
    templates = bench.repository / "templates"
    templates.mkdir(parents=True)
    (templates / file_name).write_bytes(metadata(("rights[en]", "Open")))
    build_example(bench.folder / "a.zip")
    bench.run("-a", "-c", collection, "-c", "second", "-z", "a.zip", "-p", "true")
    assert bench.values() == [("dc.rights.", "en", "Open"), ("dc.title.", "", "Bunny Video")]


def test_template_may_be_asked_for_or_not(bench: Bench) -> None:
    archive = build_example(bench.folder / "a.zip")
    assert bench.add(archive, "-p", "true", code=1).count("item_1: the collection") == 1
    assert bench.titles() == []
    bench.add(archive, "-m", "m", "-p", "false")
    assert bench.titles() == ["Bunny Video"]


# --- handles and settings ------------------------------------------------------------------------


def test_generated_handles_step_over_those_taken(bench: Bench) -> None:
    folders = {"a": titled("A") | {"handle": b"123456789/2\n"}, "b": titled("B"), "c": titled("C")}
    bench.add(build(bench.folder / "a.zip", folders))
    assert bench.map() == ["a 123456789/2", "b 123456789/1", "c 123456789/3"]


def test_handle_of_another_item_is_refused(bench: Bench) -> None:
    archive = build(bench.folder / "a.zip", {"x": titled("X") | {"handle": b"5/5"}})
    bench.add(archive, "-m", "m1")
    output = bench.add(archive, "-m", "m2", code=1)
    assert "x: the handle 5/5 belongs to another item already; replace that one with -r" in output
    assert bench.titles() == ["X"]
    assert "x: the handle 5/5" in bench.add(archive, "-t", "-m", "m3", code=1)


def test_handle_prefix_is_a_setting_of_the_repository(bench: Bench) -> None:
    bench.repository.mkdir()
    (bench.repository / "repository.toml").write_text('handle_prefix = "20.500.12345"')
    bench.add(build_example(bench.folder / "a.zip"))
    assert bench.map() == ["item_1 20.500.12345/1"]


@pytest.mark.parametrize(
    "text", ["handle_prefix = 5", 'handle_prefix = "a/b"', 'mail_from = "x"', "colour = 1", "="]
)
def test_bad_settings_are_refused(bench: Bench, text: str) -> None:
    bench.repository.mkdir()
    (bench.repository / "repository.toml").write_text(text)
    output = bench.add(build_example(bench.folder / "a.zip"), code=1)
    assert "repository.toml" in output
    assert not (bench.repository / "repository.db").exists()


def test_repository_of_a_later_version_is_refused(bench: Bench) -> None:
    bench.add(build_example(bench.folder / "a.zip"), "-m", "m1")
    with sqlite3.connect(bench.repository / "repository.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    assert "version 99" in bench.add(bench.folder / "a.zip", "-m", "m2", code=1)


# --- the command line ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ([], "-a adds"),
        (["-z", "a.zip"], "-a adds"),
        (["-a"], "-z ZIP"),
        (["-a", "-r", "-z", "a.zip", "-m", "m"], "Only one of"),
        (["-a", "-d", "m", "-z", "a.zip"], "Only one of"),
        (["-a", "-R", "-z", "a.zip"], "-m MAP"),
        (["-r", "-R", "-m", "m", "-z", "a.zip"], "give -a"),
        (["-r", "-z", "a.zip"], "-m MAP"),
        (["-r", "-m", "m"], "-z ZIP"),
        (["-r", "-m", "m", "-z", "a.zip", "-w"], "leave -w out"),
        (["-d", "m", "-R"], "give -a"),
        (["-d", "m", "-m", "m"], "leave -m and -z out"),
        (["-d", "m", "-z", "a.zip"], "leave -m and -z out"),
        (["-a", "-z", "a.zip", "-w", "-n"], "-e EMAIL"),
        (["-a", "-z", "a.zip", "-e", "ada@a,b@b"], "email address"),
        (["-a", "-z", "a.zip", "-p", "maybe"], "true or false"),
        (["-a", "-z", "a.zip", "-p", "--delete=m"], "not '--delete=m'"),
        (["-a", "-z", "a.zip", "-p"], "expected one argument"),
        (["-e", "--", "-a", "-z", "a.zip"], "-e: -- is no value"),
        (["-a", "-z", "a.zip", "-c", "a b"], "-c: 'a b'"),
        (["-a", "-z", "a.zip", "-c", ""], "-c: ''"),
        (["-a", "-z", "a.zip", "--max-ratio", "0"], "must be positive"),
        (["-a", "-z", "a.zip", "-b"], "unrecognized arguments: -b"),
        (["--ad", "-z", "a.zip"], "--ad"),
    ],
)
def test_options_that_make_no_sense_say_what_to_do(
    bench: Bench, arguments: list[str], advice: str
) -> None:
    build_example(bench.folder / "a.zip")
    (bench.folder / "m").touch()
    assert advice in bench.run(*arguments, code=2).stderr
    assert not bench.repository.exists()


@pytest.mark.parametrize("script", [saf_import, metadata_export], ids=["import", "export"])
@pytest.mark.parametrize("value", ["--x=y", "-x", "-", "-a", "--add", "--delete=m", "-5", ""])
def test_value_is_one_whatever_it_begins_with(script: ModuleType, value: str) -> None:
    """Who starts a script chooses values, and nothing else of its command line."""
    command_line = script.parser()
    nothing = vars(command_line.read([]))
    manifest = "import" if script is saf_import else "metadata-export"
    parameters = tomllib.loads((ROOT / f"scripts/{manifest}.toml").read_text())["parameters"]
    for parameter in (each for each in parameters if each["type"] != "boolean"):
        said = [value] if parameter.get("repeat") else value
        for option in (f"-{parameter['name']}", f"--{parameter['long']}"):
            asked = vars(command_line.read([option, value]))
            assert asked == nothing | {parameter["long"]: said}


def test_manifest_has_the_parameters_of_the_contract_in_order() -> None:
    manifest = tomllib.loads((ROOT / "scripts/import.toml").read_text())
    found = [(each["name"], each["long"], each["type"]) for each in manifest["parameters"]]
    assert found == [
        ("a", "add", "boolean"),
        ("c", "collection", "id"),
        ("d", "delete", "file"),
        ("e", "eperson", "string"),
        ("m", "mapfile", "file"),
        ("n", "notify", "boolean"),
        ("p", "template", "string"),
        ("q", "quiet", "boolean"),
        ("r", "replace", "boolean"),
        ("R", "resume", "boolean"),
        ("t", "test", "boolean"),
        ("w", "workflow", "boolean"),
        ("z", "zip", "file"),
    ]


# --- broken items: those before stay, and the import can be resumed ------------------------------

GOOD = titled("Title 2")
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><dublin_core>&b;</dublin_core>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><dublin_core>&a;</dublin_core>'
BROKEN_ITEMS: dict[str, tuple[Files, str]] = {
    "no metadata": ({"contents": b""}, "dublin_core.xml is missing"),
    "cut XML": (GOOD | {"dublin_core.xml": b"<dublin_core><dcvalue"}, "not well-formed XML"),
    "empty XML": (GOOD | {"dublin_core.xml": b""}, "not well-formed XML"),
    "other XML": (GOOD | {"dublin_core.xml": b"<html/>"}, "must begin with <dublin_core>"),
    "no element": (
        GOOD | {"dublin_core.xml": b"<dublin_core><dcvalue>x</dcvalue></dublin_core>"},
        "has '' as element",
    ),
    "odd element": (
        GOOD | {"dublin_core.xml": metadata(("ti tle", "x"))},
        "has 'ti tle' as element",
    ),
    "odd language": (
        GOOD | {"dublin_core.xml": metadata(("title[e,n]", "x"))},
        "'e,n' as language",
    ),
    "odd schema": (GOOD | {"metadata_x.xml": metadata(schema="a.b")}, "has 'a.b' as schema"),
    "laughs": (GOOD | {"dublin_core.xml": LAUGHS}, "DOCTYPE"),
    "outside": (GOOD | {"metadata_x.xml": OUTSIDE}, "metadata_x.xml has a DOCTYPE"),
    "not UTF-8 XML": (
        GOOD | {"dublin_core.xml": b"<dublin_core>\xe9</dublin_core>"},
        "check its text and its encoding",
    ),
    "unknown encoding": (
        GOOD | {"dublin_core.xml": b'<?xml version="1.0" encoding="x-none"?><dublin_core/>'},
        "encoding",
    ),
    "multibyte encoding": (
        GOOD | {"dublin_core.xml": b'<?xml version="1.0" encoding="big5"?><dublin_core/>'},
        "encoding",
    ),
    "deep XML": (
        GOOD | {"dublin_core.xml": b"<dublin_core>" + b"<a>" * 500},
        "nested too deeply",
    ),
    "huge XML": (
        GOOD | {"dublin_core.xml": b" " * (16 * 1024**2 + 1)},
        "metadata files are too large",
    ),
    "huge contents": (
        GOOD | {"contents": b"\n" * (16 * 1024**2 + 1)},
        "contents is larger than",
    ),
    "not UTF-8 contents": (GOOD | {"contents": b"caf\xe9"}, "contents is not in UTF-8"),
    "not UTF-8 handle": (GOOD | {"handle": b"1/\xe9"}, "handle is not in UTF-8"),
    "bad handle": (GOOD | {"handle": b"no handle"}, "is no handle"),
    "no contents": (
        {"dublin_core.xml": metadata(), "page.txt": b"x"},
        "No contents file found; add one",
    ),
    "missing file": (GOOD | {"contents": b"page.txt\ngone.pdf"}, "names 'gone.pdf'"),
    "twice": (GOOD | {"contents": b"page.txt\n" * 3}, "names 'page.txt' 3 times"),
    "huge metadata": (
        GOOD | {f"metadata_{n}.xml": b" " * 9 * 1024**2 for n in range(2)},
        "metadata files are too large",
    ),
    "long handle": (GOOD | {"handle": b"1/" + b"1" * 5000}, "is no handle"),
    "registered": (GOOD | {"contents": b"-r -s 1 -f page.txt"}, "registers a bitstream"),
    "parent": (GOOD | {"contents": b"../item_1/page.txt"}, "leaves the archive"),
    "parent within": (GOOD | {"contents": b"a/../page.txt"}, "leaves the archive"),
    "absolute": (GOOD | {"contents": b"/etc/passwd\tbundle:ORIGINAL"}, "leaves the archive"),
    "drive": (GOOD | {"contents": b"C:/page.txt"}, "leaves the archive"),
    "backslash": (GOOD | {"contents": b"..\\item_1\\page.txt"}, "backslash"),
}


@pytest.mark.parametrize(("files", "complaint"), BROKEN_ITEMS.values(), ids=BROKEN_ITEMS)
def test_broken_item_ends_the_import(bench: Bench, files: Files, complaint: str) -> None:
    build(bench.folder / "a.zip", {"item_1": titled("Title 1"), "item_2": files, "item_3": GOOD})
    output = bench.add(Path("a.zip"), "--max-ratio", "100000", code=1)
    (line,) = (line for line in output.splitlines() if line.startswith("item_2: "))
    assert complaint in line
    assert output.endswith("run it again with -R -m mapfile\n")
    assert bench.titles() == ["Title 1"]
    assert bench.map() == ["item_1 123456789/1"]
    bench.check_whole()


def test_mended_archive_is_resumed_where_it_broke(bench: Bench) -> None:
    folders = {f"item_{n}": titled(f"Title {n}") for n in (1, 2, 3)}
    broken = folders | {"item_2": GOOD | {"contents": b"page.txt\ngone.pdf"}}
    bench.add(build(bench.folder / "a.zip", broken), code=1)
    bench.add(build(bench.folder / "a.zip", folders), "-R", "-m", "mapfile")
    assert bench.titles() == ["Title 1", "Title 2", "Title 3"]
    assert [line.split()[0] for line in bench.map()] == ["item_1", "item_2", "item_3"]
    bench.check_whole()


def test_damaged_bitstream_leaves_no_half_item(bench: Bench) -> None:
    noise = os.urandom(3 * 1024**2)
    files = item(("title", "Title 2"), contents="a.bin\nb.bin") | {
        "a.bin": b"whole",
        "b.bin": noise,
    }
    path = build(bench.folder / "a.zip", {"item_1": titled("Title 1"), "item_2": files})
    packed = bytearray(path.read_bytes())
    packed[packed.index(noise[:64]) + 2 * 1024**2] ^= 1
    path.write_bytes(packed)
    output = bench.add(path, code=1)
    assert "item_2: b.bin is damaged in the archive" in output
    assert bench.titles() == ["Title 1"]
    bench.check_whole()


# --- broken archives: nothing of them is imported ------------------------------------------------


def write_text(path: Path) -> None:
    path.write_text("not a zip")


def write_cut(path: Path) -> None:
    build_titled(path, 3)
    path.write_bytes(path.read_bytes()[:-40])


def write_empty(path: Path) -> None:
    build(path, {})


def write_loose_files(path: Path) -> None:
    build(path, {"": titled("X")})


def add_entry(name: str, mode: int = 0, content: bytes = b"x") -> Callable[[Path], None]:
    def write(path: Path) -> None:
        build_titled(path, 1)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, content)

    return write


def write_duplicate(path: Path) -> None:
    build_titled(path, 2)
    # zipfile warns of a second entry with the same name, so it is renamed in the bytes.
    path.write_bytes(path.read_bytes().replace(b"item_2/contents", b"item_1/contents"))


def write_encrypted(path: Path) -> None:
    build_titled(path, 1)
    packed = bytearray(path.read_bytes())
    record = packed.index(b"PK\x01\x02")
    struct.pack_into("<H", packed, record + 8, struct.unpack_from("<H", packed, record + 8)[0] | 1)
    path.write_bytes(packed)


def write_unknown_compression(path: Path) -> None:
    build_titled(path, 1)
    packed = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", packed, packed.index(signature) + offset, 97)
    path.write_bytes(packed)


def declaring(size: int, content: bytes, kind: int = zipfile.ZIP_STORED) -> Callable[[Path], None]:
    """With a file that says it has so many bytes."""

    def write(path: Path) -> None:
        build(path, {"item_1": item(("title", "Title 1"), contents="x")})
        with zipfile.ZipFile(path, "a", kind) as packed:
            packed.writestr("item_1/x", content)
            packed.infolist()[-1].file_size = size

    return write


def write_countless(path: Path) -> None:
    """A million entries, without anything in them."""
    names = (b"%06d/a" % number for number in range(1_000_000))
    head = struct.pack("<4s4B4HL2L2H", b"PK\1\2", 20, 3, 20, *[0] * 8, 8, 0)
    directory = b"".join(head + bytes(14) + name for name in names)
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)
    path.write_bytes(directory + tail)


ZEROS = bytes(8 * 1024**2)
BROKEN_ARCHIVES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no zip": (write_text, "is not a complete zip file"),
    "cut": (write_cut, "is not a complete zip file"),
    "empty": (write_empty, "has no items; each needs a folder"),
    "loose files": (write_loose_files, "has no items; each needs a folder"),
    "parent": (add_entry("item_1/../../x"), "'item_1/../../x' leaves the archive"),
    "absolute": (add_entry("/etc/x"), "'/etc/x' leaves the archive"),
    "drive": (add_entry("c:/x"), "'c:/x' leaves the archive"),
    "empty part": (add_entry("item_1//x"), "'item_1//x' leaves the archive"),
    "backslash": (add_entry("item_1\\x"), "backslash"),
    "line break": (add_entry("item_1/a\nb"), "control character"),
    "space": (add_entry("item_2 /contents"), "'item_2 ' begins or ends with a space"),
    "link": (add_entry("item_1/link", 0o120777), "'item_1/link' is a link"),
    "device": (add_entry("item_1/pipe", 0o010644), "'item_1/pipe' is a link or a device"),
    "bomb": (add_entry("item_1/bomb", content=ZEROS), "'item_1/bomb' would unpack to 8388608"),
    "twice": (write_duplicate, "'item_1/contents' is twice"),
    "encrypted": (write_encrypted, "is encrypted; pack it again without a password"),
    "compression": (write_unknown_compression, "is not packed by deflate; pack it again"),
    # Python's zipfile unpacks all of it at once, whatever its size is said to be.
    "bzip2": (declaring(10, ZEROS, zipfile.ZIP_BZIP2), "'item_1/x' is not packed by deflate"),
    "less than it says": (
        declaring(9, b"1234567"),
        "x is damaged in the archive: it lacks 2 bytes",
    ),
    "more than it says": (declaring(3, b"1234567"), "x is damaged in the archive: Bad CRC-32"),
    "countless": (write_countless, "too many files for one archive; split it"),
}


@pytest.mark.parametrize(("write", "complaint"), BROKEN_ARCHIVES.values(), ids=BROKEN_ARCHIVES)
def test_broken_archive_is_refused(
    bench: Bench, write: Callable[[Path], object], complaint: str
) -> None:
    write(bench.folder / "a.zip")
    assert complaint in bench.add(Path("a.zip"), code=1)
    assert bench.titles() == []
    assert bench.files() == []


def test_archive_that_is_not_there_is_refused(bench: Bench) -> None:
    assert "gone.zip cannot be read: No such file" in bench.add(Path("gone.zip"), code=1)
    assert "cannot be read: Is a directory" in bench.add(bench.folder, code=1)


def test_limits_can_be_set(bench: Bench) -> None:
    archive = bench.folder / "a.zip"
    add_entry("item_1/bomb", content=ZEROS)(archive)
    assert "raise --max-bytes" in bench.add(
        archive, "--max-ratio", "2000", "--max-bytes", "8388608", code=1
    )
    bench.add(archive, "--max-ratio", "2000")
    assert bench.titles() == ["Title 1"]


def test_item_that_does_not_fit_on_the_disk_is_refused_before_it_is_unpacked(bench: Bench) -> None:
    archive = bench.folder / "a.zip"
    declaring(1 << 50, b"x")(archive)
    limits = ("--max-bytes", str(1 << 60), "--max-ratio", str(1 << 60))
    assert "item_1: its files have 1125899906842624 bytes" in bench.add(archive, *limits, code=1)
    assert bench.titles() == []
    bench.check_whole()


def test_entries_that_overlap_are_weighed_by_the_size_of_the_file(bench: Bench) -> None:
    # One entry is described thousands of times: each looks harmless, their sum does not.
    path = bench.folder / "a.zip"
    build(path, {"item_1": item(("title", "X"), a__bin=os.urandom(50_000))})
    packed = path.read_bytes()
    end = packed.rindex(b"PK\x05\x06")
    start = struct.unpack_from("<L", packed, end + 16)[0]
    record = packed[packed.rindex(b"PK\x01\x02") : end]
    copies = b"".join(record.replace(b"a.bin", b"%05d" % n) for n in range(20_000))
    length = end - start + len(copies)
    tail = struct.pack("<LHHHHLLH", 0x06054B50, 0, 0, 20_003, 20_003, length, start, 0)
    path.write_bytes(packed[:end] + copies + tail)
    assert "times its size; if that is right, raise --max-ratio" in bench.add(path, code=1)


# --- stops, kills, and others at the same time ---------------------------------------------------


def crowded(count: int) -> dict[str, bytes]:
    """An item whose console fills a pipe: nobody reading, its import stands still in the middle."""
    files = {f"{n:0200}": b"%d" % n for n in range(count)}
    return {**item(("title", "Title 2"), contents="\n".join(files)), **files}


@pytest.fixture
def standing(bench: Bench) -> subprocess.Popen[str]:
    """An import that stands still in the middle of its second item, with staged bitstreams."""
    folders = {"item_1": titled("Title 1"), "item_2": crowded(800), "item_3": titled("Title 3")}
    build(bench.folder / "a.zip", folders)
    process = bench.start("-a", "-c", COLLECTION, "-z", "a.zip")
    advance(process, "Adding item from directory item_2")
    # Its third bitstream is printed, so two at least are staged.
    for _ in range(6):
        assert process.stdout and process.stdout.readline()
    return process


def finish(bench: Bench, map_name: str) -> None:
    """Resume the import of the fixture, and require that all came exactly once."""
    bench.add(Path("a.zip"), "-R", "-m", map_name)
    assert bench.titles() == ["Title 1", "Title 2", "Title 3"]
    assert len(bench.files()) == 802
    assert [line.split()[0] for line in bench.map(map_name)] == ["item_1", "item_2", "item_3"]
    bench.check_whole()


def test_killed_in_the_middle_of_an_item_then_resumed(
    bench: Bench, standing: subprocess.Popen[str]
) -> None:
    with standing:
        standing.kill()
    assert list((bench.repository / "staging").glob("*/*/*"))
    assert bench.titles() == ["Title 1"]
    assert bench.map("temp") == ["item_1 123456789/1"]
    finish(bench, "temp")


def test_stopped_in_the_middle_of_an_item_then_resumed(
    bench: Bench, standing: subprocess.Popen[str]
) -> None:
    with standing:
        standing.send_signal(signal.SIGTERM)
        _, errors = standing.communicate(timeout=TIMEOUT_S)
    assert standing.returncode == 128 + signal.SIGTERM
    assert errors.startswith("Stopped.\n")
    assert errors.endswith("-R -m mapfile\n")
    assert bench.titles() == ["Title 1"]
    bench.check_whole()
    finish(bench, "mapfile")


def test_another_import_leaves_a_running_one_alone(
    bench: Bench, standing: subprocess.Popen[str]
) -> None:
    with standing:
        bench.add(build_example(bench.folder / "b.zip"), "-m", "other")
        assert list((bench.repository / "staging").glob("*/*/*"))
        standing.communicate(timeout=TIMEOUT_S)
    assert standing.returncode == 0
    assert bench.titles() == ["Bunny Video", "Title 1", "Title 2", "Title 3"]
    bench.check_whole()


def test_map_of_a_running_import_is_refused_to_another(
    bench: Bench, standing: subprocess.Popen[str]
) -> None:
    with standing:
        output = bench.add(Path("a.zip"), "-R", "-m", "temp", code=2)
        standing.communicate(timeout=TIMEOUT_S)
    assert "Another import is writing the map file temp" in output
    assert len(bench.titles()) == 3


@pytest.mark.parametrize("line", range(0, 27, 3))
def test_killed_at_any_line_then_resumed_everything_came_once(bench: Bench, line: int) -> None:
    build_titled(bench.folder / "a.zip", 3)
    with bench.start("-a", "-c", COLLECTION, "-z", "a.zip", "-m", "m") as process:
        assert process.stdout
        for _ in range(line):
            process.stdout.readline()
        process.kill()
    (bench.folder / "m").touch()
    bench.add(Path("a.zip"), "-R", "-m", "m")
    assert bench.titles() == ["Title 1", "Title 2", "Title 3"]
    assert {line.split()[0] for line in bench.map("m")} == {"item_1", "item_2", "item_3"}
    bench.check_whole()


def test_leftovers_are_finished_if_committed_and_else_removed(bench: Bench) -> None:
    bench.add(build_example(bench.folder / "a.zip"), "-m", "m1")
    # As if the program had been killed between its commit and the move of the files.
    (content,) = (bench.repository / "bitstreams").glob("*/*")
    dead = bench.repository / "staging" / "dead"
    (dead / "unknown").mkdir(parents=True)
    (dead / "unknown" / "file").write_bytes(b"half")
    content.rename(dead / content.name)
    (dead / content.name / "notification").write_bytes(b"Subject: late\n\ntext\n")
    # And as if it had been killed between a deletion and the removal of its files.
    trash = bench.repository / "bitstreams/tr/trash"
    trash.mkdir(parents=True)
    (trash / "file").write_bytes(b"deleted")
    with sqlite3.connect(bench.repository / "repository.db") as database:
        database.execute("INSERT INTO trash VALUES ('trash')")
    database.close()
    (bench.folder / "none").touch()
    bench.run("-d", "none")
    assert bench.titles() == ["Bunny Video"]
    assert len(bench.files()) == 1
    outbox = mailbox.Maildir(bench.repository / "outbox", create=False)
    assert [str(message["Subject"]) for message in outbox] == ["late"]
    bench.check_whole()


def test_imports_at_the_same_time_do_not_mix(bench: Bench) -> None:
    names = ("a", "b", "c")
    for name in names:
        folders = {f"{name}{n}": titled(f"{name}{n}") for n in range(10)}
        build(bench.folder / f"{name}.zip", folders)
    arguments = ("-q", "-a", "-c", COLLECTION)
    running = [bench.start(*arguments, "-z", f"{n}.zip", "-m", f"{n}.map") for n in names]
    for process in running:
        with process:
            _, errors = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0, errors
    assert bench.titles() == sorted(f"{name}{n}" for name in names for n in range(10))
    mapped = [line.split()[1] for name in names for line in bench.map(f"{name}.map")]
    assert sorted(mapped) == sorted(f"123456789/{n}" for n in range(1, 31))
    assert sorted(map(str, bench.handles())) == sorted(mapped)
    bench.check_whole()
