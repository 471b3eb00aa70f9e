"""A script under orders: the test's end of the wire to `tests.exactness.writer`."""

import json
import socket
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from tests.exactness.plan import Ending, Write
from tests.installation import Installation, User
from tests.running import start_python

PATIENCE = 40.0  # seconds for anything that a script does


class Script:
    """A process whose script does what the test says; inside, it is ready for orders."""

    def __init__(self, it: Installation, who: User) -> None:
        wire, self._record = (it.folder / f"{uuid4().hex[:8]}.{end}" for end in ("wire", "record"))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.settimeout(PATIENCE)
        self._listener.bind(str(wire))
        self._listener.listen()
        self.id = start_python(it, who, program(wire, self._record))

    def __enter__(self) -> "Script":
        with self._listener:
            self._wire, _ = self._listener.accept()
        self._wire.settimeout(PATIENCE)
        self._answers = self._wire.makefile("rb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """A script that still waits for orders ends now."""
        self._answers.close()
        self._wire.close()

    @property
    def written(self) -> bytes:
        """By its own record: all that it has written."""
        return self._record.read_bytes()

    def begin(self, writes: Iterable[Write]) -> None:
        """Lets it write; `done` tells when it has."""
        each = [[one.stream, b64encode(one.content).decode(), one.pause] for one in writes]
        self._order(write=each)

    def done(self) -> None:
        assert self._answers.readline() == b"\n", "the script has ended although it should not"

    def write(self, *contents: bytes) -> None:
        """Lets it write to its standard output, and waits until it has."""
        self.begin(Write(1, content, 0) for content in contents)
        self.done()

    def close_output(self) -> None:
        self._order(close=True)
        self.done()

    def end(self, ending: Ending) -> None:
        """Lets it end; `gone` tells when it has."""
        if ending.closes:
            self.close_output()
        if ending.signal:
            self._order(signal=ending.signal)
        else:
            self._order(exit=ending.code)

    def gone(self) -> None:
        """Returns when the script is no more."""
        assert self._answers.readline() == b""

    def _order(self, **order: object) -> None:
        self._wire.sendall(json.dumps(order).encode() + b"\n")


def program(wire: Path, record: Path) -> str:
    """What the script runs."""
    folder = str(Path(__file__).parent)
    return (
        f"import sys; sys.path.append({folder!r}); from writer import obey; "
        f"obey({str(wire)!r}, {str(record)!r})"
    )
