"""Files of a process."""

import strawberry

from models.file import Direction
from models.file import File as FileRow
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

    @classmethod
    def of(cls, row: FileRow, info: Info) -> "File":
        written = row.direction == Direction.OUTPUT
        return cls(
            name=row.name,
            size=BigInt(row.size),
            media_type=row.media_type,
            sha256=row.sha256,
            url=info.context.file_url(row.process_id, row.name) if written else None,
        )
