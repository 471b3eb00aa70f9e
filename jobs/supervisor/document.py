"""JSON, by the C code behind `json`."""

from _json import encode_basestring_ascii, make_scanner


class Context:
    """What the scanner asks for: everything as usual."""

    strict = True
    object_hook = object_pairs_hook = parse_constant = None
    parse_float, parse_int = float, int


def read(text: str):  # type: ignore[no-untyped-def]
    """What the text says."""
    return make_scanner(Context())(text, 0)[0]  # type: ignore[arg-type]


def write(facts: dict[str, str | int | None]) -> str:
    """An object of plain facts."""
    return "{" + ", ".join(f"{_text(name)}: {_plain(fact)}" for name, fact in facts.items()) + "}"


def _plain(fact: str | int | None) -> str:
    return _text(fact) if isinstance(fact, str) else "null" if fact is None else str(fact)


_text = encode_basestring_ascii
