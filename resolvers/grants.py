"""Grants: what the members of a group may do with which script."""

from collections.abc import Container
from uuid import UUID

from models.audit import printable
from models.group import ANY_SCRIPT, Grant, Group, Membership, Right
from models.user import Scope
from resolvers.access import administrators, needs
from resolvers.audit import about, deed
from resolvers.door import felt_at_once
from resolvers.errors import Forbidden, NotFound
from resolvers.groups import group
from resolvers.users import Key
from resolvers.viewer import Granted, Viewer


@needs(Scope.READ)
async def grants(viewer: Viewer, group_id: UUID) -> list[Granted]:
    """Of a group that the viewer is in or, for administrators, of any; by script and right."""
    if not viewer.is_admin and not await Membership.exists(group_id=group_id, user_id=viewer.id):
        raise Forbidden("Only administrators may ask what groups they are not in were granted")
    rows = await Grant.filter(group_id=group_id).order_by("script", "right")
    return [Granted(Right(row.right), row.script) for row in rows]


@felt_at_once
@deed("right.grant", "which")
@administrators
async def grant_right(
    viewer: Viewer, scripts: Container[str], which: Key, right: Right, script: str
) -> Group:
    """The group has the right from now on, if it had not.

    Raises NotFound for a group that is not there, and for a script that is not one of `scripts`.
    """
    found = await group(viewer, which)
    if script != ANY_SCRIPT and script not in scripts:
        raise NotFound(
            f"There is no script {script!r}; see `procession scripts list`, or grant it for "
            f"{ANY_SCRIPT!r}, which is every script"
        )
    about(found.name, right=right.value, script=script)
    grant = Grant(group_id=found.id, right=right.value, script=script)
    await Grant.bulk_create([grant], ignore_conflicts=True)
    return found


@felt_at_once
@deed("right.revoke", "which")
@administrators
async def revoke_right(viewer: Viewer, which: Key, right: Right, script: str) -> Group:
    """The group has this right no more; what it has for ANY_SCRIPT, it keeps.

    Raises NotFound for a group that is not there, and for what no script can be called.
    """
    found = await group(viewer, which)
    about(found.name, right=right.value, script=printable(script))
    if not script.isprintable():
        raise NotFound(f"There is no script {script!r}")
    await Grant.filter(group_id=found.id, right=right.value, script=script).delete()
    return found
