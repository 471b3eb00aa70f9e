"""The mask: nothing of what it hides gets past it, however it is spread over reads."""

STARS = b"***"


class Mask:
    """Puts STARS in place of the `needles`, where several overlap once.

    It holds back no more than may be the beginning of a needle. `hidden` is how many bytes of that
    belong to what was hidden already.
    """

    def __init__(self, needles: list[bytes]) -> None:
        self.needles = needles
        self.held = b""
        self.hidden = 0

    def take(self, content: bytes) -> bytes:
        """What can be shown now."""
        content = self.held + content
        return self._show(content, len(content) - self._begun(content))

    def rest(self) -> bytes:
        """What was held back. For when nothing will follow."""
        return self._show(self.held, len(self.held))

    def _show(self, content: bytes, end: int) -> bytes:
        """What is before `end`; the rest is held back."""
        if not end:
            self.held = content
            return b""
        shown, place = [], 0
        hidden, self.hidden = self.hidden, 0
        for start, stop in self._found(content, hidden):
            if start >= end:
                break
            if start or not hidden:
                shown += [content[place:start], STARS]
            place = min(stop, end)
            self.hidden = stop - place
        self.held = content[end:]
        return b"".join([*shown, content[place:end]])

    def _found(self, content: bytes, hidden: int) -> list[tuple[int, int]]:
        """From where to where something is to be hidden, in order; what overlaps is one."""
        found = [(0, hidden)] if hidden else []
        for needle in self.needles:
            place = content.find(needle)
            while place >= 0:
                found.append((place, place + len(needle)))
                place = content.find(needle, place + 1)
        return joined(sorted(found))

    def _begun(self, content: bytes) -> int:
        """How many bytes at its end may be the beginning of a needle."""
        return max(begun(content, needle) for needle in self.needles)


def joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Each that overlaps with the one before is made one with it."""
    found: list[tuple[int, int]] = []
    for start, stop in spans:
        if found and start < found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], stop)
        else:
            found.append((start, stop))
    return found


def begun(content: bytes, needle: bytes) -> int:
    """The length of the longest end of `content` with which `needle` begins, without being it."""
    place = max(0, len(content) - len(needle) + 1)
    while (place := content.find(needle[:2], place)) >= 0:
        if needle.startswith(content[place:]):
            return len(content) - place
        place += 1
    return 1 if content.endswith(needle[:1]) and len(needle) > 1 else 0
