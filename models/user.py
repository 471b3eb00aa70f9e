"""Who may ask: users, how they prove who they are, and the groups that they belong to."""

from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.models import Model

from models.instant import InstantField, now


class User(Model):
    """A person or a program that signs in. Users are disabled, never deleted: they own things.

    `password` is its argon2id hash, in the PHC string format; None: they sign in otherwise.
    `email` is the address to which they are written, which is known to be theirs.
    """

    id = fields.UUIDField(primary_key=True, default=uuid4)
    name = fields.CharField(max_length=100, unique=True)
    is_admin = fields.BooleanField(default=False)
    password = fields.TextField(null=True)
    email = fields.CharField(max_length=254, null=True)
    created_at = InstantField(default=now)
    disabled_at = InstantField(null=True)

    class Meta:
        table = "user_account"  # "user" is a reserved word of PostgreSQL


class Scope(StrEnum):
    """What a token is good for, of what its user may do: READ, START (and read, stop, delete), or
    ADMIN, which is everything."""

    READ = "READ"
    START = "START"
    ADMIN = "ADMIN"


class TokenKind(StrEnum):
    """Whether a token was made for a program, is that of a browser's session, or a JWT of an
    identity provider that was accepted, until it expires."""

    BEARER = "BEARER"
    JWT = "JWT"
    SESSION = "SESSION"


class Token(Model):
    """A secret text that says who one is. Only its SHA-256 is kept; the text is shown once.

    `address` and `agent` are those from which a session was begun.
    """

    id = fields.UUIDField(primary_key=True, default=uuid4)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="tokens"
    )
    user_id: UUID
    name = fields.CharField(max_length=100)
    digest = fields.CharField(max_length=64, unique=True)
    kind = fields.CharField(
        max_length=7, default=TokenKind.BEARER.value, db_default=TokenKind.BEARER.value
    )
    scope = fields.CharField(max_length=5, default=Scope.ADMIN.value, db_default=Scope.ADMIN.value)
    created_at = InstantField(default=now)
    expires_at = InstantField(null=True)
    revoked_at = InstantField(null=True)
    last_used_at = InstantField(null=True)
    address = fields.CharField(max_length=64, null=True)
    agent = fields.CharField(max_length=255, null=True)

    class Meta:
        table = "token"


class Identity(Model):
    """Who a user is elsewhere: the subject of an OpenID provider's tokens."""

    id = fields.BigIntField(primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="identities"
    )
    user_id: UUID
    issuer = fields.CharField(max_length=255)
    subject = fields.CharField(max_length=255)

    class Meta:
        table = "identity"
        unique_together = (("issuer", "subject"),)


class Attempt(Model):
    """Failures to sign in, of late, of one account or from one address; `key` is its SHA-256."""

    key = fields.CharField(max_length=64, primary_key=True)
    failures = fields.IntField(default=0)
    last_at = InstantField(default=now)

    class Meta:
        table = "attempt"
        indexes = (("last_at",),)
