"""Late imports: of what only some need, and what takes long to load."""

import gc
import inspect
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

UNUSED = "jwt"  # `redis` imports it, for the tokens of clouds, and it half of `cryptography`
GARBAGE = (10_000, 10, 10)  # new objects until a look through the youngest; of looks till the next
SWITCH = 0.0005  # seconds


def late(place: str) -> Any:
    """What `module:name` is, imported now."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def program(place: str) -> Any:
    """The same, of what the rest of a program's time is spent in.

    Nothing of what is imported can be thrown away, so the garbage collector need not look through
    it, neither now nor later (65 ms). With a thousand subscribers Python's own thresholds cost a
    tenth of the time, and pauses of 250 ms. A thread gets its turn after SWITCH, not after 5 ms: a
    busy event loop made each answer of SQLite's thread wait that long, several times.
    """
    gc.disable()
    put_off()
    found = late(place)
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    gc.enable()
    sys.setswitchinterval(SWITCH)
    return found


class Later(ModuleType):
    """Stands for a module until something in it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules[self.__name__] is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def put_off() -> None:
    """Spares a program the loading of what is UNUSED, and with it 20 ms; and 50 ms in which
    Tortoise would search the sources of all models for comments of columns: there are none.
    """
    sys.modules.setdefault(UNUSED, Later(UNUSED))
    inspect.getsource = withheld  # type: ignore[assignment]


def withheld(_: object) -> str:
    """As if no source were there."""
    raise OSError("could not get source code")
