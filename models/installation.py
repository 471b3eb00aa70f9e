"""What an installation is known by, wherever more than one may be."""

from uuid import UUID, uuid4

from tortoise import fields
from tortoise.models import Model

ONLY = 1


class Installation(Model):
    """Whose database this is.

    There is one row at most, so that of several who add it at once one wins. A backup has none:
    what is restored is another installation.
    """

    number = fields.IntField(primary_key=True, generated=False, default=ONLY)
    identity: UUID = fields.UUIDField(default=uuid4)

    class Meta:
        table = "installation"


async def identity() -> UUID:
    """That of this installation, which gets one where it has none yet."""
    while (found := await Installation.first()) is None:
        await Installation.bulk_create([Installation()], ignore_conflicts=True)
    return found.identity
