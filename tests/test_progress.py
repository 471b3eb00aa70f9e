"""What scripts tell of themselves: progress, notices, a summary and values."""

import json
import os
import pty
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.archives import build, item, titled
from tests.conftest import Install
from tests.database import on_sqlite
from tests.faces import GraphQL, Parameter, Upload
from tests.installation import PROGRAM, Installation, User, until
from tests.running import Gate, end_of, facts, run_python, start_python
from tests.workers import kill_all

REPORT = """
    progress { done total unit message fraction updatedAt }
    noticeCounts { notices warnings errors } notices { level message time }
    summary values { name value }
"""
CHANGES = f"""subscription ($id: ID!) {{
  processChanges(id: $id) {{ process {{ status {REPORT} }} }}
}}"""
TELL = """
import json, os
events = open(os.environ['PROCESSION_EVENTS'], 'a', buffering=1)
def tell(**event):
    print(json.dumps(event), file=events)
"""


def told(it: Installation, who: User, program: str, script: str = "python") -> tuple[Any, str]:
    """What a process has told of itself by its end, and what it printed."""
    ended = run_python(it, who, TELL + program, script)
    assert ended.status == "COMPLETED", ended.text
    return facts(it, who, ended.id, REPORT), ended.text


def test_progress_is_seen_live_and_is_whole_at_the_end(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    program = f"""{TELL}
tell(progress={{'done': 2, 'total': 8, 'unit': 'items', 'message': 'Zählen'}})
tell(warning='odd', values={{'a': 1}})
{gate.wait}
tell(progress={{'done': 2.5}}, summary='# Done')
tell(summary='- all', values={{'a': 'x', 'b': True}}, error='bad')
"""
    process_id = start_python(it, alice, program)
    with it.subscribe(alice, CHANGES, id=process_id) as events:
        states = (event["processChanges"]["process"] for event in events)
        seen = next(state for state in states if state["noticeCounts"]["warnings"])
        assert seen["status"] == "RUNNING"
        at = seen["progress"].pop("updatedAt")
        assert seen["progress"] == {
            "done": 2,
            "total": 8,
            "unit": "items",
            "message": "Zählen",
            "fraction": 0.25,
        }
        assert seen["values"] == [{"name": "a", "value": "1"}]
        gate.open()
        last = next(state for state in states if state["status"] != "RUNNING")
    progress = last["progress"]
    assert (progress["done"], progress["total"], progress["fraction"]) == (2.5, None, None)
    assert progress["updatedAt"] > at
    assert last["summary"] == "# Done\n- all"
    assert last["values"] == [{"name": "a", "value": "x"}, {"name": "b", "value": "true"}]
    assert last["noticeCounts"] == {"notices": 0, "warnings": 1, "errors": 1}
    kept = [(each["level"], each["message"]) for each in last["notices"]]
    assert kept == [("WARNING", "odd"), ("ERROR", "bad")]
    assert end_of(it, alice, process_id).lines == []


@on_sqlite
def test_script_that_tells_nothing_has_nothing(installation: Installation) -> None:
    found, _ = told(installation, installation.alice, "")
    assert found == {
        "progress": None,
        "noticeCounts": {"notices": 0, "warnings": 0, "errors": 0},
        "notices": [],
        "summary": None,
        "values": [],
    }


HOSTILE = r"""
{"progress": {"done": 1}}

no JSON
{"notice": "torn
[1, 2]
{"what": 1, "warning": "counts all the same"}
{"what else": 1}
{"progress": 7}
{"progress": {"done": true}}
{"progress": {"done": 1e999}}
{"progress": {"done": -1}}
{"progress": {"total": NaN}}
{"values": {"n": 1e999}}
{"values": {"n": [1]}}
{"values": {"": "x"}}
{"summary": null}
{"warning": {"deep": 1}}
{"error": "\ud800 \u0000 \u001b[31mred\u001b[0m\nnext  line"}
{"notice": "BYTES"}
"""


@on_sqlite
def test_what_is_misshapen_is_told_once_and_harms_nothing(installation: Installation) -> None:
    program = f"""
print('before')
hostile = {HOSTILE.encode()!r}.replace(b'BYTES', b'\\xff\\xfe')
events.buffer.write(hostile + b'[' * 100_000 + b'\\n' + b'9' * 100_000 + b'\\n')
events.buffer.write(b'x' * 3_000_000 + b'\\n')
events.buffer.write(b'{{"values": {{"last": "has no end"}}}}')
events.flush()
print('after')
"""
    found, text = told(installation, installation.alice, program)
    printed = [line for line in text.splitlines() if not line.startswith("[procession]")]
    assert printed == ["before", "after"]
    complaints = [line.partition(": ")[2] for line in text.splitlines() if line not in printed]
    assert len(complaints) == len(set(complaints))
    assert sorted(complaints) == sorted(
        [
            "it is not valid JSON",
            "it is not a JSON object",
            "it has a key that is none of progress, summary, notice, warning, error and values",
            "`progress` must be an object",
            f"`done` must be a number from 0 to {2**53}",
            "a value must be a text",
            "a value is longer than 1000 bytes, or has no name",
            "`summary` must be a text",
            "`warning` must be a text",
            "it is longer than 524288 bytes",
        ]
    )
    assert found["progress"]["done"] == 1
    messages = [each["message"] for each in found["notices"]]
    assert messages == ["counts all the same", "? � �[31mred�[0m next line", "��"]
    assert found["values"] == [{"name": "last", "value": "has no end"}]


@on_sqlite
def test_all_are_counted_and_no_more_is_kept_than_is_allowed(installation: Installation) -> None:
    it, alice = installation, installation.alice
    program = """
for number in range(20_000):
    long = 'é' * 2000 if number in range(40, 60) else ''
    tell(progress={'done': number}, warning=f'{number} {long}')
tell(progress={'message': 'é' * 2000})
for number in range(150):
    tell(values={f'{number:03}': 'x' * 1000, 'long': 'x' * 1001}, notice='.')
tell(summary='é' * 30_000); tell(summary='é' * 30_000); tell(summary='lost')
"""
    process_id = start_python(it, alice, TELL + program)
    with it.subscribe(alice, CHANGES, id=process_id) as events:
        states = [event["processChanges"]["process"] for event in events_until_end(events)]
    assert len(states) < 200, "a few a second"
    found = states[-1]
    assert (found["progress"]["done"], found["progress"]["message"]) == (None, "é" * 500 + "…")
    assert found["noticeCounts"] == {"notices": 150, "warnings": 20_000, "errors": 0}
    kept = [each["message"] for each in found["notices"]]
    assert [each.split(" ")[0] for each in kept] == [*map(str, range(50)), *["."] * 50]
    assert {len(each.encode()) for each in kept[40:50]} <= {1002, 1003}
    assert [each["name"] for each in found["values"]] == [f"{each:03}" for each in range(100)]
    assert len(found["summary"].encode()) == (64 << 10) - 1
    text = end_of(it, alice, process_id).text
    for limit in ("more than 100 values", "longer than 1000 bytes", "longer than 65536 bytes"):
        assert text.count(limit) == 1


def events_until_end(events: Any) -> Any:
    for event in events:
        yield event
        if event["processChanges"]["process"]["status"] not in {"SCHEDULED", "RUNNING"}:
            return


@on_sqlite
def test_nothing_is_lost_or_counted_twice_when_the_worker_is_killed(install: Install) -> None:
    it = install()
    it.start()
    gate = Gate(it)
    program = f"""{TELL}
for number in range(60): tell(warning=str(number))
{gate.wait}
for number in range(40): tell(warning=str(number), progress={{'done': number}})
tell(values={{'a': 'b'}}, summary='end')
"""
    process_id = start_python(it, it.admin, program)
    with it.subscribe(it.admin, CHANGES, id=process_id) as events:
        next(e for e in events if e["processChanges"]["process"]["noticeCounts"]["warnings"])
    kill_all(it)
    gate.open()
    until((it.data / "runs" / process_id / "ended.json").exists)
    it.start()
    assert end_of(it, it.admin, process_id).status == "COMPLETED"
    found = facts(it, it.admin, process_id, REPORT)
    assert found["noticeCounts"]["warnings"] == 100
    assert [each["message"] for each in found["notices"]] == [str(each) for each in range(50)]
    assert (found["progress"]["done"], found["summary"]) == (39, "end")
    it.graphql(it.admin, "mutation ($id: ID!) { deleteProcess(id: $id) }", id=process_id)
    assert it.rows("SELECT * FROM report") == []


@on_sqlite
def test_secrets_do_not_show_in_it(installation: Installation) -> None:
    it = installation
    program = f"""{TELL}
word = os.environ['SECRET_PASS_WORD']
escaped = ''.join(f'\\\\u{{ord(each):04x}}' for each in word)
events.write('{{"notice": "' + escaped + '"}}\\n')
tell(progress={{'done': 1, 'unit': word, 'message': 'x' * 990 + word}}, warning=word, error=word)
tell(summary=word[:5]); tell(summary={{'text': word[:5], 'replace': True}})
tell(summary='and ' + word)
tell(values={{word: word.encode().hex()}})
"""
    process_id = GraphQL(it).start(it.alice, "secretive", ("c", program), ("x", "hush-hush")).id
    assert end_of(it, it.alice, process_id).status == "COMPLETED"
    found = facts(it, it.alice, process_id, REPORT)
    assert "hush-hush" not in json.dumps(found)
    assert b"hush-hush".hex() not in json.dumps(found)
    assert [each["message"] for each in found["notices"]] == ["***"] * 3
    assert found["progress"]["message"] == "x" * 990 + "***"
    assert found["summary"] == "hush-\nand ***"
    assert found["values"] == [{"name": "***", "value": "***"}]


# --- the scripts that come along ------------------------------------------------------------------


@on_sqlite
def test_import_and_export_tell_what_becomes_of_items(
    installation: Installation, tmp_path: Path
) -> None:
    it, collection = installation, str(uuid4())
    broken = {**titled("Broken"), "dublin_core.xml": b"no XML"}
    folders = {"1": titled("One"), "2": item(("title", "Two||Zwei")), "3": broken, "4": titled("")}
    archive = Upload("saf.zip", build(tmp_path / "saf.zip", folders).read_bytes())
    given: list[Parameter] = [("a", "true"), ("c", collection), ("z", archive)]
    imported = GraphQL(it).start(it.admin, "import", *given).id
    assert end_of(it, it.admin, imported).status == "FAILED"
    found = facts(it, it.admin, imported, REPORT)
    assert (found["progress"]["done"], found["progress"]["total"]) == (2, 4)
    assert found["summary"] == (
        "| items | |\n|---|---:|\n| added | 2 |\n| failed | 1 |\n| left | 1 |"
    )
    assert {each["name"]: each["value"] for each in found["values"]} == {
        "added": "2",
        "failed": "1",
        "left": "1",
    }
    (error,) = found["notices"]
    assert (error["level"], error["message"].partition(":")[0]) == ("ERROR", "3")
    exported = GraphQL(it).start(it.admin, "metadata-export", ("i", collection)).id
    assert end_of(it, it.admin, exported).status == "COMPLETED"
    found = facts(it, it.admin, exported, REPORT)
    assert (found["progress"]["done"], found["progress"]["unit"]) == (2, "items")
    assert found["summary"] == "Exported 2 items with 1 metadata columns to `metadata.csv`"
    assert [each["message"] for each in found["notices"]] == [
        "1 values have || in their own text",
    ]


# --- on the command line --------------------------------------------------------------------------


@on_sqlite
def test_tail_shows_progress_below_the_output(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    event = {"done": 1, "total": 4, "unit": "items", "message": "Zählen \x1b[2J"}
    program = f"{TELL}\ntell(progress={event!r})\n{gate.wait}\nprint('line')\n{gate.wait}"
    process_id = start_python(it, alice, program)
    ours, its = pty.openpty()
    tail = subprocess.Popen(
        [PROGRAM, "tail", process_id],
        env={**it.environment, "PROCESSION_SERVER": it.url, "PROCESSION_TOKEN": alice.token},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=its,
    )
    os.close(its)
    shown = "\r\x1b[K25 %  1 of 4 items  Zählen �[2J".encode()
    seen = b""
    while shown not in seen:
        seen += os.read(ours, 1024)
    gate.open()
    assert tail.stdout
    assert tail.stdout.readline() == b"line\n"
    gate.open()
    with tail:
        assert (tail.stdout.read(), tail.wait()) == (b"", 0)
    with suppress(OSError):  # as a terminal ends on Linux
        while more := os.read(ours, 1024):
            seen += more
    os.close(ours)
    assert seen.endswith(b"\r\x1b[K"), "it leaves nothing behind"
