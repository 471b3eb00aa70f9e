"""Groups of users, which administrators make."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from tortoise.exceptions import IntegrityError

from models.audit import printable
from models.group import Group, Membership
from models.user import Scope, User
from resolvers.access import administrators, needs
from resolvers.audit import about, deed
from resolvers.door import felt_at_once
from resolvers.errors import BadInput, NotFound
from resolvers.users import LONGEST_NAME, Key, is_name, named, user
from resolvers.viewer import Viewer


@administrators
async def list_groups(viewer: Viewer) -> list[Group]:
    """All of them, by name."""
    return await Group.all().order_by("name")


@needs(Scope.READ)
async def groups_of(viewer: Viewer, who: Key) -> list[Group]:
    """Those that a user is in: oneself or, for administrators, anyone."""
    found = await user(viewer, who)
    return await Group.filter(memberships__user_id=found.id).order_by("name")


@administrators
async def members(viewer: Viewer, group_id: UUID) -> list[User]:
    """The users in a group, by name."""
    return await User.filter(memberships__group_id=group_id).order_by("name")


@administrators
async def group(viewer: Viewer, which: Key) -> Group:
    """By its id or name. Raises NotFound."""
    if isinstance(which, UUID):
        found = await Group.get_or_none(id=which)
    else:
        found = await Group.get_or_none(name=which) if is_name(which) else None
    if found is None:
        raise NotFound(f"There is no group {str(which)!r}; see `procession group list`")
    return found


@deed("group.add", "name")
@administrators
async def add_group(viewer: Viewer, name: str) -> Group:
    """Raises BadInput if the name is taken, empty or too long."""
    with _free(name):
        return await Group.create(name=name)


@deed("group.rename", "which")
@administrators
async def rename_group(viewer: Viewer, which: Key, name: str) -> Group:
    """Raises NotFound, and BadInput if the name is taken, empty or too long."""
    found = await group(viewer, which)
    about(found.name, name=printable(name))
    with _free(name):
        await Group.filter(id=found.id).update(name=name)
    return await group(viewer, found.id)


@felt_at_once
@deed("group.delete", "which")
@administrators
async def delete_group(viewer: Viewer, which: Key) -> Group:
    """Its members lose what it was granted; they stay. Raises NotFound."""
    found = await group(viewer, which)
    about(found.name)
    await Group.filter(id=found.id).delete()
    return found


@felt_at_once
@deed("group.join", "which")
@administrators
async def join(viewer: Viewer, which: Key, who: Key) -> Group:
    """The user is in the group from now on, if they were not. Raises NotFound."""
    found, member = await group(viewer, which), await named(who)
    about(found.name, user=member.name)
    membership = Membership(group_id=found.id, user_id=member.id)
    await Membership.bulk_create([membership], ignore_conflicts=True)
    return found


@felt_at_once
@deed("group.leave", "which")
@administrators
async def leave(viewer: Viewer, which: Key, who: Key) -> Group:
    """The user is in the group no more. Raises NotFound."""
    found, member = await group(viewer, which), await named(who)
    about(found.name, user=member.name)
    await Membership.filter(group_id=found.id, user_id=member.id).delete()
    return found


@contextmanager
def _free(name: str) -> Iterator[None]:
    """Raises BadInput if a group cannot be called so, or if another is as it is stored inside."""
    if not is_name(name):
        raise BadInput({"name": [f"Take 1 to {LONGEST_NAME} printable characters."]})
    try:
        yield
    except IntegrityError:
        raise BadInput({"name": [f"There is a group {name!r} already."]}) from None
