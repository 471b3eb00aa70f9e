"""The web application: GraphQL, the older REST contract, and the pages, under their addresses."""

from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute

from resolvers.application import Application
from resolvers.door import Door
from resolvers.errors import NotFound
from resolvers.quota import Allowance, Seats, Starts
from rest_compat.api import Api
from rest_compat.errors import refusal
from rest_compat.links import Links
from rest_compat.routes import routes, slashed
from rest_compat.stream import Stream
from schema.endpoint import Endpoint
from schema.limits import Limits
from schema.schema import build
from server import console, tus
from server.cookie import Cookies
from server.graphql import GraphQLOrPage
from server.headers import Headers
from server.health import Readiness, alive
from server.late import late
from server.origins import cross_origin
from server.page import Assets, wants_page
from server.parts import Parts
from server.session import session
from server.settings import Settings

MACHINES = (
    "/api",
    "/graphql",
    "/session",
    "/uploads",
    "/assets",
)  # addresses that only programs ask for

if TYPE_CHECKING:
    from resolvers.single_sign_on import SingleSignOn


def web_app(settings: Settings, parts: Parts, door: Door, sso: "SingleSignOn | None") -> Starlette:
    """An ASGI application; what it uses is opened and closed by who calls this."""
    app = Application(
        parts.catalogue,
        parts.store,
        parts.queue,
        parts.doorbell,
        settings.max_upload,
        timedelta(days=settings.session_days),
        parts.arrivals,
        door=door,
        safe=parts.safe,
        mails=bool(settings.smtp_url),
        max_parts=settings.max_parts,
        max_fields=settings.max_fields,
        starts=Starts(settings.max_starts),
        seats=Seats(settings.max_viewer_subscriptions, settings.max_subscriptions),
        allowance=Allowance(settings.max_open_uploads, settings.max_open_upload_bytes),
    )
    links = Links(settings.rest_base_url.rstrip("/"))
    api = Api(app, app.door, links, settings.max_page_size, settings.origins)
    graphql = Endpoint(
        build(_limits(settings)),
        app,
        links.file,
        Stream,
        settings.max_page_size,
        settings.origins,
    )
    served = [
        Route("/healthz", alive),
        Route("/readyz", Readiness(parts, settings.data_folder).answer),
        Mount("/graphql/assets", Assets()),
        Route("/graphql", GraphQLOrPage(graphql, settings.max_document, settings.body_timeout)),
        WebSocketRoute("/graphql", graphql),
        Route("/session", session(app, sso.label if sso else None)),
        *(late("server.openid:Gate")(app, sso, links.base).routes() if sso else []),
        *routes(api),
        *tus.routes(api),
    ]
    return Starlette(
        routes=[*served, *slashed(served, links), *console.routes()],
        middleware=[
            Middleware(Headers, settings.hsts),
            *cross_origin(settings.origins),
            Middleware(Cookies, settings.origins),
        ],
        exception_handlers={404: nothing},
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        depth=settings.max_depth,
        aliases=settings.max_aliases,
        tokens=settings.max_tokens,
        cost=settings.max_cost,
        answer=settings.max_answer,
        seconds=settings.operation_timeout,
        introspection=settings.introspection,
    )


async def nothing(request: Request, _: Exception) -> Response:
    """For an address at which there is nothing: a person with a browser is told by our page."""
    if wants_page(request) and not request.url.path.startswith(MACHINES):
        return await console.page(request, 404)
    return refusal(request, NotFound(f"There is nothing at {request.url.path}"))
