"""What a program tells of itself beside its output: Procession's file PROCESSION_EVENTS."""

import json
import os
from collections import Counter
from types import TracebackType
from typing import Self

from scripts.errors import ScriptError


def tell(**event: object) -> None:
    """Write an event for whoever listens; without Procession nobody does."""
    path = os.environ.get("PROCESSION_EVENTS")
    if path:
        with open(path, "a") as events:  # noqa: PTH123
            events.write(json.dumps(event) + "\n")


def tell_done(done: int, total: int, message: str = "") -> None:
    """So many items of all are done."""
    tell(progress={"done": done, "total": total, "unit": "items", "message": message})


class Tally:
    """Counts what became of items; at the end, however it comes, the summary says so."""

    def __init__(self, total: int) -> None:
        self.counts: Counter[str] = Counter()
        self._total = total

    def count(self, outcome: str, name: str) -> None:
        """One more item is done: added, skipped, failed …"""
        self.counts[outcome] += 1
        tell_done(self.counts.total(), self._total, name)

    def __enter__(self) -> Self:
        tell_done(0, self._total)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        counts = self.counts.copy()
        counts["failed"] += isinstance(error, ScriptError)
        counts["left"] = self._total - counts.total()
        rows = [f"| {outcome} | {count} |" for outcome, count in counts.items() if count]
        tell(summary="\n".join(["| items | |", "|---|---:|", *rows]))
        tell(values={outcome: count for outcome, count in counts.items() if count})
