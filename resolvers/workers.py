"""Workers, and the machines they are on."""

from collections.abc import Iterable
from uuid import UUID

from models.worker import Worker


async def workers_of(ids: Iterable[UUID]) -> dict[UUID, Worker]:
    """Those that hold, or held, processes that the viewer is known to see, as far as they are known
    still."""
    return {row.id: row for row in await Worker.filter(id__in=set(ids))}
