"""GraphiQL, built from `schema/graphiql` (see its README)."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

DIST = Path(__file__).resolve().parent.parent / "schema" / "graphiql" / "dist"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
NOT_BUILT = (
    "<!doctype html><title>Procession</title><p>The GraphiQL page is not built. "
    "Run <code>make page</code>, which needs the npm registry once."
)


def wants_page(request: Request) -> bool:
    """Whether this is a person with a browser and not a GraphQL client."""
    accepted = request.headers.get("accept", "")
    return (
        request.method in {"GET", "HEAD"} and "text/html" in accepted and not request.query_params
    )


def page() -> Response:
    """The page itself; what it loads has its hash in its name."""
    index = DIST / "index.html"
    if not index.exists():
        return HTMLResponse(NOT_BUILT, status_code=503, headers=HEADERS)
    return FileResponse(index, headers={**HEADERS, "Cache-Control": "no-cache"})


class Assets(StaticFiles):
    """What the page loads."""

    def __init__(self) -> None:
        super().__init__(directory=DIST / "assets", check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update({**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"})
        return response
