"""The audit: who did what, only ever added to."""

from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from models.instant import InstantField, now

OK = "OK"
NOBODY = UUID(int=0)  # the `actor_id` of who is no user: the operator, the system
SYSTEM, OPERATOR = "system", "operator"
LONGEST = 255  # characters of a target


class AuditEntry(Model):
    """Somebody did something, or tried to.

    It stands by itself, without foreign keys, so that it outlives what it speaks of. `actor` is the
    user's name at that time, `token_id` what they signed in with; `action` is for instance
    "process.start"; `target` is the id or the name of what it was done to; `result` is "OK" or the
    code of the error; `details` never has a secret in it.
    """

    id = fields.BigIntField(primary_key=True)
    at = InstantField(default=now)
    actor_id = fields.UUIDField(null=True)
    actor = fields.CharField(max_length=100, null=True)
    token_id = fields.UUIDField(null=True)
    address = fields.CharField(max_length=64, null=True)
    action = fields.CharField(max_length=40)
    target = fields.CharField(max_length=255, null=True)
    result = fields.CharField(max_length=20)
    details: dict[str, object] | None = fields.JSONField(null=True)

    class Meta:
        table = "audit"
        indexes = (
            ("at", "id"),
            ("actor_id", "at", "id"),
            ("action", "at", "id"),
            ("target", "at", "id"),
        )


def printable(text: object, most: int = LONGEST) -> str:
    """As it may stand in an entry: without control characters, and cut where it is too long."""
    shown = "".join(each if each.isprintable() else "\ufffd" for each in str(text)[: most + 1])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def by_itself(actor: str, action: str, target: str | None, **details: object) -> AuditEntry:
    """What no user did, but the SYSTEM or the OPERATOR."""
    return AuditEntry(
        actor_id=NOBODY, actor=actor, action=action, target=target, result=OK, details=details
    )
