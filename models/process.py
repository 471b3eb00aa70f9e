"""A process: one run of a script, its parameters, and what is left to remove of deleted ones."""

from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.models import Model

from models.instant import InstantField, now
from models.status import SOURCES, Status
from models.user import User


class Process(Model):
    """One run of a script.

    `start_time` is when it started; while it is SCHEDULED, when it is due.
    `worker_id` names the worker that holds it; only that worker may write to it.
    `parameters` are name and value of each as it was sent (of a file: its upload's name; of a
    secret: "***"); `secrets` has the true values by position, sealed (`jobs.safe`), until the
    script has been started.
    `progress` is what its script last said of it (`jobs.supervisor.report`), `notice_count` to
    `error_count` how often it gave notice; `reported_at` is when we heard of either.
    `bookmark` is the place in the supervisor's spool up to which output is stored (`jobs.spool`).
    """

    id = fields.UUIDField(primary_key=True, default=uuid4)
    script = fields.CharField(max_length=100)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="processes", on_delete=fields.RESTRICT
    )
    user_id: UUID
    status = fields.CharField(max_length=9, default=Status.SCHEDULED.value)
    created_at = InstantField(default=now)
    start_time = InstantField(default=now)
    parameters: list[tuple[str, str]] = fields.JSONField(default=list)
    secrets: dict[str, str] | None = fields.JSONField(null=True)
    ended_at = InstantField(null=True)
    exit_code = fields.IntField(null=True)
    reason = fields.TextField(null=True)
    stop_requested_at = InstantField(null=True)
    stop_requested_by = fields.CharField(max_length=100, null=True)
    worker_id = fields.UUIDField(null=True)
    last_seq = fields.BigIntField(default=0)
    output_bytes = fields.BigIntField(default=0)
    output_sha256 = fields.CharField(max_length=64, null=True)
    bookmark = fields.CharField(max_length=64, default="")
    progress: dict[str, Any] | None = fields.JSONField(null=True)
    notice_count = fields.BigIntField(default=0, db_default=0)
    warning_count = fields.BigIntField(default=0, db_default=0)
    error_count = fields.BigIntField(default=0, db_default=0)
    reported_at = InstantField(null=True)

    class Meta:
        table = "process"
        indexes = (
            ("start_time", "id"),
            ("created_at", "id"),
            ("script", "start_time", "id"),
            ("user_id", "start_time", "id"),
            ("status", "start_time", "id"),
            ("worker_id", "status"),
            ("ended_at",),
            ("status",),  # the smallest index: SQLite counts all rows by it
        )


HEAVY = ("parameters", "secrets")  # as long as a request may be


@cache
def light() -> tuple[str, ...]:
    """The fields for `only` where none of the HEAVY ones is needed: of many rows these may be
    hundreds of megabytes."""
    return tuple(each for each in Process._meta.fields_db_projection if each not in HEAVY)


class Parameter(Model):
    """Finds processes by a parameter: `digest` is of its name and value (values may be long)."""

    id = fields.BigIntField(primary_key=True)
    process: fields.ForeignKeyRelation[Process] = fields.ForeignKeyField(
        "models.Process", related_name="parameter_digests"
    )
    process_id: UUID
    digest = fields.CharField(max_length=32)

    class Meta:
        table = "parameter"
        indexes = (("digest", "process_id"), ("process_id",))


def parameter_digest(name: str, value: str) -> str:
    """What `Parameter.digest` is for this name and value."""
    return sha256(f"{name}\0{value}".encode()).hexdigest()[:32]


class Deletion(Model):
    """A deleted process of which output chunks or stored files may remain to be removed."""

    process_id = fields.UUIDField(primary_key=True)
    created_at = InstantField(default=now)

    class Meta:
        table = "deletion"


async def move(
    process_id: UUID,
    to: Status,
    *,
    since: Status | None = None,
    holder: UUID | None = None,
    behind: int | None = None,
    **facts: object,
) -> bool:
    """Moves a process to a status if that is legal now; of two contenders one wins.

    With `since`, only from that status; with `holder`, only while that worker holds it; with
    `behind`, only while that is the number of its last line. `facts` are columns set in the same
    UPDATE. Returns whether it was moved.
    """
    sources = [each.value for each in SOURCES[to] if since in (None, each)]
    rows = Process.filter(id=process_id, status__in=sources)
    if holder is not None:
        rows = rows.filter(worker_id=holder)
    if behind is not None:
        rows = rows.filter(last_seq=behind)
    return await rows.update(status=to.value, **facts) > 0
