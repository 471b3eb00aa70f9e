"""Late imports: of what only some need, and what takes long to load."""

from importlib import import_module
from typing import Any


def late(place: str) -> Any:
    """What `module:name` is, imported now."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
