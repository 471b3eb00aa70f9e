"""The end: `ended.json`, which is there whole or not at all.

Its room is taken before the script starts, so that it can be written on a full disk.
"""

import os
import time

from jobs.supervisor import document

ROOM = 4096  # bytes, more than it ever takes
NEW, DONE = "ended.json.new", "ended.json"
PAUSE = 1.0  # seconds until it is tried again
PATIENCE = 3600.0  # seconds after which it is given up


def write_end(**facts: str | int | None) -> None:
    """Puts it there, or waits until that is possible. Raises OSError when PATIENCE is over."""
    content = document.write(facts).encode().ljust(ROOM)
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            return _put(content)
        except FileNotFoundError:
            return None  # the folder is gone: nobody wants to know any more
        except OSError:
            if time.monotonic() > give_up:
                raise
        time.sleep(PAUSE)


def _put(content: bytes) -> None:
    new = os.open(NEW, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while content:
            content = content[os.write(new, content) :]
        os.fsync(new)
    finally:
        os.close(new)
    os.rename(NEW, DONE)
