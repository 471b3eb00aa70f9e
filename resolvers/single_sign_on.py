"""Single sign-on: letting in whom an identity provider knows, with a browser or a JWT."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from models.user import Scope, Token
from resolvers import sessions
from resolvers.access import REACH
from resolvers.application import Application
from resolvers.audit import Deed, doing
from resolvers.claims import Claims
from resolvers.door import Door
from resolvers.errors import NotSignedIn
from resolvers.identities import Reading, arrange, identify, identity_of
from resolvers.openid import Errand, Provider
from resolvers.sessions import Caller
from resolvers.tokens import Issued, accept_jwt, jwt_id

SCOPES = {f"procession:{scope.value.lower()}": scope for scope in reversed(REACH)}


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """`label` is what people call the provider."""

    label: str
    provider: Provider
    reading: Reading

    async def sign_in(
        self,
        app: Application,
        errand: Errand | None,
        answer: Mapping[str, str],
        redirect_uri: str,
        caller: Caller,
    ) -> Issued:
        """A new session of who comes back from the provider with this answer.

        Raises NotSignedIn, Unavailable.
        """
        deed = Deed("session.start", address=caller.address, details={"by": self.label})
        async with doing(deed):
            claims = await self.provider.redeem(errand, answer, redirect_uri)
            user = await identify(claims, self.reading)
            deed.target = user.name
            theirs = self.reading.groups_of(claims) or frozenset()
            await arrange(user, theirs, self.reading, app.door)
            return await sessions.begin(app, user, caller, deed, identity_of(user, claims))

    async def introduce(self, door: Door, jwt: str, address: str) -> UUID:
        """Makes a JWT a token of who sends it to this door, from there, unless it is one already;
        the id of that.

        Raises NotSignedIn, Unavailable. One that says nothing of groups leaves them as they are.
        """
        claims = await self.provider.claims_of(jwt)
        known = jwt_id(jwt)
        if await Token.exists(id=known):
            return known
        user = await identify(claims, self.reading)
        theirs = self.reading.groups_of(claims)
        if theirs is not None:
            await arrange(user, theirs, self.reading, door)
        proof = identity_of(user, claims)
        await accept_jwt(user, jwt, scope_of(claims), _end_of(claims), address, proof)
        return known


def scope_of(claims: Claims) -> Scope:
    """How far a JWT reaches: READ, unless it has a scope that is named after one of ours."""
    said = claims.get("scope", claims.get("scp"))
    words = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
    return next((scope for name, scope in SCOPES.items() if name in words), Scope.READ)


def _end_of(claims: Claims) -> datetime:
    try:
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (OverflowError, ValueError, OSError):
        raise NotSignedIn("This JWT is not good here: it is to last for too long") from None
