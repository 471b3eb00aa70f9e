"""The web application: GraphQL, the older REST contract, and the page, under their addresses."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from resolvers.application import Application
from resolvers.viewer import Door
from rest_compat.api import Api
from rest_compat.links import Links
from rest_compat.routes import routes
from schema.endpoint import Endpoint
from schema.schema import build
from server.page import Assets, page, wants_page
from server.parts import Parts
from server.settings import Settings


def web_app(settings: Settings, parts: Parts) -> Starlette:
    """An ASGI application; what it uses is opened and closed by who calls this."""
    app = Application(
        parts.catalogue, parts.store, parts.queue, parts.doorbell, settings.max_upload
    )
    door = Door()
    links = Links(settings.rest_base_url.rstrip("/"))
    graphql = Endpoint(build(), app, door, links.file, settings.max_page_size)
    return Starlette(
        routes=[
            Route("/", lambda _: RedirectResponse("/graphql")),
            Route("/healthz", alive),
            Mount("/graphql/assets", Assets()),
            Route("/graphql", GraphQLOrPage(graphql)),
            WebSocketRoute("/graphql", graphql),
            *routes(Api(app, door, links, settings.max_page_size)),
        ]
    )


async def alive(_: Request) -> Response:
    """The server answers."""
    return PlainTextResponse("ok\n")


class GraphQLOrPage:
    """GraphQL for clients, GraphiQL for browsers, at the same address."""

    def __init__(self, graphql: Endpoint) -> None:
        self._graphql = graphql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = page() if wants_page(Request(scope)) else self._graphql
        await answer(scope, receive, send)
