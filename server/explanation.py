"""Explanations: what a person can do about errors that drivers and the system raise."""

import sqlite3
from errno import EDQUOT, EIO, ENOSPC

from redis.exceptions import RedisError

from models.outage import is_outage, is_refusal, root


def explain(error: Exception) -> str | None:
    """In words; None for what is a mistake of ours."""
    found = root(error)
    if isinstance(found, BrokenPipeError):  # who reads what we print has enough
        return None
    if isinstance(found, RedisError):
        return f"Redis cannot be used: {found}; is it running, and is PROCESSION_REDIS_URL right?"
    if is_refusal(error):
        return f"The database does not let us in: {found}; correct PROCESSION_DATABASE_URL"
    if _is_of_the_url(found):
        return f"The database cannot be used: {found}; correct PROCESSION_DATABASE_URL"
    if isinstance(found, OSError) and (words := _of_a_path(found)):
        return words
    if isinstance(found, sqlite3.DatabaseError) and (is_outage(error) or _is_damaged(found)):
        return f"The database cannot be used: {found}; `procession doctor` may say more"
    if is_outage(error):
        reason = str(found) or "no answer in time"
        return (
            f"The database cannot be used: {reason}; "
            "is it running, and is PROCESSION_DATABASE_URL right?"
        )
    return None


def _of_a_path(error: OSError) -> str | None:
    """Of two paths the second one is that which was to be written."""
    path = error.filename2 or error.filename
    if error.errno in (ENOSPC, EDQUOT, EIO):
        return f"{error.strerror}: {path}" if path else error.strerror
    if path is None:
        return None
    return (
        f"{path}: {error.strerror}; let the user who runs this use it, "
        "or choose another folder (PROCESSION_DATA, PROCESSION_FILES_URL)"
    )


def _is_of_the_url(error: BaseException) -> bool:
    """Whether asyncpg lacks something to do as it was told, such as a certificate."""
    return type(error).__name__ == "ClientConfigurationError"


def _is_damaged(error: sqlite3.DatabaseError) -> bool:
    """SQLite's message is for people then."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
