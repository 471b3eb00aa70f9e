"""Settings: environment variables `PROCESSION_*`, then `procession.toml`, then the defaults.

Nobody but this module reads the environment; everyone else is given what they need.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, get_args, get_type_hints
from uuid import UUID

import msgspec

from jobs import variables
from models.keep import FOREVER, Keep, Rule
from models.tls import check_options
from server.delivery_settings import DeliverySettings
from server.url import address, check_url
from server.words import words

SHIPPED_SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
PREFIX = "PROCESSION_"
FILE = "procession.toml"
NO_SETTINGS = {
    "PROCESSION_SETTINGS",  # where the file is
    "PROCESSION_TEST_DATABASE_URL",
    *(
        "PROCESSION_SERVER",
        "PROCESSION_TOKEN",
        "PROCESSION_PROFILE",
    ),  # of the commands that speak to a server
    *variables.ALL,  # of a script
    "PROCESSION_REPOSITORY",  # of the scripts that ship
}
ORIGIN = r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]+)?"  # as browsers send it
PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR")

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Nice = Annotated[int, msgspec.Meta(ge=0, le=19)]
Natural = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
MOST_DAYS = 3660  # of whatever is a time: what is much longer is no date any more
Days = Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS)]
Hours = Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS * 24)]
Minutes = Annotated[int, msgspec.Meta(ge=5, le=MOST_DAYS * 24 * 60)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS * 86_400)]
Lease = Annotated[int, msgspec.Meta(ge=3, le=MOST_DAYS * 86_400)]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class SettingsError(Exception):
    """A setting that cannot be used; the message names it and says what it may be."""


class Settings(DeliverySettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every setting; the name of its environment variable is PROCESSION_ and the name in capitals.

    `docs/settings.md` explains each.
    """

    data: str = "data"
    host: str = "127.0.0.1"
    port: Port = 8080
    database_url: str = ""
    redis_url: str = ""
    files_url: str = ""
    scripts: str = str(SHIPPED_SCRIPTS)
    rest_base_url: str = ""
    cors_origins: str = ""
    trusted_proxies: str = ""
    hsts: Natural = 0
    worker_slots: Positive = 20
    keep: str = ""
    audit_keep: str = "730d"
    lease: Lease = 30
    handover: Seconds = 300
    script_patience: Seconds = 3600
    max_upload: Positive = 64 << 30
    max_open_uploads: Positive = 1000
    max_open_upload_bytes: Positive = 128 << 30
    upload_hours: Hours = 24
    max_page_size: Positive = 1000
    session_idle_minutes: Minutes = 480
    session_days: Days = 14
    max_depth: Positive = 15
    max_aliases: Natural = 30
    max_tokens: Positive = 2000
    max_cost: Positive = 500_000
    max_answer: Positive = 32 << 20
    operation_timeout: Seconds = 60
    introspection: bool = True
    max_document: Positive = 2 << 20
    max_message: Positive = 1 << 20
    max_head: Positive = 64 << 10
    head_timeout: Seconds = 10
    body_timeout: Seconds = 30
    answer_timeout: Seconds = 300
    max_connections: Positive = 10_000
    max_parts: Positive = 1000
    max_fields: Positive = 4 << 20
    max_subscriptions: Positive = 10_000
    max_viewer_subscriptions: Positive = 2000
    max_starts: Positive = 1000
    database_pool: Positive = 10
    log_level: Level = "INFO"
    pass_environment: str = ""
    secret_key: str = ""
    secret_key_file: str = ""
    run_as: str = ""
    nice: Nice = 19
    dumpable: bool = False
    environment: Mapping[str, str] = {}

    @property
    def data_folder(self) -> Path:
        return Path(self.data).absolute()

    @property
    def address(self) -> str:
        """Where `procession serve` is found from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return address(host, self.port)

    @property
    def database(self) -> str:
        """The database's URL; without a setting, SQLite in the data folder."""
        return self.database_url or f"sqlite://{self.data_folder / 'procession.sqlite3'}"

    @property
    def embedded_database(self) -> bool:
        return not self.database_url

    @property
    def embedded_redis(self) -> bool:
        return not self.redis_url

    @property
    def script_folders(self) -> list[Path]:
        return [Path(each).absolute() for each in self.scripts.split(":") if each]

    @property
    def origins(self) -> list[str]:
        """Other origins whose pages may come."""
        return words(self.cors_origins)

    @property
    def proxies(self) -> list[str]:
        """Addresses and networks of the proxies that are believed who their clients are."""
        return words(self.trusted_proxies)

    def page_of(self, process_id: UUID) -> str | None:
        """The address of the console's page of a process, if it is known how we are reached."""
        base = self.rest_base_url.rstrip("/")
        return f"{base}/processes/{process_id}" if base else None

    @property
    def files_folder(self) -> Path:
        """Where the store keeps its files."""
        if not self.files_url:
            return self.data_folder / "files"
        return Path(self.files_url.removeprefix("file://"))

    @property
    def secret_files(self) -> tuple[Path, ...]:
        """Besides what is in the data folder, whatever secrets of the server's lie in files."""
        named = [Path(self.secret_key_file)] if self.secret_key_file else []
        return tuple(path.resolve() for path in (_file(self.environment), *named))

    @property
    def default_keep(self) -> Keep:
        """How long processes are kept whose script does not say it; without a setting: for ever."""
        return Keep(age=self.keep or FOREVER)

    @property
    def audit_rule(self) -> Rule:
        """How long entries of the audit are kept."""
        return Rule(age=self.audit_keep or FOREVER)

    def environment_with(self, **changes: str) -> dict[str, str]:
        """The environment in which another program has these settings, but for the changes."""
        ours = {name: str(getattr(self, name)) for name in _names()} | changes
        told = {f"{PREFIX}{name.upper()}": value for name, value in ours.items()}
        return {**self.environment, **told}

    def script_environment(self) -> dict[str, str]:
        """What scripts see of the environment: nothing that could be a secret of the server's."""
        wanted = {*PASSED_ON, *words(self.pass_environment)}
        passed = {
            name: value
            for name, value in self.environment.items()
            if name in wanted or name.startswith("LC_")
        }
        return {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **passed}


def read_settings(**options: object) -> Settings:
    """The settings, `options` of the command line before all others.

    Raises SettingsError for the first setting that is unknown or cannot be used.
    """
    given = {**_from_file(), **_from_environment(), **options}
    values = {name: value for name, value in given.items() if value != ""}
    try:
        settings = msgspec.convert(
            {**values, "environment": dict(os.environ)}, Settings, strict=False
        )
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        name = place.rstrip("`")
        if choices := get_args(get_type_hints(Settings).get(name)):
            reason += f"; it may be {', '.join(choices)}"
        raise SettingsError(f"{PREFIX}{name.upper()}: {reason}") from None
    _check(settings)
    return settings


class Surroundings(msgspec.Struct, frozen=True):
    """What the environment tells the commands that speak to a server.

    `folder` is that of the profiles; `colours`: whether a terminal may have some.
    """

    server: str
    token: str
    profile: str
    folder: Path
    colours: bool


def read_surroundings() -> Surroundings:
    names = ("SERVER", "TOKEN", "PROFILE")
    server, token, profile = (os.environ.get(f"{PREFIX}{name}", "").strip() for name in names)
    config = os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser()
    folder, colours = Path(config) / "procession", not os.environ.get("NO_COLOR")
    return Surroundings(server, token, profile, folder, colours)


def _file(environment: Mapping[str, str]) -> Path:
    return Path(environment.get(f"{PREFIX}SETTINGS") or FILE)


def _names() -> set[str]:
    return set(get_type_hints(Settings)) - {"environment"}


def _from_file() -> dict[str, object]:
    named, path = os.environ.get(f"{PREFIX}SETTINGS"), _file(os.environ)
    try:
        found = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        if named:
            raise SettingsError(f"{PREFIX}SETTINGS: {error.strerror}: {path}") from None
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: {error}") from None
    for name in found.keys() - _names():
        raise SettingsError(f"{path}: there is no setting {name!r}; see docs/settings.md")
    return found


def _from_environment() -> dict[str, object]:
    """What is empty there is not set: a unit or a shell may name what it has no value for."""
    found: dict[str, object] = {}
    known = _names()
    for variable, text in os.environ.items():
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and variable not in NO_SETTINGS:
            if name not in known:
                raise SettingsError(f"{variable}: there is no such setting; see docs/settings.md")
            if text:
                found[name] = text
    return found


def _check(settings: Settings) -> None:
    _check_schemes(settings)
    for origin in settings.origins:
        if not re.fullmatch(ORIGIN, origin):
            raise SettingsError(
                f"{PREFIX}CORS_ORIGINS: {origin!r} is no origin such as https://www.example.org"
            )
    for proxy in settings.proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            raise SettingsError(f"{PREFIX}TRUSTED_PROXIES: {error}") from None
    try:
        settings.check_openid()
        settings.check_delivery()
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _check_schemes(settings: Settings) -> None:
    schemes = {
        "database_url": ("sqlite:///", "postgres://", "postgresql://"),
        "redis_url": ("redis://", "rediss://", "unix://"),
        "files_url": ("file:///",),
        "rest_base_url": ("http://", "https://"),
    }
    for name, allowed in schemes.items():
        value = getattr(settings, name)
        try:
            if value:
                check_url(value, allowed)
            if value.startswith("postgres"):
                check_options(value)
        except ValueError as error:
            raise SettingsError(f"{PREFIX}{name.upper()}: {error}") from None
    for name in ("keep", "audit_keep"):
        _check_age(name, getattr(settings, name) or FOREVER)


def _check_age(name: str, age: str) -> None:
    try:
        Rule(age=age).lifetime  # noqa: B018
    except ValueError as error:
        raise SettingsError(f"{PREFIX}{name.upper()}: {error}") from None
