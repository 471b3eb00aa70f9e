"""JSON, by the C code behind `json`."""

from _json import encode_basestring_ascii, make_encoder, make_scanner


class Context:
    """What the scanner asks for: everything as usual, but no NaN."""

    strict = True
    object_hook = object_pairs_hook = parse_constant = None
    parse_float, parse_int = float, int


def read(text: str):  # type: ignore[no-untyped-def]
    """What the text says at its beginning."""
    return scan(text, 0)[0]


def read_all(text: str):  # type: ignore[no-untyped-def]
    """What the text says. Raises ValueError if it is no JSON."""
    text = text.strip()
    try:
        found, end = scan(text, 0)
    # SystemError: of Python 3.11, which finds the error's class only where `json` is imported.
    except (StopIteration, TypeError, RecursionError, SystemError) as error:
        raise ValueError("It is no JSON") from error
    if end != len(text):
        raise ValueError("There is more")
    return found


def write(facts: object) -> str:
    """Of plain facts, and lists and objects of them."""
    return "".join(encode(facts, 0))


scan = make_scanner(Context())  # type: ignore[arg-type]
encode = make_encoder(None, None, encode_basestring_ascii, None, ": ", ", ", False, False, False)  # type: ignore[arg-type]
