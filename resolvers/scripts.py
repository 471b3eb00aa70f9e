"""Scripts that a viewer may see, which are those that they may start."""

from models.script import Script
from resolvers.application import Application
from resolvers.errors import Forbidden, NotFound
from resolvers.viewer import Viewer


def scripts(viewer: Viewer, app: Application) -> list[Script]:
    """All that the viewer may start, by name."""
    return [each for each in app.catalogue.values() if each.allows(viewer.is_admin)]


def script(viewer: Viewer, app: Application, name: str) -> Script:
    """Raises NotFound where there is none, Forbidden where the viewer may not start it."""
    found = app.catalogue.get(name)
    if found is None:
        raise NotFound(f"There is no script {name!r}")
    if not found.allows(viewer.is_admin):
        raise Forbidden(f"You may not start {name!r}; only administrators may")
    return found
