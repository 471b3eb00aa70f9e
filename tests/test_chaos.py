"""Chaos, in short: a round in each topology, of fixed seeds. `make chaos` plays long ones.

What a round does is in `tests/chaos`; what it proves stands in `docs/reliability.md`.
"""

import pytest

from tests.chaos.__main__ import chaos

RUNS, KILLS = 16, 4


@pytest.mark.parametrize(("topology", "seed"), [("embedded", 1), ("shared", 2)])
def test_nothing_is_lost_doubled_or_stuck_in_chaos(topology: str, seed: int) -> None:
    report = chaos(seed, topology, RUNS, KILLS)
    assert not report.wrong, report.written()
    assert sum(report.outcome.troubles.values()) >= KILLS
