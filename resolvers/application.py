"""What the resolvers work with: opened by the server, handed to each call."""

from dataclasses import dataclass, field
from datetime import timedelta

from jobs.arrivals import Arrivals
from jobs.doorbell import Doorbell
from jobs.queue import Queue
from jobs.safe import Safe
from jobs.store import Store
from models.script import Catalogue
from resolvers.door import Door
from resolvers.live import Live
from resolvers.quota import Allowance, Seats, Starts
from resolvers.recent import Recent


@dataclass(frozen=True, slots=True)
class Application:
    """`max_upload` is how many bytes all uploads of one request may have, `max_parts` how many
    parts a form may have, and `max_fields` how many bytes those of them that are no files.
    `session_lifetime` is how long a session lasts that is used all the time; `mails`: whether users
    can be told by e-mail.
    """

    catalogue: Catalogue
    store: Store
    queue: Queue
    doorbell: Doorbell
    max_upload: int
    session_lifetime: timedelta
    arrivals: Arrivals
    safe: Safe = field(default_factory=Safe)
    mails: bool = False
    max_parts: int = 1000
    max_fields: int = 4 << 20
    door: Door = field(default_factory=Door)
    live: Live = field(default_factory=Live)
    recent: Recent = field(default_factory=Recent)
    starts: Starts = field(default_factory=Starts)
    seats: Seats = field(default_factory=Seats)
    allowance: Allowance = field(default_factory=Allowance)
