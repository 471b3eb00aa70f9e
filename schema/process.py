"""Processes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.file import Direction
from models.process import Process as ProcessRow
from models.status import Status
from models.user import User as UserRow
from resolvers import given, output
from resolvers.errors import BadInput, Forbidden, NotFound
from resolvers.processes import waits_for
from resolvers.reports import Part
from resolvers.scripts import script
from schema.answer import ANSWER, admit
from schema.arguments import arg
from schema.context import Info
from schema.file import File
from schema.output import OutputPage
from schema.report import NamedValue, Notice, NoticeCounts, Progress
from schema.scalars import BigInt
from schema.script import Script
from schema.search import OutputSearch, output_search
from schema.selection import selected
from schema.status import ProcessStatus, WaitsFor
from schema.user import User

PAGE_LINES = 1000
MOST_LINES = 100_000


@strawberry.type(description="A parameter as it was given.")
class ProcessParameter:
    name: str = strawberry.field(description="The short name of the parameter.")
    value: str = strawberry.field(
        description="Its value; of a file the name of the upload, of a secret only `***`."
    )


@strawberry.type(description="What runs scripts, on one of the machines.")
class Worker:
    id: strawberry.ID = strawberry.field(description="The worker's UUID.")
    machine: str = strawberry.field(description="The name of its machine.")


@strawberry.type(description="One run of a script.")
class Process:
    row: strawberry.Private[ProcessRow]
    id: strawberry.ID = strawberry.field(description="The process's UUID.")
    script_name: str = strawberry.field(description="The name of its script.")
    user: User = strawberry.field(description="Who started it.")
    status: ProcessStatus = strawberry.field(description="Where it is in its life.")  # type: ignore[valid-type]
    created_at: datetime = strawberry.field(description="When it was accepted.")
    start_time: datetime = strawberry.field(
        description="When it started; while it is SCHEDULED, when it is due."
    )
    ended_at: datetime | None = strawberry.field(description="When it ended.")
    exit_code: int | None = strawberry.field(
        description="The script's exit code; null if it has not ended by itself."
    )
    reason: str | None = strawberry.field(description="Why it failed or was stopped, in words.")
    stop_requested_at: datetime | None = strawberry.field(
        description="When somebody asked for it to be stopped."
    )
    parameters: list[ProcessParameter] = strawberry.field(
        description="The parameters, in the order in which they were given."
    )
    parameters_excerpt: str = strawberry.field(
        description="The parameters in one line, such as `-i 10673/1 -a`, for lists: cut off where "
        "it would be longer than 500 characters."
    )
    last_seq: int = strawberry.field(description="How many lines of output are stored.")
    output_bytes: BigInt = strawberry.field(
        description="The bytes of the stored output as UTF-8, each line with its newline."
    )
    output_sha256: str | None = strawberry.field(
        description="The SHA-256 of the stored output; null while there is none."
    )

    progress: Progress | None = strawberry.field(
        description="How far its script has come; null if that has not said so."
    )
    notice_counts: NoticeCounts = strawberry.field(
        description="How often its script gave notice of something."
    )

    @classmethod
    async def of(cls, row: ProcessRow, info: Info) -> "Process":
        return (await cls.of_all([row], info))[0]

    @classmethod
    async def of_all(cls, rows: Sequence[ProcessRow], info: Info) -> list["Process"]:
        """Several at once: their users, and what they were given, are looked up together; the
        latter only if it is selected."""
        users = await info.context.users.meet(row.user_id for row in rows)
        ids, wanted = [row.id for row in rows], selected(info)
        parameters, excerpts = dict[UUID, given.Parameters](), dict[UUID, str]()
        if "parameters" in wanted:
            parameters = await given.parameters_of(ids, admit)
        if "parametersExcerpt" in wanted:
            excerpts = await given.excerpts_of(ids)
        return [
            cls._of(row, users[row.user_id], parameters.get(row.id, []), excerpts.get(row.id, ""))
            for row in rows
        ]

    @classmethod
    def _of(
        cls, row: ProcessRow, user: UserRow, parameters: given.Parameters, excerpt: str
    ) -> "Process":
        return cls(
            row=row,
            user=User.of(user),
            id=strawberry.ID(str(row.id)),
            script_name=row.script,
            status=Status(row.status),
            created_at=row.created_at,
            start_time=row.start_time,
            ended_at=row.ended_at,
            exit_code=row.exit_code,
            reason=row.reason,
            stop_requested_at=row.stop_requested_at,
            parameters=[ProcessParameter(name=name, value=value) for name, value in parameters],
            parameters_excerpt=excerpt,
            last_seq=row.last_seq,
            output_bytes=BigInt(row.output_bytes),
            output_sha256=row.output_sha256,
            progress=Progress.of(row),
            notice_counts=NoticeCounts.of(row),
        )

    @strawberry.field(description="Its script; null if it is gone or you may not see it.")
    def script(self, info: Info) -> Script | None:
        try:
            return Script.of(script(info.context.viewer, info.context.app, self.row.script))
        except (NotFound, Forbidden):
            return None

    @strawberry.field(description="What it waits for while it is SCHEDULED.")
    async def waits_for(self, info: Info) -> WaitsFor | None:
        waiting = await waits_for(info.context.app, self.row)
        return WaitsFor(waiting) if waiting else None

    @strawberry.field(
        description="Which worker runs it, or ran it; null if none has, or it was long ago."
    )
    async def worker(self, info: Info) -> Worker | None:
        if self.row.worker_id is None:
            return None
        found = await info.context.workers.load(self.row.worker_id)
        return Worker(id=strawberry.ID(str(found.id)), machine=found.machine) if found else None

    @strawberry.field(description="The files that the script wrote; there once it has ended.")
    async def files(self, info: Info) -> list[File]:
        rows = await info.context.files.load((self.row.id, Direction.OUTPUT))
        return [File.of(row, info) for row in rows]

    @strawberry.field(description="The files that were uploaded for it.")
    async def uploads(self, info: Info) -> list[File]:
        rows = await info.context.files.load((self.row.id, Direction.INPUT))
        return [File.of(row, info) for row in rows]

    @strawberry.field(
        description="What its script gave notice of, in order: the first 50 of each level."
    )
    async def notices(
        self, info: Info, first: Annotated[int, arg("At most so many.")] = 150
    ) -> list[Notice]:
        if first < 0:
            raise BadInput({"first": ["This must be 0 or more."]})
        found = await self._told(info, "notices")
        return [Notice.of(each) for each in (found or [])[:first]]

    @strawberry.field(
        description="The summary that its script wrote, in Markdown; null if there is none."
    )
    async def summary(self, info: Info) -> str | None:
        return await self._told(info, "summary") or None

    async def _told(self, info: Info, part: Part) -> Any:
        return await info.context.reports.load((self.row.id, part, ANSWER.get()))

    @strawberry.field(description="The values that its script named, in the order of the names.")
    async def values(self, info: Info) -> list[NamedValue]:
        found = await self._told(info, "facts")
        return [NamedValue(name=name, value=value) for name, value in sorted((found or {}).items())]

    @strawberry.field(
        description="A page of the output stored by now. It may have fewer lines than asked for; "
        "go on with `after` as long as it says `hasMore`."
    )
    async def output(
        self,
        info: Info,
        after: Annotated[int, arg("Only lines with a higher number.")] = 0,
        first: Annotated[int | None, arg("At most so many lines (by default 1000).")] = None,
        last: Annotated[int | None, arg("Only the last so many lines.")] = None,
        from_time: Annotated[datetime | None, arg("Only lines from this time on.")] = None,
        to_time: Annotated[datetime | None, arg("Only lines up to this time.")] = None,
    ) -> OutputPage:
        for name, number in (("first", first), ("last", last)):
            if number is not None and number > MOST_LINES:
                raise BadInput({name: [f"At most {MOST_LINES} lines can be asked for at once."]})
        part = output.Part(
            after=after,
            first=PAGE_LINES if first is None and last is None else first,
            last=last,
            from_time=from_time,
            to_time=to_time,
        )
        batch = await output.page(info.context.viewer, self.row.id, part)
        return OutputPage(batch=batch, process_id=self.row.id, part=part)

    output_search: OutputSearch = strawberry.field(
        resolver=output_search,
        description="Lines of the output stored by now that match a pattern. After a few seconds, "
        "or with a full page, a search ends; go on with `after: searchedTo` as long as it says "
        "`hasMore`. Lines are searched without ANSI control sequences.",
    )
