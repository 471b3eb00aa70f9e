"""A finding: what is wrong, in plain words."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from server.settings import Settings

EXAMPLES = 3  # named of each kind of trouble


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is the name of the check that found it; `mend` says what to do."""

    check: str
    wrong: str
    mend: str


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at; `deep`: also what takes long."""

    settings: Settings
    deep: bool


Symptom = tuple[str, str]
"""What is wrong, and how to mend it."""

Check = Callable[[Patient], AsyncIterator[Symptom]]


def some(names: Sequence[object]) -> str:
    """The first of them, and how many there are: `a, b, c and 4 more`."""
    shown = ", ".join(map(str, names[:EXAMPLES]))
    more = len(names) - EXAMPLES
    return f"{shown} and {more} more" if more > 0 else shown
