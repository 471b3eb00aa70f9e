"""Commands about users and what they sign in with: `procession user`, `procession token`."""

import re
import sys
from datetime import datetime, timedelta

import click

from models.duration import seconds
from models.instant import now
from models.user import Scope, Token, TokenKind
from resolvers import identities, passwords, tokens, users
from resolvers.viewer import OPERATOR
from server.local import door, on_database
from server.settings import Settings, read_settings

SCOPES = [each.value.lower() for each in Scope]


@click.group("user")
def user_group() -> None:
    """Add, list and change users."""


@user_group.command("add")
@click.argument("name")
@click.option("--admin", is_flag=True, help="May do everything and see the processes of all.")
def add_user(name: str, admin: bool) -> None:
    """Add the user NAME. Then `procession token create NAME` lets them sign in."""
    on_database(read_settings(), users.add_user(OPERATOR, name, is_admin=admin))
    click.echo(f"Added {name!r}. Now make a token: procession token create {name}")


@user_group.command("list")
def list_users() -> None:
    """List all users: name, role, state and id."""
    for user in on_database(read_settings(), users.list_users(OPERATOR)):
        role = "admin" if user.is_admin else "user"
        state = "disabled" if user.disabled_at else "active"
        click.echo(f"{user.name}\t{role}\t{state}\t{user.id}")


@user_group.command("disable")
@click.argument("name")
def disable_user(name: str) -> None:
    """Refuse the user NAME from now on, whatever they sign in with. Their processes stay."""
    settings = read_settings()
    on_database(settings, users.disable_user(OPERATOR, door(settings), name))
    click.echo(f"Disabled {name!r}.")


@user_group.command("enable")
@click.argument("name")
def enable_user(name: str) -> None:
    """Let the user NAME, who was disabled, sign in again."""
    on_database(read_settings(), users.enable_user(OPERATOR, name))
    click.echo(f"Enabled {name!r}.")


@user_group.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(["admin", "user"]))
def set_role(name: str, role: str) -> None:
    """Make the user NAME an administrator or an ordinary user."""
    settings, is_admin = read_settings(), role == "admin"
    on_database(settings, users.set_admin(OPERATOR, door(settings), name, is_admin=is_admin))
    click.echo(f"{name!r} now has the role {role}.")


@user_group.command("email")
@click.argument("name")
@click.argument("address", required=False)
@click.option("--none", is_flag=True, help="They have no address any more.")
def set_email(name: str, address: str | None, none: bool) -> None:
    """Set the ADDRESS to which mail for the user NAME goes."""
    if none == bool(address):
        raise click.UsageError("Give either an ADDRESS or --none.")
    on_database(read_settings(), users.set_email(OPERATOR, name, address or None))
    click.echo(f"{name!r} is written to {f'at {address}' if address else 'no more'}.")


@user_group.command("password")
@click.argument("name")
def set_password(name: str) -> None:
    """Set the password of the user NAME, and end their sessions.

    Asks for it, or reads it from the first line of standard input.
    """
    settings = read_settings()
    wanted = passwords.set_password(OPERATOR, door(settings), name, _password())
    on_database(settings, wanted)
    click.echo(f"{name!r} has a new password.")


@user_group.command("link")
@click.argument("name")
@click.option("--subject", required=True, help="How the provider knows them: the claim `sub`.")
@click.option("--issuer", help="The provider; by default PROCESSION_OPENID_ISSUER.")
def link_user(name: str, subject: str, issuer: str | None) -> None:
    """Let the existing user NAME sign in by OpenID Connect.

    A user who came in as that subject before stays a user, but can no longer sign in so.
    """
    settings = read_settings()
    issuer = issuer or settings.openid_issuer
    on_database(settings, identities.link(OPERATOR, door(settings), name, issuer, subject))
    click.echo(f"{issuer} {subject!r} is {name!r} from now on.")


@user_group.command("unlink")
@click.argument("name")
@click.option("--subject", required=True, help="How the provider knows them: the claim `sub`.")
@click.option("--issuer", help="The provider; by default PROCESSION_OPENID_ISSUER.")
def unlink_user(name: str, subject: str, issuer: str | None) -> None:
    """Undo `link`, and end the sessions of the user NAME.

    If the provider still lets them in, they come as a new user.
    """
    settings = read_settings()
    issuer = issuer or settings.openid_issuer
    on_database(settings, identities.unlink(OPERATOR, door(settings), name, issuer, subject))
    click.echo(f"{issuer} {subject!r} is {name!r} no more.")


@click.group("token")
def token_group() -> None:
    """Create, list and revoke the tokens with which users sign in."""


@token_group.command("create")
@click.argument("user")
@click.option("--name", default="token", show_default=True, help="What it is for.")
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    default="admin",
    show_default=True,
    help="Of what USER may do: only read; also start, stop and delete; or all.",
)
@click.option(
    "--expires", metavar="DURATION", help="How long it is valid, as 12h or 30d; else for ever."
)
def create_token(user: str, name: str, scope: str, expires: str | None) -> None:
    """Print a new token of USER. It is shown only now: only its hash is kept."""
    wanted = tokens.create_token(OPERATOR, user, name, Scope(scope.upper()), _end(expires))
    click.echo(on_database(read_settings(), wanted).text)


@token_group.command("list")
@click.argument("user", required=False)
def list_tokens(user: str | None) -> None:
    """List tokens, of USER or of all.

    Prints id, user, name, scope, state, and when each ends.
    """
    for token in on_database(read_settings(), tokens.list_tokens(OPERATOR, user)):
        click.echo("\t".join(_columns(token)))


@token_group.command("revoke")
@click.argument("token_id", metavar="ID")
def revoke_token(token_id: str) -> None:
    """Refuse a token from now on. ID is the one that `token list` shows, or its beginning."""
    settings = read_settings()
    on_database(settings, _revoke(settings, token_id))
    click.echo("Revoked.")


async def _revoke(settings: Settings, beginning: str) -> None:
    token = await tokens.find_token(OPERATOR, beginning)
    await tokens.revoke_token(OPERATOR, door(settings), token.id)


def _password() -> str:
    """Never an argument: everybody on the machine could read that."""
    if sys.stdin.isatty():
        asked: str = click.prompt("New password", hide_input=True, confirmation_prompt=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")


def _end(expires: str | None) -> datetime | None:
    """The moment that is so long from now."""
    if expires is None:
        return None
    if not re.fullmatch(r"[0-9]{1,6}[smhd]", expires):
        raise click.BadParameter(
            "give a number and s, m, h or d, such as 30d", param_hint="--expires"
        )
    return now() + timedelta(seconds=seconds(expires))


def _columns(token: Token) -> list[str]:
    state = "active"
    if token.revoked_at:
        state = "revoked"
    elif token.expires_at and token.expires_at <= now():
        state = "expired"
    kind = "session" if token.kind == TokenKind.SESSION else token.scope.lower()
    until = f"until {token.expires_at:%Y-%m-%d %H:%M}Z" if token.expires_at else "for ever"
    return [str(token.id), token.user.name, token.name, kind, state, until]
