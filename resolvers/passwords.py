"""Passwords: setting and changing them."""

from models.instant import now
from models.user import Scope, Token, TokenKind, User
from resolvers import attempts
from resolvers.access import administrators, needs
from resolvers.audit import about, audited, recorded
from resolvers.door import felt_at_once
from resolvers.errors import BadInput
from resolvers.hashing import hashed, matches
from resolvers.users import Key, named
from resolvers.viewer import Viewer

SHORTEST, LONGEST = 12, 1000  # characters


@felt_at_once
@audited("user.password", "who")
@administrators
async def set_password(viewer: Viewer, who: Key, password: str) -> User:
    """Ends the user's sessions; their tokens stay. Raises BadInput, NotFound."""
    check("password", password)
    found = await named(who)
    about(found.name)
    await _store(found, await hashed(password))
    return found


@felt_at_once
@audited("user.password", "viewer")
@needs(Scope.ADMIN)
async def change_password(viewer: Viewer, old: str, new: str) -> User:
    """One's own; ends all other sessions. Raises BadInput, and TooManyRequests after failures."""
    about(viewer.name)
    check("new", new)
    found = await named(viewer.id)
    if found.password is None:
        raise BadInput({"old": ["You have no password yet; an administrator sets the first one."]})
    counted = attempts.of_changes(viewer.id)
    async with attempts.attempt([counted]):
        if not await matches(old, found.password):
            raise BadInput({"old": ["This is not your password."]})
        await attempts.forgive(counted)
    await _store(found, await hashed(new), but=viewer)
    return found


def check(field: str, password: str) -> None:
    """Raises BadInput for one that is too short or too long; of what it consists is free."""
    if not SHORTEST <= len(password) <= LONGEST:
        rule = f"Take at least {SHORTEST} characters, of any kind; several words are best."
        raise BadInput({field: [rule if len(password) < SHORTEST else f"At most {LONGEST}."]})


@recorded
async def _store(user: User, password: str, but: Viewer | None = None) -> None:
    """`but` changes their own: only if nobody else has done so since it was proved."""
    theirs = User.filter(id=user.id, password=user.password) if but else User.filter(id=user.id)
    if not await theirs.update(password=password):
        raise BadInput({"old": ["This has just been changed; try again."]})
    sessions = Token.filter(user_id=user.id, kind=TokenKind.SESSION.value, revoked_at=None)
    others = sessions.exclude(id=but.token_id) if but else sessions
    await others.update(revoked_at=now())
