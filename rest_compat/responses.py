"""Answers in JSON, which nobody is to keep: the next one may be another, or for somebody else."""

from collections.abc import Mapping

import orjson
from starlette.responses import Response

HAL = "application/hal+json;charset=UTF-8"
UNKEPT = {"Cache-Control": "no-store"}


def json(
    document: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = HAL,
) -> Response:
    common = {"Content-Type": media_type, **UNKEPT}
    return Response(orjson.dumps(document), status, headers={**common, **(headers or {})})
