"""TLS to PostgreSQL: what its URL says of it after `?`, in libpq's words, which asyncpg knows."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

FILES = ("sslrootcert", "sslcert", "sslkey")
OPTIONS = ("sslmode", *FILES)
MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def check_options(url: str) -> None:
    """Raises ValueError for an option that is not known, or one that cannot be used."""
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if name == "sslmode" and value not in MODES:
            raise ValueError(f"sslmode={value} is none of {', '.join(MODES)}")
        if name in FILES and not Path(value).is_file():
            raise ValueError(f"{name}={value}: there is no such file")
        if name not in ("sslmode", *FILES, "host"):
            raise ValueError(f"{name!r} is no option; there are {', '.join(OPTIONS)} and host")


def take_options(credentials: dict[str, Any]) -> dict[str, str]:
    """Takes them out of the credentials of a URL; what asyncpg is to be given in their place."""
    found = {name: credentials.pop(name) for name in OPTIONS if name in credentials}
    return {"dsn": f"postgresql://?{urlencode(found)}"} if found else {}
