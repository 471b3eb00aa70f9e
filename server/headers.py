"""Headers that guard those who read answers in a browser."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Of every answer, also of those that uvicorn gives by itself; none of ours says otherwise.
ALWAYS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
NOTHING_RUNS = "default-src 'none'; frame-ancestors 'none'"


class Headers:
    """An ASGI application whose answers let nothing run, unless they say what.

    `hsts` is for how many seconds browsers are to come by TLS only, once they have; 0: not said.
    """

    def __init__(self, app: ASGIApp, hsts: int) -> None:
        self._app = app
        self._hsts = f"max-age={hsts}" if hsts else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        secure = scope.get("scheme") == "https"

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", NOTHING_RUNS)
                if secure and self._hsts:
                    headers["Strict-Transport-Security"] = self._hsts
            await send(message)

        await self._app(scope, receive, send_guarded if scope["type"] == "http" else send)
