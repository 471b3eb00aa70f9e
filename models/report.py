"""What a script has told of itself, beside its output."""

from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from models.process import Process


class Report(Model):
    """The large part of it; what is small stands with the process.

    `notices` are time (in microseconds since 1970), level ("notice", "warning" or "error") and
    message of those that are kept; `facts` are the named values.
    """

    process: fields.OneToOneRelation[Process] = fields.OneToOneField(
        "models.Process", related_name="report", primary_key=True
    )
    process_id: UUID
    summary = fields.TextField(default="")
    notices: list[tuple[int, str, str]] = fields.JSONField(default=list)
    facts: dict[str, str] = fields.JSONField(default=dict)

    class Meta:
        table = "report"
