"""The enums that say where a process stands."""

from enum import StrEnum

import strawberry

from models.status import Status

ProcessStatus = strawberry.enum(
    Status,
    name="ProcessStatus",
    description="Where a process is in its life. SCHEDULED: it waits. RUNNING: its script runs. "
    "COMPLETED: the script ended by itself with exit code 0. FAILED: it ended otherwise. "
    "STOPPED: a person stopped it.",
)


@strawberry.enum(
    description="What a SCHEDULED process waits for. TIME: its start time. WORKER: a free worker. "
    "TURN: others of its script, which may run only so many at once."
)
class WaitsFor(StrEnum):
    TIME = "TIME"
    WORKER = "WORKER"
    TURN = "TURN"
