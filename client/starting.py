"""Starting a script: what it is given, and the upload of its files."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from client.connection import Server
from client.errors import ClientError, Cut, Unreachable
from client.exchange import answer_of, exchange
from client.insistence import Insistence
from client.meter import Meter, OpenMeter
from client.pieces import Pieces, is_large
from client.processes import FIELDS, Process
from client.source import blocks, length, media_type, opened

START = f"""mutation ($script: String!, $parameters: [ParameterInput!], $startTime: DateTime) {{
  startProcess(script: $script, parameters: $parameters, startTime: $startTime) {{ ...fields }}
}} {FIELDS}"""


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
    script: str,
    given: Sequence[Given],
    at: str | None,
    open_meter: OpenMeter,
    warn: Callable[[str], None],
) -> Process:
    """The new process. Large files go before it, in pieces, and then no cut matters any more, of
    which `warn` is told.

    Raises Refused, its `fields` by parameter; Cut, and ClientError for files that cannot be read.
    """
    pieces = Pieces(server, script, open_meter, warn)
    files = {n: Path(each.value) for n, each in enumerate(given) if each.is_file}
    uploads: dict[int, str] = {}
    try:
        for n, path in files.items():
            if is_large(path):
                uploads[n] = pieces.upload(path)
        return _start(server, script, given, at, files, uploads, open_meter, warn)
    except (KeyboardInterrupt, ClientError):
        for upload_id in uploads.values():
            pieces.forget(upload_id)
        raise


def _start(
    server: Server,
    script: str,
    given: Sequence[Given],
    at: str | None,
    files: dict[int, Path],
    uploads: dict[int, str],
    open_meter: OpenMeter,
    warn: Callable[[str], None],
) -> Process:
    """With the files by parameter, some of which are `uploads` already."""
    told = [
        {"name": each.name, "upload": uploads[n]} if n in uploads else each.told
        for n, each in enumerate(given)
    ]
    variables = {"script": script, "parameters": told, "startTime": at}
    places = {
        f"variables.parameters.{n}.file": path for n, path in files.items() if n not in uploads
    }
    insistence = Insistence(warn)
    if uploads:
        insistence.begin()  # who names an upload is not answered with a second process
    while True:
        try:
            started: Process = _ask(server, variables, places, open_meter)["startProcess"]
        except (Cut, Unreachable) as error:
            insistence.wait(error)
        else:
            return started


def _ask(
    server: Server, variables: dict[str, Any], paths: dict[str, Path], open_meter: OpenMeter
) -> Any:
    if paths:
        return _upload(server, variables, paths, open_meter)
    with server.connected() as connection:
        return connection.ask(START, **variables)


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
            form.add_file(str(number), path, stack.enter_context(opened(path)))
        label = ", ".join(path.name for path in paths.values())
        meter = open_meter(label, form.length)
        stack.callback(meter.clear)
        try:
            with exchange(server, "POST", "/graphql", form.headers, form.content(meter)) as answer:
                told = answer_of(answer)
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
        kind = media_type(path)
        about = f'name="{name}"; filename="{_quoted(path.name)}"\r\nContent-Type: {kind}'
        self._parts.append((self._head(about), file, length(file)))

    def content(self, meter: Meter) -> Iterator[bytes]:
        for block in self._content():
            yield block
            meter.add(len(block))

    def _content(self) -> Iterator[bytes]:
        for head, value, size in self._parts:
            yield head
            yield from [value] if isinstance(value, bytes) else blocks(value, size)
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
