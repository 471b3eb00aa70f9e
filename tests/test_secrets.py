"""Secrets: known to their script, and readable nowhere else."""

import base64
import os
import secrets
import socket
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from jobs.run import Run
from jobs.safe import SealedError
from jobs.supervisor.launch import Launch
from models.process import Process
from server.keys import safe
from server.settings import Settings
from tests.conftest import Install
from tests.database import on_postgres, on_sqlite
from tests.faces import Face, GraphQL, Refused, Rest
from tests.installation import Installation, files_below, installed
from tests.running import Gate, end_of, run_python, start

LATER = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
ROOT = Path(__file__).parents[1]

# Tells what it has got in a form that is hidden by nothing.
TELL = """
import os, sys
told = lambda text: print('-'.join(text))
told(os.environ['SECRET_PASS_WORD']); told(os.environ['DB_PASSWORD'])
for path in sys.argv[1:]:
    if path.startswith('/dev/fd/'): told(open(path).read())
"""


@pytest.fixture
def secret() -> str:
    return f"s'ecret/{secrets.token_hex(8)}+ü"


def files_with(it: Installation, text: str) -> list[str]:
    """The files of an installation, and the programs on this machine that show it."""
    found = []
    for path in [*files_below(it.folder), *Path("/proc").glob("[0-9]*/cmdline")]:
        with suppress(OSError):
            if text.encode() in path.read_bytes():
                found.append(str(path))
    return found


def test_script_gets_its_secrets_and_nothing_else_has_them(face: Face, secret: str) -> None:
    it, alice, gate = face.it, face.it.alice, Gate(face.it)
    given = [("x", secret), ("e", secret[::-1]), ("k", f"{secret}1"), ("k", f"{secret}2")]
    started = face.start(alice, "secretive", ("c", f"{TELL}{gate.wait}"), *given)
    gate.reached()
    assert not files_with(it, secret)
    gate.open()
    ended = end_of(it, alice, started.id)
    assert ended.lines == ["-".join(value) for _, value in given]
    shown = face.show(alice, started.id).parameters
    assert [value for _, value in shown[1:]] == ["***"] * 4
    assert not files_with(it, secret)
    assert it.rows(f"SELECT secrets FROM process WHERE id = '{started.id}'") == [(None,)]  # noqa: S608


def test_secret_that_waits_is_sealed(face: Face, secret: str) -> None:
    it, admin = face.it, face.it.admin
    started = face.start(admin, "secretive", ("x", secret), start_time=LATER)
    (row,) = it.rows(f"SELECT * FROM process WHERE id = '{started.id}'")  # noqa: S608
    assert secret not in str(row)
    assert base64.b64encode(secret.encode()).decode() not in str(row)
    assert not files_with(it, secret)
    it.graphql(admin, "mutation ($id: ID!) { stopProcess(id: $id) { id } }", id=started.id)
    assert it.rows(f"SELECT secrets FROM process WHERE id = '{started.id}'") == [(None,)]  # noqa: S608


SPLIT = """
import base64, os, time
secret = os.environ['SECRET_PASS_WORD']
write = lambda text: os.write(1, text.encode())
for letter in f'{secret}|{secret}{secret}|\\n': write(letter)
write(base64.b64encode(f'alice:{secret}'.encode()).decode() + '\\n')
write(secret[:-1] + '\\n'); write('end ' + secret[:5])
"""


@on_sqlite
@pytest.mark.parametrize("lines", [1, 2])
def test_secret_is_hidden_before_its_output_is_stored(
    installation: Installation, secret: str, lines: int
) -> None:
    it = installation
    whole = "\n".join([secret] * lines)
    process_id = start(it, it.alice, "secretive", ("c", SPLIT), ("x", whole))
    first, second, *_, last = end_of(it, it.alice, process_id).lines
    assert (first, "***" in second, last) == ("***|******|", True, f"end {secret[:5]}")
    assert not files_with(it, secret)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("abc", "A secret has at least 4 characters"),
        (" " * 9, "A secret has at least 4 characters"),
        ("x" * 16385, "A secret has at most 16384 bytes"),
    ],
)
def test_secret_that_cannot_be_hidden_is_refused(face: Face, value: str, words: str) -> None:
    with pytest.raises(Refused, match=f"x: {words}") as refused:
        face.start(face.it.alice, "secretive", ("x", value))
    assert value not in str(refused.value)


# --- keys -----------------------------------------------------------------------------------------


def test_what_is_sealed_for_one_process_is_not_opened_for_another(
    installation: Installation, secret: str
) -> None:
    it, alice, gate = installation, installation.alice, Gate(installation)
    start(it, alice, "secretive", ("c", gate.wait))
    first = start(it, alice, "secretive", ("c", "print(1)"), ("x", secret))
    second = start(it, alice, "secretive", ("c", "print(1)"), ("x", secret))
    it.execute(
        "UPDATE process SET secrets = (SELECT secrets FROM process "  # noqa: S608
        f"WHERE id = '{first}') WHERE id = '{second}'"
    )
    gate.open()
    ended = end_of(it, alice, second)
    words = "the secret 'x' was sealed with a key that this worker does not have"
    assert (ended.status, words in ended.text) == ("FAILED", True)
    assert end_of(it, alice, first).lines == ["1"]


def test_keys_are_changed_one_after_the_other(tmp_path: Path) -> None:
    old, new = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    process = Process(parameters=[("a", "b"), ("x", "***")])
    keys = tmp_path / "keys"
    settings = Settings(secret_key_file=str(keys))
    keys.write_text(f"{old}\n")
    process.secrets = safe(settings).seal(process, {"1": "hush"})
    keys.write_text(f"{new},{old}\n")
    assert safe(settings).open(process) == {"1": "hush"}
    keys.write_text(f"{new}\n")
    with pytest.raises(SealedError, match="the secret 'x' was sealed with a key"):
        safe(settings).open(process)


@pytest.mark.parametrize("setting", ["PROCESSION_SECRET_KEY", "PROCESSION_SECRET_KEY_FILE"])
def test_key_that_is_none_is_refused_and_not_shown(setting: str, tmp_path: Path) -> None:
    (tmp_path / "hush-hush").write_text("hush-hush-hush")
    value = str(tmp_path / "hush-hush") if setting.endswith("FILE") else "hush-hush-hush"
    with installed(**{setting: value}) as it:
        said = it.cli("serve", code=1)
    assert f"Error: {setting}: a key is 32 random bytes in base64" in said
    assert "hush-hush-hush" not in said


@on_sqlite
def test_key_of_the_data_folder_is_readable_only_by_its_owner(installation: Installation) -> None:
    key = installation.data / "secret.key"
    assert (key.stat().st_mode & 0o777, key.stat().st_size) == (0o600, 32)


def test_key_of_the_data_folder_that_is_none_is_refused_and_not_shown() -> None:
    with installed() as it:
        key = it.data / "secret.key"
        key.parent.mkdir()
        key.write_text("hush-hush-hush")
        said = it.cli("serve", code=1)
    assert f"Error: {key}: this is no key, which has 32 bytes" in said
    assert "hush-hush-hush" not in said


@on_postgres
def test_without_a_key_for_all_machines_no_secret_is_taken(install: Install) -> None:
    it = install(PROCESSION_SECRET_KEY="")
    it.start()
    assert "No secrets are taken, for PROCESSION_SECRET_KEY is not set: " in it.log.read_text()
    assert "no webhooks, and no temporary addresses of files" in it.log.read_text()
    for face in (GraphQL(it), Rest(it)):
        with pytest.raises(Refused, match=r"x: No secrets are taken.*PROCESSION_SECRET_KEY"):
            face.start(it.admin, "secretive", ("x", "hush"))
    assert run_python(it, it.admin, "print(1)", "secretive").lines == ["1"]


# --- on the way -----------------------------------------------------------------------------------


def test_supervisor_that_gets_only_a_part_does_not_begin(tmp_path: Path) -> None:
    run = Run(tmp_path, uuid4())
    launch = Launch(["/usr/bin/env"], {}, str(run.work), None, 1.0, terminal=False, secret=True)
    run.mark()
    run.prepare(launch, {})
    handed = b'{"env": {"SECRET_X": "hush-hush"}, "files": [], "needles": []}\n'
    ours, its = socket.socketpair()
    supervisor = run._start(its.fileno())  # by a worker that is killed just then
    its.close()
    ours.sendall(handed[:-1])
    ours.close()
    assert (supervisor.wait(), run.begun) == (0, False)
    supervisor = run.start(handed)
    assert run.begun
    supervisor.wait()
    assert b"SECRET_X=hush-hush" in run.spool.read_bytes()


LOOK = """
import os
from jobs.supervisor.prctl import DUMPABLE, ask
from server.privacy import keep_private
from server.settings import Settings

def readable():
    child = os.fork()
    if child == 0:
        try:
            open(f"/proc/{os.getppid()}/environ").read()
        except PermissionError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534); ask(DUMPABLE, 1)
print(readable())
keep_private(Settings())
print(readable())
"""


def test_other_programs_of_the_user_cannot_look_into_the_server() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["True", "False"], done.stderr
