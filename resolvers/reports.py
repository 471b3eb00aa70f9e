"""What scripts have told of themselves."""

from collections.abc import Callable, Collection
from typing import Any, Literal
from uuid import UUID

from models.database import connection, placeholders
from models.report import Report

Part = Literal["summary", "notices", "facts"]
SIZES = {  # in bytes
    "postgres": 'octet_length("{}"::text)',
    "sqlite": 'length(CAST("{}" AS BLOB))',
}


async def parts_of(
    ids: Collection[UUID], part: Part, admit: Callable[[int], None]
) -> dict[UUID, Any]:
    """That part of the reports of several processes that the viewer is known to see, as far as
    there are any. `admit` is told how many bytes they have, and raises where these are too many."""
    size = SIZES[connection().capabilities.dialect].format(part)
    marks = ", ".join(placeholders(1, len(ids)))
    sql = f'SELECT SUM({size}) AS "size" FROM "report" WHERE "process_id" IN ({marks})'  # noqa: S608
    (row,) = await connection().execute_query_dict(sql, [str(each) for each in ids])
    if row["size"] is None:
        return {}
    admit(int(row["size"]))
    return dict(await Report.filter(process_id__in=ids).values_list("process_id", part))
