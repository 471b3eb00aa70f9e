"""The server as a program: `procession serve`."""

import asyncio
import logging
import sys
from asyncio import Protocol
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from socket import socket
from typing import cast

import uvicorn
from starlette.applications import Starlette

from models.user import Scope
from models.version import NotMigratedError, pending
from resolvers.tokens import issue
from resolvers.users import first_administrator
from server.app import web_app
from server.children import WorkerChild
from server.connection import Connection, Patience
from server.door import open_door
from server.headers import ALWAYS
from server.insistence import insist
from server.keys import safe
from server.late import late
from server.listening import bound, told
from server.local import make_current, run
from server.parts import Parts, alone_in, log_to_stderr, opened, usable
from server.privacy import keep_private, make_private
from server.redis import embedded_redis
from server.settings import Settings
from server.signals import Signals
from server.streams import Streams
from server.url import address
from server.websocket import WebSocket

log = logging.getLogger(__name__)

FIRST_USER = "admin"
WITHHELD = "withheld"  # in place of a secret that a worker does not need
GRACE = 8  # seconds for requests under way when the server ends


class Server(uvicorn.Server):
    """uvicorn, told of signals by us."""

    def __init__(self, app: Starlette, settings: Settings) -> None:
        self._streams = Streams(app)
        patience = _patience(settings)
        super().__init__(
            uvicorn.Config(
                self._streams,
                http=cast("type[Protocol]", partial(Connection, patience)),
                ws=cast("type[Protocol]", partial(WebSocket, patience)),
                ws_max_size=settings.max_message,
                ws_per_message_deflate=False,  # it would encode for each subscriber anew
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                headers=ALWAYS,
                proxy_headers=bool(settings.proxies),
                forwarded_allow_ips=settings.proxies,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._settings = settings

    async def startup(self, sockets: list[socket] | None = None) -> None:
        with told(self._settings.host, self._settings.port):
            await super().startup(sockets)
        # Only now a token is made: nobody would see that of a server that did not come so far.
        _greet(self._settings, self.servers[0].sockets[0].getsockname()[1], await _first_token())

    def leave(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._streams.end()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main(settings: Settings) -> None:
    """The program, once its settings are known."""
    log_to_stderr(settings)
    run(serve(settings))


async def serve(settings: Settings) -> None:
    """Serves until a signal comes. Without an external Redis it starts one, and a worker."""
    keep_private(settings)
    with usable(settings.data_folder):
        make_private(settings.data_folder)
        safe(settings)  # keys that cannot be used are told of before a worker is started
    task = cast("asyncio.Task[None]", asyncio.current_task())
    signals = Signals(task.cancel)
    signals.listen()
    try:
        await _serve(settings, signals)
    except asyncio.CancelledError:
        if not signals.have_come:
            raise


async def _serve(settings: Settings, signals: Signals) -> None:
    async with AsyncExitStack() as stack:
        if settings.embedded_database or settings.embedded_redis:
            stack.enter_context(alone_in(settings.data_folder))
        sockets = stack.enter_context(bound(settings.host, settings.port))
        await _bring_up_to_date(settings)
        redis_url = settings.redis_url
        if settings.embedded_redis:
            redis_url = await stack.enter_async_context(embedded_redis(settings.data_folder))
        parts = await stack.enter_async_context(opened(settings, redis_url))
        if settings.embedded_redis:
            secret = settings.openid_client_secret and WITHHELD
            environment = settings.environment_with(
                redis_url=redis_url, openid_client_secret=secret
            )
            worker = WorkerChild(environment)
            signals.worker = await stack.enter_async_context(worker.open())
        _warn_without_key(parts)
        sso = None
        if settings.openid_issuer:
            single_sign_on = late("server.identity_provider:single_sign_on")
            sso = await stack.enter_async_context(single_sign_on(settings))
        door = await stack.enter_async_context(open_door(settings, parts.doorbell, sso))
        server = Server(web_app(settings, parts, door, sso), settings)
        signals.leave_by(server.leave)
        await server.serve(sockets)


async def _first_token() -> str | None:
    """Where there is no user yet, a token of an administrator."""
    user = await first_administrator(FIRST_USER)
    return (await issue(user, "first", Scope.ADMIN)).text if user else None


def _warn_without_key(parts: Parts) -> None:
    if not parts.safe.closed:
        return
    log.warning(
        "PROCESSION_SECRET_KEY is not set: there are no webhooks, and no temporary addresses of "
        "files, without which the console downloads none"
    )
    names = ", ".join(each.name for each in parts.catalogue.values() if each.takes_secrets)
    if names:
        log.warning("No secrets are taken, for PROCESSION_SECRET_KEY is not set: %s", names)


def _patience(settings: Settings) -> Patience:
    return Patience(
        head=settings.head_timeout,
        body=settings.body_timeout,
        answer=settings.answer_timeout,
        head_size=settings.max_head,
        connections=settings.max_connections,
    )


async def _bring_up_to_date(settings: Settings) -> None:
    bring = make_current if settings.embedded_database else pending
    missing = await insist(partial(bring, settings.database), "The database cannot be used")
    if missing and not settings.embedded_database:
        raise NotMigratedError(
            f"The database needs {len(missing)} migration(s): run `procession migrate` first"
        )


def _greet(settings: Settings, port: int, token: str | None) -> None:
    """Says where it listens and how to sign in."""
    url = f"{address(settings.host, port)}/"
    if token:
        sys.stdout.write(
            f"Procession listens. Open this address; it signs you in as {FIRST_USER!r}:\n\n"
            f"    {url}#token={token}\n\n"
            f"The token is shown only now; programs send it as `Authorization: Bearer TOKEN`.\n"
        )
    else:
        sys.stdout.write(
            f"Procession listens at {url}\n"
            "Sign in with a password or a token; "
            f"`procession token create {FIRST_USER}` makes a new one.\n"
        )
    sys.stdout.flush()
