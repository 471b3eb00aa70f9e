"""The Range header (RFC 9110, section 14)."""

import re

NUMBER = r"\d{1,4000}"  # Python reads no longer ones
ONE = rf"({NUMBER}-({NUMBER})?|-{NUMBER})"
UNIT = "bytes="
RANGES = re.compile(rf"{UNIT}[\s,]*{ONE}(\s*,[\s,]*{ONE})*[\s,]*", re.IGNORECASE)


def satisfiable(text: str, size: int) -> str | None:
    """The header with only those ranges that a file of `size` bytes has; "" if it has none.

    None where there is no Range, or one that is malformed and so to be ignored (section 14.2).
    """
    if not RANGES.fullmatch(text):
        return None
    ranges = [part.strip() for part in text[len(UNIT) :].split(",") if part.strip()]
    bounds = [part.partition("-") for part in ranges]
    if any(start and end and int(start) > int(end) for start, _, end in bounds):
        return None
    there = [
        part
        for part, (start, _, end) in zip(ranges, bounds, strict=True)
        if (int(start) < size if start else int(end) > 0 and size > 0)
    ]
    return f"{UNIT}{','.join(there)}" if there else ""
