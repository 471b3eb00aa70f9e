"""The secrets of a script: they come by standard input, and go to the script and nowhere else."""

import os

from jobs.supervisor import document
from jobs.supervisor.spool import BLOCK

FIRST = 64  # the descriptor of the first secret that is read from one; ours are below


class Secrets:
    """`env` are those that go into the environment, `files` those that are read from descriptors;
    `needles` is what must not show in the output.
    """

    def __init__(self, env: dict[str, str], files: list[str], needles: list[str]) -> None:
        self.env = env
        self.files = files
        self.needles = [needle.encode() for needle in needles]

    def open(self) -> list[int]:
        """A descriptor for each of the files: from FIRST on, not inherited yet."""
        return [put(FIRST + number, text) for number, text in enumerate(self.files)]


NONE = Secrets({}, [], [])


def put(descriptor: int, text: str) -> int:
    """Opens a file that is in memory only, as this descriptor."""
    file = os.memfd_create("secret")
    os.write(file, text.encode())
    os.lseek(file, 0, os.SEEK_SET)
    os.dup2(file, descriptor, inheritable=False)
    os.close(file)
    return descriptor


def received() -> Secrets | None:
    """The line in our standard input; None if it has no end: who sent it was killed."""
    content = b""
    while part := os.read(0, BLOCK):
        content += part
    return Secrets(**document.read(content.decode())) if content.endswith(b"\n") else None


def close_input() -> None:
    """Tells who sent it that we have begun."""
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(nothing, 0)
    os.close(nothing)
