"""How far a database has come: which of the migrations it has had. Knows nothing of aerich, which
takes long to load, and is needed only where something is missing."""

from pathlib import Path

from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError

from models.database import configuration, connection, dialect
from models.outage import is_outage, is_refusal

FOLDER = Path(__file__).parent / "migrations"


class NotMigratedError(Exception):
    """The database is older than this program."""


def is_there(url: str) -> bool:
    """Whether the file of an SQLite database exists; of another, whoever connects will see."""
    return dialect(url) != "sqlite" or Path(url.removeprefix("sqlite://")).exists()


def known(url: str) -> list[str]:
    """The migrations that this program knows; both dialects have the same names."""
    paths = (FOLDER / dialect(url) / "models").glob("[0-9]*.py")
    return sorted((path.name for path in paths), key=lambda name: int(name.partition("_")[0]))


async def pending(url: str) -> list[str]:
    """The migrations that this database has not had yet. It makes no file where there is none."""
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
    return [name for name in known(url) if name not in had]
