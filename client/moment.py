"""Moments: as people write them, and as they read them."""

import re
from datetime import UTC, datetime, timedelta

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def future(text: str, now: datetime) -> datetime:
    """`18:00` is the next time that it is so late; `2h` is in two hours. Raises ValueError."""
    moment = now + _span(text) if _is_span(text) else _moment(text, now)
    return moment + timedelta(days=1) if _is_clock(text) and moment <= now else moment


def past(text: str, now: datetime) -> datetime:
    """`18:00` is the last time that it was so late; `2h` is two hours ago. Raises ValueError."""
    moment = now - _span(text) if _is_span(text) else _moment(text, now)
    return moment - timedelta(days=1) if _is_clock(text) and moment > now else moment


def sent(moment: datetime) -> str:
    """As a GraphQL DateTime."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def shown(text: str | None, now: datetime) -> str:
    """What the server sent, in this machine's zone; without the day if that is today's."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text).astimezone(now.tzinfo)
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


def _moment(text: str, now: datetime) -> datetime:
    if _is_clock(text):
        hour, minute = map(int, text.split(":"))
        return now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.astimezone()
