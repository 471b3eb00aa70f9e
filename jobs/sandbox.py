"""The sandbox: by bubblewrap, a script sees a machine of which it can change nothing but its own.

It has process ids of its own, a private /tmp, a read-only system, neither our data folder nor our
other secrets nor the sockets in /run, and no network unless its manifest says so.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from jobs.account import Account
from jobs.run import SOURCES, Run
from jobs.site import Site
from models.script import Script

PROGRAM = "bwrap"
ALONE = (
    *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
)
PRIVATE = ("/tmp", "/var/tmp", "/run")  # noqa: S108
RESOLVER = "/run/systemd/resolve"  # what /etc/resolv.conf may lead to


def require_sandbox() -> str:
    """The path of bubblewrap. Raises LookupError without it."""
    found = shutil.which(PROGRAM)
    if found is None:
        raise LookupError(
            "the manifest says `sandbox`, and bubblewrap is not here: install it (bwrap must be on "
            "the PATH of the worker), or take `sandbox` out of the manifest"
        )
    return found


def sandboxed(
    command: list[str], script: Script, run: Run, site: Site, owner: Account | None
) -> list[str]:
    """The command by which its owner runs the other one in a sandbox.

    Raises LookupError without bubblewrap.
    """
    hidden = [site.data, site.store.folder]
    needed = {Path(sys.prefix), Path(sys.base_prefix), SOURCES, script.folder}
    above = {path for path in needed if any(each.is_relative_to(path) for each in hidden)}
    return [
        *(require_sandbox(), *ALONE),
        *([] if script.isolation.network else ["--unshare-net"]),
        *_each("--tmpfs", (path for path in PRIVATE if Path(path).is_dir())),
        *(["--ro-bind-try", RESOLVER, RESOLVER] if script.isolation.network else []),
        *_binds("--ro-bind", above),
        *_each("--tmpfs", hidden),
        *_binds("--ro-bind", needed - above),
        *_binds("--bind", [run.work, run.out, run.events]),
        *_binds("--ro-bind-try", [run.inputs]),
        *_covers(path for path in site.secret_files if _is_reached(path, owner)),
        *("--chdir", str(run.work), "--", *command),
    ]


def _is_reached(path: Path, owner: Account | None) -> bool:
    """Bubblewrap, which runs as the owner, can cover no other file, and there is no need to."""
    return path.is_file() and (owner is None or owner.closed_above(path) is None)


def _covers(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        yield from ("--ro-bind", os.devnull, str(path))


def _each(option: str, paths: Iterable[str | Path]) -> Iterator[str]:
    for path in paths:
        yield from (option, str(path))


def _binds(option: str, paths: Iterable[Path]) -> Iterator[str]:
    for path in sorted(paths):
        yield from (option, str(path), str(path))
