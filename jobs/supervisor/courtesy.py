"""How far a script lets other programs go first: those that serve people, above all.

Linux weighs sessions against each other (autogroup in sched(7)), and `nice` only among the programs
of one. A supervisor and its script are a session of their own, so that has to be nice as well: else
a hundred scripts leave hardly anything for the worker and the server beside them.
"""

SESSION = "/proc/self/autogroup"


def calm_session(nice: int) -> bool:
    """Makes our session as nice. False: not yet, for the system lets that be done ten times a
    second, by all of a machine together. Where sessions are not weighed nothing is to be done."""
    try:
        with open(SESSION, "w") as file:
            file.write(str(nice))
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True
