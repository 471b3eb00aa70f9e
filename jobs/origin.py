"""The origin of a run: in which life of which machine or container it was begun."""

from contextlib import suppress
from pathlib import Path

KILLED = "The supervisor of the script was killed, and the script with it"
MACHINE = "The machine was restarted, which ended the script"
CONTAINER = "The container ended, and the script with it"

BOOT = Path("/proc/sys/kernel/random/boot_id")
FIRST = Path("/proc/1/stat")  # of the container's first program, or the machine's


def origin() -> str:
    """Of what is begun now. Equal texts: neither the machine nor the container ended between."""
    boot = first = space = ""
    with suppress(OSError):  # not Linux, or hidden from us: what is not known differs in nothing
        boot = BOOT.read_text().strip()
        space = str(Path("/proc/self/ns/pid").readlink())
        # By its start, since the next container may be given the same number.
        first = FIRST.read_text().rpartition(")")[2].split()[19]
    return f"{boot} {space} {first}"


def fate(begun: str) -> str:
    """Why a run from there has no supervisor any more, in words."""
    present = origin()
    if begun == present or not begun:
        return KILLED
    return CONTAINER if begun.split(" ")[0] == present.split(" ")[0] else MACHINE
