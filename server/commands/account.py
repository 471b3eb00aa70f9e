"""Who you are to a server: `procession login`, `logout`, `whoami`."""

import socket
import sys
from datetime import datetime, timedelta

import click

from client.account import begin_session, create_token, end_session, revoke_token, viewer
from client.connection import Server
from client.errors import ClientError, Refused
from client.profiles import Profile, check_name, token_of
from server.access import Access, token_in
from server.commands.access import (
    EXITS,
    WRONG_USE,
    as_json,
    explained,
    now,
    remote,
    say,
    write_json,
)

SCOPES = ["read", "start", "admin"]


@click.command("login", epilog=EXITS)
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    default="start",
    show_default=True,
    help="Of what you may do: only look; also start, stop and delete; or all.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=90,
    show_default=True,
    help="For how many days it is valid.",
)
@click.option("--default", "is_default", is_flag=True, help="Make this profile the default.")
@remote
def login_command(access: Access, scope: str, days: int, is_default: bool) -> None:
    """Sign in to a server, so that other commands need no token.

    Asks for your name and password, makes a token, and keeps that: in the system's keyring, if the
    Python package `keyring` is there; otherwise in client.toml, which only you can read, in the
    folder ~/.config/procession ($XDG_CONFIG_HOME). With --token-file it keeps a token that you
    have, such as one of a server without passwords.

    \b
    Examples:
      procession login --server https://procession.example.org
      procession login --profile test --server https://test.example.org
    """
    with explained():
        profiles = access.profiles()
        check_name(name := access.name(profiles))  # before there is a token that nobody has
        url = access.address(profiles)
        if access.token_file:
            profile = _with_token(name, url, token_in(access.token_file))
        else:
            expires = now() + timedelta(days=days)
            profile = _with_password(name, url, scope, expires)
        if is_default or not profiles.known:
            profiles.default = name
        place = profiles.keep(profile)
        say(f"{profile.user} is signed in to {url}; the token is in {place}")


@click.command("logout", epilog=EXITS)
@remote
def logout_command(access: Access) -> None:
    """Forget the token of a profile, and have the server refuse it from now on.

    \b
    Example: procession logout --profile test
    """
    with explained():
        profiles = access.profiles()
        profile = profiles.named(access.name(profiles))
        if profile is None:
            raise Refused(f"There is no profile {access.name(profiles)!r}")
        _revoke(profile)
        profiles.forget(profile)
        say(f"The profile {profile.name!r} is forgotten")


@click.command("whoami", epilog=EXITS)
@as_json
@remote
def whoami_command(access: Access, as_json: bool) -> None:
    """Print who you are to the server, and which server that is.

    \b
    Example: procession whoami --server https://procession.example.org
    """
    with explained():
        server = access.server()
        with server.connected() as connection:
            found = viewer(connection)
        if as_json:
            write_json({**found, "server": server.url})
        else:
            role = " (administrator)" if found["isAdmin"] else ""
            click.echo(f"{found['name']}{role} at {server.url}")


def _with_token(name: str, url: str, token: str) -> Profile:
    with Server(url, token).connected() as connection:
        return Profile(name, url, str(viewer(connection)["name"]), token)


def _with_password(name: str, url: str, scope: str, expires: datetime) -> Profile:
    if not sys.stdin.isatty():
        say("There is nobody to ask for a password: give a token with --token-file")
        sys.exit(WRONG_USE)
    say(f"Signing in to {url}")
    user: str = click.prompt("Name", err=True)
    password: str = click.prompt("Password", hide_input=True, err=True)
    session = begin_session(url, user, password)
    try:
        with session.connected() as connection:
            label = f"procession on {socket.gethostname()}"[:100]
            made = create_token(connection, label, scope.upper(), expires)
            found = viewer(connection)["name"]
    finally:
        end_session(session)
    return Profile(name, url, str(found), made["text"], made["token"]["id"])


def _revoke(profile: Profile) -> None:
    """As far as it is ours to revoke."""
    token = token_of(profile)
    if not profile.token_id or not token:
        return
    try:
        with Server(profile.server, token).connected() as connection:
            revoke_token(connection, profile.token_id)
    except ClientError as error:
        say(f"The token {profile.token_id} is still good there: {error}")
