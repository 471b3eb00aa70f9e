"""Processes put straight into the database, where a test needs many, or times of its own."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from jobs.piece import Lines, Packer, Piece
from models.instant import to_micros
from models.process import parameter_digest
from tests.installation import Installation

LONG_AGO = datetime(2017, 11, 22, 10, 29, 11, tzinfo=UTC)


@dataclass
class Row:
    """A process as it is to stand in the database; `lines` are its output: time and text."""

    user_id: str
    script: str = "python"
    status: str = "COMPLETED"
    start_time: datetime = LONG_AGO
    created_at: datetime = LONG_AGO
    parameters: Sequence[tuple[str, str]] = ()
    lines: Sequence[tuple[datetime, str]] = ()
    files: Sequence[str] = ()
    ended_at: datetime | None = None
    reason: str | None = None
    id: str = field(default_factory=lambda: str(uuid4()))


def insert(it: Installation, rows: Sequence[Row]) -> list[str]:
    """Stores them; answers their ids."""
    pieces = {row.id: _piece(row) for row in rows if row.lines}
    worker = _worker()
    it.insert("worker", [worker])
    it.insert("process", [_process(row, pieces.get(row.id), worker["id"]) for row in rows])
    it.insert("parameter", [each for row in rows for each in _parameters(row)])
    it.insert("file", [each for row in rows for each in _files(row)])
    it.insert("output_chunk", [_chunk(*each) for each in pieces.items()])
    return [row.id for row in rows]


def _worker() -> dict[str, object]:
    """One that has left for so long a time that nobody ends what it held."""
    left = {"started_at": 0, "lease_until": 0, "left_at": 0, "lease": 1 << 30}
    return {"id": str(uuid4()), "machine": "elsewhere", **left}


def _process(row: Row, piece: Piece | None, worker: object) -> dict[str, object]:
    return {
        "id": row.id,
        "worker_id": worker,
        "script": row.script,
        "user_id": row.user_id,
        "status": row.status,
        "start_time": to_micros(row.start_time),
        "created_at": to_micros(row.created_at),
        "ended_at": row.ended_at and to_micros(row.ended_at),
        "reason": row.reason,
        "parameters": json.dumps(row.parameters),
        "last_seq": piece.last_seq if piece else 0,
        "output_bytes": piece.total_bytes if piece else 0,
        "output_sha256": piece.sha256 if piece else None,
        "bookmark": "",
    }


def _parameters(row: Row) -> Iterator[dict[str, object]]:
    for name, value in dict.fromkeys(row.parameters):
        yield {"process_id": row.id, "digest": parameter_digest(name, value)}


def _files(row: Row) -> Iterator[dict[str, object]]:
    for name in row.files:
        yield {
            "id": str(uuid4()),
            "process_id": row.id,
            "direction": "OUTPUT",
            "name": name,
            "size": 0,
            "media_type": "text/plain",
            "sha256": "",
            "created_at": 0,
        }


def _piece(row: Row) -> Piece:
    runs = [(1, to_micros(moment)) for moment, _ in row.lines]
    text = "".join(f"{text}\n" for _, text in row.lines)
    return Packer().pack(Lines(runs, text.encode(), ""))


def _chunk(process_id: str, piece: Piece) -> dict[str, object]:
    names = ("first_seq", "last_seq", "first_time", "last_time", "size", "data")
    return {"process_id": process_id, **{name: getattr(piece, name) for name in names}}
