"""How far a database has come: which of the migrations it has had. Knows nothing of aerich, which
takes long to load, and is needed only where something is missing."""

from collections.abc import Iterable
from pathlib import Path

from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError

from models.database import configuration, connection, dialect
from models.outage import is_outage, is_refusal

FOLDER = Path(__file__).parent / "migrations"
GO_ON = (
    "Start that version; to go back, restore a backup from before the upgrade into an empty "
    "installation"
)


class VersionError(Exception):
    """The database is of another version than this program."""


class NotMigratedError(VersionError):
    """It is older."""


class NewerDatabaseError(VersionError):
    """It is newer: what is `wrong`, and what to do."""

    def __init__(self, unknown: Iterable[str]) -> None:
        self.wrong = (
            "The database is of a newer version of Procession: it has had migrations that are not "
            f"known here ({', '.join(sorted(unknown))})"
        )
        super().__init__(f"{self.wrong}. {GO_ON}")


def is_there(url: str) -> bool:
    """Whether the file of an SQLite database exists; of another, whoever connects will see."""
    return dialect(url) != "sqlite" or Path(url.removeprefix("sqlite://")).exists()


def known(url: str) -> list[str]:
    """The migrations that this program knows; both dialects have the same names."""
    paths = (FOLDER / dialect(url) / "models").glob("[0-9]*.py")
    return sorted((path.name for path in paths), key=lambda name: int(name.partition("_")[0]))


async def pending(url: str) -> list[str]:
    """The migrations that this database has not had yet. It makes no file where there is none.

    Raises NewerDatabaseError where it has had others, too.
    """
    if not is_there(url):
        return known(url)
    async with TortoiseContext() as tortoise:  # one of its own, so that it can be asked again
        # One table, and that only because Tortoise wants one.
        await tortoise.init(config=configuration(url, pool=1, tables=["models.worker"]))
        try:
            rows = await connection().execute_query_dict("SELECT version FROM aerich")
        except OperationalError as error:
            if is_outage(error) or is_refusal(error):
                raise
            return known(url)  # there is not even aerich's own table
    had = {row["version"] for row in rows}
    if unknown := had.difference(known(url)):
        raise NewerDatabaseError(unknown)
    return [name for name in known(url) if name not in had]
