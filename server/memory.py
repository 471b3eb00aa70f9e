"""What glibc does with memory that was freed (mallopt(3)); other C libraries do as they do."""

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8  # malloc.h
LARGE = 8 << 20  # bytes from which on an object has memory of its own, which is given back at once
FREE = 16 << 20  # bytes that may be free at the end of an arena
ARENAS = 2  # for all threads together


def keep_freed_memory() -> None:
    """Has a piece of output take the place of the one before. Call it before there are threads.

    In a flood each step has 2 MB or so, and a tenth of a worker's time went into giving them back
    to the system and getting them again, a page at a time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in (
            (MMAP_THRESHOLD, LARGE),
            (TRIM_THRESHOLD, FREE),
            (ARENA_MAX, ARENAS),
        ):
            mallopt(parameter, value)
