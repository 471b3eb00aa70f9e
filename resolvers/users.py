"""Users: who they are, and what administrators do with them."""

import time
from collections.abc import Iterable, Mapping
from uuid import UUID

from tortoise.exceptions import IntegrityError

from models.audit import NOBODY, SYSTEM, printable
from models.instant import now
from models.user import Scope, User
from resolvers.access import administrators, needs
from resolvers.audit import Deed, about, audited, deed, doing, recorded
from resolvers.door import REMEMBERED, felt_at_once
from resolvers.email import is_email
from resolvers.errors import BadInput, Forbidden, NotFound
from resolvers.viewer import Viewer

LONGEST_NAME = 100  # characters

Key = UUID | str
"""A user's id, or their name."""


async def first_administrator(name: str) -> User | None:
    """Where there is no user yet, adds one."""
    if await User.exists():
        return None
    try:
        async with doing(Deed("user.add", name, NOBODY, SYSTEM)):
            return await _add(name, is_admin=True)
    except IntegrityError:  # another server was quicker
        return None


@audited("user.add", "name")
@administrators
async def add_user(viewer: Viewer, name: str, *, is_admin: bool = False) -> User:
    """Raises BadInput if the name is taken, empty or too long."""
    if not is_name(name):
        raise BadInput({"name": [f"Take 1 to {LONGEST_NAME} printable characters."]})
    try:
        return await _add(name, is_admin=is_admin)
    except IntegrityError:
        raise BadInput({"name": [f"There is a user {name!r} already."]}) from None


@administrators
async def list_users(viewer: Viewer) -> list[User]:
    """All of them, by name."""
    return await User.all().order_by("name")


@administrators
async def page(viewer: Viewer, after: str, limit: int) -> list[User]:
    """The first users whose names come after this one."""
    return await User.filter(name__gt=after).order_by("name").limit(limit)


@administrators
async def count(viewer: Viewer) -> int:
    """How many there are."""
    return await User.all().count()


@needs(Scope.READ)
async def user(viewer: Viewer, who: Key) -> User:
    """Oneself or, for administrators, anyone. Raises Forbidden, or NotFound for administrators."""
    if who not in (viewer.id, viewer.name) and not viewer.is_admin:
        raise Forbidden("Only administrators may ask for other users")
    return await named(who)


@felt_at_once
@deed("user.disable", "who")
@administrators
async def disable_user(viewer: Viewer, who: Key) -> User:
    """From now on none of their tokens is accepted. Raises BadInput for the last administrator."""
    return await _change(await named(who), disabled_at=now())


@deed("user.enable", "who")
@administrators
async def enable_user(viewer: Viewer, who: Key) -> User:
    """They may sign in again, with what they signed in with before."""
    return await _change(await named(who), disabled_at=None)


@felt_at_once
@deed("user.role", "who")
@administrators
async def set_admin(viewer: Viewer, who: Key, *, is_admin: bool) -> User:
    """Raises BadInput for the last administrator, who stays one."""
    found = await named(who)
    about(found.name, isAdmin=is_admin)
    return await _change(found, is_admin=is_admin)


@deed("user.email", "who")
@administrators
async def set_email(viewer: Viewer, who: Key, address: str | None) -> User:
    """From now on they are written to there; None: nowhere. Raises NotFound, BadInput."""
    found = await named(who)
    about(found.name, email=address and printable(address))
    if address is not None and not is_email(address):
        raise BadInput({"address": ["Give an address such as ann@example.org."]})
    await User.filter(id=found.id).update(email=address)
    await found.refresh_from_db()
    return found


class Met:
    """Users that the server has met; each is looked up again after some seconds."""

    def __init__(self) -> None:
        self._users: dict[UUID, User] = {}
        self._since = time.monotonic()

    async def meet(self, ids: Iterable[UUID]) -> Mapping[UUID, User]:
        """At least the users of these ids, by id."""
        if time.monotonic() > self._since + REMEMBERED:
            self._users, self._since = {}, time.monotonic()
        known = self._users
        if unknown := set(ids) - known.keys():
            known.update({row.id: row for row in await User.filter(id__in=list(unknown))})
        return known


async def named(who: Key) -> User:
    """The user of this id or name. Raises NotFound."""
    found = None
    if isinstance(who, UUID):
        found = await User.get_or_none(id=who)
    elif is_name(who):
        found = await User.get_or_none(name=who)
    if found is None:
        raise NotFound(f"There is no user {str(who)!r}; see `procession user list`")
    return found


def is_name(text: str) -> bool:
    """Whether a user or a group may be called so."""
    return bool(text.strip()) and len(text) <= LONGEST_NAME and text.isprintable()


@recorded
async def _add(name: str, *, is_admin: bool) -> User:
    about(name, isAdmin=is_admin)
    return await User.create(name=name, is_admin=is_admin)


async def _change(found: User, **changes: object) -> User:
    """Whoever is changed, an administrator who may sign in stays. In a transaction."""
    about(found.name)
    admins = User.filter(is_admin=True, disabled_at=None).order_by("id")
    await admins.select_for_update()  # of two who remove each other one comes first
    await User.filter(id=found.id).update(**changes)
    if not await User.exists(is_admin=True, disabled_at=None):
        raise BadInput({"user": [f"{found.name!r} is the last administrator; make another first."]})
    await found.refresh_from_db()
    return found
