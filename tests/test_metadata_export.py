"""The metadata export, run as a program over what the import script brought in."""

import csv
import io
import os
import resource
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.archives import Files, build, item

ROOT = Path(__file__).parent.parent
MIB = 1024**2
BOOKS, MAPS = "12/books", "954e5cfa-6990-4c85-ae42-f30d8c7888e2"


class Bench:
    """A folder to work in, with a repository, and the programs to run there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.memory_bytes = resource.RLIM_INFINITY

    def run(self, script: str, *arguments: str | Path, code: int = 0, **env: str) -> str:
        """Run to the end, and require the exit code; what was printed, never a traceback."""
        done = subprocess.run(
            [sys.executable, "-m", f"scripts.{script}", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)} | env,
            preexec_fn=self._limit,
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def add(self, name: str, folders: Mapping[str, Files], *arguments: str) -> list[str]:
        """Import items; their handles or ids."""
        path = build(self.folder / f"{name}.zip", folders)
        self.run("saf_import", "-q", "-a", "-z", path, "-m", f"{name}.map", *arguments)
        return [line.split()[1] for line in (self.folder / f"{name}.map").read_text().splitlines()]

    def export(self, *arguments: str) -> list[list[str]]:
        """Export to the default file; its rows, the header first."""
        self.run("metadata_export", *arguments)
        return read(self.folder / "metadata.csv")

    def _limit(self) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (self.memory_bytes, self.memory_bytes))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def read(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True))


@pytest.fixture
def library(bench: Bench) -> Bench:
    """Two books and a map, which is in both collections."""
    bench.add(
        "books",
        {
            "a": item(
                ("title", "One"), ("contributor.author", "Ada"), ("contributor.author", "Bo")
            ),
            "b": item(("title", "Two"), ("title[en]", "2"), ("subject", 'Zwei, "drei"')),
        },
        *("-c", BOOKS),
    )
    bench.add("maps", {"m": item(("title", "Map"), ("scale", "1:10"))}, "-c", MAPS, "-c", BOOKS)
    return bench


def test_everything_in_the_order_in_which_it_came(library: Bench) -> None:
    header, *rows = library.export()
    assert ",".join(header) == (
        "id,collection,dc.title,dc.contributor.author,dc.title[en],dc.subject,dc.scale"
    )
    assert [row[1:] for row in rows] == [
        [BOOKS, "One", "Ada||Bo", "", "", ""],
        [BOOKS, "Two", "", "2", 'Zwei, "drei"', ""],
        [f"{MAPS}||{BOOKS}", "Map", "", "", "", "1:10"],
    ]
    database = sqlite3.connect(library.folder / "repository/repository.db")
    ids = [item_id for (item_id,) in database.execute("SELECT id FROM items ORDER BY number")]
    database.close()
    assert [row[0] for row in rows] == ids


def test_header_and_lines_as_they_are_in_the_file(library: Bench) -> None:
    library.export("-i", MAPS)
    header, line, end = (library.folder / "metadata.csv").read_bytes().split(b"\r\n")
    assert header == b"id,collection,dc.title,dc.scale"
    assert line.endswith(f",{MAPS}||{BOOKS},Map,1:10".encode())
    assert end == b""


@pytest.mark.parametrize(
    "text",
    [
        'say "no", twice',
        "two\nlines",
        "two\r\nlines",
        "old\rMac",
        "\u00fc \u65e5\u672c \U0001f600",
        "'single'; tab\tand\\",
        '"',
        ",",
    ],
)
def test_any_text_comes_back_as_it_was(bench: Bench, text: str) -> None:
    # XML takes a bare carriage return as a line feed, so it is written as a reference.
    files = item(("title", text), ("subject", "after"))
    files["dublin_core.xml"] = files["dublin_core.xml"].replace(b"\r", b"&#13;")
    bench.add("a", {"x": files}, "-c", BOOKS)
    header, row = bench.export()
    assert header[2:] == ["dc.title", "dc.subject"]
    assert row[2:] == [text, "after"]


def test_item_without_metadata_has_a_line(bench: Bench) -> None:
    bench.add("a", {"x": item()}, "-c", BOOKS)
    header, row = bench.export()
    assert header == ["id", "collection"]
    assert row[1:] == [BOOKS]


def test_all_adds_the_fields_normally_left_out(library: Bench) -> None:
    usual, full = library.export()[0], library.export("-a")[0]
    assert [name for name in full if name not in usual] == [
        "dc.date.accessioned",
        "dc.date.available",
        "dc.description.provenance[en]",
    ]
    assert [name for name in full if name in usual] == usual


def test_a_collection_with_only_its_columns(library: Bench) -> None:
    header, *rows = library.export("-i", MAPS)
    assert header == ["id", "collection", "dc.title", "dc.scale"]
    assert [row[2] for row in rows] == ["Map"]
    assert [row[2] for row in library.export("-i", BOOKS)[1:]] == ["One", "Two", "Map"]


def test_an_item_by_handle_or_id(library: Bench) -> None:
    by_handle = library.export("--id", "123456789/2")
    assert [row[2] for row in by_handle[1:]] == ["Two"]
    assert library.export("-i", by_handle[1][0]) == by_handle


def test_items_in_the_workflow_are_left_out_unless_named(library: Bench) -> None:
    (waiting,) = library.add(
        "w", {"w": item(("title", "Waits"), ("format", "x"))}, "-w", "-c", MAPS
    )
    assert "dc.format" not in library.export()[0]
    assert len(library.export("-i", MAPS)) == 2
    assert library.export("-i", waiting)[1][2:] == ["Waits", "x"]


def test_fields_of_deleted_items_are_no_columns(library: Bench) -> None:
    library.run("saf_import", "-d", "maps.map")
    assert "dc.scale" not in library.export()[0]


@pytest.mark.parametrize("identifier", ["12/nothing", "", "'"])
def test_unknown_id_is_refused_and_the_old_file_kept(library: Bench, identifier: str) -> None:
    (library.folder / "metadata.csv").write_text("old")
    output = library.run("metadata_export", "-i", identifier, code=1)
    assert f"{identifier} is neither an item nor a collection" in output
    assert (library.folder / "metadata.csv").read_text() == "old"


def test_missing_repository_is_refused_and_not_made(bench: Bench) -> None:
    output = bench.run("metadata_export", "--repository", "none", code=1)
    assert output == "There is no repository in none; import something first.\n"
    assert list(bench.folder.iterdir()) == []


def test_file_goes_where_it_is_wanted(library: Bench) -> None:
    (library.folder / "out").mkdir()
    library.run("metadata_export", PROCESSION_OUTPUT_DIR="out")
    library.run("metadata_export", "--file", "out/b.csv")
    assert read(library.folder / "out/metadata.csv") == read(library.folder / "out/b.csv")
    assert sorted(path.name for path in (library.folder / "out").iterdir()) == [
        "b.csv",
        "metadata.csv",
    ]


def test_name_of_the_file_may_be_as_long_as_any(library: Bench) -> None:
    name = f"{'x' * 251}.csv"
    library.run("metadata_export", "-f", name)
    assert [path.name for path in library.folder.glob("*x.csv")] == [name]


def test_folder_that_is_not_there_is_a_clear_failure(library: Bench) -> None:
    assert "No such file" in library.run("metadata_export", "-f", "gone/b.csv", code=1)


def test_console_says_what_was_exported(library: Bench) -> None:
    assert library.run("metadata_export", "-i", BOOKS, "-f", "b.csv") == (
        f"Exporting the metadata of {BOOKS} to b.csv\n"
        "Exported 3 items with 5 metadata columns to b.csv\n"
    )


def test_values_with_the_separator_are_counted(bench: Bench) -> None:
    bench.add("a", {"x": item(("title", "this||that"), ("subject", "a|b"))}, "-c", BOOKS)
    output = bench.run("metadata_export")
    assert output.endswith("Warning: 1 values have || in their own text\n")


def test_memory_does_not_grow_with_the_items(bench: Bench) -> None:
    folders = {f"x{n}": item(("title", f"{n}"), ("abstract", "word " * 600_000)) for n in range(20)}
    bench.add("a", folders, "-c", BOOKS, "--max-ratio", "2000")
    bench.memory_bytes = 48 * MIB
    bench.run("metadata_export")
    assert (bench.folder / "metadata.csv").stat().st_size > 20 * 3_000_000 > 48 * MIB


def test_manifest_describes_the_parameters() -> None:
    manifest = tomllib.loads((ROOT / "scripts/metadata-export.toml").read_text())
    found = [(each["name"], each["long"], each["type"]) for each in manifest["parameters"]]
    assert found == [("i", "id", "id"), ("f", "file", "output"), ("a", "all", "boolean")]
    assert (manifest["name"], manifest["allow"]) == ("metadata-export", "admin")
