"""Load: some connections that each send the next request as soon as the last one is answered."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

from bench.connection import Connection

WARM_UP = 0.3  # seconds that do not count


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load; times in seconds."""

    per_second: float
    median: float
    p95: float


async def load(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Sends the requests, one over each of so many connections, again and again for so long."""
    opened = [await Connection.open(port) for _ in range(connections)]
    begin = time.perf_counter() + WARM_UP
    end = begin + seconds
    try:
        pairs = zip(opened, cycle(requests), strict=False)
        parts = await asyncio.gather(*(_repeat(*pair, begin, end) for pair in pairs))
    finally:
        for each in opened:
            each.close()
    times = sorted(time for part in parts for time in part)
    return Load(len(times) / seconds, quantile(times, 0.5), quantile(times, 0.95))


async def _repeat(connection: Connection, request: bytes, begin: float, end: float) -> list[float]:
    times = []
    while (now := time.perf_counter()) < end:
        answer = await connection.send(request)
        assert answer.status == 200, answer
        if now >= begin:
            times.append(answer.seconds)
    return times


def quantile(ordered: Sequence[float], part: float) -> float:
    """The value below which that part of sorted values lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def median(values: Sequence[float]) -> float:
    return quantile(sorted(values), 0.5)
