"""An installation with a past, for the pages that show it: processes of some hours, very many of a
day before, and one of ten million lines."""

import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from jobs.piece import Lines, Packer
from models.instant import now, to_micros
from tests.installation import Installation
from tests.rows import Row, insert

LONG = 10_000_000  # lines
CHUNK = 20_000  # lines: each chunk has the same text
CROWD = 510  # processes: more than a timeline draws
MACHINES = ("atlas", "boreas")
ENDS = ("COMPLETED",) * 6 + ("FAILED", "FAILED", "STOPPED")
REASONS = {"FAILED": "Exit code 1", "STOPPED": "Stopped by alice"}


def furnish(it: Installation, count: int = 60) -> str:
    """Puts the past in; answers the id of the process with many lines."""
    chance = random.Random(4)  # noqa: S311
    workers = _machines(it)
    insert(it, [_past(it, chance, number) for number in range(count)])
    insert(it, [_crowded(it, number) for number in range(CROWD)])
    for number, worker in enumerate(workers):
        it.execute(f"UPDATE process SET worker_id = '{worker}' WHERE rowid % 2 = {number}")  # noqa: S608
    return _long(it)


def _machines(it: Installation) -> list[str]:
    left = {"started_at": 0, "lease_until": 0, "left_at": 0, "lease": 1 << 30}
    rows = [{"id": str(uuid4()), "machine": machine, **left} for machine in MACHINES]
    it.insert("worker", rows)
    return [str(row["id"]) for row in rows]


def _past(it: Installation, chance: random.Random, number: int) -> Row:
    start = now() - timedelta(minutes=15 + number * 20 + chance.randrange(15))
    status = chance.choice(ENDS)
    return Row(
        chance.choice((it.alice, it.bob, it.admin)).id,
        chance.choice(("import", "metadata-export", "echo")),
        status,
        start_time=start,
        created_at=start,
        ended_at=start + timedelta(seconds=chance.expovariate(1 / 600)),
        reason=REASONS.get(status),
        parameters=[("f", f"items-{number}.csv"), ("a", "true")],
    )


def _crowded(it: Installation, number: int) -> Row:
    start = now() - timedelta(days=5, seconds=40 * number)
    end = start + timedelta(minutes=2)
    return Row(it.bob.id, "curate", start_time=start, created_at=start, ended_at=end)


def _long(it: Installation) -> str:
    """A process whose output takes no time to make: its chunks are copies of one."""
    start = datetime.now(UTC) - timedelta(hours=30)
    row = Row(it.admin.id, "metadata-export", start_time=start, created_at=start)
    row.ended_at = start + timedelta(hours=3)
    insert(it, [row])
    text = "".join(f"{number % CHUNK}: \x1b[32mwritten\x1b[0m\n" for number in range(1, CHUNK + 1))
    piece = Packer().pack(Lines([(CHUNK, to_micros(start))], text.encode(), ""))
    times = {"first_time": piece.first_time, "last_time": piece.last_time}
    it.insert(
        "output_chunk",
        [
            {
                "process_id": row.id,
                "first_seq": begin + 1,
                "last_seq": begin + CHUNK,
                **times,
                "size": piece.size,
                "data": piece.data,
            }
            for begin in range(0, LONG, CHUNK)
        ],
    )
    size = piece.size * (LONG // CHUNK)
    sums = f"last_seq = {LONG}, output_bytes = {size}, output_sha256 = '{'0' * 64}'"
    it.execute(f"UPDATE process SET {sums} WHERE id = '{row.id}'")  # noqa: S608
    return row.id
