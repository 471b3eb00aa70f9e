"""Profiles: the servers that a person uses, and who they are there.

`client.toml` has a table for each, and the name of the `default`. A token is in the system's
keyring if the library `keyring` is installed and has one, otherwise here: so the file is for its
owner only.
"""

import json
import os
import re
import tomllib
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from client.errors import ClientError

FILE = "client.toml"
SERVICE = "procession"  # whose tokens these are, in the keyring
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Profile:
    """`token` empty: it is in the keyring, or there is none."""

    name: str
    server: str
    user: str = ""
    token: str = ""
    token_id: str = ""


class Told(msgspec.Struct):
    """What the file may have."""

    default: str = "default"
    profiles: dict[str, dict[str, str]] = {}


@dataclass(slots=True)
class Profiles:
    """What the file says. `default` is the one that is meant unless another is named."""

    path: Path
    default: str = "default"
    known: dict[str, Profile] = field(default_factory=dict)

    def named(self, name: str | None) -> Profile | None:
        return self.known.get(name or self.default)

    def at(self, server: str, name: str) -> Profile | None:
        """One for this server, the one of this name before others."""
        here = [each for each in self.known.values() if _same(each.server, server)]
        return min(here, key=lambda each: each.name != name, default=None)

    def keep(self, profile: Profile) -> str:
        """Remembers it, its token where that is safest. Answers where that is."""
        kept = _in_keyring(profile)
        without = Profile(profile.name, profile.server, profile.user, "", profile.token_id)
        self.known[profile.name] = without if kept else profile
        self._write()
        return kept or str(self.path)

    def forget(self, profile: Profile) -> None:
        keyring = _keyring()
        if not profile.token and keyring and _attempt(keyring, "get", profile.name):
            _attempt(keyring, "delete", profile.name)
        del self.known[profile.name]
        self._write()

    def _write(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(_toml(self))
        new.replace(self.path)


def check_name(name: str) -> None:
    """Raises ClientError for a name that a profile cannot have."""
    if not NAME.fullmatch(name):
        raise ClientError(f"{name!r} is no name of a profile: up to 64 letters, digits, - and _")


def read_profiles(folder: Path) -> Profiles:
    """Those in this folder. Raises ClientError."""
    path = folder / FILE
    try:
        told = msgspec.convert(tomllib.loads(path.read_text()), Told)
        known = {name: Profile(name, **table) for name, table in told.profiles.items()}
    except FileNotFoundError:
        return Profiles(path)
    except (OSError, ValueError, TypeError) as error:
        raise ClientError(f"{path}: {error}") from None
    return Profiles(path, told.default, known)


def token_of(profile: Profile) -> str:
    """Empty if there is none."""
    keyring = None if profile.token else _keyring()
    return str(_attempt(keyring, "get", profile.name) or "") if keyring else profile.token


def _same(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")


def _in_keyring(profile: Profile) -> str:
    """Puts the token there; the name of the keyring, or nothing."""
    keyring = _keyring()
    if not keyring:
        return ""
    _attempt(keyring, "set", profile.name, profile.token)
    if _attempt(keyring, "get", profile.name) != profile.token:
        return ""
    return "the system's keyring"


def _keyring() -> Any:
    return import_module("keyring") if find_spec("keyring") else None


def _attempt(keyring: Any, deed: str, *arguments: str) -> Any:
    """Each system's keyring fails in its own way: without one the token is kept otherwise."""
    try:
        return getattr(keyring, f"{deed}_password")(SERVICE, *arguments)
    except Exception:
        return None


def _toml(profiles: Profiles) -> str:
    """A basic string of TOML is one of JSON, but for the DEL."""
    lines = [f"default = {_text(profiles.default)}"]
    for name, profile in profiles.known.items():
        lines += ["", f"[profiles.{name if NAME.fullmatch(name) else _text(name)}]"]
        facts = {key: getattr(profile, key) for key in ("server", "user", "token", "token_id")}
        lines += [f"{key} = {_text(value)}" for key, value in facts.items() if value]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
