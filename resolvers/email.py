"""Addresses of e-mail."""

import re

LONGEST = 254  # characters
# As HTML has it for `<input type="email">`: no blanks, no line breaks, nothing quoted.
FORM = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"


def is_email(text: str) -> bool:
    """Whether it is an address, by its form."""
    fits = len(text) <= LONGEST and "=?" not in text  # which would be decoded in a header
    return fits and re.fullmatch(FORM, text) is not None
