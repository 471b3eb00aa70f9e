"""What every field can reach: who asks, the application, and loaders that gather look-ups."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from models.file import Direction
from models.file import File as FileRow
from models.worker import Worker as WorkerRow
from resolvers.application import Application
from resolvers.errors import NotSignedIn, TooLarge
from resolvers.files import files_of
from resolvers.reports import Part, parts_of
from resolvers.users import Met
from resolvers.viewer import Viewer
from resolvers.workers import workers_of
from schema.answer import Answer


async def _load_files(keys: Sequence[tuple[UUID, Direction]]) -> list[list[FileRow]]:
    found: dict[tuple[UUID, Direction], list[FileRow]] = {key: [] for key in keys}
    for direction in {direction for _, direction in keys}:
        ids = [process_id for process_id, wanted in keys if wanted is direction]
        for row in await files_of(ids, direction):
            found[row.process_id, direction].append(row)
    return [found[key] for key in keys]


Told = tuple[UUID, Part, Answer]  # a part of the report of a process, and for which answer


async def _load_reports(keys: Sequence[Told]) -> list[Any]:
    """For each answer by itself: what has no room in one may have it in another."""
    found: dict[Told, Any] = {}
    for part, answer in {(part, answer) for _, part, answer in keys}:
        some = {key[0]: key for key in keys if key[1:] == (part, answer)}
        try:
            parts = await parts_of(some, part, answer.read)
        except TooLarge as error:
            found |= dict.fromkeys(some.values(), error)
        else:
            found |= {key: parts.get(process_id) for process_id, key in some.items()}
    return [found[key] for key in keys]


async def _load_workers(ids: Sequence[UUID]) -> list[WorkerRow | None]:
    found = await workers_of(ids)
    return [found.get(each) for each in ids]


@dataclass
class Context:
    """Of one request or, on a WebSocket, of one connection; so the loaders remember nothing.

    `authorization` is the header of that name, `address` that of the client; `file_url` gives the
    address of an output file by its process and name; `users` are those that the server has met;
    `streams` are closed at the end of a streamed answer.
    """

    app: Application
    file_url: Callable[[UUID, str], str]
    max_page_size: int
    users: Met
    authorization: str | None = None
    address: str = ""
    signed_in: Viewer | None = None
    connection_params: dict[str, object] | None = None
    uploads: AsyncExitStack = field(default_factory=AsyncExitStack)
    streams: AsyncExitStack = field(default_factory=AsyncExitStack)
    files: DataLoader[tuple[UUID, Direction], list[FileRow]] = field(
        default_factory=lambda: DataLoader(_load_files, cache=False)
    )
    reports: DataLoader[Told, Any] = field(
        default_factory=lambda: DataLoader(_load_reports, cache=False)
    )
    workers: DataLoader[UUID, WorkerRow | None] = field(
        default_factory=lambda: DataLoader(_load_workers, cache=False)
    )

    async def renew(self) -> None:
        """Looks again who asks, on a connection that lasts. Raises NotSignedIn."""
        self.signed_in = await self.app.door.renew(self.viewer)

    @property
    def viewer(self) -> Viewer:
        if self.signed_in is None:
            raise NotSignedIn("Sign in: send your token in the header `Authorization: Bearer …`")
        return self.signed_in


Info = strawberry.Info[Context, Any]
