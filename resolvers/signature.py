"""Signatures: what a JWT says, if its issuer has signed it (RFC 7515, RFC 7519)."""

from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import BadSignatureError, ClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from joserfc.jws import JWSRegistry

from resolvers.claims import Claims
from resolvers.errors import NotSignedIn
from resolvers.web import ANEW, FRESH, Publication

CLOCKS_DIFFER = 60  # seconds, at most
LONGEST_SUBJECT = 255  # characters, so says OpenID Connect
PUBLIC = ("RSA", "EC", "OKP")  # kinds of keys of which a half is public
ALGORITHMS = [
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519"),
]


class Signatures:
    """Those of an issuer, by the keys that it publishes and changes now and then."""

    def __init__(self, issuer: str, keys: Publication[KeySet]) -> None:
        self._issuer = issuer
        self._keys = keys

    async def verify(self, text: str, audience: str) -> Claims:
        """The claims of a JWT that is meant for this audience. Raises NotSignedIn, Unavailable."""
        wanted = jwt.JWTClaimsRegistry(
            leeway=CLOCKS_DIFFER,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        try:
            claims = await self._decode(text)
            wanted.validate(claims)
        except ClaimError as error:
            raise NotSignedIn(f"This JWT is not good here: {error.description}") from error
        except (JoseError, ValueError) as error:
            raise NotSignedIn("This is no JWT that the identity provider has signed") from error
        if len(claims["sub"]) > LONGEST_SUBJECT or not claims["sub"].isprintable():
            raise NotSignedIn("This JWT is not good here: nobody can be called so")
        return claims

    async def _decode(self, text: str) -> dict[str, Any]:
        """Where the key is not known, or was not named, the issuer may have changed its keys."""
        try:
            return _decode(text, await self._keys.get(FRESH))
        except (InvalidKeyIdError, BadSignatureError):
            return _decode(text, await self._keys.get(ANEW))


def key_set(published: Mapping[str, Any]) -> KeySet:
    """The keys that can be used; of others in a JWK Set nobody needs to know."""
    found = published.get("keys")
    keys = map(_key, found if isinstance(found, list) else [])
    return KeySet([key for key in keys if key is not None])


def _decode(text: str, keys: KeySet) -> dict[str, Any]:
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    return jwt.decode(text, keys, registry=registry).claims


def _key(published: object) -> Key | None:
    if not isinstance(published, dict) or published.get("kty") not in PUBLIC:
        return None
    try:
        return JWKRegistry.import_key(published)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
