"""What must be on the disk before a script starts, and before what tells of its end is removed.

No power is cut here: what the worker has written to the disk for good is noted, and when.
"""

from pathlib import Path

from tests.installation import installed, until
from tests.running import end_of, start_python

# Loaded by each Python of the server's and the worker's before anything else.
OBSERVER = """
import os, sqlite3
sync = os.fdatasync

def observed(file):
    sync(file)
    path = os.readlink(f"/proc/self/fd/{{file}}")
    if path.endswith("-wal"):
        database = sqlite3.connect(path.removesuffix("-wal"))
        ((status,),) = database.execute("SELECT status FROM process")
        database.close()
        runs = len(os.listdir({runs!r}))
        open({journal!r}, "a").write(f"{{status}} is on the disk, {{runs}} folder\\n")

os.fdatasync = observed
"""


def test_claims_and_ends_are_on_the_disk_before_what_follows_from_them(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with installed(PYTHONPATH=str(tmp_path)) as it:
        observer = OBSERVER.format(runs=str(it.data / "runs"), journal=str(journal))
        (tmp_path / "sitecustomize.py").write_text(observer)
        it.start()
        process_id = start_python(it, it.admin, f"open({str(journal)!r}, 'a').write('It ran\\n')")
        end_of(it, it.admin, process_id)
        until(lambda: not (it.data / "runs" / process_id).exists())
        assert journal.read_text().splitlines() == [
            "RUNNING is on the disk, 1 folder",
            "It ran",
            "COMPLETED is on the disk, 1 folder",
        ]
