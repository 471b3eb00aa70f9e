"""The moves of a process that only one worker may make: claiming it, and ending it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from jobs.merge import has_many_chunks, request_merge
from jobs.piece import Piece
from jobs.report import Report, store_large
from models.database import connection, placeholders
from models.file import File
from models.instant import now
from models.process import Process, light, move
from models.script import Script
from models.status import Status
from models.transaction import transaction
from models.worker import Worker

CLOCKS_DIFFER = timedelta(seconds=1)  # between the machines, at most


@transaction
async def claim(
    process_id: UUID, script: Script, worker_id: UUID, mark: Callable[[UUID], None]
) -> Process | None:
    """Makes a due process RUNNING and the worker's, if its script may run once more now.

    Of a script with limited concurrency it is the one that has waited longest, whichever was asked
    for. None: there is nothing to run, or the worker has lost its lease. `mark` is called with its
    id before it is claimed, to leave a sign on this machine; what it raises leaves it SCHEDULED.
    """
    if not await _may_claim(worker_id):
        return None
    due = Process.filter(
        script=script.name, status=Status.SCHEDULED.value, start_time__lte=now() + CLOCKS_DIFFER
    )
    if script.concurrency is None:
        due = due.filter(id=process_id)
    else:
        await _one_at_a_time(script.name)
        running = Process.filter(script=script.name, status=Status.RUNNING.value)
        if await running.count() >= script.concurrency:
            return None
        due = due.order_by("start_time", "created_at")
    while process := await due.first():
        mark(process.id)
        started = now()
        if await move(process.id, Status.RUNNING, worker_id=worker_id, start_time=started):
            process.worker_id, process.start_time = worker_id, started
            return process
        # It was stopped or deleted just now: it is the turn of the next one.
    return None


@transaction
async def succeed(old: UUID, new: UUID) -> list[Process]:
    """Gives one worker all that another held, which lives no more; its row goes. What is heavy is
    not read.

    First its row: that waits for its last claims, if they are still on their way.
    """
    await Worker.filter(id=old).delete()
    theirs = Process.filter(worker_id=old, status=Status.RUNNING.value)
    held = await theirs.only(*light())
    ids = [process.id for process in held]
    await Process.filter(id__in=ids, status=Status.RUNNING.value).update(worker_id=new)
    return held


@transaction
async def finish(
    process_id: UUID,
    status: Status,
    reason: str | None,
    *,
    since: Status | None = None,
    holder: UUID | None = None,
    exit_code: int | None = None,
    files: Sequence[File] = (),
    closing: Piece | None = None,
    report: Report | None = None,
) -> bool:
    """Makes the terminal status visible, with the output files, a closing line and what the script
    has told of itself, all at once.

    With `since` and `holder` as in `models.process.move`. False, and nothing is changed, if the
    process has ended or is deleted, if these do not hold, or if lines were stored that the closing
    one was not numbered after: a worker that was given up may come back with some.
    """
    behind = closing.first_seq - 1 if closing else None
    sums = closing.sums() if closing else {}
    told = report.columns() if report else {}
    facts = {"reason": reason, "exit_code": exit_code, "ended_at": now(), "secrets": None}
    if not await move(
        process_id, status, since=since, holder=holder, behind=behind, **facts, **sums, **told
    ):
        return False
    if closing:
        await closing.chunk(process_id).save()
    if files:
        await File.bulk_create(files)
    if report:
        await store_large(process_id, report)
    if await has_many_chunks(process_id):
        await request_merge(process_id)
    return True


async def _may_claim(worker_id: UUID) -> bool:
    """Whether the worker has its lease; it keeps it until the transaction ends."""
    lock = " FOR SHARE" if connection().capabilities.dialect == "postgres" else ""
    mark = placeholders(1, 1)[0]
    sql = f'SELECT 1 FROM "worker" WHERE "id" = {mark} AND "lost_at" IS NULL{lock}'  # noqa: S608
    value = worker_id if lock else str(worker_id)
    return bool(await connection().execute_query_dict(sql, [value]))


async def _one_at_a_time(script: str) -> None:
    """Keeps others from claiming this script until the transaction ends (SQLite: they are kept)."""
    if connection().capabilities.dialect == "postgres":
        await connection().execute_query("SELECT pg_advisory_xact_lock(hashtext($1))", [script])
