"""Files of a process."""

from typing import Annotated
from urllib.parse import quote

import strawberry

from models.file import Direction
from models.file import File as FileRow
from resolvers import addresses
from schema.arguments import arg
from schema.context import Info
from schema.scalars import BigInt


@strawberry.type(description="A file that was uploaded for a process or written by its script.")
class File:
    name: str = strawberry.field(description="Its name.")
    size: BigInt = strawberry.field(description="Its size in bytes.")
    media_type: str = strawberry.field(description="Its media type, such as text/csv.")
    sha256: str = strawberry.field(description="The SHA-256 of its bytes, in hexadecimal.")
    url: str | None = strawberry.field(
        description="Where an output file can be downloaded (GET, with the same Authorization); "
        "null for uploads."
    )
    row: strawberry.Private[FileRow]

    @strawberry.field(
        description="Where an output file can be downloaded for some time by whoever has this "
        "address, as you: for browsers and download managers. Null for uploads. Do not publish it."
    )
    def temporary_url(
        self, info: Info, seconds: Annotated[int, arg("From 1 to 3600.")] = 300
    ) -> str | None:
        if self.url is None:
            return None
        context = info.context
        signature = addresses.sign(
            context.viewer, context.app, self.row.process_id, self.row.name, seconds
        )
        return f"{self.url}?signature={quote(signature)}"

    @classmethod
    def of(cls, row: FileRow, info: Info) -> "File":
        written = row.direction == Direction.OUTPUT
        return cls(
            name=row.name,
            size=BigInt(row.size),
            media_type=row.media_type,
            sha256=row.sha256,
            url=info.context.file_url(row.process_id, row.name) if written else None,
            row=row,
        )
