"""Stopping and deleting: the script really ends, and what is deleted is gone for every reader."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from jobs.run import End, Run
from jobs.supervisor.launch import Launch
from tests.conftest import Install
from tests.database import on_sqlite
from tests.faces import Face, GraphQL, Refused, Rest
from tests.installation import Installation, User, until
from tests.running import (
    CHANGES,
    OUTPUT,
    Gate,
    alive,
    end_of,
    facts,
    run_python,
    start,
    start_python,
)

STOP = "mutation ($id: ID!) { stopProcess(id: $id) { id status stopRequestedAt reason } }"
PROGRESS = "subscription ($id: ID) { processChanges(id: $id) { process { progress { done } } } }"
SAY_PID = "import os, time; print(os.getpid()); "
SLEEP = SAY_PID + "time.sleep(600)"
IGNORE = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
# The grandchild ignores SIGTERM, and prints nothing more after its own process id.
FAMILY = """
import os, signal, subprocess, sys, time
ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
child = ignore + "print(0); time.sleep(600)"
started = subprocess.Popen([sys.executable, "-S", "-c", child], stdout=subprocess.PIPE)
started.stdout.readline()
print(started.pid)
"""


def stop(it: Installation, who: User, process_id: str) -> Any:
    return it.graphql(who, STOP, id=process_id)["stopProcess"]


def first_line(it: Installation, who: User, process_id: str) -> str:
    """What the script says first."""
    with it.subscribe(who, OUTPUT, id=process_id) as events:
        text: str = next(iter(events))["processOutput"]["lines"][0]["text"]
        return text


def running(it: Installation, program: str = SLEEP, script: str = "python") -> tuple[str, int]:
    """A process whose script has begun to sleep, and the number that it printed first."""
    process_id = start_python(it, it.alice, program, script)
    return process_id, int(first_line(it, it.alice, process_id))


def test_script_that_obeys_is_stopped_at_once(installation: Installation) -> None:
    it, alice = installation, installation.alice
    process_id, pid = running(it)
    answer = stop(it, alice, process_id)
    assert answer["stopRequestedAt"] is not None
    ended = end_of(it, alice, process_id)
    assert (ended.status, ended.exit_code) == ("STOPPED", None)
    assert ended.lines[1:] == ["[procession] Stopped by alice; SIGTERM sent"]
    assert facts(it, alice, process_id, "reason") == {"reason": "Stopped by alice"}
    assert not alive(pid)


def test_script_that_ends_by_itself_when_asked_was_stopped_all_the_same(
    installation: Installation,
) -> None:
    it, alice = installation, installation.alice
    program = f"""
import os, signal
def leave(*_):
    print("bye")
    raise SystemExit(4)
signal.signal(signal.SIGTERM, leave)
{SLEEP}"""
    process_id, _ = running(it, program, "patient")
    stop(it, alice, process_id)
    ended = end_of(it, alice, process_id)
    assert (ended.status, ended.exit_code) == ("STOPPED", 4)
    assert ended.lines[-1] == "bye"


def test_script_that_ignores_the_signal_is_killed_after_its_grace(
    installation: Installation,
) -> None:
    it, alice = installation, installation.alice
    process_id, pid = running(it, IGNORE)
    stop(it, alice, process_id)
    ended = end_of(it, alice, process_id)
    assert ended.status == "STOPPED"
    assert ended.lines[1:] == [
        "[procession] Stopped by alice; SIGTERM sent",
        "[procession] Still running after 1 s; SIGKILL sent",
    ]
    assert not alive(pid)


def test_grandchildren_are_gone_when_the_process_has_ended(installation: Installation) -> None:
    it, alice = installation, installation.alice
    process_id, grandchild = running(it, FAMILY + "time.sleep(600)")
    stop(it, alice, process_id)
    assert end_of(it, alice, process_id).status == "STOPPED"
    assert not alive(grandchild)


# What no database has a part in is tested with one.

# It left the group, the session and its parent, as a daemon does.
DAEMON = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    def leave(*_):
        print("told")
        raise SystemExit
    signal.signal(signal.SIGTERM, {reaction})
    print(os.getpid())
    time.sleep(600)
    os._exit(0)
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("reaction", "script", "said"),
    [
        ("leave", "patient", ["told"]),
        (
            "signal.SIG_IGN",
            "python",
            ["[procession] The script ended but left processes behind; they were killed"],
        ),
    ],
)
@on_sqlite
def test_daemons_are_told_and_ended_too(
    installation: Installation, reaction: str, script: str, said: list[str]
) -> None:
    it, alice = installation, installation.alice
    process_id, daemon = running(it, DAEMON.format(reaction=reaction), script)
    stop(it, alice, process_id)
    ended = end_of(it, alice, process_id)
    assert ended.lines[1:] == ["[procession] Stopped by alice; SIGTERM sent", *said]
    assert ended.status == "STOPPED"
    assert not alive(daemon)


@on_sqlite
def test_what_forks_as_fast_as_it_can_is_ended(installation: Installation) -> None:
    it, alice = installation, installation.alice
    flee = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid())
while True:
    if os.fork():
        os._exit(0)
    os.setsid()
"""
    ended = run_python(it, alice, flee)
    assert ended.lines[1:] == [
        "[procession] The script ended but left processes behind; they were killed"
    ]
    assert (ended.status, ended.exit_code) == ("COMPLETED", 0)
    assert not [each for each in it.living() if ended.id in each]


@on_sqlite
def test_stop_that_comes_after_the_end_changes_nothing(installation: Installation) -> None:
    """The supervisor is paused, so that it hears of both at once."""
    it, alice = installation, installation.alice
    gate = Gate(it)
    process_id, pid = running(it, f"{SAY_PID}{gate.wait}")
    supervisor = parent(pid)
    os.kill(supervisor, signal.SIGSTOP)
    try:
        gate.open()
        until(lambda: not alive(pid))
        assert stop(it, alice, process_id)["stopRequestedAt"] is not None
        until((it.data / "runs" / process_id / "stop").exists)
    finally:
        os.kill(supervisor, signal.SIGCONT)
    ended = end_of(it, alice, process_id)
    assert (ended.status, ended.exit_code, ended.lines[1:]) == ("COMPLETED", 0, [])


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_script_that_is_stopped_before_it_begins_never_runs(tmp_path: Path) -> None:
    run = Run(tmp_path, uuid4())
    run.mark()
    run.stop("Stopped by alice")
    assert not list(run.folder.iterdir()), "it is about to be filled"
    launch = Launch(["/bin/touch", "begun"], {}, str(run.work), None, 1.0, terminal=False)
    run.prepare(launch, {})
    run.start().wait()
    assert run.end() == End("stopped", "Stopped by alice", None, None, None)
    assert not list(run.work.iterdir())


@on_sqlite
def test_stop_by_somebody_whose_name_the_workers_locale_lacks(install: Install) -> None:
    it = install(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    it.start()
    zoe = it.add_user("Zoë 漢字")
    process_id = start_python(it, zoe, SLEEP)
    first_line(it, zoe, process_id)
    stop(it, zoe, process_id)
    ended = end_of(it, zoe, process_id)
    assert ended.lines[1:] == ["[procession] Stopped by Zoë 漢字; SIGTERM sent"]
    assert facts(it, zoe, process_id, "reason") == {"reason": "Stopped by Zoë 漢字"}


@on_sqlite
def test_what_an_ended_script_leaves_running_is_killed(installation: Installation) -> None:
    it, alice = installation, installation.alice
    ended = run_python(it, alice, FAMILY)
    assert (ended.status, ended.exit_code) == ("COMPLETED", 0)
    assert not alive(int(ended.lines[0]))


@on_sqlite
def test_output_goes_on_being_read_while_the_script_stops(installation: Installation) -> None:
    it, alice = installation, installation.alice
    many = "for n in range(5000): print(n)"
    program = f"""
import signal, sys
def leave(*_):
    {many}
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print(0); signal.pause()"""
    process_id, _ = running(it, program, "patient")
    stop(it, alice, process_id)
    ended = end_of(it, alice, process_id)
    assert ended.lines[-1] == "4999"
    assert len(ended.lines) == 5_002


def test_stop_of_which_nothing_rings_is_carried_out_while_others_ring(
    installation: Installation,
) -> None:
    it, alice = installation, installation.alice
    tell = """
import json, os, time
with open(os.environ["PROCESSION_EVENTS"], "w", buffering=1) as events:
    print(os.getpid())
    for n in range(10**6):
        print(json.dumps({"progress": {"done": n}}), file=events)
        time.sleep(0.05)
"""
    busy, _ = running(it, tell)
    process_id, pid = running(it)
    with it.subscribe(alice, PROGRESS, id=busy) as events:
        heard = iter(events)
        next(heard)
        it.execute(
            "UPDATE process SET stop_requested_at = 1, stop_requested_by = 'alice'"  # noqa: S608
            f" WHERE id = '{process_id}'"
        )
        until(lambda: next(heard) and not alive(pid))
    assert end_of(it, alice, process_id).status == "STOPPED"
    stop(it, alice, busy)


def test_stopping_twice_is_the_same_as_once(installation: Installation) -> None:
    it, alice = installation, installation.alice
    process_id, _ = running(it, IGNORE)
    first = stop(it, alice, process_id)
    second = stop(it, it.admin, process_id)
    assert second["stopRequestedAt"] == first["stopRequestedAt"]
    ended = end_of(it, alice, process_id)
    assert ended.text.count("SIGTERM sent") == 1


def test_stopping_an_ended_process_changes_nothing(installation: Installation) -> None:
    it, alice = installation, installation.alice
    ended = run_python(it, alice, "print(1)")
    before = facts(it, alice, ended.id, "status reason endedAt stopRequestedAt lastSeq")
    assert stop(it, alice, ended.id)["status"] == "COMPLETED"
    assert facts(it, alice, ended.id, "status reason endedAt stopRequestedAt lastSeq") == before


def test_scheduled_process_that_is_stopped_never_starts(installation: Installation) -> None:
    it, alice = installation, installation.alice
    process_id = start(it, alice, "python", ("c", "print(1)"), at="2030-01-01T00:00:00Z")
    assert stop(it, alice, process_id)["status"] == "STOPPED"
    ended = end_of(it, alice, process_id)
    assert (ended.status, ended.exit_code) == ("STOPPED", None)
    assert ended.lines == ["[procession] Stopped by alice before it was started"]


def test_script_that_takes_too_long_is_ended(installation: Installation) -> None:
    it, alice = installation, installation.alice
    ended = run_python(it, alice, "import time; time.sleep(600)", "hurried")
    assert (ended.status, ended.exit_code) == ("FAILED", None)
    assert ended.lines == ["[procession] The time limit of 1 s was reached; SIGTERM sent"]
    assert facts(it, alice, ended.id, "reason") == {"reason": "The time limit of 1 s was reached"}
    assert not [each for each in it.living() if ended.id in each]


def test_time_limit_may_be_longer_than_the_system_waits_at_once(installation: Installation) -> None:
    """That of `patient` is 30 days."""
    it, alice = installation, installation.alice
    ended = run_python(it, alice, "import time; print(1); time.sleep(0.5); print(2)", "patient")
    assert (ended.status, ended.lines) == ("COMPLETED", ["1", "2"])


# --- deleting -------------------------------------------------------------------------------------

READERS: dict[str, Callable[[Installation, User, str], object]] = {
    "REST details": lambda it, who, process_id: Rest(it).show(who, process_id),
    "REST output": lambda it, who, process_id: Rest(it).output(who, process_id),
    "REST files": lambda it, who, process_id: Rest(it).files(who, process_id),
    "REST deletion": lambda it, who, process_id: Rest(it).delete(who, process_id),
    "GraphQL process": lambda it, who, process_id: GraphQL(it).show(who, process_id),
    "GraphQL stop": lambda it, who, process_id: GraphQL(it).stop(who, process_id),
    "GraphQL deletion": lambda it, who, process_id: GraphQL(it).delete(who, process_id),
}
WRITE_FILE = "import os; open(os.environ['PROCESSION_OUTPUT_DIR'] + '/x', 'w').write('x'); print(1)"


@dataclass
class Deleted:
    """Processes that were deleted in each status, through each face."""

    ids: list[str]
    pids: list[int]
    sign: Path


@pytest.fixture(scope="module", autouse=True)
def deleted(installation: Installation) -> Deleted:
    """Made first of all, because what is left of them is removed only from time to time."""
    it = installation
    gone = Deleted([], [], it.folder / "sign")
    for face in (GraphQL(it), Rest(it)):
        process_id, pid = running(it)
        first, _ = running(it, SLEEP, "single")
        second = start_python(it, it.alice, f"open({str(gone.sign)!r}, 'w')", "single")
        third = run_python(it, it.alice, WRITE_FILE).id
        assert list(face.files(it.alice, third)) == ["x"]
        for each in (process_id, second, first, third):
            assert left(it, each)
            face.delete(it.alice, each)
        gone.ids += [process_id, second, first, third]
        gone.pids.append(pid)
    return gone


def left(it: Installation, process_id: str) -> list[object]:
    """Rows, files and folders of a process."""
    rows = [
        (table, row)
        for table in ("parameter", "file", "output_chunk")
        for row in it.rows(f"SELECT id FROM {table} WHERE process_id = '{process_id}'")  # noqa: S608
    ]
    folders = [it.data / "files" / process_id, it.data / "runs" / process_id]
    return [*rows, *filter(Path.exists, folders)]


def test_deleted_process_is_gone_for_every_reader(
    installation: Installation, deleted: Deleted
) -> None:
    it = installation
    for process_id in deleted.ids:
        for who in (it.alice, it.bob, it.admin):
            for read in READERS.values():
                with pytest.raises(Refused) as refused:
                    read(it, who, process_id)
                assert refused.value.code == "NOT_FOUND"


def test_deleted_process_is_in_no_list(face: Face, deleted: Deleted) -> None:
    assert not set(deleted.ids) & {each.id for each in face.find(face.it.admin)}


def test_script_of_a_deleted_process_ends(installation: Installation, deleted: Deleted) -> None:
    until(lambda: not any(map(alive, deleted.pids)))


def test_deletion_is_told_to_those_who_watch(installation: Installation) -> None:
    it = installation
    process_id, _ = running(it)
    with it.subscribe(it.alice, CHANGES, id=process_id) as changes:
        heard = iter(changes)
        next(heard)
        GraphQL(it).delete(it.alice, process_id)
        assert list(heard) == [{"processChanges": {"id": process_id, "process": None}}]


def test_of_many_who_delete_at_once_one_succeeds(installation: Installation) -> None:
    it = installation
    ended = run_python(it, it.alice, "print(1)")
    faces = [GraphQL(it), Rest(it)] * 4

    def delete(face: Face) -> str:
        try:
            face.delete(it.alice, ended.id)
        except Refused as refused:
            return refused.code
        return "OK"

    with ThreadPoolExecutor(len(faces)) as pool:
        found = sorted(pool.map(delete, faces))
    assert found == ["NOT_FOUND"] * (len(faces) - 1) + ["OK"]


def test_nothing_of_a_deleted_process_remains_in_the_end(
    installation: Installation, deleted: Deleted
) -> None:
    it = installation
    for process_id in deleted.ids:
        until(lambda: not left(it, process_id), lambda: str(left(it, process_id)))  # noqa: B023
    assert not deleted.sign.exists(), "a scheduled process that is deleted never starts"
