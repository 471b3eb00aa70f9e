"""Launching: what a script is started with, and starting it."""

import _signal as signal  # type: ignore[import-not-found]
import errno
import fcntl
import os
import resource
import struct
import termios

from jobs.supervisor.prctl import NO_NEW_PRIVILEGES, ask
from jobs.supervisor.secrets import Secrets

PIPE = 1 << 20  # bytes the pipe may hold: a short stall of the disk does not stall the script
WINDOW = struct.pack("HHHH", 40, 120, 0, 0)  # rows and columns of a pseudo-terminal
CPU_GRACE = 5  # seconds of processor time between SIGXCPU and SIGKILL
# Signals that are for the script; the supervisor itself ignores them.
FOR_THE_SCRIPT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ)


class Launch:
    """What `launch.json` says.

    `timeout` and `grace` are in seconds, `max_output` is in bytes. `when_full` is what becomes of
    the script when no more output can be kept: "discard" (it goes on) or "stop". `resources` bounds
    what each of its programs may use, by the names of setrlimit(2). With `secret` there are
    secrets for it (`jobs.supervisor.secrets`). `user` are the ids of the user, the group and
    further groups as whom it runs, if it is not as we do. With `wrapped` the command is another
    that runs the script and waits for it; with `privileges` programs may gain some by being
    executed (sudo).
    """

    def __init__(
        self,
        argv: list[str],
        env: dict[str, str],
        cwd: str,
        timeout: float | None,
        grace: float,
        terminal: bool,
        max_output: int | None = None,
        when_full: str = "discard",
        resources: dict[str, int] | None = None,
        nice: int = 0,
        secret: bool = False,
        user: list[int] | None = None,
        wrapped: bool = False,
        privileges: bool = False,
    ) -> None:
        self.argv = argv
        self.env = env
        self.cwd = cwd
        self.timeout = timeout
        self.grace = grace
        self.terminal = terminal
        self.max_output = max_output
        self.when_full = when_full
        self.resources = resources or {}
        self.nice = nice
        self.secret = secret
        self.user = user
        self.wrapped = wrapped
        self.privileges = privileges


def start(launch: Launch, secrets: Secrets) -> tuple[int, int]:
    """Starts the script; returns its process id and the descriptor of its output.

    Raises OSError with the command's name if it cannot be executed.
    """
    output, end = open_terminal() if launch.terminal else open_pipe()
    failure, report = os.pipe()
    handed = secrets.open()
    pid = os.fork()
    if pid == 0:
        for descriptor in handed:
            os.set_inheritable(descriptor, True)
        become(launch, launch.env | secrets.env, end, report)
    for descriptor in (end, report, *handed):
        os.close(descriptor)
    with os.fdopen(failure, "rb") as reader:
        number = reader.read()
    if number:
        os.waitpid(pid, 0)
        os.close(output)
        raise OSError(int(number), os.strerror(int(number)), launch.argv[0])
    return pid, output


def open_pipe() -> tuple[int, int]:
    """The end to read from, and the script's."""
    output, end = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            fcntl.fcntl(output, fcntl.F_SETPIPE_SZ, PIPE)
        except OSError:
            pass  # the user's limit on pipe buffers is reached; the ordinary size will do
    return output, end


def open_terminal() -> tuple[int, int]:
    """The end of a pseudo-terminal to read from, and the script's.

    What is written arrives as it is, without carriage returns. The script's end can only be written
    to, and is nobody's controlling terminal: nobody types there, so who would read (a pager, a
    question for a password) gets an error instead of waiting for ever.
    """
    output, both = os.openpty()
    try:
        attributes = termios.tcgetattr(both)
        attributes[1] &= ~termios.OPOST
        termios.tcsetattr(both, termios.TCSANOW, attributes)
        fcntl.ioctl(both, termios.TIOCSWINSZ, WINDOW)
        return output, os.open(os.ttyname(both), os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
    finally:
        os.close(both)


def become(launch: Launch, env: dict[str, str], end: int, report: int) -> None:
    """In the child: turns into the script, or reports the error number."""
    try:
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(end, 1)
        os.dup2(end, 2)
        for number in FOR_THE_SCRIPT:
            signal.signal(number, signal.SIG_DFL)
        os.chdir(launch.cwd)
        restrict(launch)
        change_user(launch)
        execute(launch.argv, env)
    except OSError as error:
        os.write(report, str(error.errno or errno.EINVAL).encode())
    finally:
        os._exit(127)


def execute(argv: list[str], env: dict[str, str]) -> None:
    """As execvpe(3). Python's own imports a module for it, which the script's user may not read."""
    folders = [""] if "/" in argv[0] else env.get("PATH", os.defpath).split(":")
    refused: OSError | None = None
    for folder in folders:
        try:
            os.execve(os.path.join(folder, argv[0]), argv, env)  # noqa: S606
        except (FileNotFoundError, NotADirectoryError) as error:
            absent = error
        except OSError as error:
            refused = refused or error
    raise refused or absent


def change_user(launch: Launch) -> None:
    """Becomes the script's user, and gives up the way to become another."""
    if launch.user is not None and os.geteuid() == 0:
        user, group, *groups = launch.user
        os.setgroups(groups)
        os.setgid(group)
        os.setuid(user)
    if not launch.privileges and not launch.wrapped:  # bubblewrap may need some, and gives them up
        ask(NO_NEW_PRIVILEGES, 1)


def restrict(launch: Launch) -> None:
    """Bounds what this program and those that it starts may use; never by more than we may."""
    for name, limit in launch.resources.items():
        number = getattr(resource, name)
        hard = limit + CPU_GRACE if name == "RLIMIT_CPU" else limit
        _, most = resource.getrlimit(number)
        if most != resource.RLIM_INFINITY:
            hard = min(hard, most)
        resource.setrlimit(number, (min(limit, hard), hard))
