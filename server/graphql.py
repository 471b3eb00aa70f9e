"""GraphQL for clients, GraphiQL for browsers, at the same address."""

import asyncio
from contextlib import AsyncExitStack, suppress

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from resolvers.errors import BadInput, TooLarge
from schema.endpoint import Endpoint
from server.page import page, wants_page

SMALL = 64 << 10  # bytes of a request that takes no turn
LARGE_AT_ONCE = 8  # requests: each takes several times its size in memory


class GraphQLOrPage:
    """A request may have `most` bytes with its variables. Large ones take turns until an answer to
    them begins, and have to arrive whole within `patience` seconds of theirs."""

    def __init__(self, graphql: Endpoint, most: int, patience: float) -> None:
        self._graphql = graphql
        self._most = most
        self._patience = patience
        self._turns = asyncio.Semaphore(LARGE_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if wants_page(request):
            await page()(scope, receive, send)
            return
        async with AsyncExitStack() as turn:
            if not request.headers.get("content-type", "").lower().startswith("multipart/"):
                receive = self._limited(receive, turn)  # uploads are limited as they are read
            with suppress(ClientDisconnect):  # there is nobody left to answer
                await self._graphql(scope, receive, self._giving_back(send, turn))

    def _giving_back(self, send: Send, turn: AsyncExitStack) -> Send:
        """A subscription may be answered for hours."""

        async def send_after(message: Message) -> None:
            await turn.aclose()
            await send(message)

        return send_after

    def _limited(self, receive: Receive, turn: AsyncExitStack) -> Receive:
        """Raises TooLarge or BadInput for a body that is too large or too slow."""
        size, deadline = 0, None

        async def receive_limited() -> Message:
            nonlocal size, deadline
            message = await self._received(receive, deadline)
            before, size = size, size + len(message.get("body", b""))
            if size > self._most:
                raise TooLarge(
                    f"A GraphQL request may have at most {self._most} bytes "
                    "(PROCESSION_MAX_DOCUMENT)"
                )
            if before <= SMALL < size:
                await turn.enter_async_context(self._turns)
                deadline = asyncio.get_running_loop().time() + self._patience
            if not message.get("more_body"):
                deadline = None
            return message

        return receive_limited

    async def _received(self, receive: Receive, deadline: float | None) -> Message:
        try:
            async with asyncio.timeout_at(deadline):
                return await receive()
        except TimeoutError:
            most = f"{self._patience:g} s (PROCESSION_BODY_TIMEOUT)"
            raise BadInput({"body": [f"A large request may take {most} to arrive."]}) from None
