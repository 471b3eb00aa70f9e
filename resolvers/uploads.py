"""Uploads: a multipart form (RFC 7578) read as it comes, its files streamed into a stage."""

import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from jobs.store import Stage, Staged
from models.script import Script
from models.user import Scope
from resolvers.access import needs
from resolvers.application import Application
from resolvers.audit import audited
from resolvers.errors import BadInput, TooLarge
from resolvers.room import room
from resolvers.viewer import Viewer

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MEDIA_TYPE = re.compile(r"[!-~][ -~]{0,254}")
# Of fields, without the `-` and `_` of their names. Python knows more, of which some yield what is
# no text, and remembers each name that it does not know for ever.
CHARSETS = {
    "utf8": "utf-8",
    "usascii": "utf-8",
    "ascii": "utf-8",
    "iso88591": "iso8859-1",
    "latin1": "iso8859-1",
    "iso885915": "iso8859-15",
    "latin9": "iso8859-15",
    "windows1252": "cp1252",
    "cp1252": "cp1252",
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a form may have: bytes in all, and how it is said that they are too many; parts; bytes
    of all parts that are no files together.
    """

    size: int
    words: str
    parts: int
    fields: int

    @classmethod
    def of(cls, app: Application, script: Script | None = None) -> "Bounds":
        """As much as the server takes, or the script if that is less."""
        size, words = app.max_upload, f"A request may upload at most {app.max_upload} bytes"
        if script and script.max_upload is not None and script.max_upload + app.max_fields < size:
            size = script.max_upload + app.max_fields
            words = f"{script.name!r} takes uploads of at most {script.max_upload} bytes"
        return cls(size, words, app.max_parts, app.max_fields)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the form: a value, or a file that has arrived whole."""

    name: str
    value: str | None = None
    file: Staged | None = None


@dataclass(slots=True)
class _Begin:
    """The headers of a part."""

    headers: dict[bytes, bytes] = field(default_factory=dict)

    def names(self) -> tuple[str, str | None]:
        """The part's name and, if it is a file, what the file is called."""
        kind, options = parse_options_header(self.headers.get(b"content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise BadInput({"body": ["A part has no Content-Disposition: form-data with a name."]})
        file_name = options.get(b"filename")
        return _text(options[b"name"], "name"), (
            None if file_name is None else base_name(_text(file_name, "file name"))
        )

    @property
    def media_type(self) -> str:
        return as_media_type(self.headers.get(b"content-type", b"").decode("latin-1").strip())

    def text(self, content: bytes, name: str) -> str:
        """What a field says, in UTF-8 unless its headers say otherwise (RFC 7578, section 4.4)."""
        _, options = parse_options_header(self.headers.get(b"content-type", b""))
        return _text(content, name, (options.get(b"charset") or b"utf-8").decode("latin-1"))


@audited("process.start", "name")
@needs(Scope.START)
async def admit(viewer: Viewer, name: str | None) -> None:
    """Before a form is read of which only its content says what is to be started.

    Raises Forbidden, which is noted, since nobody sends files for anything else.
    """


@needs(Scope.START)
async def receive(
    viewer: Viewer, body: AsyncIterator[bytes], content_type: str, stage: Stage, bounds: Bounds
) -> AsyncIterator[Part]:
    """The parts in the order in which they come.

    Raises BadInput for a body that is no such form or ends too early, TooLarge for one that has
    more than `bounds` allow, NoRoom where the disk is full.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadInput({"body": ["Send multipart/form-data with a boundary."]})
    events = _events(_limited(body, bounds), options[b"boundary"], bounds.parts)
    left = bounds.fields
    async for event in events:
        if not isinstance(event, _Begin):
            continue
        name, file_name = event.names()
        if file_name is None:
            value = await _value(name, _content(events), left)
            left -= len(value)
            yield Part(name, value=event.text(value, name))
        else:
            with room():
                file = await stage.receive(_content(events), file_name, event.media_type)
            yield Part(name, file=file)


def as_media_type(text: str) -> str:
    """What a client says of a file's content, if it can stand in a header."""
    return text if MEDIA_TYPE.fullmatch(text) else "application/octet-stream"


def base_name(name: str) -> str:
    """A file's name without the folders that some clients send before it."""
    return name.replace("\\", "/").rpartition("/")[2]


Event = _Begin | bytes | None
"""The headers of a part, some of its content, or (None) its end."""


async def _events(body: AsyncIterator[bytes], boundary: bytes, most: int) -> AsyncIterator[Event]:
    listener = _Listener(most)
    try:
        parser = MultipartParser(boundary, listener.callbacks())
        async for block in _without_preamble(body, boundary):
            parser.write(block)
            while listener.events:
                yield listener.events.popleft()
    except FormParserError as error:
        raise BadInput({"body": [f"This is not multipart/form-data: {error}."]}) from None
    if not listener.complete:
        raise BadInput({"body": ["The form ends before its closing boundary."]})


class _Listener:
    """Turns the parser's callbacks into events, of `most` parts at most."""

    def __init__(self, most: int) -> None:
        self._most = self._left = most
        self.events: deque[Event] = deque()
        self.complete = False
        self._part = _Begin()
        self._field = self._value = b""

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": lambda: self.events.append(self._part),
            "on_part_data": lambda data, start, end: self.events.append(data[start:end]),
            "on_part_end": lambda: self.events.append(None),
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if not self._left:
            raise TooLarge(f"A form may have at most {self._most} parts (PROCESSION_MAX_PARTS)")
        self._left -= 1
        self._part = _Begin()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._part.headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _end(self) -> None:
        self.complete = True


async def _content(events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    """What is left of the present part."""
    async for event in events:
        if not isinstance(event, bytes):
            return
        yield event


async def _value(name: str, content: AsyncIterator[bytes], most: int) -> bytes:
    value = bytearray()
    async for block in content:
        value += block
        if len(value) > most:
            raise TooLarge(f"{name}: a form has too many bytes of fields (PROCESSION_MAX_FIELDS)")
    return bytes(value)


def _text(content: bytes, what: str, charset: str = "utf-8") -> str:
    codec = CHARSETS.get(charset.lower().replace("-", "").replace("_", ""))
    if codec is None:
        raise BadInput({what: [f"The charset {charset!r} is not known; send UTF-8."]})
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        raise BadInput({what: [f"This is not valid {charset.upper()}."]}) from None


async def _without_preamble(body: AsyncIterator[bytes], boundary: bytes) -> AsyncIterator[bytes]:
    """Without what precedes the first boundary, which is to be ignored (RFC 2046, 5.1.1)."""
    delimiter = b"\r\n--" + boundary
    kept = b"\r\n"
    async for block in body:
        kept += block
        if (found := kept.find(delimiter)) >= 0:
            yield kept[found + 2 :]
            break
        kept = kept[-len(delimiter) :]
    async for block in body:
        yield block


async def _limited(body: AsyncIterator[bytes], bounds: Bounds) -> AsyncIterator[bytes]:
    size = 0
    async for block in body:
        size += len(block)
        if size > bounds.size:
            raise TooLarge(bounds.words)
        yield block
