"""Lengths of time as they are written in manifests and settings: `90s`, `1.5m`, `6h`, `2d`."""

import re
from typing import Annotated

import msgspec

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = r"^[0-9]{1,9}(\.[0-9]{1,9})?[smhd]\Z"  # millions of years at most
Duration = Annotated[str, msgspec.Meta(pattern=DURATION)]


def seconds(duration: str) -> float:
    """`90s`, `1.5m`, `6h` or `2d` in seconds. Raises ValueError if it is no duration."""
    if not re.fullmatch(DURATION, duration):
        raise ValueError(f"{duration!r} is no duration such as 90s, 12h or 30d")
    return float(duration[:-1]) * UNITS[duration[-1]]
