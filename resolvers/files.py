"""Files of a process."""

from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from models.file import Direction, File
from models.user import Scope
from resolvers import looks
from resolvers.access import needs
from resolvers.application import Application
from resolvers.errors import NotFound
from resolvers.processes import process
from resolvers.viewer import Viewer


class Stored(NamedTuple):
    """A file and where its bytes are."""

    file: File
    path: Path


@needs(Scope.READ)
async def files(
    viewer: Viewer, process_id: UUID, direction: Direction = Direction.OUTPUT
) -> list[File]:
    """What the script wrote (or, as INPUT, what was uploaded for it), by name."""
    await process(viewer, process_id)
    return await files_of([process_id], direction)


async def files_of(process_ids: list[UUID], direction: Direction) -> list[File]:
    """The files of several processes that the viewer is known to see."""
    return await File.filter(process_id__in=process_ids, direction=direction.value).order_by("name")


@needs(Scope.READ)
async def file(viewer: Viewer, app: Application, process_id: UUID, name: str) -> Stored:
    """An output file by its name. Raises NotFound where there is none of that name."""
    of = await process(viewer, process_id)
    known = {each.name: each for each in await files_of([process_id], Direction.OUTPUT)}
    found = known.get(name)
    if found is None:
        raise NotFound(f"The process {process_id} has no output file {name!r}")
    await looks.download(of, name, viewer)
    return Stored(found, app.store.path(process_id, found.id))
