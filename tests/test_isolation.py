"""Isolation: what a script is kept from, and what it may use all the same."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Install
from tests.database import on_sqlite
from tests.faces import GraphQL, Upload
from tests.installation import SCRIPTS, SECRET_KEY, Installation
from tests.running import OUTPUT, Ended, end_of, facts, run_python, start

# All of it happens in the supervisor and before it; no database has a part in it.
pytestmark = on_sqlite


ROOT = Path(__file__).parents[1]


def run(it: Installation, script: str, program: str, **more: object) -> Ended:
    given = [("c", program), *more.items()]
    return end_of(it, it.alice, GraphQL(it).start(it.alice, script, *given).id)  # type: ignore[arg-type]


def test_script_gains_no_privileges_and_inherits_nothing(installation: Installation) -> None:
    program = """
import os
print([line.split()[1] for line in open('/proc/self/status') if line.startswith('NoNewPrivs')])
print(sorted(os.listdir('/proc/self/fd')))
"""
    ended = run_python(installation, installation.alice, program)
    assert ended.lines == ["['1']", "['0', '1', '2', '3']"]  # 3 is what reads the list


def test_script_cannot_change_what_was_uploaded(installation: Installation) -> None:
    it = installation
    program = """
import os, sys
path = sys.argv[-1]
try:
    with open(path, 'r+') as file:
        file.write('changed')
except PermissionError:
    print('refused')
os.remove(path)
"""
    ended = run(it, "python", program, f=Upload("a.txt", b"as it was"))
    assert ended.status == "COMPLETED"
    (digest,) = it.rows(f"SELECT id FROM file WHERE process_id = '{ended.id}'")[0]  # noqa: S608
    assert (it.data / "files" / ended.id / digest).read_bytes() == b"as it was"


# --- as another user ------------------------------------------------------------------------------

GUEST = """
echo '{"values": {"a": 1}}' >> "$PROCESSION_EVENTS"
id -un; echo "$HOME $USER"; pwd > "$PROCESSION_OUTPUT_DIR/where.txt"; cat "$1"
(echo changed > "$1") 2>/dev/null || echo refused
cat ../launch.json 2>/dev/null || echo hidden
ls "$PROCESSION_WORK_DIR/../../.." 2>/dev/null || echo closed
cat "$PROCESSION_WORK_DIR/../../../procession.sqlite3" 2>/dev/null || echo private
"""
TOLD = "files { name } values { value }"
ONLY_ROOT = "only root may run scripts as 'nobody': start the worker as root"


def test_script_runs_as_the_user_of_its_manifest(install: Install) -> None:
    it = install()
    it.start()
    refused = run(it, "guest", GUEST, f=Upload("a.txt", b"as it was\n"))
    if os.geteuid():
        assert ONLY_ROOT in refused.text
        return
    assert (refused.status, refused.exit_code) == ("FAILED", None)
    assert f"the user 'nobody' of the script cannot pass through {it.folder}" in refused.text
    it.folder.chmod(0o711)
    ended = run(it, "guest", GUEST, f=Upload("a.txt", b"as it was\n"))
    home = Path("~nobody").expanduser()
    assert ended.lines == [
        *("nobody", f"{home} nobody", "as it was"),
        *("refused", "hidden", "closed", "private"),
    ]
    assert facts(it, it.alice, ended.id, TOLD) == {
        "files": [{"name": "where.txt"}],
        "values": [{"value": "1"}],
    }
    assert not [path for path in (it.data, *it.data.iterdir()) if path.stat().st_mode & 0o066]


# --- in a sandbox ---------------------------------------------------------------------------------
BOXED = """
import os, socket, sys, tempfile
def tried(what, *given):
    try:
        what(*given)
    except OSError as error:
        return type(error).__name__
    return 'done'
write = lambda path: open(path, 'w').write('x')
open(os.environ['PROCESSION_EVENTS'], 'w').write('{"values": {"a": 2}}')
out, work = os.environ['PROCESSION_OUTPUT_DIR'], os.environ['PROCESSION_WORK_DIR']
data = os.path.dirname(os.path.dirname(os.path.dirname(work)))
print(tried(write, out + '/made.txt'), tried(write, 'here'), tried(write, '/tmp/there'))
print(tried(write, '/etc/x'), tried(write, sys.executable + '.x'), os.getcwd() == work)
print(sorted(os.listdir(data)), os.listdir('/run'), [n for n in os.listdir('/proc') if n.isdigit()])
files = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print(open(files['-f']).read(), tried(write, files['-f']), '-'.join(open(files['-k']).read()))
print(tried(socket.create_connection, ('127.0.0.1', PORT), 1))
"""
STUBBORN = """
import os, signal, sys
def leave(*_):
    print('leaving'); sys.exit(5)
signal.signal(signal.SIGTERM, leave)
if os.fork() == 0:
    os.setsid(); signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    print('ready')
while True: signal.pause()
"""
NO_BUBBLEWRAP = "the manifest says `sandbox`, and bubblewrap is not here: install it"


@pytest.fixture
def sandbox(installation: Installation) -> bool:
    """Whether this machine has bubblewrap and lets it work."""
    program = shutil.which("bwrap", path=installation.environment["PATH"])
    trial = [str(program), "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "true"]
    return program is not None and subprocess.run(trial, check=False).returncode == 0


def test_script_in_a_sandbox_has_its_own_and_nothing_else(
    installation: Installation, sandbox: bool
) -> None:
    check_box(installation, sandbox)


def check_box(it: Installation, sandbox: bool) -> None:
    upload, port = Upload("a.txt", b"as it was"), it.url.rpartition(":")[2]
    ended = run(it, "boxed", BOXED.replace("PORT", port), f=upload, k="hush-hush")
    if not sandbox:
        assert (ended.status, len(ended.lines)) == ("FAILED", 1)
        return
    assert ended.lines == [
        "done done done",
        "OSError OSError True",
        "['files', 'runs'] [] ['1', '2']",
        "as it was OSError h-u-s-h---h-u-s-h",
        "ConnectionRefusedError",
    ]
    assert facts(it, it.alice, ended.id, TOLD) == {
        "files": [{"name": "made.txt"}],
        "values": [{"value": "2"}],
    }
    assert run(it, "boxed", "raise SystemExit(7)").exit_code == 7


def test_sandbox_shows_no_secrets_of_the_server(
    install: Install, sandbox: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Not even beside the manifest, of whose folder all the rest is there."""
    site = tmp_path_factory.mktemp("site")
    shutil.copy(SCRIPTS / "boxed.toml", site)
    settings, key, other = (site / name for name in ("settings", "key", "other"))
    settings.write_text("max_parts = 999\n")
    key.write_text(SECRET_KEY)
    other.write_text("to be read")
    it = install(
        PROCESSION_SCRIPTS=str(site),
        PROCESSION_SETTINGS=str(settings),
        PROCESSION_SECRET_KEY_FILE=str(key),
    )
    it.start()
    program = f"""
for path in ({str(settings)!r}, {str(key)!r}, {str(other)!r}):
    try:
        print(open(path).read())
    except PermissionError:
        print('refused')
"""
    ended = run(it, "boxed", program)
    assert not sandbox or ended.lines == ["refused", "refused", "to be read"]


CLOSED = """
name = "closed"
command = ["/bin/sh", "-c", "id -un; cat KEY 2>/dev/null || echo refused"]
allow = "user"
sandbox = true
run_as = "nobody"
"""


def test_sandbox_of_another_user_begins_where_secrets_are_out_of_their_reach(
    install: Install, sandbox: bool
) -> None:
    it = install()
    if os.geteuid() or not sandbox:
        return
    site = it.folder / "site"
    key = site / "closed" / "key"
    key.parent.mkdir(parents=True)
    key.write_text(SECRET_KEY)
    key.parent.chmod(0o700)
    it.folder.chmod(0o711)
    (site / "closed.toml").write_text(CLOSED.replace("KEY", str(key)))
    named = {"PROCESSION_SCRIPTS": str(site), "PROCESSION_SECRET_KEY_FILE": str(key)}
    it.settings, it.prefix = {**it.settings, **named}, passable(it.folder)
    it.start()
    assert end_of(it, it.alice, start(it, it.alice, "closed")).lines == ["nobody", "refused"]


def test_worker_of_an_ordinary_user_has_sandboxes_and_becomes_nobody_else(
    install: Install, sandbox: bool
) -> None:
    it = install()
    user = os.geteuid() or NAMELESS
    if user == NAMELESS:
        os.chown(it.folder, user, user)
        it.prefix = as_user(user, it.folder)
    it.start()
    assert run(it, "python", "import os; print(os.getuid())").lines == [str(user)]
    assert ONLY_ROOT in run(it, "guest", GUEST, f=Upload("a.txt", b"")).text
    check_box(it, sandbox)


NAMELESS = 54321  # a user of whom the system knows nothing, as in some containers


def as_user(user: int, folder: Path) -> tuple[str, ...]:
    """What before a program makes it one of this user, who is let through to our Python."""
    dropped = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups")
    return (*passable(folder), *dropped)


def passable(folder: Path) -> tuple[str, ...]:
    """What before a program lets all that it starts through to our Python: root's home, in which it
    may be, is closed to others."""
    needed = [Path(sys.base_prefix), Path(sys.prefix), ROOT]
    closed = {each for path in needed for each in path.parents if not each.stat().st_mode & 0o001}
    steps = []
    for number, above in enumerate(sorted(closed)):
        kept = folder / f"closed-{number}"
        kept.mkdir()
        steps += [f"mount --bind {above} {kept}", f"mount -t tmpfs -o mode=755 tmpfs {above}"]
        for path in (each for each in needed if each.is_relative_to(above)):
            steps += [f"mkdir -p {path}", f"mount --bind {kept / path.relative_to(above)} {path}"]
    unshared = ("unshare", "--mount", "sh", "-ec", "\n".join([*steps, 'exec "$@"']), "sh")
    return unshared if steps else ()


def test_stop_reaches_all_in_a_sandbox(installation: Installation, sandbox: bool) -> None:
    it = installation
    process_id = start(it, it.alice, "boxed", ("c", STUBBORN))
    with it.subscribe(it.alice, OUTPUT, id=process_id) as events:
        next(iter(events))
    it.graphql(it.alice, "mutation ($id: ID!) { stopProcess(id: $id) { id } }", id=process_id)
    ended = end_of(it, it.alice, process_id)
    if sandbox:
        assert (ended.status, ended.exit_code, ended.lines[2]) == ("STOPPED", 5, "leaving")
    assert not [each for each in it.living() if "leaving" in each]


def test_without_bubblewrap_nothing_of_a_sandbox_runs(install: Install, tmp_path: Path) -> None:
    for name in ("sh", "env"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    it = install(PATH=str(tmp_path))
    checked = it.cli("scripts", "check", code=1)
    assert f"boxed: {NO_BUBBLEWRAP.partition(':')[0]}\n    Install it" in checked
    it.start()
    ended = run(it, "boxed", "print(1)")
    assert (ended.status, len(ended.lines)) == ("FAILED", 1)
    assert f"The script could not be started: {NO_BUBBLEWRAP}" in ended.text
