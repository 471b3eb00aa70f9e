"""What the tests share: one running installation for each database, and both faces of it."""

import asyncio
import contextlib
import re
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from uuid import uuid4

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]
from xdist.workermanage import WorkerController  # type: ignore[import-untyped]

from tests.browser import PICTURES
from tests.faces import Face, GraphQL, Rest
from tests.installation import Installation, database_name, installed, until
from tests.postgres import create_database, drop_database, running_postgres
from tests.workers import pids

BEGAN = time.time()
TEST_SECONDS = 180
LONGEST = ["test_chaos", "test_exactness", "test_outages", "test_trouble"]

Install = Callable[..., Installation]


class ByInstallation(LoadScopeScheduling):  # type: ignore[misc]
    """Tests that share an installation go to the same one of the programs that run them, so that it
    starts only once: those of one module that are on one database. Half of these programs keep to
    SQLite and half to PostgreSQL, as long as there is any such test left: each starts servers of
    its own for each database, which take processor time also while nobody asks them anything.
    """

    def _split_scope(self, nodeid: str) -> str:
        on = re.search(r"[\[-](sqlite|postgres)[\]-]", nodeid)
        return f"{nodeid.partition('::')[0]} {on and on[1]}"

    def _assign_work_unit(self, node: WorkerController) -> None:
        other = ("sqlite", "postgres")[int(node.gateway.id.removeprefix("gw")) % 2]
        for scope in self.workqueue:
            if not scope.endswith(other):
                self.workqueue.move_to_end(scope, last=False)
                break
        super()._assign_work_unit(node)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByInstallation:
    config.option.loadscopereorder = False  # it would put those of the most tests first
    return ByInstallation(config, log)


def pytest_configure() -> None:
    """What a shell runs in the background ignores Ctrl-C, what `nohup` runs the end of a terminal,
    and so would all that is started here."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The modules that take longest begin first, so that none is left over at the end."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else 99)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells where the pictures are that the tests in a browser have just taken."""
    taken = [each for each in PICTURES.glob("*.png") if each.stat().st_mtime > BEGAN]
    if taken:
        terminalreporter.write_line(f"{len(taken)} pictures of the console: {PICTURES}")


@pytest.fixture(autouse=True)
def _no_test_hangs() -> Iterator[None]:
    """A test that waits for what never comes fails instead of holding up all others."""

    def give_up(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"This test took more than {TEST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL."""
    with (
        tempfile.TemporaryDirectory(prefix="psn-postgres-") as folder,
        running_postgres(Path(folder)) as url,
    ):
        yield url


@pytest.fixture(scope="session")
def migrated(postgres: str) -> Iterator[str]:
    """The name of a PostgreSQL database that is up to date and from which others are copied."""
    name = f"procession_template_{uuid4().hex}"
    url = asyncio.run(create_database(postgres, name))
    with installed(url) as it:
        it.cli("migrate")
    yield name
    asyncio.run(drop_database(postgres, name))


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """The URL of a PostgreSQL database in which there is nothing."""
    url = asyncio.run(create_database(postgres, f"procession_{uuid4().hex}"))
    yield url
    asyncio.run(drop_database(postgres, database_name(url)))


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """Which database a test is about."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def on_sqlite(request: pytest.FixtureRequest) -> Iterator[Installation]:
    with installed_on("sqlite", request) as it:
        it.start()
        yield it


@pytest.fixture(scope="session")
def on_postgres(request: pytest.FixtureRequest) -> Iterator[Installation]:
    with installed_on("postgres", request) as it:
        it.start()
        yield it


@pytest.fixture(scope="session")
def installation(database: str, request: pytest.FixtureRequest) -> Installation:
    """A running server that all tests on this database share, each with its own processes."""
    it: Installation = request.getfixturevalue(f"on_{database}")
    return it


@pytest.fixture(scope="session")
def mortal_on_sqlite(request: pytest.FixtureRequest) -> Iterator[Installation]:
    with installed_on("sqlite", request) as it:
        yield it


@pytest.fixture(scope="session")
def mortal_on_postgres(request: pytest.FixtureRequest) -> Iterator[Installation]:
    with installed_on("postgres", request) as it:
        yield it


@pytest.fixture
def mortal(database: str, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """A running server that a test may end, kill and start again. One test after the other has it,
    and no script of an earlier one runs any more."""
    it: Installation = request.getfixturevalue(f"mortal_on_{database}")
    if it.server is not None and pids(it, "jobs.supervisor"):
        it.end()
    if it.server is None:
        it.start()
    until(lambda: len(pids(it, "server.worker")) == 1)  # neither killed nor left by a killed server
    before = it.log.stat().st_size
    yield it
    assert b"Traceback" not in it.log.read_bytes()[before:]


@pytest.fixture
def install(database: str, request: pytest.FixtureRequest) -> Iterator[Install]:
    """Makes installations of a test's own, not started yet; takes settings."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(installed_on(database, request, **settings))


@pytest.fixture(params=[GraphQL, Rest], ids=["graphql", "rest"])
def face(request: pytest.FixtureRequest, installation: Installation) -> Face:
    """Each of the two faces."""
    made: Face = request.param(installation)
    return made


@contextlib.contextmanager
def installed_on(
    database: str, request: pytest.FixtureRequest, **settings: str
) -> Iterator[Installation]:
    """An installation on this kind of database, not started yet."""
    if database == "sqlite":
        with installed(**settings) as it:
            yield it
        return
    server: str = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("migrated")
    url = asyncio.run(create_database(server, f"procession_{uuid4().hex}", template))
    with installed(url, **settings) as it:
        yield it
    asyncio.run(drop_database(server, database_name(url)))
