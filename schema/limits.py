"""Limits on documents, so that no query can cost more than it should.

The rules are made once: a rule class made for each request would never be found in the cache of
validated documents.
"""

from typing import Any

from strawberry.extensions import AddValidationRules, MaxTokensLimiter
from strawberry.extensions.max_aliases import create_validator as limit_aliases
from strawberry.extensions.query_depth_limiter import create_validator as limit_depth

DEPTH = 15
ALIASES = 30
TOKENS = 2000

RULES: list[Any] = [limit_depth(DEPTH, None, None), limit_aliases(ALIASES)]


class Limits(AddValidationRules):
    """How deep a document may be, and how many aliases it may have."""

    def __init__(self) -> None:
        super().__init__(RULES)


class TokenLimit(MaxTokensLimiter):
    """How long a document may be."""

    def __init__(self) -> None:
        super().__init__(TOKENS)
