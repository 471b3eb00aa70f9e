"""The report: what the events of a script come to. It is bounded, however many there are."""

import time
from collections.abc import Callable

from jobs.supervisor import event
from jobs.supervisor.event import Misshapen, on_one_line, visible, words
from jobs.supervisor.mask import Mask

KEPT = 50  # notices of each level; all are counted
MESSAGE, UNIT, NAME = 1000, 50, 100  # bytes
VALUES, VALUE = 100, 1000  # how many, and the bytes of each
SUMMARY = 64 << 10  # bytes
FULL = f"the summary is longer than {SUMMARY} bytes, and was cut"


class Report:
    """`version` grows whenever something but the progress and the counts changes.

    Each notice is its time in microseconds since 1970, its level and its message. None of the
    `needles` shows in anything.
    """

    def __init__(self, needles: list[bytes]) -> None:
        self.needles = needles
        self.progress: dict[str, object] | None = None
        self.counts = {"notice": 0, "warning": 0, "error": 0}
        self.notices: list[tuple[int, str, str]] = []
        self.summary = ""
        self.values: dict[str, str] = {}
        self.version = 0
        self.takers: dict[str, Callable[[object], None]] = {
            "progress": self._take_progress,
            "summary": self._take_summary,
            "values": self._take_values,
            "notice": lambda message: self._take_notice("notice", message),
            "warning": lambda message: self._take_notice("warning", message),
            "error": lambda message: self._take_notice("error", message),
        }

    def take(self, line: bytes) -> list[str]:
        """Takes an event; tells what is wrong with it. What is right in it counts all the same."""
        wrong = []
        try:
            parts = event.read(line).items()
        except Misshapen as error:
            return [str(error)]
        for key, content in parts:
            try:
                self.takers.get(key, unknown)(content)
            except Misshapen as error:
                wrong.append(str(error))
        return wrong

    def facts(self) -> dict[str, object]:
        """The document of it."""
        names = ("version", "progress", "counts", "notices", "summary", "values")
        return {name: getattr(self, name) for name in names}

    def _take_progress(self, content: object) -> None:
        if not isinstance(content, dict):
            raise Misshapen("`progress` must be an object")
        self.progress = {
            "done": event.number(content.get("done"), "`done`"),
            "total": event.number(content.get("total"), "`total`"),
            "unit": self._line(content.get("unit", ""), "`unit`", UNIT),
            "message": self._line(content.get("message", ""), "`message`", MESSAGE),
            "time": now(),
        }

    def _take_notice(self, level: str, content: object) -> None:
        what = f"`{level}`"
        if self.counts[level] < KEPT:
            self.notices.append((now(), level, self._line(content, what, MESSAGE)))
            self.version += 1
        else:
            words(content, what)
        self.counts[level] += 1

    def _take_summary(self, content: object) -> None:
        told = content if isinstance(content, dict) else {"text": content}
        added = words(told.get("text"), "`summary`")
        before = "" if told.get("replace") is True else self.summary
        if before and not before.endswith("\n"):
            before += "\n"
        if not event.fits(before, SUMMARY - 1):
            raise Misshapen(FULL)
        text = visible(self._masked(before + added))
        self.summary = event.cut(text, SUMMARY)
        self.version += 1
        if self.summary != text:
            raise Misshapen(FULL)

    def _take_values(self, content: object) -> None:
        if not isinstance(content, dict):
            raise Misshapen("`values` must be an object")
        for name, value in content.items():
            self._take_value(self._line(name, "a name", NAME), words(value, "a value"))

    def _take_value(self, name: str, value: str) -> None:
        value = visible(self._masked(value))
        if not name or not event.fits(value, VALUE):
            raise Misshapen(f"a value is longer than {VALUE} bytes, or has no name")
        if name not in self.values and len(self.values) >= VALUES:
            raise Misshapen(f"there are more than {VALUES} values")
        self.values[name] = value
        self.version += 1

    def _line(self, content: object, what: str, most: int) -> str:
        return on_one_line(self._masked(words(content, what)), most)

    def _masked(self, text: str) -> str:
        if not self.needles:
            return text
        mask = Mask(self.needles)
        return (mask.take(text.encode()) + mask.rest()).decode("utf-8", "replace")


def unknown(_: object) -> None:
    keys = "progress, summary, notice, warning, error and values"
    raise Misshapen(f"it has a key that is none of {keys}")


def now() -> int:
    return time.time_ns() // 1000
