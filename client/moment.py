"""Moments: as people write them, and as they read them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def future(text: str, now: datetime) -> datetime:
    """`18:00` is the next time that it is so late; `2h` is in two hours. Raises ValueError."""
    if _is_clock(text):
        return next(each for each in _on_days(text, now, 0, 1) if each > now)
    return now + _span(text) if _is_span(text) else _moment(text)


def past(text: str, now: datetime) -> datetime:
    """`18:00` is the last time that it was so late; `2h` is two hours ago. Raises ValueError."""
    if _is_clock(text):
        return next(each for each in _on_days(text, now, 0, -1) if each <= now)
    return now - _span(text) if _is_span(text) else _moment(text)


def sent(moment: datetime) -> str:
    """As a GraphQL DateTime."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def shown(text: str | None, now: datetime) -> str:
    """What the server sent, in this machine's zone; without the day if that is today's."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text).astimezone()
    return f"{moment:%H:%M:%S}" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M}"


def spent(begin: str, end: str | None, now: datetime) -> str:
    """From one to the other, or to now: `0:05`, `1:02:03`, `3 d 4 h`."""
    until = datetime.fromisoformat(end) if end else now
    return clock(max(0, int((until - datetime.fromisoformat(begin)).total_seconds())))


def clock(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _is_span(text: str) -> bool:
    return re.fullmatch(r"\d{1,6}[smhdw]", text) is not None


def _is_clock(text: str) -> bool:
    return re.fullmatch(r"\d\d?:\d\d", text) is not None


def _span(text: str) -> timedelta:
    return timedelta(seconds=int(text[:-1]) * UNITS[text[-1]])


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.astimezone()


def _on_days(text: str, now: datetime, *days: int) -> Iterator[datetime]:
    """When this machine's clocks show that, so many days from today: they may change between."""
    hour, minute = map(int, text.split(":"))
    today = now.replace(tzinfo=None, hour=hour, minute=minute, second=0, microsecond=0)
    return ((today + timedelta(days=each)).astimezone() for each in days)
