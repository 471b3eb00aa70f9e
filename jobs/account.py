"""The account: the user of the system as whom a script runs, where that is not the worker's own."""

import os
import pwd
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jobs.site import Site


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine. `ids` are the user's, the group's and those of further groups."""

    name: str
    home: str
    ids: list[int]

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": self.home, "USER": self.name, "LOGNAME": self.name}

    def own(self, path: Path) -> None:
        """Gives a folder to this user, and closes it for others."""
        os.chown(path, self.ids[0], self.ids[1])
        path.chmod(0o700)

    def require_way(self, path: Path) -> None:
        """Raises LookupError if a folder above this one does not let the user pass."""
        if folder := self.closed_above(path):
            raise LookupError(
                f"the user {self.name!r} of the script cannot pass through {folder}: "
                "let others pass (chmod o+x), or put PROCESSION_DATA elsewhere"
            )

    def closed_above(self, path: Path) -> Path | None:
        """The next folder above this path that does not let the user pass; nothing stops root."""
        return next((each for each in path.parents if self.ids[0] and not self._passes(each)), None)

    def _passes(self, folder: Path) -> bool:
        about = folder.stat()
        mine = about.st_uid == self.ids[0]
        bit = 0o100 if mine else 0o010 if about.st_gid in self.ids[1:] else 0o001
        return bool(about.st_mode & bit)


def account(name: str) -> Account:
    """Raises LookupError where there is no such user, or where we may not become them."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise LookupError(
            f"there is no user {name!r} on this machine: add it, or correct `run_as`"
        ) from None
    if os.geteuid() not in (0, found.pw_uid):
        raise LookupError(
            f"only root may run scripts as {name!r}: start the worker as root, or correct `run_as`"
        )
    groups = os.getgrouplist(name, found.pw_gid)
    return Account(name, found.pw_dir, [found.pw_uid, found.pw_gid, *groups])


def let_pass(site: Site) -> None:
    """Lets other users pass through the data folder to the runs, and to nothing else in it."""
    for folder in (site.runs, site.workers):
        folder.mkdir(parents=True, exist_ok=True)
    for entry in site.data.iterdir():
        with suppress(FileNotFoundError):  # a database's passing file
            if not entry.is_symlink():
                entry.chmod(entry.stat().st_mode & 0o700)
    for folder in (site.data, site.runs):
        folder.chmod(0o711)
