"""`make chaos`: rounds of chaos, and what came of them."""

import argparse
import logging
import sys

from tests.chaos.house import TOPOLOGIES
from tests.chaos.plan import draw
from tests.chaos.report import Report, judge
from tests.chaos.round import play

# MiB: below 100 free ones a worker takes nothing (`jobs.trouble`), and the database's log takes 8.
ROOM = 120


def chaos(seed: int, topology: str, runs: int, kills: int) -> Report:
    """One round."""
    plan = draw(seed, topology, runs, kills)
    with TOPOLOGIES[topology](ROOM + runs // 2) as house:
        return judge(house, plan, play(house, plan))


def main() -> None:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="scripts that are started")
    parser.add_argument("--kills", type=int, default=200, help="kill -9 meanwhile")
    parser.add_argument("--seed", type=int, default=1, help="of the plan")
    parser.add_argument("--topology", choices=[*TOPOLOGIES], help="otherwise both, each half")
    options = parser.parse_args()
    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # connections are to be cut here
    names = [options.topology] if options.topology else list(TOPOLOGIES)
    reports = [
        chaos(options.seed, name, options.runs // len(names), options.kills // len(names))
        for name in names
    ]
    for report in reports:
        sys.stdout.write(f"\n{report.written()}\n")
    sys.exit(any(report.wrong for report in reports))


if __name__ == "__main__":
    main()
