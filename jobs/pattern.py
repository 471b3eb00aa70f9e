"""Patterns that lines are searched for: plain text, or regular expressions as RE2 knows them.

RE2 takes time in proportion to the text, whatever the pattern, and lets other threads run
meanwhile. What would need more than that, back-references and look-around, it does not have.
"""

import re

import re2  # type: ignore[import-untyped]

LONGEST = 1000  # characters
LARGEST = 6000  # instructions of RE2's program
MEMORY = 4 << 20  # bytes that RE2 may use for one pattern
WORK = 1 << 26  # bytes times instructions, in a piece of text
PIECE = 1 << 18  # bytes of a piece at most

EACH_LINE = "(?m)"  # ^ and $ are those of a line
ALONE = re.compile(r"\\[AzC]|\(\?[a-zA-Z]*-")  # means something else where a text has several lines
NEVER = {
    r"\(\?<?[=!]": "It has no look-around.",
    r"\\[1-9]|\\k|\(\?P=": "It has no back-references.",
    r"\(\?>|[*+?}]\+": "It has no atomic groups and no possessive repetitions.",
}
SYNTAX = "https://github.com/google/re2/wiki/Syntax"
TOO_COMPLEX = "This is too complex: repeat less, or smaller parts."


class PatternError(ValueError):
    """What cannot be searched for; says why, and at which character (from 1) if that is known."""


class Pattern:
    """A text or a regular expression; never matches across lines.

    Texts are searched in pieces of `piece` bytes: where a pattern makes RE2 slow, its time for a
    byte grows with the size of its program. A piece of 0 bytes is one line.
    """

    def __init__(self, text: str, *, is_regex: bool, ignore_case: bool) -> None:
        _check(text)
        options = _options(is_literal=not is_regex, ignore_case=ignore_case)
        try:
            self._compiled = re2.compile(EACH_LINE + text if is_regex else text, options)
        except re2.error as error:
            raise PatternError(_explain(text, error.args[0].decode())) from None
        finally:
            re2.purge()  # it would remember a hundred patterns with all their memory
        size = self._compiled.programsize
        if size > LARGEST:
            raise PatternError(TOO_COMPLEX)
        self.piece = 0 if is_regex and ALONE.search(text) else min(PIECE, WORK // size)

    def search(self, lines: memoryview) -> int | None:
        """Where the first match in these lines (UTF-8) begins."""
        found = self._compiled.search(lines)
        return None if found is None else int(found.start())


def _check(text: str) -> None:
    if not text:
        raise PatternError("This must not be empty.")
    if len(text) > LONGEST:
        raise PatternError(f"This may have {LONGEST} characters at most.")
    if "\n" in text:
        raise PatternError("Each line is searched on its own: leave the newline out.")


def _options(*, is_literal: bool, ignore_case: bool) -> re2.Options:
    options = re2.Options()
    options.literal = is_literal
    options.case_sensitive = not ignore_case
    options.never_nl = True
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MEMORY
    return options


def _explain(text: str, complaint: str) -> str:
    """RE2's complaint ("what: of what"), with the place of what it complains of if that is sure."""
    what, _, part = complaint.partition(": ")
    if what.startswith("pattern too large"):
        return TOO_COMPLEX
    places = [place for place in _places(text) if part and text.startswith(part, place)]
    for place in places:
        for form, why in NEVER.items():
            if re.match(form, text[place:]):
                return _say(f"{what} `{part}` at character {place + 1}. {why}")
    if len(places) == 1:
        return _say(f"{what} `{part}` at character {places[0] + 1}.")
    return _say(f"{what}.")


def _places(text: str) -> list[int]:
    """Where something may begin in a pattern: nowhere in an escape."""
    return [token.start() for token in re.finditer(r"\\.|.", text)]


def _say(what: str) -> str:
    return f"This is no regular expression of RE2: {what} See {SYNTAX}."
