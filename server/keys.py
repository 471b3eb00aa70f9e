"""The keys with which secrets are sealed: from the settings, else a file in the data folder."""

import os
from base64 import b64decode
from binascii import Error as NotBase64
from contextlib import suppress
from pathlib import Path

from jobs.safe import KEY, Safe
from server.settings import Settings, SettingsError
from server.words import words

NAME = "secret.key"  # in the data folder


def safe(settings: Settings) -> Safe:
    """Raises SettingsError for keys that cannot be used. It is closed where several machines may
    need the key and none is set.
    """
    if settings.secret_key:
        return Safe(_keys("PROCESSION_SECRET_KEY", settings.secret_key))
    if settings.secret_key_file:
        path = Path(settings.secret_key_file)
        return Safe(_keys("PROCESSION_SECRET_KEY_FILE", _content(path)))
    if settings.embedded_database:
        path = settings.data_folder / NAME
        _make(path)
        return Safe([_stored(path)])
    return Safe()


def _content(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"PROCESSION_SECRET_KEY_FILE: {error}") from None


def _keys(setting: str, text: str) -> list[bytes]:
    keys = [_key(setting, word) for word in words(text)]
    if not keys:
        raise SettingsError(f"{setting}: there is no key; `openssl rand -base64 32` makes one")
    return keys


def _key(setting: str, word: str) -> bytes:
    with suppress(NotBase64):
        key = b64decode(word, validate=True)
        if len(key) == KEY:
            return key
    raise SettingsError(
        f"{setting}: a key is {KEY} random bytes in base64; `openssl rand -base64 {KEY}` makes one"
    )


def _stored(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != KEY:
        raise SettingsError(
            f"{path}: this is no key, which has {KEY} bytes; put back the one that was there, or "
            "name a file with a key in base64 by PROCESSION_SECRET_KEY_FILE"
        )
    return key


def _make(path: Path) -> None:
    """Puts a new key there, whole, unless there is one; server and worker may both be about to."""
    if path.exists():
        return
    new = path.with_name(f"{NAME}.{os.getpid()}")
    new.touch(0o600)
    new.write_bytes(os.urandom(KEY))
    with suppress(FileExistsError):
        path.hardlink_to(new)
    new.unlink()
