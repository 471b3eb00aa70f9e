"""The gauge: how far a script has come, on the last line of a terminal, below all else."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import Any, TextIO

from client.connection import Server
from client.errors import ClientError

WATCH = """subscription ($id: ID!) {
  processChanges(id: $id) { process { progress { done total unit fraction message } } }
}"""
ERASE = "\r\x1b[K"
PAUSE = 2.0  # seconds before connecting again


class Gauge:
    """Shows what it is told until it is left; without a terminal it shows nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_seen = stream.isatty()
        self._lock = threading.RLock()
        self._text = ""

    @contextmanager
    def following(self, server: Server, process_id: str) -> Iterator[None]:
        """Shows the progress of a process inside."""
        if self._is_seen:
            watch = threading.Thread(target=self._watch, args=(server, process_id), daemon=True)
            watch.start()
        try:
            yield
        finally:
            self._draw("")
            self._is_seen = False

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Out of the way inside, for who prints to the same terminal."""
        with self._lock:
            text = self._text
            self._draw("")
            yield
            self._draw(text)

    def _draw(self, text: str) -> None:
        with self._lock:
            if self._is_seen and (text or self._text):
                columns = get_terminal_size().columns - 1
                self._stream.write(f"{ERASE}{text[:columns]}")
                self._stream.flush()
            self._text = text

    def _watch(self, server: Server, process_id: str) -> None:
        while self._is_seen:
            try:
                with server.connected() as connection:
                    for event in connection.run(WATCH, id=process_id):
                        process = event["processChanges"]["process"] or {}
                        self._draw(in_words(process.get("progress") or {}))
            except ClientError:
                time.sleep(PAUSE)  # what follows the output tells of it


def in_words(progress: dict[str, Any]) -> str:
    """Such as `40 %  4 of 10 items  Reading`; empty where nothing is known."""
    done, total = progress.get("done"), progress.get("total")
    counts = [f"{each:.15g}" for each in (done, total) if each is not None]
    parts = [
        in_percent(progress),
        " of ".join(counts) + (f" {progress['unit']}" if counts and progress["unit"] else ""),
        progress.get("message", ""),
    ]
    text = "  ".join(filter(None, parts))
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def in_percent(progress: dict[str, Any]) -> str:
    """Such as `40 %`; empty where the total is not known."""
    fraction = progress.get("fraction")
    return "" if fraction is None else f"{fraction:.0%}".replace("%", " %")
