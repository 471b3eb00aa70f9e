"""OpenID Connect: what an identity provider says of who signs in.

OpenID Connect Core 1.0 and Discovery 1.0; browsers by the authorization code flow with PKCE
(RFC 7636), programs by a JWT of the provider's (RFC 9068) in place of one of our tokens.
"""

import hashlib
import logging
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
from joserfc.jwk import KeySet

from resolvers import web
from resolvers.address import is_safe
from resolvers.claims import Claims
from resolvers.errors import NotSignedIn
from resolvers.signature import Signatures, key_set

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
USER_INFO = "userinfo_endpoint"  # which not all have
BEGUN_ELSEWHERE = "This sign-in was not begun in this browser, or too long ago; sign in again"
REFUSALS = {
    "access_denied": "The identity provider did not let you in, or you did not want it to",
    "login_required": "The identity provider wants you to sign in there first; sign in again",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Client:
    """What we are to the provider.

    `audience` is what the JWTs of programs must be meant for; empty: none are taken. Without a
    `secret` we are a public client.
    """

    issuer: str
    id: str
    secret: str
    scope: str
    audience: str


@dataclass(frozen=True, slots=True)
class Errand:
    """A sign-in on its way to the provider's page and back; the browser keeps it meanwhile."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def begin(cls) -> Self:
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """As it was written; None where it is none."""
        parts = text.split(".")
        return cls(*parts) if len(parts) == 3 and all(parts) else None

    def __str__(self) -> str:
        return f"{self.state}.{self.nonce}.{self.verifier}"

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


class Provider:
    """One identity provider, asked over HTTP."""

    def __init__(self, client: Client, http: httpx.AsyncClient) -> None:
        self.client = client
        self._http = http
        self._description = web.Publication(self._describe)
        self._signatures = Signatures(client.issuer, web.Publication(self._publish_keys))

    async def page(self, errand: Errand, redirect_uri: str) -> str:
        """The address of the provider's page at which the user signs in. Raises Unavailable."""
        question = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": redirect_uri,
            "scope": self.client.scope,
            "state": errand.state,
            "nonce": errand.nonce,
            "code_challenge": errand.challenge,
            "code_challenge_method": "S256",
        }
        address: str = (await self._description.get())["authorization_endpoint"]
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(question)}"

    async def redeem(
        self, errand: Errand | None, answer: Mapping[str, str], redirect_uri: str
    ) -> Claims:
        """Who has come back from that page with this answer. Raises NotSignedIn, Unavailable."""
        if errand is None or not secrets.compare_digest(
            errand.state.encode(), answer.get("state", "").encode()
        ):
            raise NotSignedIn(BEGUN_ELSEWHERE)
        await self._require_issuer(answer)
        if error := answer.get("error"):
            log.info("The identity provider refused to sign somebody in: %.100r", error)
            raise NotSignedIn(REFUSALS.get(error, "The identity provider refused; sign in again"))
        told = await self._redeem(answer.get("code", ""), errand.verifier, redirect_uri)
        claims = await self._signatures.verify(str(told.get("id_token")), self.client.id)
        if claims.get("nonce") != errand.nonce:
            raise NotSignedIn(BEGUN_ELSEWHERE)
        if claims.get("azp", self.client.id) != self.client.id:
            raise NotSignedIn("The identity provider has let you in elsewhere; sign in again")
        return {**await self._user_info(claims, told), **claims}

    async def claims_of(self, jwt: str) -> Claims:
        """Who sends this JWT, a program's. Raises NotSignedIn, Unavailable."""
        return await self._signatures.verify(jwt, self.client.audience)

    async def _require_issuer(self, answer: Mapping[str, str]) -> None:
        """The answer comes from this provider, and no other that was led into it (RFC 9207)."""
        is_told = (await self._description.get()).get(
            "authorization_response_iss_parameter_supported"
        )
        if answer.get("iss", "" if is_told is True else self.client.issuer) != self.client.issuer:
            raise NotSignedIn("This answer is of another identity provider; sign in again")

    async def _redeem(self, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        description = await self._description.get()
        address = description["token_endpoint"]
        status, told = await web.ask(
            self._http, "POST", address, **_proof(self.client, description, given)
        )
        if told.get("error") == "invalid_grant":  # a code is good once, and for a minute or so
            raise NotSignedIn("The identity provider does not know this sign-in; sign in again")
        if status != 200:
            raise web.unavailable(f"POST {address}: {status} {told.get('error')!r:.100}")
        return told

    async def _user_info(self, claims: Claims, told: Mapping[str, Any]) -> Claims:
        """What the provider tells of the user besides, if it does."""
        address = (await self._description.get()).get(USER_INFO)
        if not address or not isinstance(token := told.get("access_token"), str):
            return {}
        headers = {"Authorization": f"Bearer {token}"}
        status, found = await web.ask(self._http, "GET", address, headers=headers)
        return found if status == 200 and found.get("sub") == claims["sub"] else {}

    async def _describe(self) -> Mapping[str, Any]:
        """The provider's description of itself (OpenID Connect Discovery 1.0, section 4)."""
        issuer = self.client.issuer
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        _, found = await web.ask(self._http, "GET", address)
        if found.get("issuer") != issuer:
            raise web.unavailable(
                f"PROCESSION_OPENID_ISSUER is {issuer!r}, {address} says {found.get('issuer')!r}"
            )
        for name in [*ENDPOINTS, USER_INFO] if found.get(USER_INFO) else ENDPOINTS:
            if not is_safe(found.get(name)):
                raise web.unavailable(f"{address} has {found.get(name)!r} as {name}")
        return found

    async def _publish_keys(self) -> KeySet:
        address = (await self._description.get())["jwks_uri"]
        return key_set((await web.ask(self._http, "GET", address)).content)


def _proof(client: Client, description: Mapping[str, Any], given: dict[str, str]) -> dict[str, Any]:
    """The form, and how we prove who we are (OpenID Connect Core 1.0, section 9)."""
    if not client.secret:
        return {"data": {**given, "client_id": client.id}}
    ways = description.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if "client_secret_basic" in ways:  # of both each is encoded first (RFC 6749, section 2.3.1)
        return {"data": given, "auth": (quote_plus(client.id), quote_plus(client.secret))}
    return {"data": {**given, "client_id": client.id, "client_secret": client.secret}}
