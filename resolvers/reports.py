"""What scripts have told of themselves."""

from uuid import UUID

from models.report import Report


async def reports_of(process_ids: list[UUID]) -> dict[UUID, Report]:
    """Those of several processes that the viewer is known to see, as far as there are any."""
    return {row.process_id: row for row in await Report.filter(process_id__in=process_ids)}
