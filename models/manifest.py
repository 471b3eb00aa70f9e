"""Reading manifests: the `*.toml` files that describe scripts, checked to the last key."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from models.duration import DURATION, Duration, seconds
from models.keep import AGE, Age, Keep, keeping
from models.script import (
    NAME,
    START_TIME,
    VARIABLE,
    Catalogue,
    Isolation,
    Name,
    Parameter,
    ParameterType,
    Passing,
    Script,
)
from models.value import problems

BYTES = {
    **{"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9},
    **{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30},
}
MOST_BYTES = (1 << 63) - 1  # what the system can count
MOST = (1 << 31) - 1  # what GraphQL can
SIZE = r"^[0-9]{1,15}(\.[0-9]{1,15})? ?(B|kB|MB|GB|KiB|MiB|GiB)\Z"
Size = Annotated[int, msgspec.Meta(ge=0)] | Annotated[str, msgspec.Meta(pattern=SIZE)]
ARGUMENT = r"^[^\0]*\Z"
Argument = Annotated[str, msgspec.Meta(pattern=ARGUMENT)]
PATTERNS = {
    DURATION: "a duration such as 90s, 1.5m, 6h or 2d, of at most 9 digits",
    AGE: "an age such as 12h or 30d, of at most 9 digits, or `forever`",
    SIZE: "a size such as 500 kB, 100 MB, 1.5 GB or 1 GiB",
    ARGUMENT: "a text without NUL characters",
    VARIABLE: "the name of an environment variable, such as DB_PASSWORD",
    NAME: "a name of up to 100 letters, digits, dots, dashes and underscores",
}


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each program of a script may use at most (setrlimit(2)), and how nice it is."""

    memory: Size | None = None
    cpu_time: Duration | None = None
    open_files: Annotated[int, msgspec.Meta(ge=4, le=MOST)] | None = None
    file_size: Size | None = None
    nice: Annotated[int, msgspec.Meta(ge=0, le=19)] | None = None

    def resources(self) -> dict[str, int]:
        """By the names of setrlimit: bytes, seconds or a count."""
        given = {
            "RLIMIT_AS": _bytes_or_none(self.memory),
            "RLIMIT_CPU": None if self.cpu_time is None else max(1, round(seconds(self.cpu_time))),
            "RLIMIT_NOFILE": self.open_files,
            "RLIMIT_FSIZE": _bytes_or_none(self.file_size),
        }
        return {name: limit for name, limit in given.items() if limit is not None}


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A manifest as it is written."""

    name: Name
    command: Annotated[tuple[Argument, ...], msgspec.Meta(min_length=1)]
    description: str = ""
    allow: Literal["admin", "user"] = "admin"
    timeout: Duration | None = None
    grace: Duration = "10s"
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=MOST)] | None = None
    terminal: bool = False
    sandbox: bool = False
    network: bool = False
    run_as: Argument | None = None
    new_privileges: bool = False
    max_output: Size | None = None
    max_upload: Size | None = None
    when_full: Literal["discard", "stop"] = "discard"
    limits: Limits = Limits()
    keep: Age | Keep | None = None
    notify: tuple[Literal["ended", "failed"], ...] = ()
    parameters: tuple[Parameter, ...] = ()

    def __post_init__(self) -> None:
        if not self.command[0]:
            raise ValueError("`command` begins with the program, not with nothing - at `$.command`")
        if self.timeout is not None and not seconds(self.timeout):
            raise ValueError("`timeout` must be longer than nothing - at `$.timeout`")
        if self.max_output is not None and byte_count(self.max_output) < 1:
            raise ValueError("`max_output` must be at least 1 byte - at `$.max_output`")
        if self.network and not self.sandbox:
            raise ValueError("without `sandbox` there is a network anyhow - at `$.network`")
        if self.sandbox and self.new_privileges:
            raise ValueError("in a sandbox there are none - at `$.new_privileges`")
        self._check_names()
        self._check_defaults()
        self._check_variables()

    def _check_names(self) -> None:
        seen: set[str] = set()
        for number, parameter in enumerate(self.parameters):
            for name in {parameter.name, parameter.long or parameter.name}:
                if name == START_TIME:
                    raise ValueError(
                        f"{name!r} is when a process is to start: take another name "
                        f"- at `$.parameters[{number}]`"
                    )
                if name in seen:
                    raise ValueError(
                        f"two parameters are called {name!r} - at `$.parameters[{number}]`"
                    )
                seen.add(name)

    def _check_defaults(self) -> None:
        for number, parameter in enumerate(self.parameters):
            default = parameter.default_text
            for problem in () if default is None else problems(parameter, default):
                raise ValueError(
                    f"`default` {default!r}: {problem} - at `$.parameters[{number}].default`"
                )

    def _check_variables(self) -> None:
        seen: set[str] = set()
        for number, parameter in enumerate(self.parameters):
            if parameter.type is not ParameterType.SECRET or parameter.passing is Passing.FD:
                continue
            if parameter.variable in seen:
                raise ValueError(
                    f"two secrets come as {parameter.variable}: give one another `env` "
                    f"- at `$.parameters[{number}]`"
                )
            seen.add(parameter.variable)


class ManifestError(Exception):
    """Manifests that cannot be used; `problems` has a line for each: file, line, reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_catalogue(folders: Iterable[Path]) -> Catalogue:
    """The scripts of all manifests in these folders. Raises ManifestError with every problem."""
    scripts: dict[str, tuple[Script, Path]] = {}
    problems = []
    for folder in folders:
        try:
            paths = sorted(folder.iterdir())
        except OSError as error:
            problems.append(f"{folder}: {error.strerror} (see PROCESSION_SCRIPTS)")
            continue
        for path in (each for each in paths if each.name.endswith(".toml")):
            try:
                script = read_manifest(path)
            except ManifestError as error:
                problems += error.problems
                continue
            if script.name in scripts:
                other = scripts[script.name][1]
                problems.append(f"{path}:1: the name {script.name!r} is taken by {other}")
            scripts[script.name] = script, path
    if problems:
        raise ManifestError(problems)
    return Catalogue(script for script, _ in scripts.values())


def read_manifest(path: Path) -> Script:
    """One script. Raises ManifestError with file, line and reason."""
    try:
        text = path.read_text()
        manifest = msgspec.convert(tomllib.loads(text), Manifest)
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError([f"{path}:1: cannot be read: {error}"]) from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise ManifestError([f"{path}:{line[1] if line else 1}: {error}"]) from None
    except RecursionError:
        raise ManifestError([f"{path}:1: the brackets are nested too deeply"]) from None
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        problem = f"{path}:{line_of(text, place.rstrip('`'), reason)}: {in_words(reason)}"
        raise ManifestError([problem]) from None
    except ValueError as error:  # a number of thousands of digits
        raise ManifestError([f"{path}:1: cannot be read: {error}"]) from None
    return _script(manifest, path.resolve().parent)


def in_words(reason: str) -> str:
    """msgspec's reason, with words in place of regular expressions."""
    for pattern, words in PATTERNS.items():
        reason = reason.replace(f"`str` matching regex {pattern!r}", words)
    return reason


def line_of(text: str, place: str, reason: str) -> int:
    """The line of a TOML text that a msgspec path such as `.parameters[2].type` speaks of.

    An unknown key is not in the path but named in the reason; a missing one has its table's line.
    """
    named = re.search(r"unknown field `(.+?)`", reason)
    table = re.match(r"\.parameters\[(\d+)\]", place)
    key = named[1] if named else place.rpartition(".")[2].partition("[")[0]
    lines = text.splitlines()
    start, end = 0, len(lines)
    heads = [number for number, line in enumerate(lines) if line.strip().startswith("[[")]
    if table and int(table[1]) < len(heads):
        start = heads[int(table[1])]
        end = next((number for number in heads if number > start), len(lines))
    for number in range(start, end):
        if re.match(rf"\s*(\"?{re.escape(key)}\"?\s*=|\[{re.escape(key)}[].])", lines[number]):
            return number + 1
    return start + 1


def byte_count(size: int | str) -> int:
    """`500 kB`, `1.5GB` or a number in bytes, but no more than MOST_BYTES."""
    if isinstance(size, int):
        return min(size, MOST_BYTES)
    unit = size.lstrip("0123456789. ")
    return min(int(float(size.removesuffix(unit)) * BYTES[unit]), MOST_BYTES)


def _bytes_or_none(size: int | str | None) -> int | None:
    return None if size is None else byte_count(size)


def _script(manifest: Manifest, folder: Path) -> Script:
    return Script(
        name=manifest.name,
        command=manifest.command,
        description=manifest.description,
        allow=manifest.allow,
        timeout=seconds(manifest.timeout) if manifest.timeout else None,
        grace=seconds(manifest.grace),
        concurrency=manifest.concurrency,
        terminal=manifest.terminal,
        max_output=_bytes_or_none(manifest.max_output),
        max_upload=_bytes_or_none(manifest.max_upload),
        when_full=manifest.when_full,
        resources=manifest.limits.resources(),
        nice=manifest.limits.nice,
        keep=None if manifest.keep is None else keeping(manifest.keep),
        notify=frozenset(manifest.notify),
        parameters=manifest.parameters,
        folder=folder,
        isolation=Isolation(
            manifest.sandbox, manifest.network, manifest.run_as, manifest.new_privileges
        ),
    )
