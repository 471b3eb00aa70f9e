"""Stored console output: append-only chunks of many lines."""

from tortoise import fields
from tortoise.models import Model


class OutputChunk(Model):
    """Lines `first_seq` to `last_seq` of a process; `data` is made by `jobs.chunk`.

    Times are those of the first and the last line, in microseconds since 1970. There is no foreign
    key: the chunks of a deleted process are removed in the background, in small steps.
    """

    id = fields.BigIntField(primary_key=True)
    process_id = fields.UUIDField()
    first_seq = fields.BigIntField()
    last_seq = fields.BigIntField()
    first_time = fields.BigIntField()
    last_time = fields.BigIntField()
    data = fields.BinaryField()

    class Meta:
        table = "output_chunk"
        unique_together = (("process_id", "last_seq"),)
        indexes = (("process_id", "last_time"),)
