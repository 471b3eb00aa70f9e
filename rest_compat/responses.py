"""Answers in JSON."""

from collections.abc import Mapping

import orjson
from starlette.responses import Response

HAL = "application/hal+json;charset=UTF-8"


def json(
    document: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = HAL,
) -> Response:
    return Response(
        orjson.dumps(document), status, headers={"Content-Type": media_type, **(headers or {})}
    )
