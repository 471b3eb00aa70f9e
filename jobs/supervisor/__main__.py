"""The program: starts the script, reads its output to the end, and writes down how it ended."""

import errno
import fcntl
import json
import os
import select
import signal
import sys

from jobs.supervisor.end import DONE, write_end
from jobs.supervisor.launch import FOR_THE_SCRIPT, Launch
from jobs.supervisor.script import Script, adopt_orphans
from jobs.supervisor.spool import BLOCK, Spool


def main(folder: str) -> None:
    os.chdir(folder)
    lock = os.open("lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if os.path.exists(DONE):
        return  # a worker has given this run up before it began
    wake = listen_for_children()
    control = os.open("control", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    with open("launch.json") as file:
        launch = Launch(**json.load(file))
    spool = Spool()
    adopt_orphans()
    try:
        script = Script(launch, spool)
    except OSError as error:
        what = ": ".join(filter(None, (error.filename, error.strerror)))
        words = f"The script could not be started: {what}"
        spool.say(words)
        write_end(cause="start", words=words, exit_code=None, signal=None, unsaid=spool.unsaid())
        return
    supervise(script, control, wake)
    tell_end(script)


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
    for descriptor in (script.descriptor, control, wake):
        poll.register(descriptor, select.POLLIN)
    obey(script)  # what came before we listened
    buffer = memoryview(bytearray(BLOCK))
    while not script.over():
        for descriptor, _ in poll.poll(script.wait_ms()):
            if descriptor == wake:
                os.read(wake, 4096)
                script.reap()
            elif descriptor == control:
                os.read(control, 4096)
                obey(script)
            elif content := read(script.descriptor, buffer):
                script.take(content)
            else:
                poll.unregister(script.descriptor)
                script.open = False
        script.look()


def obey(script: Script) -> None:
    """Stops the script if that is wanted."""
    try:
        with open("stop") as file:
            script.stop("stopped", file.read())
    except FileNotFoundError:
        pass


def read(output: int, buffer: memoryview) -> bytes:
    """What there is, by way of a buffer: `os.read` would make a large one each time."""
    try:
        return bytes(buffer[: os.readv(output, [buffer])])
    except OSError as error:
        if error.errno == errno.EIO:  # a pseudo-terminal that everybody has closed
            return b""
        raise


def tell_end(script: Script) -> None:
    spool, status = script.spool, script.status or 0
    script.output.tell_gap()
    name = signal_name(-status) if status < 0 else None
    write_end(
        cause=script.cause,
        words=script.words,
        exit_code=None if name else status,
        signal=name,
        unsaid=spool.unsaid(),
    )


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # a real-time signal


if __name__ == "__main__":
    main(sys.argv[1])
