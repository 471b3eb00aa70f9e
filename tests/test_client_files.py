"""`procession files` and `procession download`: whole, resumed, proved, and never elsewhere."""

import re
import signal
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tests.command_line import Wire, client, complaint, environment, objects, on_terminal, printed
from tests.database import on_sqlite
from tests.installation import PROGRAM, Installation, User, files_below, until
from tests.rows import Row, insert
from tests.running import Gate, end_of, run_python, start_python

pytestmark = on_sqlite

SIZE = 3_000_000
WRITE = f"""
import os, pathlib, random
out = pathlib.Path(os.environ["PROCESSION_OUTPUT_DIR"])
(out / "data.bin").write_bytes(random.Random(7).randbytes({SIZE}))
(out / "Zoë & Söhne.txt").write_text("a")
(out / "empty").touch()
(out / "sub" / "folder").mkdir(parents=True)
(out / "sub" / "folder" / "b c.txt").write_text("deep")
"""
NAMES = ["Zoë & Söhne.txt", "data.bin", "empty", "sub/folder/b c.txt"]


@pytest.fixture(scope="module")
def jane(installation: Installation) -> User:
    return installation.add_user("jane")


@pytest.fixture(scope="module")
def written(installation: Installation, jane: User) -> str:
    """A process that wrote files."""
    return run_python(installation, jane, WRITE).id


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "new" / "folder"


def download(folder: Path, process_id: str, *more: str) -> list[str]:
    return ["download", process_id, "-o", str(folder), *more]


def hashes(it: Installation, who: User, process_id: str) -> dict[str, str]:
    found = objects(printed(it, who, "files", process_id, "--json"))
    return {each["name"]: each["sha256"] for each in found}


def proved(folder: Path, known: dict[str, str]) -> None:
    """These files are there, and nothing else."""
    files = {str(each.relative_to(folder)): each for each in files_below(folder)}
    assert {name: sha256(each.read_bytes()).hexdigest() for name, each in files.items()} == known


def test_file_with_wide_spaces_and_joiners_is_downloaded(
    installation: Installation, jane: User, folder: Path
) -> None:
    name = "wide\u3000\u202fand\u200cjoined"
    out = "open(os.environ['PROCESSION_OUTPUT_DIR'] + '/' + name, 'w')"
    process_id = run_python(installation, jane, f"import os; name = {name!r}; {out}").id
    printed(installation, jane, *download(folder, process_id))
    assert [each.name for each in folder.iterdir()] == [name]


def test_files_are_listed_and_downloaded(
    installation: Installation, jane: User, written: str, folder: Path
) -> None:
    it = installation
    lines = [line.split("\t") for line in printed(it, jane, "files", written).splitlines()]
    assert [(line[0], line[1]) for line in lines] == [
        ("Zoë & Söhne.txt", "1"),
        ("data.bin", str(SIZE)),
        ("empty", "0"),
        ("sub/folder/b c.txt", "4"),
    ]
    known = hashes(it, jane, written)
    assert [line[3] for line in lines] == [known[name] for name in NAMES]
    told = printed(it, jane, *download(folder, written)).splitlines()
    assert told == [str(folder / name) for name in NAMES]
    proved(folder, known)
    again = client(it, jane, *download(folder, written, "--json"))
    assert [each["isNew"] for each in objects(again.stdout.decode())] == [False] * 4


def test_download_goes_on_where_the_connection_breaks(
    installation: Installation, jane: User, written: str, folder: Path
) -> None:
    it = installation
    with Wire(it.url, 10**9, 1_000_000, 500, 1_500_000) as wire:
        done = client(it, jane, *download(folder, written, "data.bin", "--server", wire.url))
        assert wire.connections == 5  # one to ask, one that is whole
        assert wire.carried < SIZE + 100_000  # nothing came twice
    assert done.returncode == 0
    assert done.stderr.decode().count("was cut") == 2  # not of the attempt that brought nothing
    proved(folder, {"data.bin": hashes(it, jane, written)["data.bin"]})


@pytest.mark.parametrize("status", ["500 Error", "502 Bad Gateway", "503 Service Unavailable"])
def test_download_goes_on_when_the_server_is_away_for_a_while(
    installation: Installation, jane: User, written: str, folder: Path, status: str
) -> None:
    it, away = installation, f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
    with Wire(it.url, 10**9, 1_000_000, away) as wire:
        printed(it, jane, *download(folder, written, "data.bin", "--server", wire.url))
        assert wire.carried < SIZE + 100_000  # nothing came twice
    proved(folder, {"data.bin": hashes(it, jane, written)["data.bin"]})


def test_download_that_was_interrupted_goes_on_the_next_time(
    installation: Installation, jane: User, written: str, folder: Path
) -> None:
    it = installation
    with Wire(it.url, 10**9, 1_000_000, stop=True) as wire:
        with subprocess.Popen(
            [PROGRAM, *download(folder, written, "data.bin", "--server", wire.url)],
            cwd=it.folder,
            env=environment(it, jane),
        ) as begun:
            wire.stopped.wait()
            until(lambda: any(each.stat().st_size for each in folder.iterdir()))
            begun.send_signal(signal.SIGINT)
        assert begun.returncode == 130
    (part,) = folder.iterdir()
    assert re.fullmatch(r"\.procession-[0-9a-f]{16}\.part", part.name)
    assert part.stat().st_size > 0
    with Wire(it.url) as wire:
        printed(it, jane, *download(folder, written, "data.bin", "--server", wire.url))
        assert wire.carried < SIZE
    proved(folder, {"data.bin": hashes(it, jane, written)["data.bin"]})


def test_part_that_was_spoilt_is_noticed_and_begun_anew(
    installation: Installation, jane: User, written: str, folder: Path
) -> None:
    it = installation
    known = {"data.bin": hashes(it, jane, written)["data.bin"]}
    folder.mkdir(parents=True)
    part = folder / f".procession-{known['data.bin'][:16]}.part"
    part.write_bytes(b"spoilt")
    told = complaint(it, jane, *download(folder, written, "data.bin"), code=254)
    assert "is not what the script wrote; try again" in told
    assert not part.exists()
    printed(it, jane, *download(folder, written, "data.bin"))
    proved(folder, known)


def test_what_is_there_is_only_replaced_on_demand(
    installation: Installation, jane: User, written: str, folder: Path, tmp_path: Path
) -> None:
    it = installation
    folder.mkdir(parents=True)
    (folder / "empty").write_text("mine")
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (folder / "data.bin").symlink_to(precious)
    for name in ("empty", "data.bin"):
        told = complaint(it, jane, *download(folder, written, name), code=1)
        assert f"{folder / name} is there already" in told
    printed(it, jane, *download(folder, written, "data.bin", "empty", "--overwrite"))
    known = hashes(it, jane, written)
    proved(folder, {name: known[name] for name in ("data.bin", "empty")})
    assert precious.read_text() == "precious"  # the link was replaced, not followed


HOSTILE = [
    *("../up", "/absolute", "..", ".", "a\\b", "\x1b[2J", "ev\nil"),
    *("a/../../up", "a/..", "a//b", "a/./b", "a/", "//up"),
]


def test_hostile_names_never_leave_the_folder(
    installation: Installation, jane: User, folder: Path
) -> None:
    it = installation
    process_id = insert(it, [Row(jane.id, files=HOSTILE)])[0]
    it.execute(f"UPDATE file SET sha256 = '{64 * '0'}' WHERE process_id = '{process_id}'")  # noqa: S608
    done = client(it, jane, *download(folder, process_id))
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().count("is not saved: it is no plain name of a file") == len(HOSTILE)
    assert "\x1b" not in done.stderr.decode()
    assert not folder.exists()
    assert not (folder.parent / "up").exists()


@pytest.mark.parametrize("link", ["sub", "sub/folder"])
def test_link_in_place_of_a_folder_is_not_followed(
    installation: Installation, jane: User, written: str, folder: Path, tmp_path: Path, link: str
) -> None:
    it, elsewhere = installation, tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / link).parent.mkdir(parents=True)
    (folder / link).symlink_to(elsewhere)
    told = complaint(it, jane, *download(folder, written, NAMES[-1], "--overwrite"), code=1)
    assert f"{folder / link} is a link, which is not followed" in told
    assert [*elsewhere.iterdir()] == []


def test_what_is_in_the_way_of_one_file_is_in_that_of_no_other(
    installation: Installation, jane: User, written: str, folder: Path
) -> None:
    it = installation
    folder.mkdir(parents=True)
    (folder / "data.bin").touch()
    (folder / "sub").touch()
    done = client(it, jane, *download(folder, written))
    assert (done.returncode, done.stdout.decode().splitlines()) == (
        1,
        [str(folder / name) for name in ("Zoë & Söhne.txt", "empty")],
    )
    assert f"{folder / 'data.bin'} is there already, and another" in done.stderr.decode()
    assert f"{folder / 'sub/folder'} cannot be made" in done.stderr.decode()


def test_folder_may_be_a_link_itself(
    installation: Installation, jane: User, written: str, folder: Path, tmp_path: Path
) -> None:
    folder.mkdir(parents=True)
    (tmp_path / "link").symlink_to(folder)
    given = download(tmp_path / "link", written, NAMES[-1])
    assert printed(installation, jane, *given) == f"{tmp_path / 'link' / NAMES[-1]}\n"
    assert (folder / NAMES[-1]).read_text() == "deep"


def test_link_in_place_of_the_part_is_not_followed(
    installation: Installation, jane: User, written: str, folder: Path, tmp_path: Path
) -> None:
    it = installation
    precious = tmp_path / "precious"
    precious.write_text("precious")
    folder.mkdir(parents=True)
    digest = hashes(it, jane, written)["data.bin"]
    (folder / f".procession-{digest[:16]}.part").symlink_to(precious)
    complaint(it, jane, *download(folder, written, "data.bin"), code=1)
    assert precious.read_text() == "precious"


def test_download_shows_a_bar_on_a_terminal(
    installation: Installation, jane: User, written: str, folder: Path
) -> None:
    it = installation
    with on_terminal(it, jane, *download(folder, written, "data.bin")) as ours:
        assert ours.end() == 0
    assert re.search(r"data\.bin \[#{20}\] 100%  3\.0 MB of 3\.0 MB", ours.text)
    assert ours.raw.rpartition("\x1b[K")[2] == f"{folder / 'data.bin'}\r\n"


def test_files_that_are_not_there_are_told(
    installation: Installation, jane: User, written: str, folder: Path
) -> None:
    it = installation
    told = complaint(it, jane, *download(folder, written, "data.bin", "other"), code=1)
    assert told == (
        "procession: There is no file 'other' of this process "
        "(Zoë & Söhne.txt, data.bin, empty, sub/folder/b c.txt)\n"
    )
    gate = Gate(it)
    process_id = start_python(it, jane, gate.wait)
    assert "has not ended yet" in complaint(it, jane, *download(folder, process_id), code=1)
    gate.open()
    end_of(it, jane, process_id)
    assert printed(it, jane, *download(folder, process_id)) == ""


def test_full_disk_is_told_and_tried_no_more(
    installation: Installation, jane: User, written: str, folder: Path
) -> None:
    limited = 'ulimit -f 1000; trap "" XFSZ; exec "$@"'  # KiB
    done = subprocess.run(
        ["/bin/bash", "-c", limited, "-", PROGRAM, *download(folder, written, "data.bin")],
        cwd=installation.folder,
        env=environment(installation, jane),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, b"File too large; what has come is kept" in done.stderr) == (1, True)
