"""How thoroughly fuzzers look: `make fuzz` has them draw many more examples, others each time."""

import os
import signal
from random import SystemRandom

TIMES = int(os.environ.get("FUZZ", "0"))
"""So many times as many examples as in the ordinary run of the tests; 0: those, always the same."""

SEED = SystemRandom().getrandbits(32) if TIMES else 1
SECONDS = 1200  # for each test


def examples(ordinarily: int) -> int:
    return ordinarily * max(TIMES, 1)


def take_time() -> None:
    """Lets the present test last longer than others may."""
    if TIMES:
        signal.alarm(SECONDS)
