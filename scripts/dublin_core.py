"""Metadata of an item: the values of `dublin_core.xml` and its siblings `metadata_*.xml`."""

import re
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from scripts.errors import ScriptError

NAME = re.compile(r"[A-Za-z0-9_-]+")
LANGUAGE = re.compile(r"[A-Za-z0-9_*-]+")
DEPTH = 100


@dataclass(frozen=True)
class Value:
    """One value of one field; `qualifier` and `language` are empty when there is none."""

    schema: str
    element: str
    qualifier: str
    language: str
    text: str


def parse(xml: bytes, name: str) -> list[Value]:
    """The values of one file, in their order, empty ones included.

    Raises ScriptError with the file's name if it is not the expected XML, or declares a document
    type: entities can make a small file huge, or read others.
    """
    reader = _Reader(name)
    try:
        reader.parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise ScriptError(
            f"{name} is not well-formed XML: {error}; check its text and its encoding."
        ) from error
    except (LookupError, ValueError) as error:
        raise ScriptError(f"{name} has an unknown encoding; save it again in UTF-8.") from error
    return reader.values


@dataclass
class _Reader:
    name: str
    values: list[Value] = field(default_factory=list)
    _schema: str = "dc"
    _path: list[str] = field(default_factory=list)
    _attributes: dict[str, str] = field(default_factory=dict)
    _text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append

    def _refuse_doctype(self, *_: object) -> NoReturn:
        raise ScriptError(f"{self.name} has a DOCTYPE; take it out, and its entities.")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag)
        if len(self._path) == 1:
            self._open_root(tag, attributes)
        if self._path == ["dublin_core", "dcvalue"]:
            self._attributes = attributes
            self._text.clear()
        if len(self._path) > DEPTH:
            raise ScriptError(f"{self.name} is nested too deeply.")

    def _open_root(self, tag: str, attributes: dict[str, str]) -> None:
        if tag != "dublin_core":
            raise ScriptError(f"{self.name} begins with <{tag}>; it must begin with <dublin_core>.")
        self._schema = self._checked("schema", attributes.get("schema", "dc"), NAME)

    def _end(self, _tag: str) -> None:
        if self._path == ["dublin_core", "dcvalue"]:
            self.values.append(self._value())
        self._path.pop()

    def _value(self) -> Value:
        given = {key: text.strip() for key, text in self._attributes.items()}
        qualifier = given.get("qualifier", "")
        if qualifier in ("", "none"):
            qualifier = ""
        else:
            self._checked("qualifier", qualifier, NAME)
        language = given.get("language", "")
        return Value(
            self._schema,
            self._checked("element", given.get("element", ""), NAME),
            qualifier,
            self._checked("language", language, LANGUAGE) if language else "",
            "".join(self._text).strip(),
        )

    def _checked(self, what: str, text: str, pattern: re.Pattern[str]) -> str:
        if not pattern.fullmatch(text):
            raise ScriptError(f"{self.name} has {text!r} as {what}, which cannot be; correct it.")
        return text
