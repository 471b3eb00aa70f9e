"""Late imports: of what only some need, and what takes long to load."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

UNUSED = "jwt"  # `redis` imports it, for the tokens of clouds, and it half of `cryptography`


def late(place: str) -> Any:
    """What `module:name` is, imported now."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


class Later(ModuleType):
    """Stands for a module until something in it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules[self.__name__] is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def put_off() -> None:
    """Spares a program the loading of what is UNUSED, and with it 20 ms."""
    sys.modules.setdefault(UNUSED, Later(UNUSED))
