"""Who may ask: users and their bearer tokens."""

from uuid import UUID, uuid4

from tortoise import fields
from tortoise.models import Model

from models.instant import InstantField, now


class User(Model):
    """A person or a program that signs in. Users are disabled, never deleted: they own things."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    name = fields.CharField(max_length=100, unique=True)
    is_admin = fields.BooleanField(default=False)
    created_at = InstantField(default=now)
    disabled_at = InstantField(null=True)

    class Meta:
        table = "user_account"  # "user" is a reserved word of PostgreSQL


class Token(Model):
    """A bearer token. Only the SHA-256 of its text is kept; the text is shown once."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="tokens"
    )
    user_id: UUID
    name = fields.CharField(max_length=100)
    digest = fields.CharField(max_length=64, unique=True)
    created_at = InstantField(default=now)
    expires_at = InstantField(null=True)
    revoked_at = InstantField(null=True)

    class Meta:
        table = "token"
