"""Events: what a script tells of itself, one JSON object a line. Each of these keys is optional:

    {"progress": {"done": 3, "total": 10, "unit": "items", "message": "Reading"}}
    {"notice": "…", "warning": "…", "error": "…"}
    {"summary": "Markdown, put behind what there is"}
    {"summary": {"text": "Markdown", "replace": true}}
    {"values": {"name": "value"}}

Nothing here trusts who writes them. Sizes are in bytes of UTF-8.
"""

from jobs.supervisor import document

LARGEST = 2**53  # of a number: what is larger is not exact everywhere
CUT = "…"
INVISIBLE = {each: "\ufffd" for each in (*range(32), *range(127, 160)) if each not in (9, 10)}


class Misshapen(Exception):
    """What is wrong with an event, without any of its content."""


def read(line: bytes) -> dict[str, object]:
    """The object in a line. Raises Misshapen."""
    try:
        found = document.read_all(line.decode("utf-8", "replace"))
    except ValueError:
        raise Misshapen("it is not valid JSON") from None
    if not isinstance(found, dict):
        raise Misshapen("it is not a JSON object")
    return found


def words(value: object, what: str) -> str:
    """A text, or the text of a plain value. Raises Misshapen."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool | int) or (isinstance(value, float) and abs(value) <= LARGEST):
        return document.write(value)
    raise Misshapen(f"{what} must be a text")


def number(value: object, what: str) -> int | float | None:
    """A number, or None where there is none. Raises Misshapen."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        raise Misshapen(f"{what} must be a number from 0 to {LARGEST}")
    return value


def visible(text: str) -> str:
    """Without control characters, but with newlines and tabs."""
    return text.replace("\r\n", "\n").translate(INVISIBLE)


def on_one_line(text: str, most: int) -> str:
    """At most that many bytes of it, without line breaks, which would look like further ones."""
    text = visible(" ".join(text.split()))
    return text if fits(text, most) else f"{cut(text, most)}{CUT}"


def fits(text: str, most: int) -> bool:
    return len(text) <= most and len(text.encode()) <= most


def cut(text: str, most: int) -> str:
    """The characters within its first `most` bytes."""
    return text.encode()[:most].decode("utf-8", "ignore")
