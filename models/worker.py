"""Workers that are, or were, running scripts."""

from uuid import uuid4

from tortoise import fields
from tortoise.models import Model

from models.instant import InstantField, now


class Worker(Model):
    """A worker holds its processes until `lease_until`, which it keeps moving forward."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    machine = fields.CharField(max_length=255)
    started_at = InstantField(default=now)
    lease_until = InstantField()

    class Meta:
        table = "worker"
        indexes = (("lease_until",),)
