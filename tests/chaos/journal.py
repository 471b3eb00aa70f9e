"""The journal that scripts keep of their runs, read back (`tests/chaos/scripts/restless.py`)."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Told:
    """What the runs of one process told: the token of each, and then what they did.

    `wrote` has for each burst the number of its first line, that behind its last, and when it was
    begun and done, in microseconds since 1970; `files` the SHA-256 of each by its name.
    """

    tokens: list[str] = field(default_factory=list)
    recipe: dict[str, Any] = field(default_factory=dict)
    pids: list[int] = field(default_factory=list)
    read: str | None = None
    wrote: list[tuple[int, int, int, int]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    ends: int | None = None

    @property
    def count(self) -> int:
        """Of the lines that it wrote."""
        return self.wrote[-1][1] if self.wrote else 0

    @property
    def most(self) -> int:
        """Lines there may be: one that was killed has not told of what it wrote last."""
        return self.count + (self.recipe["burst"] if self.ends is None else 0)

    def line(self, number: int) -> str:
        """The text of a line, as the recipe has it."""
        return f"{self.tokens[0]} {number} {'x' * (number % (self.recipe['width'] + 1))}"

    def add(self, entry: dict[str, Any]) -> None:
        if "began" in entry:
            self.tokens.append(entry["token"])
            self.recipe = entry["recipe"]
        self.pids += [entry[name] for name in ("began", "left") if name in entry]
        self.read = entry.get("read", self.read)
        if "wrote" in entry:
            self.wrote.append((*entry["wrote"], *entry["at"]))
        if "file" in entry:
            self.files[entry["file"]] = entry["sha256"]
        self.ends = entry.get("ends", self.ends)


def read_journal(path: Path) -> dict[str, Told]:
    """By process."""
    found: dict[str, Told] = defaultdict(Told)
    if path.exists():
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            found[entry["id"]].add(entry)
    return found
