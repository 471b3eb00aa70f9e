"""Sessions: signing in, with a password for one, and out again."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tortoise.queryset import QuerySet

from models.instant import now
from models.transaction import run_to_end
from models.user import Scope, Token, TokenKind, User
from resolvers import attempts
from resolvers.application import Application
from resolvers.audit import Deed, doing, recorded
from resolvers.door import token_digest
from resolvers.errors import NotSignedIn
from resolvers.hashing import hashed, is_outdated, matches
from resolvers.tokens import Issued, hold, issue
from resolvers.users import is_name

NAME = "session"
KEPT = timedelta(days=30)  # after their end
LONGEST_AGENT = 255  # characters


@dataclass(frozen=True, slots=True)
class Caller:
    """From where somebody signs in: the address, and what their program calls itself."""

    address: str
    agent: str


async def sign_in(app: Application, name: str, password: str, caller: Caller) -> Issued:
    """A new session. Raises NotSignedIn, in the same words and after the same time whatever is
    wrong, and TooManyRequests after many failures."""
    is_counted = bool(caller.address)  # of accounts alone there are any number
    deed = Deed("session.start", name, address=caller.address, is_counted=is_counted)
    async with doing(deed):
        while True:
            found = await _prove(name, password, caller)
            proof = User.filter(id=found.id, password=found.password, disabled_at=None)
            with suppress(NotSignedIn):  # perhaps only the hash is another
                return await begin(app, found, caller, deed, proof)


async def _prove(name: str, password: str, caller: Caller) -> User:
    """The user who signs in, all attempts counted. Raises NotSignedIn and TooManyRequests."""
    counted = [attempts.of_account(name)]
    if caller.address:
        counted.append(attempts.of_address(caller.address))
    async with attempts.attempt(counted):
        found = await _proved(name, password)
        if found is None:
            await attempts.forget()
            raise NotSignedIn("This is not the name of a user with this password")
        await attempts.withdraw(counted)
        await attempts.forgive(attempts.of_account(name))
    await _rehash(found, password)
    return found


@recorded
async def begin(
    app: Application, user: User, caller: Caller, deed: Deed, proof: QuerySet[Any]
) -> Issued:
    """A new session of a user who has proved who they are, by what `proof` finds.

    Raises NotSignedIn where it finds that no more.
    """
    await hold(proof)
    await _clear(user)
    issued = await issue(
        user,
        NAME,
        Scope.ADMIN,
        now() + app.session_lifetime,
        kind=TokenKind.SESSION,
        address=caller.address[:64] or None,
        agent=_agent(caller.agent),
    )
    deed.actor_id, deed.actor, deed.token_id = user.id, user.name, issued.token.id
    return issued


async def sign_out(app: Application, token: str | None, address: str) -> None:
    """The session with this token ends, if there is one. Tokens of programs stay."""
    sessions = Token.filter(kind=TokenKind.SESSION.value, revoked_at=None).select_related("user")
    found = await sessions.get_or_none(digest=token_digest(token)) if token else None
    if found is None:
        return
    user = found.user
    async with doing(Deed("session.end", user.name, user.id, user.name, found.id, address)):
        await run_to_end(_end_everywhere(app, found))


async def _end_everywhere(app: Application, session: Token) -> None:
    await _end(session)
    await app.door.forget_everywhere()


@recorded
async def _end(session: Token) -> None:
    await Token.filter(id=session.id, revoked_at=None).update(revoked_at=now())


async def _proved(name: str, password: str) -> User | None:
    """The user of this name and password who may sign in."""
    found = await User.get_or_none(name=name) if is_name(name) else None
    right = await matches(password, found.password if found else None)
    return found if found and right and found.disabled_at is None else None


async def _clear(user: User) -> None:
    """Removes the sessions that ended long ago."""
    sessions = Token.filter(user_id=user.id, kind=TokenKind.SESSION.value)
    await sessions.filter(expires_at__lt=now() - KEPT).delete()


async def _rehash(user: User, password: str) -> None:
    if user.password and is_outdated(user.password):
        new = await hashed(password)
        if await User.filter(id=user.id, password=user.password).update(password=new):
            user.password = new


def _agent(text: str) -> str | None:
    return "".join(filter(str.isprintable, text))[:LONGEST_AGENT] or None
