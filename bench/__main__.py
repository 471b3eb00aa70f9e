"""Runs the measurements that are named, or all, and prints one table."""

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import orjson
import uvloop

from bench.audience import audience
from bench.crowd import crowd
from bench.deletion import deletion
from bench.exhaustion import exhaustion
from bench.flood import flood
from bench.growth import growth
from bench.latency import latency
from bench.listing import listing
from bench.machine import machine, versions
from bench.memory import memory
from bench.recovery import recovery
from bench.search import search
from bench.start import start
from bench.steps import steps
from bench.stopping import stopping
from bench.table import Row, written
from bench.transfer import transfer

RESULTS = Path(__file__).resolve().parent / "results.json"

Measurement = Callable[..., Awaitable[list[Row]]]
MEASUREMENTS: dict[str, Measurement] = {
    "start": start,
    "memory": memory,
    "latency": latency,
    "listing": listing,
    "transfer": transfer,
    "flood": flood,
    "steps": steps,
    "stopping": stopping,
    "search": search,
    "deletion": deletion,
    "growth": growth,
    "recovery": recovery,
    "crowd": crowd,
    "audience": audience,
    "exhaustion": exhaustion,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Procession.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument("--quick", action="store_true", help="smaller sizes: only a look")
    parser.add_argument(
        "--database",
        metavar="postgres://…",
        help="a PostgreSQL in which databases are made (and dropped); otherwise SQLite",
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(MEASUREMENTS):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        facts = {"machine": machine(), "versions": runner.run(versions(options.database))}
        rows = runner.run(_run(options.names or list(MEASUREMENTS), options))
    RESULTS.write_bytes(
        orjson.dumps(
            {**facts, "quick": options.quick, "rows": [row.document() for row in rows]},
            option=orjson.OPT_INDENT_2,
        )
    )
    for name, each in facts.items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in each.items()))
    print(f"\n{written(rows)}\n\n{_verdict(rows)}")


async def _run(names: list[str], options: argparse.Namespace) -> list[Row]:
    rows = []
    for name in names:
        print(f"Measuring {name} …", flush=True)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            measure = partial(MEASUREMENTS[name], Path(folder), options.database)
            rows += await measure(quick=options.quick)
    return rows


def _verdict(rows: list[Row]) -> str:
    judged = [row.reached for row in rows if row.reached is not None]
    return f"{sum(judged)} of {len(judged)} targets reached; the same as JSON: {RESULTS}"


if __name__ == "__main__":
    main()
