"""What a process asks of Linux for itself (prctl(2)), by the C code behind `ctypes`."""

import _ctypes

DUMPABLE = 4  # linux/prctl.h
CHILD_SUBREAPER = 36
NO_NEW_PRIVILEGES = 38


def ask(option: int, value: int) -> bool:
    """False: this system has no such thing."""
    try:
        program = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]
        prctl = _ctypes.dlsym(program, "prctl")
    except OSError:
        return False
    return bool(_ctypes.call_function(prctl, (option, value, 0, 0, 0)) == 0)
