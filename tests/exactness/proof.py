"""What every reader must have in the end."""

from itertools import pairwise

from tests.exactness.heard import Heard
from tests.exactness.model import Expected
from tests.exactness.performance import Outcome

SUMS = ("lastSeq", "byteCount", "sha256")


def prove(outcome: Outcome) -> None:
    """Everybody has each line once, the same as everybody else, and the same end."""
    assert all(one <= next_one for one, next_one in pairwise(outcome.whole.times))
    for heard in (outcome.whole, *outcome.heard):
        prove_lines(heard, outcome.expected.lines)
        prove_times(heard, outcome.whole.times)
        prove_facts(heard, outcome.expected)


def prove_lines(heard: Heard, lines: list[str]) -> None:
    begin = heard.batches[0].first_seq - 1 if heard.batches else len(lines)
    last = heard.join.last
    asked = heard.join.after if last is None else max(0, len(lines) - last)
    assert begin <= min(len(lines), asked), f"{heard.join} begins at {begin + 1}"
    if heard.lines != lines[begin:]:
        raise AssertionError(f"{heard.join}: {first_difference(heard.lines, lines[begin:])}")


def first_difference(found: list[str], wanted: list[str]) -> str:
    """In few words, since the lines may be many and long."""
    for place, (one, other) in enumerate(zip(found, wanted, strict=False)):
        if one != other:
            return f"line {place} is {shortened(one)}, not {shortened(other)}"
    return f"{len(found)} lines, not {len(wanted)}"


def shortened(line: str) -> str:
    return repr(line) if len(line) <= 80 else f"{line[:30]!r}…{line[-30:]!r} ({len(line)})"


def prove_times(heard: Heard, times: list[str]) -> None:
    """The older contract tells whole seconds."""
    told = heard.times
    for one, exact in zip(told, times[len(times) - len(told) :], strict=True):
        assert exact.startswith(one.removesuffix("Z")), f"{heard.join}: {one} is not {exact}"


def prove_facts(heard: Heard, expected: Expected) -> None:
    """What was told of the end, and that the process never said what its lines did not."""
    assert heard.end is not None
    assert heard.end.items() <= expected.facts.items()
    told = {tuple(facts.get(name) for name in SUMS) for facts in heard.seen if "lastSeq" in facts}
    for count, *sums in told:
        assert isinstance(count, int)
        assert [count, *sums] == list(expected.sums(count).values())
