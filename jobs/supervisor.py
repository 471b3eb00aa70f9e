"""The supervisor: a small program that owns one running script (design, section 5).

    python -I -S supervisor.py FOLDER

It outlives the worker that started it. It knows nothing of Procession but the folder it is given:

    launch.json   what to run: argv, env, cwd, timeout and grace in seconds, terminal (or not)
    lock          locked (flock) for as long as the supervisor lives
    spool         what the script printed, as records (below); only ever appended to
    bell          a FIFO: a byte goes in whenever there is something new
    stop          there if the script is to be stopped, and why; it may come at any time
    control       a FIFO: a byte in it says that `stop` is there now
    ended.json    written last: how it ended

A record is a header (time in microseconds since 1970 u64, kind u8, length u32, big-endian) and as
many bytes: of kind OUTPUT as they came from the script, of kind SYSTEM a line of the supervisor's.
It uses only the standard library, and little of it, so that it starts at once and stays small.
"""

import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import struct
import sys
import termios
import time

OUTPUT, SYSTEM = 0, 1
HEADER = struct.Struct(">QBI")
BLOCK = 1 << 18  # bytes read at once
PIPE = 1 << 20  # bytes the pipe may hold: a short stall of the disk does not stall the script
DRAIN = 2.0  # seconds that left-over processes may keep the output open after the script ended
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
WINDOW = struct.pack("HHHH", 40, 120, 0, 0)  # rows and columns of a pseudo-terminal


class Spool:
    """Appends records and rings the bell."""

    def __init__(self) -> None:
        self.file = os.open("spool", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # Read and write: ringing neither fails nor blocks while no worker listens.
        self.bell = os.open("bell", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def append(self, kind: int, content: bytes) -> None:
        record = HEADER.pack(time.time_ns() // 1000, kind, len(content)) + content
        while record:
            record = record[os.write(self.file, record) :]
        self.ring()

    def say(self, text: str) -> None:
        self.append(SYSTEM, text.encode("utf-8", "replace"))

    def ring(self) -> None:
        try:
            os.write(self.bell, b"!")
        except BlockingIOError:
            pass  # full: it has been rung often enough


class Launch:
    """What `launch.json` says; `timeout` and `grace` in seconds."""

    def __init__(
        self,
        argv: list[str],
        env: dict[str, str],
        cwd: str,
        timeout: float | None,
        grace: float,
        terminal: bool,
    ) -> None:
        self.argv = argv
        self.env = env
        self.cwd = cwd
        self.timeout = timeout
        self.grace = grace
        self.terminal = terminal


class Script:
    """The running script with all its descendants, its output, and how it is to end.

    `deadline` is when something is to be done if nothing happens before: the time limit, then the
    end of the grace after a SIGTERM, then the patience with what an ended script left behind.
    """

    def __init__(self, launch: Launch, spool: Spool) -> None:
        self.launch = launch
        self.spool = spool
        self.cause = "exit"
        self.words: str | None = None
        self.status: int | None = None
        self.open = True
        self.alone = False
        self.killing = False
        self.given_up = False
        self.deadline = time.monotonic() + launch.timeout if launch.timeout else None
        self.pid, self.output = start(launch)

    def stop(self, cause: str, words: str) -> None:
        """SIGTERM to the group now, SIGKILL after the grace; only the first cause counts."""
        if self.cause != "exit" or self.status is not None:
            return
        self.cause, self.words = cause, words
        self.spool.say(f"{words}; SIGTERM sent")
        self.signal(signal.SIGTERM)
        self.deadline = time.monotonic() + self.launch.grace

    def on_deadline(self) -> None:
        if self.status is None and self.cause == "exit":
            self.stop("timeout", f"The time limit of {self.launch.timeout:g} s was reached")
        elif self.status is None:
            self.spool.say(f"Still running after {self.launch.grace:g} s; SIGKILL sent")
            self.signal(signal.SIGKILL)
            self.deadline = None
        elif not self.killing and not self.deserted():
            self.spool.say("The script ended but left processes behind; they were killed")
            self.killing = True
            self.kill_left_overs()
            self.deadline = time.monotonic() + DRAIN
        else:
            if self.open:
                self.spool.say("A process that could not be found holds the output open")
            self.given_up = True

    def reap(self) -> None:
        """Collects what has ended; once the script has, what it left behind has DRAIN seconds."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == self.pid:
                    self.status = os.waitstatus_to_exitcode(status)
                    grace = (self.deadline or 0.0) if self.cause != "exit" else 0.0
                    self.deadline = max(time.monotonic() + DRAIN, grace)
        except ChildProcessError:
            self.alone = True
        if self.killing and not self.alone:
            self.kill_left_overs()  # the death of one makes its children ours

    def over(self) -> bool:
        ended = self.status is not None and not self.open and self.deserted()
        return ended or self.given_up

    def deserted(self) -> bool:
        """Whether no descendant is left: neither a child of ours nor any in the group."""
        if not self.alone:
            return False
        try:
            os.killpg(self.pid, 0)
        except (ProcessLookupError, PermissionError):  # macOS: not permitted where only zombies are
            return True
        return False

    def kill_left_overs(self) -> None:
        self.signal(signal.SIGKILL)
        for pid in children():
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # ended meanwhile, or has become somebody else

    def signal(self, number: int) -> None:
        """To the whole group."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass  # the group is empty

    def wait_ms(self) -> int | None:
        """How long nothing needs to be looked at, in milliseconds; None: until something comes."""
        if self.alone:
            return 20  # nothing tells when a group becomes empty whose processes are not ours
        if self.deadline is None:
            return None
        return max(0, int((self.deadline - time.monotonic()) * 1000) + 1)


def adopt_orphans() -> None:
    """Makes what the script's processes leave behind our children (Linux's child subreaper)."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except AttributeError:
        pass  # another system: only the group is known


def children() -> list[int]:
    """The process ids of our children."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def start(launch: Launch) -> tuple[int, int]:
    """Starts the script; returns its process id and the descriptor of its output.

    Raises OSError with the command's name if it cannot be executed.
    """
    if launch.terminal:
        output, end = os.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, WINDOW)
    else:
        output, end = os.pipe()
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            try:
                fcntl.fcntl(output, fcntl.F_SETPIPE_SZ, PIPE)
            except OSError:
                pass  # the user's limit on pipe buffers is reached; the ordinary size will do
    failure, report = os.pipe()
    pid = os.fork()
    if pid == 0:
        become(launch, end, report)
    os.close(end)
    os.close(report)
    with os.fdopen(failure, "rb") as reader:
        number = reader.read()
    if number:
        os.waitpid(pid, 0)
        os.close(output)
        raise OSError(int(number), os.strerror(int(number)), launch.argv[0])
    return pid, output


def become(launch: Launch, end: int, report: int) -> None:
    """In the child: turns into the script, or reports the error number."""
    try:
        if launch.terminal:
            os.setsid()
            fcntl.ioctl(end, termios.TIOCSCTTY, 0)
        else:
            os.setpgid(0, 0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(end if launch.terminal else nothing, 0)
        os.dup2(end, 1)
        os.dup2(end, 2)
        for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(launch.cwd)
        os.execvpe(launch.argv[0], launch.argv, launch.env)  # noqa: S606
    except OSError as error:
        os.write(report, str(error.errno or errno.EINVAL).encode())
    finally:
        os._exit(127)


def supervise(script: Script, control: int, wake: int) -> None:
    """Reads the script's output until the script has ended and nobody holds the output open."""
    poll = select.poll()
    for descriptor in (script.output, control, wake):
        poll.register(descriptor, select.POLLIN)
    obey(script)  # what came before we listened
    while not script.over():
        for descriptor, _ in poll.poll(script.wait_ms()):
            if descriptor == wake:
                os.read(wake, 4096)
            elif descriptor == control:
                os.read(control, 4096)
                obey(script)
            elif content := read(script.output):
                script.spool.append(OUTPUT, content)
            else:
                poll.unregister(script.output)
                script.open = False
        script.reap()
        if script.deadline is not None and time.monotonic() >= script.deadline:
            script.on_deadline()


def obey(script: Script) -> None:
    """Stops the script if that is wanted."""
    try:
        with open("stop") as file:
            script.stop("stopped", file.read())
    except FileNotFoundError:
        pass


def read(output: int) -> bytes:
    try:
        return os.read(output, BLOCK)
    except OSError as error:
        if error.errno == errno.EIO:  # a pseudo-terminal that everybody has closed
            return b""
        raise


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # a real-time signal


def write_end(**facts: object) -> None:
    """Puts `ended.json` there whole or not at all."""
    with open("ended.json.new", "w") as file:
        json.dump(facts, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename("ended.json.new", "ended.json")


def main(folder: str) -> None:
    os.chdir(folder)
    lock = os.open("lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if os.path.exists("ended.json"):
        return  # a worker has given this run up before it began
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker)
    control = os.open("control", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    with open("launch.json") as file:
        launch = Launch(**json.load(file))
    spool = Spool()
    adopt_orphans()
    try:
        script = Script(launch, spool)
    except OSError as error:
        words = f"The script could not be started: {error.filename}: {error.strerror}"
        spool.say(words)
        write_end(cause="start", words=words, exit_code=None, signal=None)
        return
    supervise(script, control, wake)
    status = script.status or 0
    name = signal_name(-status) if status < 0 else None
    if name and script.cause == "exit":
        spool.say(f"The script was ended by {name}")
    code = None if name else status
    write_end(cause=script.cause, words=script.words, exit_code=code, signal=name)


if __name__ == "__main__":
    main(sys.argv[1])
