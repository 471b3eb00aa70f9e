"""A small disk: a file system in memory where that is allowed, else limits on what is written."""

import errno
import os
import resource
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BLOCK = 1 << 20  # bytes
BALLOON = "balloon"


@contextmanager
def small_disk(folder: Path, size_mb: int) -> Iterator[None]:
    """Makes the folder a disk of its own, where the system lets us."""
    folder.mkdir(mode=0o700, parents=True)
    options = ["-t", "tmpfs", "-o", f"size={size_mb}m,mode=700", "tmpfs"]
    mounted = os.geteuid() == 0 and _done("mount", *options, str(folder))
    try:
        yield
    finally:
        if mounted:
            _done("umount", "--lazy", str(folder))


@contextmanager
def full(folder: Path, supervisors: Iterable[int]) -> Iterator[None]:
    """Inside, there is no room on the disk of this folder."""
    if folder.is_mount():
        yield from _filled(folder / BALLOON)
    else:
        yield from _limited(list(supervisors))


def _filled(balloon: Path) -> Iterator[None]:
    try:
        with balloon.open("wb", buffering=0) as file, suppress_full():
            while True:
                file.write(bytes(BLOCK))
        yield
    finally:
        balloon.unlink()


@contextmanager
def suppress_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


def _limited(supervisors: list[int]) -> Iterator[None]:
    """Their own spools cannot grow."""
    limits = [(pid, limited(pid)) for pid in supervisors]
    try:
        yield
    finally:
        for pid, most in limits:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


def limited(pid: int) -> int:
    """Bounds what it may write; its limit before."""
    with suppress(ProcessLookupError):
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, most))
        return most
    return resource.RLIM_INFINITY


def _done(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
