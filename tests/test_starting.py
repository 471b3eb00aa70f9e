"""Starting: what a script is called with, where it finds itself, when it begins, how it ends."""

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.database import on_sqlite
from tests.faces import Face, GraphQL, Parameter, Rest, Upload, form
from tests.installation import CANARY, Installation, User, until
from tests.running import (
    Gate,
    end_of,
    facts,
    run_python,
    start,
    start_python,
    until_running,
)
from tests.subscription import data_of

# Besides these a script sees nothing of the server's environment.
VARIABLES = {
    *("PATH", "HOME", "LANG", "LC_CTYPE", "PYTHONUNBUFFERED"),
    *("PROCESSION_PROCESS_ID", "PROCESSION_OUTPUT_DIR", "PROCESSION_WORK_DIR"),
    "PROCESSION_EVENTS",
}

CONTINUED = " [continued]"  # at the end of what a line that is too long goes on after


def call_of(face: Face, who: User, *parameters: Parameter) -> dict[str, Any]:
    """How the script `echo` was called when it was started with these parameters."""
    started = face.start(who, "echo", *parameters)
    ended = end_of(face.it, who, started.id)
    assert ended.status == "COMPLETED", ended.text
    call: dict[str, Any] = json.loads("".join(each.removesuffix(CONTINUED) for each in ended.lines))
    return call


ARGUMENTS: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    "nothing": ([], []),
    "short name": ([("s", "x")], ["-s", "x"]),
    "long name, of one that has a short one": ([("string", "x")], ["-s", "x"]),
    "long name only": ([("long-name", "x")], ["--long-name", "x"]),
    "two long names": ([("both", "x")], ["--both-names", "x"]),
    "flag": ([("n", "true")], ["-n"]),
    "flag that is false": ([("n", "false")], []),
    "repeated, in the order sent": (
        [("s", "2"), ("i", "5"), ("string", "1")],
        ["-s", "2", "-i", "5", "-s", "1"],
    ),
    "leading dash": ([("s", "-rf"), ("s", "--")], ["-s", "-rf", "-s", "--"]),
    "empty": ([("s", "")], ["-s", ""]),
    "Unicode": ([("s", "Zoë 漢字 \U0001f600")], ["-s", "Zoë 漢字 \U0001f600"]),
    "spaces and lines": ([("s", " a  b\n\tc ")], ["-s", " a  b\n\tc "]),
    "shell": (
        [("s", "'; touch x; $(touch y) `z` \"&& $HOME * \\")],
        ["-s", "'; touch x; $(touch y) `z` \"&& $HOME * \\"],
    ),
    "sign": ([("i", "-12")], ["-i", "-12"]),
    "choice": ([("c", "green")], ["-c", "green"]),
}


@on_sqlite
@pytest.mark.parametrize(("sent", "expected"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_parameters_become_arguments(
    face: Face, sent: list[Parameter], expected: list[str]
) -> None:
    call = call_of(face, face.it.alice, *sent)
    assert call["argv"] == [*expected, "-d", "7"]


def test_default_gives_way_to_what_is_sent(face: Face) -> None:
    assert call_of(face, face.it.alice, ("d", "8"))["argv"] == ["-d", "8"]


def test_value_as_long_as_allowed_arrives_whole(face: Face) -> None:
    value = "ß" * 50_000
    assert call_of(face, face.it.alice, ("s", value))["argv"] == ["-s", value, "-d", "7"]


def test_files_are_passed_by_their_paths_under_their_own_names(face: Face) -> None:
    uploads = [Upload("a b;ü'.txt", b"first"), Upload("same.txt", b"1"), Upload("same.txt", b"2")]
    call = call_of(face, face.it.alice, *(("f", upload) for upload in uploads))
    paths = [Path(each) for each in call["argv"][1:6:2]]
    assert call["argv"][0:6:2] == ["-f"] * 3
    assert [path.name for path in paths] == [upload.name for upload in uploads]
    assert [call["files"][str(path)] for path in paths] == ["first", "1", "2"]


@on_sqlite
@pytest.mark.parametrize(
    "name", ["at 10.00\u202fAM.png", "ア\u3000イ", "a\u00a0b", "क्\u200dष", "self"], ids=ascii
)
def test_upload_has_the_name_that_its_system_gave_it(face: Face, name: str) -> None:
    started = face.start(face.it.alice, "echo", ("f", Upload(name)))
    assert started.parameters == [("f", name)]


A_FILE = Upload("a.txt", b"abc")


def send_form(
    it: Installation, parts: list[Parameter], accept: str = "application/json"
) -> httpx.Response:
    """A GraphQL multipart request."""
    body, content_type = form(parts)
    headers = {"Content-Type": content_type, "Accept": accept}
    return it.request(it.alice, "POST", "/graphql", content=body, headers=headers)


@on_sqlite
def test_file_that_is_sent_once_may_be_given_to_several_parameters_and_starts(
    installation: Installation,
) -> None:
    it = installation
    document = """mutation ($p: [ParameterInput!]!) {
      one: startProcess(script: "echo", parameters: $p) { id uploads { name sha256 } }
      other: startProcess(script: "echo", parameters: $p) { id uploads { name sha256 } }
    }"""
    given = [{"name": "f", "file": None}, {"name": "f", "file": None}]
    places = {"0": [f"variables.p.{number}.file" for number in range(2)]}
    operations = json.dumps({"query": document, "variables": {"p": given}})
    answer = send_form(it, [("operations", operations), ("map", json.dumps(places)), ("0", A_FILE)])
    started = data_of(answer.json())
    sent = {"name": "a.txt", "sha256": sha256(b"abc").hexdigest()}
    assert started["one"]["uploads"] == started["other"]["uploads"] == [sent, sent]
    for each in started.values():
        ended = end_of(it, it.alice, each["id"])
        assert list(json.loads(ended.text)["files"].values()) == ["abc", "abc"]


@on_sqlite
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_file_is_there_for_a_start_that_is_answered_in_any_form(
    installation: Installation, kind: str
) -> None:
    it = installation
    document = """mutation ($f: Upload!) {
      startProcess(script: "echo", parameters: [{name: "f", file: $f}]) { uploads { name } }
    }"""
    operations = json.dumps({"query": document, "variables": {"f": None}})
    answer = send_form(
        it, [("operations", operations), ("map", '{"0": ["variables.f"]}'), ("0", A_FILE)], kind
    )
    assert answer.headers["content-type"] == kind
    (told,) = (line for line in answer.text.splitlines() if "{" in line)
    assert data_of(json.loads(told.removeprefix("data: "))) == {
        "startProcess": {"uploads": [{"name": "a.txt"}]}
    }
    until(lambda: not list((it.data / "files" / "staging").iterdir()))


def test_folders_in_the_name_of_an_upload_are_left_out(face: Face) -> None:
    started = face.start(face.it.alice, "echo", ("f", Upload("C:\\papers\\../a.txt")))
    assert started.parameters == [("f", "a.txt")]


@on_sqlite
@pytest.mark.parametrize("kind", ["a/\0b", "a/b\x1b[2J", "a/ü", "a/" + "b" * 254])
def test_kind_of_a_file_that_no_header_can_have_is_none(face: Face, kind: str) -> None:
    it = face.it
    started = face.start(it.alice, "echo", ("f", Upload("a.txt", media_type=kind)))
    (uploaded,) = facts(it, it.alice, started.id, "uploads { mediaType }")["uploads"]
    assert uploaded == {"mediaType": "application/octet-stream"}


def test_output_parameter_becomes_a_path_in_the_output_folder(face: Face) -> None:
    call = call_of(face, face.it.alice, ("o", "a b.csv"))
    folder = call["environment"]["PROCESSION_OUTPUT_DIR"]
    assert call["argv"][:2] == ["-o", f"{folder}/a b.csv"]


def test_secret_reaches_the_script_and_nobody_else(face: Face) -> None:
    it = face.it
    started = face.start(it.alice, "echo", ("x", "hunter2"))
    assert started.parameters == [("x", "***")]
    ended = end_of(it, it.alice, started.id)
    call = json.loads(ended.lines[0])
    assert (call["argv"], call["environment"]["SECRET_X"]) == (["-d", "7"], "***")
    assert face.show(it.alice, started.id).parameters == [("x", "***")]
    (row,) = it.rows(f"SELECT * FROM process WHERE id = '{started.id}'")  # noqa: S608
    assert "hunter2" not in str(row)


def test_parameters_are_shown_by_short_name_in_the_order_sent(face: Face) -> None:
    alice = face.it.alice
    sent: list[Parameter] = [
        ("file", Upload("a.txt")),
        ("n", "true"),
        ("string", "2"),
        ("s", "1"),
        ("out", "o.csv"),
    ]
    started = face.start(alice, "echo", *sent)
    shown = [("f", "a.txt"), ("n", "true"), ("s", "2"), ("s", "1"), ("o", "o.csv")]
    assert started.parameters == shown
    assert face.show(alice, started.id).parameters == shown


def test_script_sees_its_own_facts_and_nothing_of_the_server(installation: Installation) -> None:
    alice = installation.alice
    process_id = start(installation, alice, "echo")
    call = json.loads(end_of(installation, alice, process_id).lines[0])
    environment = call["environment"]
    assert set(environment) <= VARIABLES
    assert environment["PROCESSION_PROCESS_ID"] == process_id
    assert environment["PROCESSION_WORK_DIR"] == call["folder"]
    assert environment["PROCESSION_OUTPUT_DIR"] != call["folder"]
    for secret in (CANARY, alice.token, "postgres://", "redis"):
        assert secret not in json.dumps(call)
    assert call["descriptors"] == [0, 1, 2]
    assert call["input"] == [True, ""]


def test_folders_of_two_processes_are_apart_and_go_with_the_process(
    installation: Installation,
) -> None:
    alice = installation.alice
    show = "import os; print(os.getcwd(), os.environ['PROCESSION_OUTPUT_DIR'])"
    ended = [run_python(installation, alice, show) for _ in range(2)]
    folders = [folder for each in ended for folder in each.text.split()]
    assert len(set(folders)) == 4
    assert all(each.id in folder for each in ended for folder in each.text.split())


def test_command_that_is_not_there_fails_and_the_output_says_so(installation: Installation) -> None:
    alice = installation.alice
    ended = end_of(installation, alice, start(installation, alice, "missing"))
    assert (ended.status, ended.exit_code) == ("FAILED", None)
    why = "The script could not be started: /nowhere/no-such-program: No such file or directory"
    assert ended.lines == [f"[procession] {why}"]
    assert facts(installation, alice, ended.id, "reason") == {"reason": why}


ENDS = {
    "0": ("raise SystemExit(0)", "COMPLETED", 0, None),
    "3": ("raise SystemExit(3)", "FAILED", 3, "Exit code 3"),
    "255": ("import os; os._exit(255)", "FAILED", 255, "Exit code 255"),
    "signal": ("import os; os.kill(os.getpid(), 9)", "FAILED", None, "Ended by SIGKILL"),
}


@pytest.mark.parametrize(("program", "status", "code", "reason"), ENDS.values(), ids=ENDS)
def test_exit_code_decides_the_status(
    installation: Installation, program: str, status: str, code: int | None, reason: str | None
) -> None:
    alice = installation.alice
    ended = run_python(installation, alice, program)
    assert (ended.status, ended.exit_code) == (status, code)
    found = facts(installation, alice, ended.id, "reason exitCode startTime endedAt createdAt")
    assert (found["reason"], found["exitCode"]) == (reason, code)
    assert found["createdAt"] <= found["startTime"] <= found["endedAt"]


def test_older_contract_answers_a_start_when_it_runs(installation: Installation) -> None:
    """It waits a second for that, which may be too short where there is much else to do."""

    def runs_when_it_is_answered() -> bool:
        gate = Gate(installation)
        started = Rest(installation).start(installation.alice, "python", ("c", gate.wait))
        gate.open()
        return started.status == "RUNNING"

    until(runs_when_it_is_answered)


WRITTEN = {
    "ISO-8859-1": "Zoë".encode("latin-1"),
    '"us-ascii"': b"Zoe",
    "utf8": "Zoë, 漢字".encode(),
    "windows-1252": "Zoë, 5 €".encode("cp1252"),
}


@on_sqlite
@pytest.mark.parametrize(("charset", "value"), WRITTEN.items(), ids=WRITTEN)
def test_value_is_read_in_the_charset_of_its_part(
    installation: Installation, charset: str, value: bytes
) -> None:
    part = f'name="s"\r\nContent-Type: text/plain; charset={charset}\r\n\r\n'.encode() + value
    shown = started_by(installation, b"--x\r\nContent-Disposition: form-data; " + part)
    assert shown == [{"name": "s", "value": value.decode(charset.strip('"'))}]


@on_sqlite
@pytest.mark.parametrize("preamble", ["\r\n", "This is a form.\r\n", "-\r\n--\r\n" * 50_000])
def test_what_comes_before_the_first_part_is_passed_over(
    installation: Installation, preamble: str
) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="s"\r\n\r\n--'
    shown = started_by(installation, preamble.encode() + part)
    assert shown == [{"name": "s", "value": "--"}]


def started_by(it: Installation, body: bytes) -> object:
    """The parameters of a start by this form, but for its end."""
    answer = it.request(
        it.alice,
        "POST",
        "/api/system/scripts/echo/processes",
        content=body + b"\r\n--x--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 202, answer.text
    return answer.json()["parameters"]


def test_start_time_that_is_past_means_at_once(face: Face) -> None:
    before = datetime.now(UTC)
    started = face.start(
        face.it.alice, "python", ("c", "print(1)"), start_time="2001-01-01T00:00:00+05:00"
    )
    assert end_of(face.it, face.it.alice, started.id).lines == ["1"]
    shown = facts(face.it, face.it.alice, started.id, "startTime")["startTime"]
    assert datetime.fromisoformat(shown) >= before


@pytest.mark.parametrize(
    "at", ["2030-01-01T01:30:00+01:30", "2030-01-01", "2030-01-01 00:00z", "20300101T000000"]
)
def test_start_time_in_the_future_means_later(face: Face, at: str) -> None:
    alice = face.it.alice
    started = face.start(alice, "python", ("c", "print(1)"), start_time=at)
    assert started.status == "SCHEDULED"
    assert datetime.fromisoformat(started.start_time) == datetime(2030, 1, 1, tzinfo=UTC)
    assert facts(face.it, alice, started.id, "waitsFor") == {"waitsFor": "TIME"}


def test_delayed_start_waits_for_its_time(installation: Installation) -> None:
    it, alice = installation, installation.alice
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    process_id = start(it, alice, "python", ("c", "print(1)"), at=due.isoformat())
    assert end_of(it, alice, process_id).lines == ["1"]
    shown = facts(it, alice, process_id, "startTime waitsFor")
    assert datetime.fromisoformat(shown["startTime"]) >= due
    assert shown["waitsFor"] is None


def test_start_that_falls_due_while_the_server_is_down_is_made_up_for(
    mortal: Installation,
) -> None:
    it = mortal
    due = datetime.now(UTC) + timedelta(seconds=2)
    admin = it.admin
    process_id = start(it, admin, "python", ("c", "print('late')"), at=due.isoformat())
    it.end(signal.SIGTERM)
    time.sleep(max(0, (due - datetime.now(UTC)).total_seconds()))
    it.start()
    assert end_of(it, admin, process_id).lines == ["late"]


def test_processes_of_a_script_that_may_run_once_take_turns(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gates = [Gate(it) for _ in range(3)]
    ids = [start_python(it, alice, gate.wait, "single") for gate in gates]
    for turn, (gate, process_id) in enumerate(zip(gates, ids, strict=True)):
        gate.reached()
        for waiting in ids[turn + 1 :]:
            found = facts(it, alice, waiting, "status waitsFor")
            assert found == {"status": "SCHEDULED", "waitsFor": "TURN"}
        gate.open()
        assert end_of(it, alice, process_id).status == "COMPLETED"


def test_stopped_process_makes_room_for_the_next_in_turn(installation: Installation) -> None:
    it, alice = installation, installation.alice
    first = start_python(it, alice, "import time; time.sleep(600)", "single")
    second = start_python(it, alice, "print(2)", "single")
    until_running(it, alice, first)
    it.graphql(alice, "mutation ($id: ID!) { stopProcess(id: $id) { id } }", id=first)
    assert end_of(it, alice, second).lines == ["2"]


def test_both_faces_show_the_same_process(installation: Installation) -> None:
    it, alice = installation, installation.alice
    process_id = run_python(it, alice, "print('ä')").id
    faces: list[Face] = [GraphQL(it), Rest(it)]
    shown, through_rest = (face.show(alice, process_id) for face in faces)
    whole = datetime.fromisoformat(shown.start_time).replace(microsecond=0)
    assert datetime.fromisoformat(through_rest.start_time) == whole
    assert (shown.id, shown.script, shown.user_id, shown.status, shown.parameters) == (
        through_rest.id,
        through_rest.script,
        through_rest.user_id,
        through_rest.status,
        through_rest.parameters,
    )
    assert [face.output(alice, process_id) for face in faces] == [["ä"], ["ä"]]
