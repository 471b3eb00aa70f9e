"""How long ended processes are kept: the key `keep` of a manifest."""

from typing import Annotated

import msgspec

from models.duration import DURATION, seconds
from models.status import Status

FOREVER = "forever"
AGE = rf"{DURATION}|^{FOREVER}\Z"
Age = Annotated[str, msgspec.Meta(pattern=AGE)]
MOST = 1_000_000_000  # processes of a script: databases take no number of any size


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which processes of one script and one status are kept.

    `age`: those that ended, and were due, within that time; `at_least` so many of the newest are
    kept even if they are older, and never more than `at_most` of the newest. The newest are those
    that started last.
    """

    age: Age = FOREVER
    at_least: Annotated[int, msgspec.Meta(ge=0, le=MOST)] = 0
    at_most: Annotated[int, msgspec.Meta(ge=1, le=MOST)] | None = None

    def __post_init__(self) -> None:
        if self.at_most is not None and self.at_most < self.at_least:
            raise ValueError("`at_most` must not be less than `at_least`")

    @property
    def lifetime(self) -> float | None:
        """In seconds. None: for ever."""
        return None if self.age == FOREVER else seconds(self.age)


class Keep(Rule, frozen=True, forbid_unknown_fields=True):
    """A rule for every status, and others for those that have one of their own."""

    completed: Age | Rule | None = None
    failed: Age | Rule | None = None
    stopped: Age | Rule | None = None

    def rule(self, status: Status) -> Rule:
        """That of a status in which a process has ended."""
        own: str | Rule | None = getattr(self, status.value.lower())
        if own is None:
            return self
        return Rule(age=own) if isinstance(own, str) else own


def keeping(written: str | Keep) -> Keep:
    """What `keep = "30d"` is short for, or the table itself."""
    return Keep(age=written) if isinstance(written, str) else written
