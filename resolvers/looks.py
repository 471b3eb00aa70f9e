"""What is noted of who only looks: at the output of somebody else's process, and at files.

Each is noted once in a while, by each server: output is followed, and a file is fetched, in many
parts. It is noted before anything is shown, and where it cannot be, nothing is.
"""

from models.audit import OK, printable
from models.process import Process
from resolvers.audit import Deed, facts
from resolvers.room import room
from resolvers.throttle import Throttle
from resolvers.viewer import Viewer

LOOKS = Throttle(1, 3600)
DOWNLOADS = Throttle(1, 600)


async def read(action: str, found: Process, viewer: Viewer) -> None:
    """Somebody reads or searches the output of a process, which is no deed if it is their own."""
    if found.user_id != viewer.id:
        await _note(Deed.of(viewer, action, found.id), LOOKS, found)


async def download(found: Process, name: str, viewer: Viewer) -> None:
    """Somebody fetches an output file."""
    deed = Deed.of(viewer, "file.download", found.id)
    deed.details["file"] = printable(name)
    await _note(deed, DOWNLOADS, found)


async def _note(deed: Deed, throttle: Throttle, found: Process) -> None:
    key = (deed.token_id, deed.address, deed.action, found.id, *deed.details.values())
    if not throttle.passes(key):
        return
    deed.details.update(facts(found))
    try:
        with room():
            await deed.note(OK)
    except BaseException:
        throttle.forget(key)
        raise
