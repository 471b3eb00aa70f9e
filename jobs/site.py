"""The site: what a worker has at hand on its machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jobs.doorbell import Doorbell
from jobs.lease import Terms
from jobs.marker import Marker
from jobs.queue import Queue
from jobs.safe import Safe
from jobs.store import Store
from models.script import Catalogue


@dataclass(frozen=True, slots=True)
class Site:
    """`data` is the data folder; `environment` is what every script sees of the worker's own.

    `run_as` is the user of the system as whom scripts run whose manifests name none; empty: the
    worker's own. `nice` is how nice those are whose manifests do not say it. `patience` is for how
    many seconds a due process waits for a worker that knows its script. `secret_files` are those
    of the server's that no sandbox shows.
    """

    data: Path
    catalogue: Catalogue
    store: Store
    marker: Marker
    queue: Queue
    doorbell: Doorbell
    environment: Mapping[str, str]
    terms: Terms
    patience: int
    safe: Safe
    run_as: str
    nice: int
    secret_files: tuple[Path, ...]

    @property
    def runs(self) -> Path:
        """The folders of the scripts that run here."""
        return self.data / "runs"

    @property
    def workers(self) -> Path:
        """A locked file for each worker that lives here."""
        return self.data / "workers"
