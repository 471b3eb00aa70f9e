"""The status of a process and its legal moves (design, section 3).

    SCHEDULED ─┬─> RUNNING ─┬─> COMPLETED
               │            ├─> FAILED
               │            └─> STOPPED
               ├─> FAILED
               └─> STOPPED

An ended process never changes again.
"""

from enum import StrEnum


class Status(StrEnum):
    """Where a process is in its life."""

    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"

    @property
    def ended(self) -> bool:
        return self not in SOURCES[Status.STOPPED]


SOURCES: dict[Status, tuple[Status, ...]] = {
    Status.SCHEDULED: (),
    Status.RUNNING: (Status.SCHEDULED,),
    Status.COMPLETED: (Status.RUNNING,),
    Status.FAILED: (Status.SCHEDULED, Status.RUNNING),
    Status.STOPPED: (Status.SCHEDULED, Status.RUNNING),
}
"""From which statuses each status may be reached."""
