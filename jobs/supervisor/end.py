"""The end: `ended.json`, for which room is taken before the script starts."""

import time

from jobs.supervisor import document
from jobs.supervisor.room import put

DONE = "ended.json"
PAUSE = 1.0  # seconds until it is tried again
PATIENCE = 3600.0  # seconds after which it is given up


def write_end(**facts: str | int | None) -> None:
    """Puts it there, or waits until that is possible. Raises OSError when PATIENCE is over."""
    text = document.write(facts)
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            return put(DONE, text, lasting=True)
        except FileNotFoundError:
            return None  # the folder is gone: nobody wants to know any more
        except OSError:
            if time.monotonic() > give_up:
                raise
        time.sleep(PAUSE)
