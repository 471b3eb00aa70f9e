"""The proof that what came is what the script wrote."""

from hashlib import sha256

from client.errors import Incomplete


class Proof:
    """Follows the lines behind number `after`: each once, in order.

    Who reads from the first line on also proves that they are the same, byte for byte.
    """

    def __init__(self, after: int) -> None:
        self._last_seq = after
        self._is_whole = after == 0
        self._size = 0
        self._digest = sha256()

    @property
    def last_seq(self) -> int:
        """The number of the last line that came, or behind which the first is to come."""
        return self._last_seq

    def add(self, first_seq: int, last_seq: int, text: bytes) -> None:
        """The next lines, each with its newline. Raises Incomplete."""
        if first_seq != self._last_seq + 1:
            raise Incomplete(f"Behind line {self._last_seq} came line {first_seq}")
        self._last_seq = last_seq
        if self._is_whole:
            self._size += len(text)
            self._digest.update(text)

    def close(self, last_seq: int, size: int, digest: str | None) -> None:
        """What the server says of the whole output. Raises Incomplete."""
        if self._last_seq < last_seq:
            raise Incomplete(f"Line {self._last_seq} was not the last: there are {last_seq}")
        found = (self._size, self._digest.hexdigest() if self._size else None)
        if self._is_whole and found != (size, digest):
            raise Incomplete(
                f"These {self._size} bytes are not the {size} that the script wrote: "
                "their SHA-256 is another"
            )
