"""Stored console output: append-only chunks of many lines, and what is still to be merged."""

from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from models.instant import EPOCH, InstantField
from models.process import Process


class OutputChunk(Model):
    """Lines `first_seq` to `last_seq` of a process; `data` is made by `jobs.chunk`.

    Times are those of the first and the last line, in microseconds since 1970; within a process
    they never go backwards. `size` is that of the lines in bytes, each with its newline. There is
    no foreign key: the chunks of a deleted process are removed in the background, in small steps.
    """

    id = fields.BigIntField(primary_key=True)
    process_id = fields.UUIDField()
    first_seq = fields.BigIntField()
    last_seq = fields.BigIntField()
    first_time = fields.BigIntField()
    last_time = fields.BigIntField()
    size = fields.IntField()
    data = fields.BinaryField()

    class Meta:
        table = "output_chunk"
        unique_together = (("process_id", "last_seq"),)
        indexes = (("process_id", "last_time", "last_seq"),)


class Merge(Model):
    """A process whose output lies in many small chunks: a worker is to make few large ones of them.

    The worker that is at it holds this row until `held_until`; each write of its depends on that.
    """

    process: fields.OneToOneRelation[Process] = fields.OneToOneField(
        "models.Process", related_name="merge", primary_key=True
    )
    process_id: UUID
    held_until = InstantField(default=EPOCH)

    class Meta:
        table = "merge"
