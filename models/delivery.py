"""Who is to be told, outside, that a process has ended, and what became of it."""

from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.models import Model

from models.instant import InstantField, now
from models.process import Process
from models.user import User


class Channel(StrEnum):
    """By which way a user is told."""

    WEBHOOK = "WEBHOOK"
    EMAIL = "EMAIL"


class Occasion(StrEnum):
    """Of which ends a user is told: of each, or only of FAILED."""

    ENDED = "ENDED"
    FAILED = "FAILED"


class DeliveryState(StrEnum):
    """Whether it is still to be delivered (PENDING), was DELIVERED, will not be any more (FAILED),
    or need not be (SKIPPED), the end being none of those that the user wanted to be told of."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class Delivery(Model):
    """A user is to be told of the end of a process; due once that has come, however it came.

    `url` is that of a webhook and `secret` what signs the message, sealed (`jobs.safe`); an e-mail
    goes to the address that the user has by then. `attempts` have begun; `log` has when the latest
    of them ended, in microseconds since 1970, and why they failed, if they did. Before `next_at`
    nobody tries.
    """

    id = fields.UUIDField(primary_key=True, default=uuid4)
    process: fields.ForeignKeyRelation[Process] = fields.ForeignKeyField(
        "models.Process", related_name="deliveries"
    )
    process_id: UUID
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="deliveries"
    )
    user_id: UUID
    channel = fields.CharField(max_length=7)
    occasion = fields.CharField(max_length=6, default=Occasion.ENDED.value)
    url = fields.TextField(null=True)
    secret = fields.TextField(null=True)
    state = fields.CharField(max_length=9, default=DeliveryState.PENDING.value)
    created_at = InstantField(default=now)
    next_at = InstantField(default=now)
    attempts = fields.IntField(default=0)
    log: list[tuple[int, str | None]] = fields.JSONField(default=list)

    class Meta:
        table = "delivery"
        indexes = (("state", "next_at"), ("process_id", "user_id"))
