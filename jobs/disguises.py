"""The disguises of a secret: the forms in which it may turn up in what a script prints."""

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

SHORTEST = 4  # characters: what is shorter stands in any text
WIDTHS = (64, 76)  # characters after which base64 is broken into lines
URL_SAFE = bytes.maketrans(b"+/", b"-_")
BEGUN = (0, 2, 3)  # characters of base64 that depend on so many bytes before


def disguises(secret: str) -> set[str]:
    """The secret itself, each of its lines, and the secret as other programs write it."""
    text = secret.strip()
    forms = {*_escaped(text), *(form.decode() for form in _encoded(text.encode()))}
    forms |= {line.strip() for line in text.splitlines()}
    return {form for form in forms if len(form) >= SHORTEST}


def _escaped(text: str) -> Iterator[str]:
    yield text
    yield from (text.replace("\n", "\r\n"), text.replace("'", "'\\''"))
    yield from (html.escape(text), html.escape(text, quote=False), repr(text)[1:-1])
    for shown in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield from (shown, shown.replace("/", "\\/"))
    for shown in (quote(text), quote(text, safe=""), quote_plus(text)):
        yield from (shown, re.sub("%..", lambda code: code[0].lower(), shown))


def _encoded(text: bytes) -> Iterator[bytes]:
    yield from (text.hex().encode(), text.hex().upper().encode())
    for form in _base64(text):
        yield from (form, form.translate(URL_SAFE))


def _base64(text: bytes) -> Iterator[bytes]:
    """As it stands alone, and in the middle of something else, at each of three places."""
    for alone in (b64encode(text), b64encode(text + b"\n")):
        yield alone
        for width in WIDTHS:
            yield from (alone[start : start + width] for start in range(0, len(alone), width))
    for before, begun in enumerate(BEGUN):
        ended = (before + len(text)) * 8 // 6  # what comes then depends on what follows
        yield b64encode(bytes(before) + text)[begun:ended]
