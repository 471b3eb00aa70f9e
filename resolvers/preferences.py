"""What a client prefers, by `Accept` and `Accept-Encoding` (RFC 9110, section 12)."""

from collections.abc import Iterable, Mapping

LEAST = 0.001  # the smallest weight that is not "not at all"


def weights(values: Iterable[str]) -> dict[str, float]:
    """Each thing that a header lists, in small letters, and how much it is wanted: 0 is not at all.

    `values` are those of all headers of the name. Parameters of media types are passed over.
    """
    parts = (part.lower().split(";") for part in ",".join(values).split(","))
    return {name.strip(): _quality(parameters) for name, *parameters in parts}


def weight(wanted: Mapping[str, float], *names: str) -> float:
    """How much something is wanted that goes by these names: the first that is listed says it."""
    return next((wanted[name] for name in names if name in wanted), 0.0)


def preferred(values: Iterable[str], known: Iterable[str]) -> str | None:
    """Which of the `known` it wants most: of several that it wants as much, the one it lists first.

    None where it wants none of them.
    """
    wanted = weights(values)
    weighed = {name: weight for name, weight in wanted.items() if name in known}
    best = max(weighed, key=weighed.__getitem__, default=None)
    return best if best is not None and weighed[best] >= LEAST else None


def coding(values: Iterable[str], known: Iterable[str]) -> str | None:
    """Which of the `known` codings, the best first, an `Accept-Encoding` wants most.

    None where it wants none of them, or plain bytes even more.
    """
    wanted = weights(values)
    weighed = {name: weight(wanted, name, "*") for name in known}
    best = max(weighed, key=weighed.__getitem__, default=None)
    least = max(wanted.get("identity", 0.0), LEAST)
    return best if best is not None and weighed[best] >= least else None


def _quality(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            return _number(value)
    return 1.0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
