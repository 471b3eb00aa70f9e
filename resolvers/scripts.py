"""Scripts that a viewer may see and start."""

from models.script import Script
from models.user import Scope
from resolvers.access import needs, reaches
from resolvers.application import Application
from resolvers.audit import audited
from resolvers.errors import Forbidden, NotFound, TooLarge
from resolvers.rights import may_see_script, may_start
from resolvers.viewer import Viewer


@needs(Scope.READ)
def scripts(viewer: Viewer, app: Application) -> list[Script]:
    """All that the viewer may see, by name."""
    return [each for each in app.catalogue.values() if may_see_script(viewer, each)]


@needs(Scope.READ)
def script(viewer: Viewer, app: Application, name: str) -> Script:
    """Raises NotFound where there is none, Forbidden where the viewer may not see it."""
    found = app.catalogue.get(name)
    if found is None:
        raise NotFound(f"There is no script {name!r}")
    if not may_see_script(viewer, found):
        raise Forbidden(f"You may not see {name!r}; ask an administrator for the right to it")
    return found


@audited("process.start", "name")
@needs(Scope.START)
async def startable(viewer: Viewer, app: Application, name: str) -> Script:
    """A script that the viewer may start. Raises as `script` does, and Forbidden where not."""
    found = script(viewer, app, name)
    if not may_start(viewer, found):
        raise Forbidden(f"You may not start {name!r}; ask an administrator for the right to it")
    return found


@needs(Scope.READ)
def can_start(viewer: Viewer, found: Script) -> bool:
    """Whether the viewer may start it with the token that they have."""
    return reaches(viewer, Scope.START) and may_start(viewer, found)


def require_size(found: Script, size: int) -> None:
    """Raises TooLarge where uploads of so many bytes are more than it takes."""
    if found.max_upload is not None and size > found.max_upload:
        raise TooLarge(
            f"{found.name!r} takes uploads of at most {found.max_upload} bytes "
            "(max_upload in its manifest)"
        )
