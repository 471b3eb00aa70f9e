"""Starting small programs as processes, and following them to their end."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.installation import Installation, User

SLEEP = "import os, time; print(os.getpid()); time.sleep(600)"
# More than a connection holds whose client does not read.
FLOOD = "for _ in range(50_000): print('x' * 1000)\nimport time; time.sleep(600)"
START = """mutation ($script: String!, $parameters: [ParameterInput!], $at: DateTime) {
  startProcess(script: $script, parameters: $parameters, startTime: $at) { id }
}"""
OUTPUT = """subscription ($id: ID!, $after: Int, $last: Int) {
  processOutput(id: $id, after: $after, last: $last) {
    ... on OutputBatch { firstSeq lastSeq lines { seq time text } }
    ... on OutputEnd { status exitCode endSeq: lastSeq byteCount sha256 }
  }
}"""
CHANGES = """subscription ($id: ID) {
  processChanges(id: $id) { id process { status scriptName stopRequestedAt waitsFor } }
}"""


@dataclass
class Ended:
    """What a subscriber has heard of a process by its end."""

    id: str
    status: str
    exit_code: int | None
    lines: list[str] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def start(
    it: Installation,
    who: User,
    script: str,
    *parameters: tuple[str, str],
    at: str | None = None,
) -> str:
    """The id of a new process."""
    given = [{"name": name, "value": value} for name, value in parameters]
    found = it.graphql(who, START, script=script, parameters=given, at=at)
    return str(found["startProcess"]["id"])


def start_python(it: Installation, who: User, program: str, script: str = "python") -> str:
    """A new process that runs this Python program."""
    return start(it, who, script, ("c", program))


def end_of(it: Installation, who: User, process_id: str, **place: int) -> Ended:
    """Follows the output from `place` (after=, last=) to the end; proves its sums if it is all."""
    lines: list[str] = []
    seqs: list[int] = []
    end: dict[str, Any] = {}
    with it.subscribe(who, OUTPUT, id=process_id, **place) as events:
        for event in events:
            assert not end, "nothing may come after the end"
            found = event["processOutput"]
            if "lines" in found:
                lines += [line["text"] for line in found["lines"]]
                seqs += [line["seq"] for line in found["lines"]]
                assert (found["firstSeq"], found["lastSeq"]) == (
                    found["lines"][0]["seq"],
                    found["lines"][-1]["seq"],
                )
            else:
                end = found
    assert end, "the end must be told"
    if not place:
        check_sums(lines, seqs, end)
    return Ended(process_id, end["status"], end["exitCode"], lines, seqs)


def check_sums(lines: list[str], seqs: list[int], end: dict[str, Any]) -> None:
    """Every line came once and in order: so say the numbers and the sums of the end."""
    content = "".join(f"{line}\n" for line in lines).encode()
    assert seqs == list(range(1, end["endSeq"] + 1))
    assert end["byteCount"] == len(content)
    assert end["sha256"] == (sha256(content).hexdigest() if lines else None)


def run_python(it: Installation, who: User, program: str, script: str = "python") -> Ended:
    """Runs a Python program as a process, to its end."""
    return end_of(it, who, start_python(it, who, program, script))


def running(it: Installation, program: str = SLEEP) -> tuple[str, int]:
    """A process whose script runs, and the number that it printed first."""
    process_id = start_python(it, it.admin, program)
    with it.subscribe(it.admin, OUTPUT, id=process_id) as events:
        return process_id, int(next(iter(events))["processOutput"]["lines"][0]["text"])


def facts(it: Installation, who: User, process_id: str, selection: str) -> Any:
    """Fields of a process."""
    document = f"query ($id: ID!) {{ process(id: $id) {{ {selection} }} }}"
    return it.graphql(who, document, id=process_id)["process"]


def until_running(it: Installation, who: User, process_id: str) -> None:
    """Waits until it is RUNNING; fails if it ends before."""
    until_status(it, who, process_id, "RUNNING")


def until_lines(it: Installation, who: User, process_id: str, count: int) -> None:
    """Waits until so many lines are stored; fails if it ends before."""
    with it.subscribe(who, OUTPUT, id=process_id) as events:
        for event in events:
            if event["processOutput"]["lastSeq"] >= count:
                return


def until_status(it: Installation, who: User, process_id: str, status: str) -> None:
    with it.subscribe(who, CHANGES, id=process_id) as events:
        for event in events:
            process = event["processChanges"]["process"]
            assert process is not None, "it was deleted"
            if process["status"] == status:
                return
            assert process["status"] in {"SCHEDULED", "RUNNING"}, process


def until_heard(it: Installation, who: User, events: Iterator[Any]) -> Any:
    """Has changes happen to processes of theirs until a subscription tells of one, and so is known
    to listen: what has begun before that it may not tell."""
    with ThreadPoolExecutor(1) as pool:
        heard = pool.submit(next, events)
        while not heard.done():
            end_of(it, who, start_python(it, who, "print(0)"))
            wait([heard], timeout=1)
        return heard.result()


class Gate:
    """Where a script waits until the test lets it go on; `wait` is what it runs there."""

    def __init__(self, it: Installation) -> None:
        self._path = it.folder / f"gate-{uuid4().hex[:8]}"
        os.mkfifo(self._path)
        self._opened = -1

    @property
    def wait(self) -> str:
        return f"open({str(self._path)!r}).read()"

    def reached(self) -> None:
        """Returns once the script stands there."""
        self._opened = os.open(self._path, os.O_WRONLY)

    def open(self) -> None:
        """Lets the script go on, once it stands there."""
        if self._opened < 0:
            self.reached()
        os.close(self._opened)
        self._opened = -1


def alive(pid: int) -> bool:
    """Whether there is such a program, zombies not counted."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
