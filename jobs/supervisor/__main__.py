"""The program: starts the script, reads its output to the end, and writes down how it ended."""

import _signal as signal  # type: ignore[import-not-found]
import errno
import fcntl
import os
import select
import sys

from jobs.supervisor import document
from jobs.supervisor.end import write_end
from jobs.supervisor.family import adopt_orphans
from jobs.supervisor.launch import FOR_THE_SCRIPT, Launch
from jobs.supervisor.prctl import DUMPABLE, ask
from jobs.supervisor.script import Script
from jobs.supervisor.secrets import NONE, close_input, received
from jobs.supervisor.spool import BLOCK, Spool


def main(folder: str) -> None:
    ask(DUMPABLE, 0)
    os.chdir(folder)
    with open("launch.json") as file:
        launch = Launch(**document.read(file.read()))
    os.nice(launch.nice)
    secrets = received() if launch.secret else NONE
    if secrets is None or not begin():
        return None
    close_input()
    wake = listen_for_children()
    control = os.open("control", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    spool = Spool()
    if wanted := stop_wanted():
        return end_unstarted(spool, "stopped", wanted, f"{wanted} before it was started")
    adopt_orphans()
    try:
        script = Script(launch, spool, secrets)
    except OSError as error:
        what = ": ".join(filter(None, (error.filename, error.strerror)))
        words = f"The script could not be started: {what}"
        return end_unstarted(spool, "start", words, words)
    supervise(script, control, wake)
    return tell_end(script)


def end_unstarted(spool: Spool, cause: str, words: str, line: str) -> None:
    spool.say(line)
    write_end(cause=cause, words=words, exit_code=None, signal=None, unsaid=spool.unsaid())


def begin() -> bool:
    """Makes the lock, locked from its first moment on and for as long as we live.

    False: there is one. Another supervisor has begun, or a worker has given this run up.
    """
    own = f"lock.{os.getpid()}"
    lock = os.open(own, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        os.link(own, "lock")
    except FileExistsError:
        return False
    finally:
        os.unlink(own)
    keep_lock()
    return True


def keep_lock() -> None:
    """Has the lock on the disk: after a failure of the machine it tells that the script has run.

    But for file systems that cannot put a folder there at will.
    """
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(folder)


def listen_for_children() -> int:
    """What tells that a child has ended."""
    for number in FOR_THE_SCRIPT:
        signal.signal(number, signal.SIG_IGN)
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker)
    return wake


def supervise(script: Script, control: int, wake: int) -> None:
    """Reads the script's output until the script has ended and nobody holds the output open."""
    poll = select.poll()
    events = script.events
    # What the script has printed comes first: before what we say of its end.
    for descriptor in (script.descriptor, events.descriptor, control, wake):
        poll.register(descriptor, select.POLLIN)
    obey(script)  # what came before we listened
    buffer = memoryview(bytearray(BLOCK))
    script.look()
    while not script.over():
        for descriptor, _ in poll.poll(script.wait_ms()):
            if descriptor == wake:
                os.read(wake, 4096)
                script.reap()
            elif descriptor == control:
                os.read(control, 4096)
                obey(script)
            elif descriptor == events.descriptor:
                events.take()
            elif content := read(script.descriptor, buffer):
                script.take(content)
            else:
                poll.unregister(script.descriptor)
                script.open = False
        script.look()


def obey(script: Script) -> None:
    """Stops the script if that is wanted."""
    if wanted := stop_wanted():
        script.stop("stopped", wanted)


def stop_wanted() -> str | None:
    """Why the script is to be stopped, if it is."""
    try:
        with open("stop", encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def read(output: int, buffer: memoryview) -> bytes:
    """What there is, by way of a buffer: `os.read` would make a large one each time."""
    try:
        return bytes(buffer[: os.readv(output, [buffer])])
    except OSError as error:
        if error.errno == errno.EIO:  # a pseudo-terminal that everybody has closed
            return b""
        raise


def tell_end(script: Script) -> None:
    status = script.status
    script.take_rest()
    script.output.tell_gap()
    name = signal_name(-status) if status is not None and status < 0 else None
    write_end(
        cause=script.cause,
        words=script.words,
        exit_code=None if name else status,
        signal=name,
        unsaid=script.spool.unsaid(),
    )


def signal_name(number: int) -> str:
    names = [name for name, value in vars(signal).items() if value == number and is_signal(name)]
    return min(names, default=f"signal {number}")  # without a name: a real-time signal


def is_signal(name: str) -> bool:
    return name.startswith("SIG") and not name.startswith("SIG_")


if __name__ == "__main__":
    main(sys.argv[1])
