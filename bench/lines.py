"""Lines such as scripts print: a file of them, which a script then writes as fast as `cat` can."""

import random
from pathlib import Path

LENGTH = 60  # bytes of a line, with its newline
AT_ONCE = 10_000
LEVELS = ("INFO ", "INFO ", "INFO ", "DEBUG", "WARN ")
WORDS = (
    *("harvest", "index", "checksum", "curate", "import"),
    *("export", "filter", "media", "thumbnail", "embargo"),
)


def write_lines(file: Path, count: int) -> None:
    """Writes so many lines, no two of which are equal: number, time, level, words and a hash."""
    chance = random.Random(1)  # noqa: S311 (the same lines every time)
    with file.open("wb") as output:
        for first in range(0, count, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, count))
            hashes = chance.randbytes(8 * len(numbers)).hex()
            lines = [
                _line(number, hashes[16 * n : 16 * n + 16]) for n, number in enumerate(numbers)
            ]
            output.write("".join(lines).encode())


def _line(number: int, digest: str) -> str:
    minutes, milliseconds = divmod(number, 60_000)
    return (
        f"{number + 1:08d} 12:{minutes % 60:02d}:{milliseconds / 1000:06.3f} "
        f"{LEVELS[number % 5]} {WORDS[number * 7 % 10]:<9} item {digest}\n"
    )
