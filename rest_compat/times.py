"""Times in the query: as precise as they are written, so that bounds can include all they name."""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from models.instant import MICROSECOND, read_instant

WRITTEN = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?P<minute>[T ]\d\d:\d\d(?P<second>:\d\d(?P<part>[.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?",
    re.IGNORECASE,
)


class Written(NamedTuple):
    """A moment and the length of time that it names: 12:00:00 is a whole second."""

    moment: datetime
    precision: timedelta


def read_time(name: str, text: str | None, wrong: dict[str, list[str]]) -> Written | None:
    """ISO 8601; UTC where no zone is given. `wrong` is told of what cannot be read."""
    if text is None:
        return None
    text = re.sub(r"(:\S+) (\d\d:?\d\d)$", r"\1+\2", text)  # a plus sign that was not escaped
    match = WRITTEN.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        return Written(read_instant(text), _precision(match))
    except ValueError:
        wrong[name] = [f"{text!r} is not a time such as 2017-11-21T11:32:52Z."]
        return None


def earliest(written: Written) -> datetime:
    """The first moment that it names."""
    return written.moment


def latest(written: Written) -> datetime:
    """The last moment that it names."""
    try:
        return written.moment + (written.precision - MICROSECOND)
    except OverflowError:  # 9999-12-31, which some clients send for "no end"
        return written.moment


def _precision(match: re.Match[str]) -> timedelta:
    if match["part"]:
        return timedelta(microseconds=10 ** max(0, 7 - len(match["part"])))
    if match["second"]:
        return timedelta(seconds=1)
    return timedelta(minutes=1) if match["minute"] else timedelta(days=1)
