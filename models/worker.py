"""Workers that are, or were, running scripts."""

from uuid import uuid4

from tortoise import fields
from tortoise.models import Model

from models.instant import InstantField, now


class Worker(Model):
    """A worker holds its processes for as long as it moves `lease_until` forward.

    Others give it up as lost (`lost_at`) once they have seen `lease_until` stand still for `lease`
    seconds; then it claims nothing any more, and writes only to what nobody has ended or taken over
    yet. One that leaves (`left_at`) gives itself a longer `lease`, in which the next worker on its
    machine takes over what it held.
    `trouble` is what keeps it from working well, in words; `scripts` are the names that it knows.
    """

    id = fields.UUIDField(primary_key=True, default=uuid4)
    machine = fields.CharField(max_length=255)
    started_at = InstantField(default=now)
    lease_until = InstantField()
    lease = fields.IntField(default=30, db_default=30)
    left_at = InstantField(null=True)
    lost_at = InstantField(null=True)
    trouble = fields.TextField(null=True)
    scripts: list[str] | None = fields.JSONField(null=True)

    class Meta:
        table = "worker"
        indexes = (("lease_until",),)
