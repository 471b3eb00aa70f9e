"""How far a database has come: which of the migrations it has had. Knows nothing of aerich, which
takes long to load, and is needed only where something is missing."""

from pathlib import Path

from tortoise import Tortoise
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError

from models.database import configuration, connection, dialect
from models.outage import is_outage, is_refusal

FOLDER = Path(__file__).parent / "migrations"
COLUMNS = {
    "sqlite": "SELECT m.name AS place, c.name AS name "
    "FROM sqlite_master AS m, pragma_table_info(m.name) AS c",
    "postgres": "SELECT table_name AS place, column_name AS name FROM information_schema.columns "
    "WHERE table_schema = ANY (current_schemas(false))",
}


class VersionError(Exception):
    """The database is of another version than this program."""


class NotMigratedError(VersionError):
    """It is older."""


class UnfitError(VersionError):
    """This program cannot use it: what is `wrong`, and how to `mend` it."""

    def __init__(self, wrong: str, mend: str) -> None:
        super().__init__(f"{wrong}. {mend}")
        self.wrong = wrong
        self.mend = mend


def is_there(url: str) -> bool:
    """Whether the file of an SQLite database exists; of another, whoever connects will see."""
    return dialect(url) != "sqlite" or Path(url.removeprefix("sqlite://")).exists()


def known(url: str) -> list[str]:
    """The migrations that this program knows; both dialects have the same names."""
    paths = (FOLDER / dialect(url) / "models").glob("[0-9]*.py")
    return sorted((path.name for path in paths), key=lambda name: int(name.partition("_")[0]))


async def pending(url: str) -> list[str]:
    """The migrations that this database has not had yet. It makes no file where there is none.

    Raises UnfitError where it has had others, too.
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
        raise UnfitError(
            "The database is of a newer version of Procession: it has had migrations that are not "
            f"known here ({', '.join(sorted(unknown))})",
            "Start that version; to go back, restore a backup from before the upgrade into an "
            "empty installation",
        )
    return [name for name in known(url) if name not in had]


async def require_columns(url: str) -> None:
    """Raises UnfitError where the open database lacks any that the models have."""
    rows = await connection().execute_query_dict(COLUMNS[dialect(url)])
    there = {(row["place"], row["name"]) for row in rows}
    needed = {
        (model._meta.db_table, column)
        for model in Tortoise.apps["models"].values()
        for column in model._meta.db_fields
    }
    if lacking := sorted(f"{table}.{column}" for table, column in needed - there):
        raise UnfitError(
            f"The database has had all migrations, but lacks {', '.join(lacking)}: it was made by "
            "an early version, whose migrations have changed since, or changed by other means",
            "Go on with what made it, or restore a backup into an empty installation",
        )
