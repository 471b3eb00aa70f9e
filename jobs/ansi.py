"""ANSI control sequences (ECMA-48) in a text: colours, cursor movements, titles."""

import re

SEQUENCE = re.compile(
    r"""
    \x1b\[ [0-?]* [ -/]* [@-~]                          # CSI: colours, cursor movements
    | \x1b[]PX^_] [^\x07\x1b\n]* (?: \x07 | \x1b\\ )    # strings: titles, links
    | \x1b [ -/]* [0-~]                                 # the others
    """,
    re.VERBOSE,
)


def stripped(text: str) -> str:
    """The text without control sequences; a newline is never part of one."""
    return SEQUENCE.sub("", text) if "\x1b" in text else text
