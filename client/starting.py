"""Starting a script: what it is given, and the upload of its files."""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO

import orjson

from client.connection import Connection, Server
from client.errors import ClientError, Cut
from client.exchange import answer_of, exchange
from client.meter import Meter
from client.processes import FIELDS, Process

START = f"""mutation ($script: String!, $parameters: [ParameterInput!], $startTime: DateTime) {{
  startProcess(script: $script, parameters: $parameters, startTime: $startTime) {{ ...fields }}
}} {FIELDS}"""
BLOCK = 1 << 18

OpenMeter = Callable[[str, int | None], Meter]
"""Makes the meter of a transfer: what is to be said of it, and its bytes if they are known."""


@dataclass(frozen=True, slots=True)
class Given:
    """A parameter: its value or, if it is a file, the path of that."""

    name: str
    value: str
    is_file: bool = False

    @property
    def told(self) -> dict[str, str | None]:
        return {"name": self.name, "file" if self.is_file else "value": self._said}

    @property
    def _said(self) -> str | None:
        return None if self.is_file else self.value


def start(
    server: Server,
    connection: Connection,
    script: str,
    given: Sequence[Given],
    at: str | None,
    open_meter: OpenMeter,
) -> Process:
    """The new process. Raises Refused, its `fields` by parameter; Cut, and ClientError for files
    that cannot be read."""
    told = [each.told for each in given]
    variables = {"script": script, "parameters": told, "startTime": at}
    places = {f"variables.parameters.{n}.file": each for n, each in enumerate(given)}
    paths = {place: Path(each.value) for place, each in places.items() if each.is_file}
    if paths:
        answer = _upload(server, variables, paths, open_meter)
    else:
        answer = connection.ask(START, **variables)
    started: Process = answer["startProcess"]
    return started


def _upload(
    server: Server, variables: dict[str, Any], paths: dict[str, Path], open_meter: OpenMeter
) -> Any:
    """By the GraphQL multipart request specification."""
    places = {str(number): [place] for number, place in enumerate(paths)}
    with ExitStack() as stack:
        form = Form()
        form.add_field("operations", orjson.dumps({"query": START, "variables": variables}))
        form.add_field("map", orjson.dumps(places))
        for number, path in enumerate(paths.values()):
            form.add_file(str(number), path, stack.enter_context(_opened(path)))
        label = ", ".join(path.name for path in paths.values())
        meter = open_meter(label, form.length)
        stack.callback(meter.clear)
        try:
            with exchange(server, "POST", "/graphql", form.headers, form.content(meter)) as answer:
                told: Any = answer_of(answer)
        except Cut as cut:
            raise Cut(f"{cut}; `procession list` tells whether it was started") from cut
    return told["data"]


class Form:
    """A `multipart/form-data` body that is read only while it is sent."""

    def __init__(self) -> None:
        self._boundary = secrets.token_hex(16)
        self._parts: list[tuple[bytes, bytes | BinaryIO, int | None]] = []

    @property
    def length(self) -> int | None:
        """Its bytes, if they are known: those that come from a pipe are not."""
        sizes = [size for _, _, size in self._parts]
        heads = sum(len(head) + 2 for head, _, _ in self._parts)
        known = [size for size in sizes if size is not None]
        return heads + sum(known) + len(self._end) if len(known) == len(sizes) else None

    @property
    def headers(self) -> dict[str, str]:
        kind = {"Content-Type": f"multipart/form-data; boundary={self._boundary}"}
        return kind if self.length is None else {**kind, "Content-Length": str(self.length)}

    def add_field(self, name: str, value: bytes) -> None:
        self._parts.append((self._head(f'name="{name}"'), value, len(value)))

    def add_file(self, name: str, path: Path, file: BinaryIO) -> None:
        kind = guess_type(path.name)[0] or "application/octet-stream"
        about = f'name="{name}"; filename="{_quoted(path.name)}"\r\nContent-Type: {kind}'
        facts = os.fstat(file.fileno())
        self._parts.append(
            (self._head(about), file, facts.st_size if S_ISREG(facts.st_mode) else None)
        )

    def content(self, meter: Meter) -> Iterator[bytes]:
        for block in self._content():
            yield block
            meter.add(len(block))

    def _content(self) -> Iterator[bytes]:
        for head, value, size in self._parts:
            yield head
            yield from [value] if isinstance(value, bytes) else _blocks(value, size)
            yield b"\r\n"
        yield self._end

    @property
    def _end(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode()

    def _head(self, about: str) -> bytes:
        text = f"--{self._boundary}\r\nContent-Disposition: form-data; {about}\r\n\r\n"
        return text.encode(errors="replace")


def _quoted(name: str) -> str:
    """As browsers do it."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise ClientError(f"{path}: {error.strerror}") from error


def _blocks(file: BinaryIO, size: int | None) -> Iterator[bytes]:
    """What is in it; exactly `size` bytes if that was said to the server."""
    rest = size
    while rest != 0:
        try:
            block = file.read(BLOCK if rest is None else min(BLOCK, rest))
        except OSError as error:
            raise ClientError(f"{file.name}: {error.strerror}") from error
        if not block:
            break
        rest = rest and rest - len(block)
        yield block
    if rest:
        raise ClientError(f"{file.name} became smaller while it was sent; nothing was started")
