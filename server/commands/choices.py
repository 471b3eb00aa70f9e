"""Kinds of values that options take."""

from collections.abc import Callable
from datetime import datetime

import click

from client.moment import past
from server.commands.access import now


class Moment(click.ParamType[datetime]):
    """A time as people write it, read by `read`: of `client.moment`, `past` or `future`."""

    name = "time"

    def __init__(self, read: Callable[[str, datetime], datetime]) -> None:
        self._read = read

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return self._read(str(value), now())
        except (ValueError, OverflowError):
            direction = "ago" if self._read is past else "from now"
            self.fail(
                f"{value!r} is no time such as 18:00, 2026-01-31T18:00 (in your zone), "
                f"2026-01-31T18:00Z or 30s, 10m, 2h, 7d {direction}",
                param,
                ctx,
            )


class Assignment(click.ParamType[tuple[str, str]]):
    """`NAME=VALUE`, as a pair."""

    name = "name=value"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, equals, rest = str(value).partition("=")
        if not name or not equals:
            self.fail(f"{value!r} is not of the form NAME=VALUE", param, ctx)
        return name, rest
