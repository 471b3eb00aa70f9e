"""Commands about groups of users and what they are granted: `procession group`."""

import click

from models.group import Group, Right
from models.manifest import read_catalogue
from resolvers import grants, groups
from resolvers.viewer import OPERATOR
from server.local import door, on_database
from server.settings import read_settings

RIGHTS = click.Choice([each.value.lower() for each in Right])


@click.group("group")
def group_group() -> None:
    """Make groups of users, and grant them rights to scripts."""


@group_group.command("list")
def list_groups() -> None:
    """List all groups: name, members, rights and id."""
    for columns in on_database(read_settings(), _listed()):
        click.echo("\t".join(columns))


@group_group.command("create")
@click.argument("name")
def create_group(name: str) -> None:
    """Make the group NAME, which has no members and no rights yet."""
    on_database(read_settings(), groups.add_group(OPERATOR, name))
    click.echo(f"Made {name!r}. Now add members: procession group add {name} USER")


@group_group.command("rename")
@click.argument("name")
@click.argument("new_name")
def rename_group(name: str, new_name: str) -> None:
    """Give the group NAME another name."""
    on_database(read_settings(), groups.rename_group(OPERATOR, name, new_name))
    click.echo(f"{name!r} is now called {new_name!r}.")


@group_group.command("delete")
@click.argument("name")
def delete_group(name: str) -> None:
    """Remove the group NAME.

    Its members stay, and lose the rights that they had by it.
    """
    settings = read_settings()
    on_database(settings, groups.delete_group(OPERATOR, door(settings), name))
    click.echo(f"Deleted {name!r}.")


@group_group.command("add")
@click.argument("name")
@click.argument("user")
def add_member(name: str, user: str) -> None:
    """Put USER into the group NAME."""
    settings = read_settings()
    on_database(settings, groups.join(OPERATOR, door(settings), name, user))
    click.echo(f"{user!r} is in {name!r}.")


@group_group.command("remove")
@click.argument("name")
@click.argument("user")
def remove_member(name: str, user: str) -> None:
    """Take USER out of the group NAME."""
    settings = read_settings()
    on_database(settings, groups.leave(OPERATOR, door(settings), name, user))
    click.echo(f"{user!r} is not in {name!r}.")


@group_group.command("grant")
@click.argument("name")
@click.argument("right", type=RIGHTS)
@click.argument("script")
def grant_right(name: str, right: str, script: str) -> None:
    """Give the group NAME a right to SCRIPT, or to '*', every script.

    see: that it is there. start: start it, and see it. read: see the processes of it that others
    have started, with their output and files, but not stop or delete them.
    """
    settings = read_settings()
    scripts = {} if script == "*" else read_catalogue(settings.script_folders)
    granted = name, Right(right.upper()), script
    on_database(settings, grants.grant_right(OPERATOR, door(settings), scripts, *granted))
    click.echo(f"{name!r} may {right} {script}.")


@group_group.command("revoke")
@click.argument("name")
@click.argument("right", type=RIGHTS)
@click.argument("script")
def revoke_right(name: str, right: str, script: str) -> None:
    """Take a right to SCRIPT, or to '*', from the group NAME."""
    settings = read_settings()
    revoked = name, Right(right.upper()), script
    on_database(settings, grants.revoke_right(OPERATOR, door(settings), *revoked))
    click.echo(f"{name!r} has no grant to {right} {script}.")


async def _listed() -> list[list[str]]:
    return [await _columns(each) for each in await groups.list_groups(OPERATOR)]


async def _columns(group: Group) -> list[str]:
    members = [each.name for each in await groups.members(OPERATOR, group.id)]
    granted = await grants.grants(OPERATOR, group.id)
    rights = [f"{each.right.value.lower()} {each.script}" for each in granted]
    return [group.name, ", ".join(members) or "-", ", ".join(rights) or "-", str(group.id)]
