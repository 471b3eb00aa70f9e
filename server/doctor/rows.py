"""What is looked at in the database: its own health, the clock, and processes that are stuck."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from models.database import connection
from models.instant import now, to_micros
from models.manifest import ManifestError, read_catalogue
from models.process import Process
from models.status import Status
from models.worker import Worker
from server.doctor.finding import Patient, Symptom, some

APART = 1.0  # seconds that clocks may differ
PATIENCE = timedelta(minutes=1)  # in which a worker should have taken what is due

# Each as one statement, so that it is true of one moment while others write.
UNEVEN = """
    SELECT "id" FROM "process" LEFT JOIN (
        SELECT "process_id", MIN("first_seq") AS "first", MAX("last_seq") AS "last",
               SUM("last_seq" - "first_seq" + 1) AS "lines", SUM("size") AS "bytes"
        FROM "output_chunk" GROUP BY "process_id"
    ) "chunks" ON "chunks"."process_id" = "process"."id"
    WHERE COALESCE("last", 0) <> "last_seq" OR COALESCE("lines", 0) <> "last_seq"
       OR COALESCE("first", 1) <> 1 OR COALESCE("bytes", 0) <> "output_bytes"
"""
OF_NOBODY = """
    SELECT DISTINCT "process_id" AS "id" FROM "output_chunk"
    WHERE NOT EXISTS (SELECT 1 FROM "process" WHERE "id" = "process_id")
      AND NOT EXISTS (SELECT 1 FROM "deletion" WHERE
                      "deletion"."process_id" = "output_chunk"."process_id")
"""
STRANDED = """
    SELECT "process"."id" FROM "process" LEFT JOIN "worker" ON "worker"."id" = "worker_id"
    WHERE "status" = 'RUNNING'
      AND ("worker"."id" IS NULL OR COALESCE("left_at", "lost_at") IS NOT NULL
           OR "lease_until" < {now})
"""
RESTORE = "Stop everything and restore a backup; see docs/operations.md"


async def integrity(_: Patient) -> AsyncIterator[Symptom]:
    """What SQLite says of itself; PostgreSQL watches over its own."""
    if connection().capabilities.dialect != "sqlite":
        return
    for row in await _ask("PRAGMA integrity_check(10)"):
        if row["integrity_check"] != "ok":
            yield f"The database is damaged: {row['integrity_check']}", RESTORE
    broken = await _ask("PRAGMA foreign_key_check")
    if broken:
        tables = sorted({row["table"] for row in broken})
        yield f"{len(broken)} rows refer to others that are not there, in {some(tables)}", RESTORE


async def writes(_: Patient) -> AsyncIterator[Symptom]:
    """Whether PostgreSQL takes any."""
    if connection().capabilities.dialect == "sqlite":
        return
    ((row),) = await _ask("SHOW transaction_read_only")
    if row["transaction_read_only"] == "on":
        yield (
            "The database takes no writes",
            "Is it a standby, or its disk full? Then name the primary in PROCESSION_DATABASE_URL, "
            "or make room; what runs goes on, and is stored then",
        )


async def clock(_: Patient) -> AsyncIterator[Symptom]:
    """Whether this machine and that of the database are together."""
    if connection().capabilities.dialect == "sqlite":
        return
    before = now().timestamp()
    ((row),) = await _ask("SELECT EXTRACT(EPOCH FROM clock_timestamp()) AS there")
    there, after = float(row["there"]), now().timestamp()
    apart = max(before - there, there - after)  # or more; an answer may be long on its way
    if apart > APART:
        yield (
            f"The clocks of this machine and of the database are {apart:.1f} s apart",
            "Set both by NTP: start times count on the worker's clock",
        )


async def running(_: Patient) -> AsyncIterator[Symptom]:
    """RUNNING processes that no living worker holds."""
    stranded = await _ask(STRANDED.format(now=to_micros(now())))
    if stranded:
        yield (
            f"{len(stranded)} are RUNNING, but their worker is gone: {some(_ids(stranded))}",
            "Start a worker on the machine where it was: it goes on with them. "
            "A worker elsewhere ends them as FAILED",
        )


async def scheduled(patient: Patient) -> AsyncIterator[Symptom]:
    """SCHEDULED processes that nobody will take."""
    waiting = Process.filter(status=Status.SCHEDULED.value)
    workers = await Worker.filter(lease_until__gte=now(), left_at=None, lost_at=None)
    due = await waiting.filter(start_time__lt=now() - PATIENCE).count()
    if due and not workers:
        yield f"{due} processes are due, and there is no worker", "Start a server or a worker"
    names = await waiting.distinct().values_list("script", flat=True)
    known = {name for worker in workers for name in worker.scripts or ()}
    unknown = sorted(set(map(str, names)) - known - _in_manifests(patient))
    if unknown:
        yield (
            f"Processes wait whose scripts no worker knows: {some(unknown)}",
            "Put their manifests back (see PROCESSION_SCRIPTS) and start the workers anew, "
            "or stop these processes",
        )


async def output(_: Patient) -> AsyncIterator[Symptom]:
    """Whether the chunks of output are whole."""
    uneven = await _ask(UNEVEN)
    if uneven:
        yield f"The output of {len(uneven)} has holes: {some(_ids(uneven))}", RESTORE
    left = await _ask(OF_NOBODY)
    if left:
        yield (
            f"There is output of {len(left)} processes that are not there: {some(_ids(left))}",
            "It only takes room; please report how it came about",
        )


def _in_manifests(patient: Patient) -> set[str]:
    try:
        return set(read_catalogue(patient.settings.script_folders))
    except ManifestError:
        return set()


def _ids(rows: list[dict[str, Any]]) -> list[str]:
    return [str(row["id"]) for row in rows]


async def _ask(sql: str) -> list[dict[str, Any]]:
    return await connection().execute_query_dict(sql)
