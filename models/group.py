"""Groups of users, and what their members may do with which script."""

from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.models import Model

from models.instant import InstantField, now
from models.user import User

ANY_SCRIPT = "*"


class Group(Model):
    """Users who have the same rights."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    name = fields.CharField(max_length=100, unique=True)
    created_at = InstantField(default=now)

    class Meta:
        table = "user_group"


class Membership(Model):
    """A user is in a group."""

    id = fields.BigIntField(primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="memberships"
    )
    user_id: UUID
    group: fields.ForeignKeyRelation[Group] = fields.ForeignKeyField(
        "models.Group", related_name="memberships"
    )
    group_id: UUID

    class Meta:
        table = "membership"
        unique_together = (("user_id", "group_id"),)


class Right(StrEnum):
    """What may be granted: to SEE that a script is there, to START it (and see it), to READ the
    processes of it that others have started."""

    SEE = "SEE"
    START = "START"
    READ = "READ"


class Grant(Model):
    """The members of a group have a right to a script, or to ANY_SCRIPT."""

    id = fields.BigIntField(primary_key=True)
    group: fields.ForeignKeyRelation[Group] = fields.ForeignKeyField(
        "models.Group", related_name="grants"
    )
    group_id: UUID
    script = fields.CharField(max_length=100)
    right = fields.CharField(max_length=5)

    class Meta:
        table = "script_grant"
        unique_together = (("group_id", "script", "right"),)
