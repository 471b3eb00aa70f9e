"""Signing in by OpenID Connect in a browser: to the provider at `/session/openid`, and back from it
at `/session/openid/callback`.

Meanwhile the browser keeps the errand in a cookie, so that nobody can be led into a sign-in that
somebody else began. From both the way leads to the page of ours that somebody came from, `?page=`
says which, with words if something went wrong.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from resolvers import sessions
from resolvers.application import Application
from resolvers.errors import Forbidden, ProcessionError
from resolvers.openid import Errand
from resolvers.single_sign_on import SingleSignOn
from rest_compat.api import Resource, address, bearer
from rest_compat.authn import caller
from rest_compat.site import ELSEWHERE, crosses_sites
from server.cookie import ERRAND, PLACE, SESSION, WORDS

BACK = "/session/openid/callback"
GRAPHIQL = "/graphql"
OWN_PAGE = re.compile(r"/(?![/\\])[!-~]{0,1000}")  # and no address of another site
PATIENCE = 600  # seconds for the provider's page
NOTICE = 60  # seconds for which the page may ask for the words
SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Gate:
    """`base` begins the addresses to which browsers are sent; empty: as they came here."""

    app: Application
    single_sign_on: SingleSignOn
    base: str

    def routes(self) -> list[Route]:
        return [
            Route("/session/openid", Resource({"GET": self._leave})),
            Route(BACK, Resource({"GET": self._return})),
        ]

    async def _leave(self, request: Request) -> Response:
        """Only from our own page: nobody is to be signed out, or in, by another site."""
        if crosses_sites(request.scope):
            raise Forbidden(ELSEWHERE)
        errand, place = Errand.begin(), request.query_params.get("page", GRAPHIQL)
        try:
            page = await self.single_sign_on.provider.page(errand, self._back(request))
        except ProcessionError as error:
            return self._to_page(request, place, str(error))
        await sessions.sign_out(self.app, bearer(request), address(request))
        response = _redirect(page)
        ERRAND.give(response, request.scope, str(errand), PATIENCE)
        PLACE.give(response, request.scope, quote(place), PATIENCE)
        return response

    async def _return(self, request: Request) -> Response:
        errand = Errand.read(ERRAND.read(request.scope) or "")
        place = unquote(PLACE.read(request.scope) or GRAPHIQL)
        try:
            issued = await self.single_sign_on.sign_in(
                self.app, errand, request.query_params, self._back(request), caller(request)
            )
        except ProcessionError as error:
            response = self._to_page(request, place, str(error))
        else:
            response = self._to_page(request, place)
            lifetime = int(self.app.session_lifetime.total_seconds())
            SESSION.give(response, request.scope, issued.text, lifetime)
        ERRAND.give(response, request.scope, "", 0)
        PLACE.give(response, request.scope, "", 0)
        return response

    def _back(self, request: Request) -> str:
        """Where the provider sends the browser. It does so only to what is registered there, so a
        `Host` that somebody made up leads nowhere."""
        return f"{self.base or str(request.base_url).rstrip('/')}{BACK}"

    def _to_page(self, request: Request, place: str, problem: str = "") -> Response:
        response = _redirect(f"{self.base}{place if OWN_PAGE.fullmatch(place) else GRAPHIQL}")
        if problem:
            WORDS.give(response, request.scope, quote(problem), NOTICE)
        return response


def _redirect(address: str) -> Response:
    return RedirectResponse(address, SEE_OTHER, {"Cache-Control": "no-store"})
