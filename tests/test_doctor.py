"""The doctor: finds what is wrong, says how to mend it, and changes nothing."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from models.database import connected
from server.doctor.content import sums
from server.doctor.finding import Patient, Symptom
from server.doctor.machine import filesystem
from server.local import run
from server.settings import Settings
from tests.conftest import Install
from tests.database import on_postgres
from tests.installation import SHIPPED, Installation, installed
from tests.rows import LONG_AGO, Row, insert
from tests.running import run_python

WRITE = """
import os, pathlib
pathlib.Path(os.environ['PROCESSION_OUTPUT_DIR'], 'f').write_text('as it was')
print('written')
"""
PYTHON = """
name = "python"
command = ["{python}", "-S", "-u"]
allow = "user"
keep = "forever"

[[parameters]]
name = "c"
type = "string"
"""


@pytest.fixture
def it(install: Install, tmp_path: Path) -> Installation:
    """Not running; all of its scripts have a command."""
    (tmp_path / "python.toml").write_text(PYTHON)
    return install(PROCESSION_SCRIPTS=f"{tmp_path}:{SHIPPED}")


def findings(it: Installation, *options: str, **settings: str) -> dict[str, list[str]]:
    """What is found, by the check that finds it."""
    found: dict[str, list[str]] = {}
    for each in json.loads(it.cli("doctor", "--json", *options, code=1, **settings))["findings"]:
        assert each["mend"]
        found.setdefault(each["check"], []).append(each["wrong"])
    return found


def test_doctor_finds_nothing_while_all_is_well_and_then_what_is_wrong(it: Installation) -> None:
    if it.database_url:
        it.cli("migrate")
    it.start()
    ended = run_python(it, it.admin, WRITE)
    assert it.cli("doctor", "--deep") == "All is well.\n"
    it.end()
    assert it.cli("doctor") == "All is well.\n"

    (path,) = it.data.glob(f"files/{ended.id}/*")
    path.write_text("as it is.")  # of the same size
    assert findings(it, "--deep").keys() == {"files"}
    assert it.cli("doctor") == "All is well.\n", "every byte is read only with --deep"
    path.unlink()
    of_nobody = it.data / "files" / str(uuid4())
    of_nobody.mkdir()
    os.utime(of_nobody, (0, 0))
    many = [Row(it.alice.id, lines=[(LONG_AGO, "a"), (LONG_AGO, "b")]) for _ in range(2)]
    holes, changed = insert(it, many)
    it.execute(f"UPDATE process SET last_seq = 3 WHERE id = '{holes}'")  # noqa: S608
    it.execute(f"UPDATE process SET output_sha256 = 'x' WHERE id = '{changed}'")  # noqa: S608
    (stuck,) = insert(it, [Row(it.alice.id, status="RUNNING")])
    insert(it, [Row(it.alice.id, script="no-such", status="SCHEDULED")])
    it.execute("DELETE FROM worker")

    found = findings(it, "--deep")
    assert set(found) == {"files", "orphans", "output", "output sums", "running", "scheduled"}
    assert str(path.relative_to(it.data / "files")) in found["files"][0]
    assert of_nobody.name in found["orphans"][0]
    assert holes in found["output"][0]
    assert changed in found["output sums"][0]
    assert stuck in found["running"][0]
    assert "there is no worker" in found["scheduled"][0]
    assert "no-such" in found["scheduled"][1]
    assert of_nobody.exists(), "it changes nothing"


@on_postgres
def test_process_that_is_deleted_meanwhile_has_no_output_to_be_wrong(it: Installation) -> None:
    async def look() -> list[Symptom]:
        patient = Patient(Settings(data=str(it.data), database_url=it.database_url), deep=True)
        async with connected(it.database_url):
            return [each async for each in sums(patient)]

    (deleted,) = insert(it, [Row(it.alice.id, lines=[(LONG_AGO, "a")])])
    deletion = f"DELETE FROM output_chunk; DELETE FROM process WHERE id = '{deleted}'"  # noqa: S608
    with ThreadPoolExecutor(1) as pool:
        with it.locked("output_chunk", deletion):
            looking = pool.submit(run, look())
            it.until_waiting("output_chunk", 1)
        assert looking.result() == []


def test_doctor_says_what_is_wrong_with_the_place() -> None:
    with installed() as it:
        assert findings(it)["database"][0].startswith("There is no sqlite://")
        assert findings(it, PROCESSION_PORT="x").keys() == {"settings"}
        it.cli("migrate")
        it.data.chmod(0o755)
        manifests = it.folder / "manifests"
        manifests.mkdir()
        (manifests / "a.toml").write_text('name = "a"\ncommand = ["/nowhere/x"]\n')
        nowhere = "redis://127.0.0.1:1/0"
        found = findings(it, PROCESSION_SCRIPTS=str(manifests), PROCESSION_REDIS_URL=nowhere)
        assert found.keys() == {"scripts", "data folder", "redis"}
        assert "'/nowhere/x' is not found" in found["scripts"][0]
        assert "(755)" in found["data folder"][0]
        (manifests / "a.toml").write_text("name = \n")
        assert "a.toml:1: " in findings(it, PROCESSION_SCRIPTS=str(manifests))["scripts"][0]
        url = "postgres://nobody@127.0.0.1:1/nowhere"
        told = findings(it, PROCESSION_DATABASE_URL=url)["database"][0]
        assert "cannot be used" in told
        (it.data / "procession.sqlite3").write_bytes(b"not a database at all" * 100)
        assert "cannot be used" in findings(it)["database"][0]


def test_doctor_knows_on_which_file_system_a_folder_lies() -> None:
    mounts = "\n".join(
        [
            "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
            "36 21 0:31 / /srv/my\\040data rw shared:7 - nfs4 server:/export rw",
        ]
    )
    assert filesystem(Path("/srv/my data/procession"), mounts) == "nfs4"
    assert filesystem(Path("/srv/my"), mounts) == "ext4"
