"""What can go wrong, in words for the person who runs the program.

::

    ScriptError          exit code 1: an archive, a map file or the repository is not as it must be
    └── UsageError       exit code 2: the command line itself makes no sense
    Stopped              exit code 128 + signal: somebody asked the program to stop
"""


class ScriptError(Exception):
    """Carries one sentence or two: what is wrong, and what to do about it."""

    exit_code = 1


class UsageError(ScriptError):
    """The options given do not go together."""

    exit_code = 2


class Stopped(BaseException):
    """Raised by the signal handler, and not an Exception: nothing on the way may swallow it."""

    def __init__(self, signum: int) -> None:
        super().__init__("Stopped.")
        self.exit_code = 128 + signum
