"""The mask: what it is to hide cannot be read, in whatever form and pieces it comes."""

import base64
import html
import json
import urllib.parse

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.disguises import disguises
from jobs.supervisor.mask import STARS, Mask

# A machine with much else to do may take its time for any of the examples.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

LETTERS = st.binary(min_size=0, max_size=40).map(lambda text: bytes(b"abc"[n % 3] for n in text))
NEEDLES = st.lists(LETTERS.filter(lambda text: len(text) > 1), min_size=1, max_size=4)
SECRET = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=4, max_size=20)


def masked(needles: list[bytes], *parts: bytes) -> bytes:
    mask = Mask(needles)
    return b"".join([*map(mask.take, parts), mask.rest()])


def hidden(secret: str, text: str) -> str:
    return masked([form.encode() for form in disguises(secret)], text.encode()).decode()


def uncovered(needles: list[bytes], text: bytes) -> bytes:
    """What the mask is to make of a text, worked out letter by letter."""
    places = range(len(text))
    starts = [(at, each) for at in places for each in needles if text.startswith(each, at)]
    covered = {place for at, each in starts for place in range(at, at + len(each))}
    # Between two letters that one needle covers there is no border.
    inner = {place for at, each in starts for place in range(at + 1, at + len(each))}
    shown = b""
    for place in places:
        if place not in covered:
            shown += text[place : place + 1]
        elif place not in inner:
            shown += STARS
    return shown


@patiently
@given(NEEDLES, st.lists(LETTERS))
def test_it_does_not_matter_how_the_text_is_cut_into_pieces(
    needles: list[bytes], parts: list[bytes]
) -> None:
    assert masked(needles, *parts) == uncovered(needles, b"".join(parts))


@patiently
@given(NEEDLES, st.lists(LETTERS))
def test_nothing_is_held_back_but_what_may_become_a_needle(
    needles: list[bytes], parts: list[bytes]
) -> None:
    mask = Mask(needles)
    for part in parts:
        mask.take(part)
        assert not mask.held or any(
            each.startswith(mask.held) and each != mask.held for each in needles
        )


ENCODINGS = {
    "as it is": lambda text: text,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 with a newline": lambda text: base64.b64encode(f"{text}\n".encode()).decode(),
    "URL": lambda text: urllib.parse.quote(text, safe=""),
    "URL, but for slashes": urllib.parse.quote,
    "form": urllib.parse.quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "Python": lambda text: repr(text)[1:-1],
    "HTML": html.escape,
    "hexadecimal": lambda text: text.encode().hex(),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@patiently
@given(secret=SECRET.filter(lambda text: len(text.strip()) >= 4))
def test_secret_is_hidden_in_common_encodings(encode, secret: str) -> None:  # type: ignore[no-untyped-def]
    text = secret.strip()
    assert hidden(secret, f"[{encode(text)}]") == "[***]"


@patiently
@given(st.binary(max_size=7), SECRET.filter(lambda text: len(text.strip()) >= 4), st.binary())
def test_secret_is_hidden_in_base64_of_something_longer(
    before: bytes, secret: str, after: bytes
) -> None:
    text = secret.strip().encode()
    shown = hidden(secret, base64.b64encode(before + text + after).decode())
    # A letter at each border has bits of both; all letters between them are gone.
    start, end = -(-len(before) * 8 // 6), (len(before) + len(text)) * 8 // 6
    assert "***" in shown
    assert len(shown.replace("***", "")) <= len(base64.b64encode(before + text + after)) - (
        end - start
    )


def test_each_line_of_a_secret_is_hidden() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ\nab\n-----END KEY-----\n"
    assert hidden(key, f"> MIIEvQIBADANBg <\n{key}") == "> *** <\n***\n"
    lines = base64.encodebytes((key * 3).encode()).decode()
    assert set(hidden(key * 3, lines).split()) == {"***"}
