"""The table of results, for people and as JSON."""

from collections.abc import Iterable
from dataclasses import dataclass

Target = tuple[str, float]
"""A comparison (`<=` or `>=`) and a bound."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured value; `note` says what cannot be seen from the name, or why there is none."""

    group: str
    name: str
    value: float | None
    unit: str
    target: Target | None = None
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """None where there is no target or no value."""
        if self.target is None or self.value is None:
            return None
        comparison, bound = self.target
        return self.value <= bound if comparison == "<=" else self.value >= bound

    def cells(self) -> list[str]:
        value = "-" if self.value is None else _written(self.value, self.unit)
        target = f"{self.target[0]} {_written(self.target[1], self.unit)}" if self.target else ""
        reached = {True: "yes", False: "NO", None: ""}[self.reached]
        return [self.name, value, target, reached, self.note]

    def document(self) -> dict[str, object]:
        return {
            "group": self.group,
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "target": " ".join(map(str, self.target)) if self.target else None,
            "reached": self.reached,
            "note": self.note,
        }


HEAD = ["", "measured", "target", "reached", ""]


def written(rows: Iterable[Row]) -> str:
    """An aligned table with a heading for each group."""
    groups: dict[str, list[list[str]]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row.cells())
    everything = [HEAD, *(cells for group in groups.values() for cells in group)]
    widths = [max(len(cells[column]) for cells in everything) for column in range(len(HEAD))]
    lines = [_line(HEAD, widths)]
    for name, group in groups.items():
        lines += ["", name, *(_line(cells, widths) for cells in group)]
    return "\n".join(lines)


def _line(cells: list[str], widths: list[int]) -> str:
    aligned = [f"  {cells[0]:<{widths[0]}}"]
    aligned += [f"{cells[column]:>{widths[column]}}" for column in (1, 2)]
    aligned += [f"{cells[column]:<{widths[column]}}" for column in (3, 4)]
    return "  ".join(aligned).rstrip()


def _written(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{number} {unit}".rstrip()
