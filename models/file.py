"""Files of a process: what was uploaded for it and what its script wrote."""

from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.models import Model

from models.instant import InstantField, now
from models.process import Process


class Direction(StrEnum):
    """Which way a file goes: INPUT was uploaded, OUTPUT was written by the script."""

    INPUT = "INPUT"
    OUTPUT = "OUTPUT"


class File(Model):
    """A stored file; its bytes lie in the store under the ids of its process and itself.

    `parameter` is the position of the parameter whose value an INPUT is.
    """

    id = fields.UUIDField(primary_key=True, default=uuid4)
    process: fields.ForeignKeyRelation[Process] = fields.ForeignKeyField(
        "models.Process", related_name="files"
    )
    process_id: UUID
    direction = fields.CharField(max_length=6)
    parameter = fields.IntField(null=True)
    name = fields.CharField(max_length=1024)
    size = fields.BigIntField()
    media_type = fields.CharField(max_length=255)
    sha256 = fields.CharField(max_length=64)
    created_at = InstantField(default=now)

    class Meta:
        table = "file"
        indexes = (("process_id", "direction"),)
