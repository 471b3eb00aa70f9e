"""Console output: lines, pages of them, and the events of the live output."""

from dataclasses import field, replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from jobs.ansi import stripped
from jobs.chunk import Batch, Line
from models.instant import from_micros
from models.process import Process as ProcessRow
from models.status import Status
from resolvers.output import Part, page
from schema.context import Info
from schema.scalars import BigInt
from schema.sharing import Answers, Shared
from schema.status import ProcessStatus

PLAIN_TEXT = "The text without ANSI control sequences (colours, cursor movements)."


@strawberry.type(description="One line of console output.")
class OutputLine:
    seq: int = strawberry.field(description="Its number in the process: 1, 2, 3 … without holes.")
    time: datetime = strawberry.field(description="When it arrived.")
    text: str = strawberry.field(description="Its text, without the newline.")

    @strawberry.field(description=PLAIN_TEXT)
    def plain_text(self) -> str:
        return stripped(self.text)

    @classmethod
    def of(cls, line: Line) -> "OutputLine":
        return cls(seq=line.seq, time=from_micros(line.time), text=line.text)


@strawberry.type(description="Some consecutive lines of console output.")
class OutputPage:
    batch: strawberry.Private[Batch | None]
    process_id: strawberry.Private[UUID]
    part: strawberry.Private[Part]

    @strawberry.field(description="The lines, each with its number and time.")
    def lines(self) -> list[OutputLine]:
        return [OutputLine.of(line) for line in self.batch.lines()] if self.batch else []

    @strawberry.field(
        description="All lines joined by newlines: much cheaper than `lines` where there are many."
    )
    def text(self) -> str:
        return self.batch.text if self.batch else ""

    @strawberry.field(description=PLAIN_TEXT)
    def plain_text(self) -> str:
        return stripped(self.text())

    @strawberry.field(description="The number of the first line here; null if there is none.")
    def first_seq(self) -> int | None:
        return self.batch.first_seq if self.batch else None

    @strawberry.field(
        description="The number of the last line here; null if there is none. "
        "Give it as `after` to get the next page."
    )
    def last_seq(self) -> int | None:
        return self.batch.last_seq if self.batch else None

    @strawberry.field(description="Whether more of the lines asked for are stored after these.")
    async def has_more(self, info: Info) -> bool:
        if self.batch is None:
            return False
        rest = replace(self.part, after=self.batch.last_seq, first=1, last=None)
        return await page(info.context.viewer, self.process_id, rest) is not None


@strawberry.type(description="New lines of console output.")
class OutputBatch(Shared):
    batch: strawberry.Private[Batch]
    answers: strawberry.Private[Answers] = field(default_factory=dict)

    @strawberry.field(description="The number of the first line here.")
    def first_seq(self) -> int:
        return self.batch.first_seq

    @strawberry.field(
        description="The number of the last line here: the `after` with which to go on after a cut."
    )
    def last_seq(self) -> int:
        return self.batch.last_seq

    @strawberry.field(description="The lines, each with its number and time.")
    def lines(self) -> list[OutputLine]:
        return [OutputLine.of(line) for line in self.batch.lines()]

    @strawberry.field(
        description="All lines joined by newlines: much cheaper than `lines` where there are many."
    )
    def text(self) -> str:
        return self.batch.text

    @strawberry.field(description=PLAIN_TEXT)
    def plain_text(self) -> str:
        return stripped(self.batch.text)


@strawberry.type(
    description="The end of the output: with these facts a client can prove that it has it all."
)
class OutputEnd:
    status: ProcessStatus = strawberry.field(description="How the process ended.")  # type: ignore[valid-type]
    exit_code: int | None = strawberry.field(
        description="The script's exit code; null if it did not end by itself."
    )
    last_seq: int = strawberry.field(description="The number of the last line: how many there are.")
    byte_count: BigInt = strawberry.field(
        description="The bytes of all lines as UTF-8, each with its newline."
    )
    sha256: str | None = strawberry.field(
        description="The SHA-256 of these bytes; null if there are none."
    )

    @classmethod
    def of(cls, row: ProcessRow) -> "OutputEnd":
        return cls(
            status=Status(row.status),
            exit_code=row.exit_code,
            last_seq=row.last_seq,
            byte_count=BigInt(row.output_bytes),
            sha256=row.output_sha256,
        )


OutputEvent = Annotated[
    OutputBatch | OutputEnd,
    strawberry.union(
        "OutputEvent", description="An event of the live output: new lines or, once, the end."
    ),
]
