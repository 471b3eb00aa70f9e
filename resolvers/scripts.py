"""Scripts that a viewer may see and start."""

from models.script import Script
from models.user import Scope
from resolvers.access import needs
from resolvers.application import Application
from resolvers.errors import Forbidden, NotFound
from resolvers.viewer import Viewer


@needs(Scope.READ)
def scripts(viewer: Viewer, app: Application) -> list[Script]:
    """All that the viewer may start, by name."""
    return [each for each in app.catalogue.values() if each.allows(viewer.is_admin)]


@needs(Scope.READ)
def script(viewer: Viewer, app: Application, name: str) -> Script:
    """Raises NotFound where there is none, Forbidden where the viewer may not start it."""
    found = app.catalogue.get(name)
    if found is None:
        raise NotFound(f"There is no script {name!r}")
    if not found.allows(viewer.is_admin):
        raise Forbidden(f"You may not start {name!r}; only administrators may")
    return found


@needs(Scope.START)
def startable(viewer: Viewer, app: Application, name: str) -> Script:
    """A script that the viewer may start. Raises as `script` does."""
    return script(viewer, app, name)
