"""A run: the folder of one running script on this machine, and the supervisor in it.

launch.json, lock, spool, bell, stop, control, events, report.json, ended.json
             see `jobs.supervisor`
origin       where it was begun (`jobs.origin`)
in/N/NAME    the upload of parameter N under the name it came with
work/        the script's working folder
out/         what it writes here becomes the process's files
"""

import asyncio
import errno
import fcntl
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from jobs import supervisor
from jobs.account import Account
from jobs.origin import fate, origin
from jobs.ringing import Ringing
from jobs.supervisor import room
from jobs.supervisor.end import DONE
from jobs.supervisor.events import DONE as REPORT
from jobs.supervisor.events import NAME as EVENTS
from jobs.supervisor.launch import Launch
from jobs.survivors import end_survivors

log = logging.getLogger(__name__)

SOURCES = Path(supervisor.__file__).parents[2]  # from where it is imported
PATIENCE = 10.0  # seconds for a supervisor to take the secrets
NOBODY_THERE = (errno.ENOENT, errno.ENXIO)  # no run, or no supervisor: not yet, or not any more
READ_ONLY = 0o444  # the folder above is closed to others
# As `-m jobs.supervisor`, but what looks for a module's program takes longer to import than that.
PROGRAM = f"import sys; from {supervisor.__name__}.__main__ import main; main(sys.argv[1])"


@dataclass(frozen=True, slots=True)
class End:
    """How a script ended: of itself ("exit"), "stopped", by "timeout", because no more output could
    be kept ("full"), "start" (it could not be started) or "lost" (with its supervisor); `words` say
    more. `signal` is the name of the one that ended it, `unsaid` what is still to be
    said in the output.
    """

    cause: str
    words: str | None
    exit_code: int | None
    signal: str | None
    unsaid: str | None


LOST = "lost"


class Run:
    """The folder of one process below the worker's folder of runs."""

    def __init__(self, runs: Path, process_id: UUID) -> None:
        self.process_id = process_id
        self.folder = runs / str(process_id)
        self.spool = self.folder / "spool"
        self.work = self.folder / "work"
        self.out = self.folder / "out"
        self.inputs = self.folder / "in"
        self.events = self.folder / EVENTS
        self.report = self.folder / REPORT
        self._lock = self.folder / "lock"
        self._ended = self.folder / DONE
        self._stop = self.folder / "stop"
        self._unwanted: str | None = None  # why it is to be stopped as soon as it is there

    def upload_path(self, position: int, name: str) -> Path:
        """Where the upload of the parameter at this position is put for the script."""
        return self.inputs / str(position) / name

    @property
    def prepared(self) -> bool:
        """Whether `prepare` has come to its end."""
        return (self.folder / "launch.json").exists()

    def mark(self) -> None:
        """Makes the folder, empty: a process that is claimed and has none has had one."""
        self.folder.mkdir(exist_ok=True)

    @property
    def marked(self) -> bool:
        """Whether there is a folder."""
        return self.folder.is_dir()

    @property
    def begun(self) -> bool:
        """Whether a supervisor has begun, so that the script may have run; one begins only once."""
        return self._lock.exists()

    def prepare(
        self, launch: Launch, uploads: Mapping[Path, Path], owner: Account | None = None
    ) -> None:
        """Fills the folder that `mark` has made, unless somebody did, or a supervisor has begun.

        `uploads` maps the path each upload is to have to where it is kept. What is the script's is
        given to the `owner`. What a worker that was killed meanwhile has left of it is replaced.

        Raises BlockingIOError while another worker is at it, FileNotFoundError if the folder is
        gone: a worker that was paused for long finds what became of its process without it.
        """
        with _alone(self.folder):
            if not self.prepared and not self.begun:
                self._fill(launch, uploads, owner)

    def _fill(self, launch: Launch, uploads: Mapping[Path, Path], owner: Account | None) -> None:
        _empty(self.folder, but=self._lock)
        for folder in (self.work, self.out, self.inputs):
            folder.mkdir()
        # The modes of files do not keep root from writing.
        writable = os.geteuid() == 0 and owner is None and not launch.wrapped
        for path, kept in uploads.items():
            path.parent.mkdir()
            _lend(kept, path, copy=writable)
        if owner is not None:
            for folder in (self.work, self.out, self.inputs, *self.inputs.iterdir()):
                owner.own(folder)
        self._make_files(launch)

    def _make_files(self, launch: Launch) -> None:
        self.spool.touch()
        (self.folder / "origin").write_text(origin())
        for path in (self._ended, self._stop):
            room.take(str(path))
        os.mkfifo(self.folder / "bell", 0o600)
        os.mkfifo(self.folder / "control", 0o600)
        new = self.folder / "launch.new"
        new.write_text(json.dumps(vars(launch)))
        for path in (self.spool, new):
            path.chmod(0o600)
        new.rename(self.folder / "launch.json")

    def start(self, secrets: bytes = b"") -> subprocess.Popen[bytes]:
        """Starts the supervisor; it lives on when this program ends. Returns once it has begun, if
        there are `secrets` for it (`jobs.handed`): they are on no disk and in no argument list.
        """
        if self._unwanted is not None:
            self.stop(self._unwanted)
        if not secrets:
            return self._start(subprocess.DEVNULL)
        ours, its = socket.socketpair()
        with ours:
            with its:
                started = self._start(its.fileno())
            _hand_over(secrets, ours)
        return started

    def _start(self, stdin: int) -> subprocess.Popen[bytes]:
        """Not by asyncio, whose transport kills its process when the event loop is closed."""
        log = self.folder / "supervisor.log"
        log.touch(0o600)
        with log.open("wb") as errors:
            return subprocess.Popen(
                [sys.executable, "-S", "-P", "-c", PROGRAM, str(self.folder)],
                stdin=stdin,
                stdout=errors,
                stderr=errors,
                env={"PYTHONPATH": str(SOURCES)},
                start_new_session=True,
            )

    def stop(self, reason: str) -> None:
        """Asks the supervisor to end the script; `reason` goes into the output. Where all is still
        being prepared `start` asks: what is written now would be replaced, or mixed up with zeros.
        """
        self._unwanted = reason
        if not self.prepared:
            return
        try:
            if not self._stop.exists():
                room.put(str(self._stop), " ".join(reason.split()))
            self._ring_control()
        except OSError as error:
            if error.errno not in NOBODY_THERE:
                log.warning("Process %s cannot be stopped now: %s", self.process_id, error)

    def _ring_control(self) -> None:
        control = os.open(self.folder / "control", os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(control, b"!")
        finally:
            os.close(control)

    def supervised(self) -> bool:
        """Whether a supervisor lives. If none does, none will begin any more either."""
        lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not self._ended.exists():
                self._tell(self._lost())
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Ringing]:
        """Hears the supervisor's bell inside. Enter before it is started, to miss nothing."""
        bell = os.open(self.folder / "bell", os.O_RDONLY | os.O_NONBLOCK)
        try:
            yield Ringing(bell, self.supervised)
        finally:
            asyncio.get_running_loop().remove_reader(bell)
            os.close(bell)

    def end(self) -> End:
        """How the script ended. For when the supervisor is gone."""
        try:
            told = json.loads(self._ended.read_text())
        except (FileNotFoundError, ValueError):  # what was written when the machine failed is torn
            told = asdict(self._lost())
        # By name, since the supervisor may be of another version than the worker.
        end = End(
            told["cause"], told.get("words"), told["exit_code"], told["signal"], told.get("unsaid")
        )
        if end.cause == LOST:
            end_survivors(self.process_id)
            log.error(
                "The supervisor of %s was lost. Its last words: %s", self.process_id, self._log()
            )
        return end

    def _lost(self) -> End:
        try:
            words = fate((self.folder / "origin").read_text())
        except FileNotFoundError:
            words = fate("")
        return End(LOST, words, None, None, unsaid=words)

    def _tell(self, end: End) -> None:
        room.put(str(self._ended), json.dumps(asdict(end)))

    def _log(self) -> str:
        """What the supervisor itself complained of."""
        try:
            return (self.folder / "supervisor.log").read_text(errors="replace")[-2000:] or "none"
        except FileNotFoundError:
            return "none"

    def remove(self) -> None:
        """Removes the folder, or what can be removed of it; nothing while somebody prepares it."""
        with suppress(OSError), _alone(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else is in here with this folder. Raises BlockingIOError if somebody is."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)


def _hand_over(secrets: bytes, supervisor: socket.socket) -> None:
    """Returns once it has them and has begun, or has ended."""
    supervisor.settimeout(PATIENCE)
    with suppress(OSError):
        supervisor.sendall(secrets)
        supervisor.shutdown(socket.SHUT_WR)
        supervisor.recv(1)


def _lend(kept: Path, path: Path, *, copy: bool) -> None:
    """Puts a stored file where a script reads it, without a copy if the script cannot change it."""
    if not copy:
        with suppress(OSError):  # another file system, or somebody else's file
            kept.chmod(READ_ONLY)
            path.hardlink_to(kept)
            return
    shutil.copyfile(kept, path)
    path.chmod(READ_ONLY)


def _empty(folder: Path, but: Path) -> None:
    for entry in folder.iterdir():
        if entry == but:
            continue  # another worker gives the run up, just now
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
