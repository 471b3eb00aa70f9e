"""What a reader has got of a process."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.exactness.plan import Join

ALIVE = {"SCHEDULED", "RUNNING"}
Facts = dict[str, object]


@dataclass(frozen=True)
class Batch:
    """Consecutive lines: their texts joined by newlines and, if the face tells, their times."""

    first_seq: int
    text: str
    times: tuple[str, ...] = ()

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.text.count("\n")


@dataclass
class Heard:
    """Batches in the order in which they came: each line once and without a hole, or `add` fails.

    `seen` is what the process said of itself while it was read, `end` what was said of its end.
    """

    join: Join
    batches: list[Batch] = field(default_factory=list)
    seen: list[Facts] = field(default_factory=list)
    end: Facts | None = None

    def add(self, batch: Batch) -> None:
        assert self.end is None, "nothing may come after the end"
        if self.batches or self.join.last is None:
            assert batch.first_seq == self.after + 1, f"{batch.first_seq} after {self.after}"
        self.batches.append(batch)

    def finish(self, facts: Facts) -> None:
        assert self.end is None, "the end comes once"
        self.end = facts

    def see(self, facts: Facts) -> None:
        """What the process was before those lines were read that were added last."""
        self.seen.append(facts)
        if ALIVE.isdisjoint(map(str, facts.values())):
            self.finish(facts)

    @property
    def after(self) -> int:
        """The cursor. A reader of the last lines has none before the first of them."""
        return self.batches[-1].last_seq if self.batches else self.join.after

    @property
    def place(self) -> dict[str, int]:
        """Where to go on."""
        return {"after": self.after} if self.batches else self.join.place

    @property
    def count(self) -> int:
        return self.after - self.batches[0].first_seq + 1 if self.batches else 0

    @property
    def lines(self) -> list[str]:
        return lines_of(self.batches)

    @property
    def times(self) -> list[str]:
        return [time for batch in self.batches for time in batch.times]


def lines_of(batches: Iterable[Batch]) -> list[str]:
    return [line for batch in batches for line in batch.text.split("\n")]
