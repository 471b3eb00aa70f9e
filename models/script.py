"""Scripts: what may be run, with which parameters, by whom (design, section 8)."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import re2  # type: ignore[import-untyped]

from models.keep import Keep

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z"
Name = Annotated[str, msgspec.Meta(pattern=NAME)]
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,99}\Z"
Variable = Annotated[str, msgspec.Meta(pattern=VARIABLE)]
START_TIME = "startTime"  # what a start by REST calls its time, and so no parameter
MOST = 10**18 - 1  # an integer has 18 digits at most
Bound = Annotated[int, msgspec.Meta(ge=-MOST, le=MOST)]
QUIETLY = re2.Options()
QUIETLY.log_errors = False


class ParameterType(StrEnum):
    """What values a parameter takes.

    DATE is an ISO 8601 date or time, BOOLEAN "true" or "false", ID a UUID or another identifier,
    FILE an upload, OUTPUT the name of a file that the script writes, CHOICE one of `choices`,
    SECRET a string that is never shown again, nor stored readable.
    """

    STRING = "string"
    INTEGER = "integer"
    DATE = "date"
    BOOLEAN = "boolean"
    ID = "id"
    FILE = "file"
    OUTPUT = "output"
    CHOICE = "choice"
    SECRET = "secret"  # noqa: S105


class Passing(StrEnum):
    """How a script gets a secret: ENV as an environment variable, FD as a file to read, of which an
    argument tells the path.
    """

    ENV = "env"
    FD = "fd"


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One parameter. `pattern`, of RE2, must match the whole value; `min` and `max` bound an
    integer; of a secret, `env` is the name of its variable and `passing` (in a manifest `pass`) how
    it comes.
    """

    name: Name
    type: ParameterType
    description: str = ""
    long: Name | None = None
    mandatory: bool = False
    repeat: bool = False
    default: str | int | bool | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    min: Bound | None = None
    max: Bound | None = None
    env: Variable | None = None
    passing: Passing = msgspec.field(name="pass", default=Passing.ENV)

    def __post_init__(self) -> None:
        self._check_secret()
        if bool(self.choices) != (self.type is ParameterType.CHOICE):
            raise ValueError('`choices` and the type "choice" go together')
        if self.type is not ParameterType.INTEGER and (self.min, self.max) != (None, None):
            raise ValueError('`min` and `max` are for the type "integer"')
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("`min` must not be above `max`")
        if self.default is not None and not self._takes(self.default):
            raise ValueError(
                f"`default` {self.default!r} is no value of the type {self.type.value!r}"
            )
        if self.pattern is not None:
            try:
                re2.compile(self.pattern, QUIETLY)
            except re2.error as error:
                reason = error.args[0].decode()
                raise ValueError(f"`pattern` is no regular expression of RE2: {reason}") from None

    def _check_secret(self) -> None:
        if self.type is not ParameterType.SECRET:
            if self.env is not None or self.passing is not Passing.ENV:
                raise ValueError('`env` and `pass` are for the type "secret"')
        elif self.default is not None:
            raise ValueError("a secret has no `default`: who reads manifests would know it")
        elif self.passing is Passing.ENV and self.repeat:
            raise ValueError('a secret with `repeat` cannot be a variable: add `pass = "fd"`')
        elif self.passing is Passing.FD and self.env is not None:
            raise ValueError('`env` and `pass = "fd"` do not go together')
        elif (self.env or "").startswith("PROCESSION_"):
            raise ValueError("`env`: names that begin with PROCESSION_ are ours")

    def _takes(self, default: str | int | bool) -> bool:
        """Whether it is written as one of this type; `models.value` knows which are right."""
        match self.type:
            case ParameterType.FILE:
                return False
            case ParameterType.BOOLEAN:
                return isinstance(default, bool | str)
            case ParameterType.INTEGER:
                return type(default) is int
        return isinstance(default, str)

    def matches(self, value: str) -> bool:
        """Whether the whole value matches `pattern`, if there is one; in time that grows with its
        length only, whatever the pattern."""
        return self.pattern is None or bool(re2.fullmatch(self.pattern, value, QUIETLY))

    @property
    def option(self) -> str:
        """How it stands on the command line: `-z` for one letter, otherwise `--zip`."""
        return f"-{self.name}" if len(self.name) == 1 else f"--{self.long or self.name}"

    @property
    def variable(self) -> str:
        """The environment variable in which a secret comes."""
        return self.env or "SECRET_" + re.sub(r"\W", "_", self.long or self.name).upper()

    @property
    def default_text(self) -> str | None:
        """The default as it would be sent."""
        if isinstance(self.default, bool):
            return str(self.default).lower()
        return None if self.default is None else str(self.default)


class Isolation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a script is kept from.

    `network` is what a `sandbox` has; `run_as` is the user of the system as whom it runs (None: as
    the settings say), `new_privileges` is whether its programs may become other users (sudo).
    """

    sandbox: bool = False
    network: bool = False
    run_as: str | None = None
    new_privileges: bool = False


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command line with typed parameters.

    `timeout` and `grace` are in seconds; `concurrency` is how many may run at once, everywhere
    (None: any number); `max_output` is how many bytes of output are kept (None: all), `when_full`
    what becomes of the script when no more can be kept: "discard" (it goes on) or "stop";
    `max_upload` is how many bytes all uploads of a start may have (None: what the server takes);
    `resources` bounds what each of its programs may use, by the names of setrlimit(2); `keep` says
    how long its ended processes are kept (None: as the settings say); `notify` of which ends who
    starts it is told, "ended" or "failed"; `folder` is the manifest's, from which a relative
    command is found.
    """

    name: Name
    command: tuple[str, ...]
    description: str
    allow: str
    timeout: float | None
    grace: float
    concurrency: int | None
    terminal: bool
    max_output: int | None
    max_upload: int | None
    when_full: str
    resources: dict[str, int]
    nice: int | None
    keep: Keep | None
    notify: frozenset[str]
    parameters: tuple[Parameter, ...]
    folder: Path
    isolation: Isolation = Isolation()

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that short or long name."""
        found = (each for each in self.parameters if name == each.name)
        by_long_name = (each for each in self.parameters if name == each.long)
        return next(found, None) or next(by_long_name, None)

    @property
    def takes_secrets(self) -> bool:
        return any(each.type is ParameterType.SECRET for each in self.parameters)

    def allows(self, is_admin: bool) -> bool:
        """Whether such a user may see and start it."""
        return is_admin or self.allow == "user"


class Catalogue(Mapping[str, Script]):
    """All scripts, by name, in the order of their names."""

    def __init__(self, scripts: Iterable[Script]) -> None:
        self._scripts = {each.name: each for each in sorted(scripts, key=lambda each: each.name)}

    def __getitem__(self, name: str) -> Script:
        return self._scripts[name]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._scripts)

    def __len__(self) -> int:
        return len(self._scripts)
