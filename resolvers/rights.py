"""Who may do what with which script and which process: the one place where it is decided.

Administrators may do everything. Everybody may see and start the scripts that their manifests allow
to users, and see, stop and delete the processes that they have started themselves. What is granted
to a viewer's groups comes on top: see `models.group.Right`. It is never the right to end what
somebody else has started.
"""

from models.group import ANY_SCRIPT, Right
from models.process import Process
from models.script import Script
from resolvers.errors import Forbidden
from resolvers.viewer import Viewer


def may_see_script(viewer: Viewer, script: Script) -> bool:
    """Whether they may know of it; who may start it may."""
    return may_start(viewer, script) or _has(viewer, Right.SEE, script.name)


def may_start(viewer: Viewer, script: Script) -> bool:
    """Whether they may start it, as far as the scope of their token does not forbid it."""
    return script.allows(viewer.is_admin) or _has(viewer, Right.START, script.name)


def may_see(viewer: Viewer, found: Process) -> bool:
    """Whether they may see a process with its output and files."""
    return may_end(viewer, found) or _has(viewer, Right.READ, found.script)


def may_end(viewer: Viewer, found: Process) -> bool:
    """Whether they may stop and delete it."""
    return viewer.is_admin or found.user_id == viewer.id


def may_see_all(viewer: Viewer) -> bool:
    """Whether they may see the processes of all scripts, whoever has started them."""
    return viewer.is_admin or _has(viewer, Right.READ, ANY_SCRIPT)


def readable(viewer: Viewer) -> list[str]:
    """The scripts of which they may see the processes that others have started, by name."""
    return sorted(each.script for each in viewer.grants if each.right is Right.READ)


def require_sight(viewer: Viewer, found: Process) -> None:
    """Raises Forbidden where it is somebody else's."""
    if not may_see(viewer, found):
        raise Forbidden(f"The process {found.id} is somebody else's")


def _has(viewer: Viewer, right: Right, script: str) -> bool:
    return not viewer.grants.isdisjoint({(right, script), (right, ANY_SCRIPT)})
