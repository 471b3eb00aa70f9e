"""Who asks: signing in with a password, and the token that is made then."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from client.connection import Connection, Server
from client.errors import Refused
from client.exchange import check, exchange
from client.moment import sent

VIEWER = "{ viewer { id name isAdmin } }"
CREATE = """mutation ($name: String!, $scope: TokenScope!, $expiresAt: DateTime) {
  createToken(name: $name, scope: $scope, expiresAt: $expiresAt) { text token { id expiresAt } }
}"""
REVOKE = "mutation ($id: ID!) { revokeToken(id: $id) { id } }"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def viewer(connection: Connection) -> dict[str, Any]:
    found: dict[str, Any] = connection.ask(VIEWER)["viewer"]
    return found


def begin_session(url: str, name: str, password: str) -> Server:
    """The server, for who is signed in with a password; `end_session` is due then.

    Raises Refused if it is wrong.
    """
    body = urlencode({"user": name, "password": password}).encode()
    with exchange(Server(url, ""), "POST", "/api/authn/login", FORM, body) as answer:
        if answer.status == 401:
            raise Refused("This is not the name of a user with this password")
        check(answer, 200)
        token = (answer.getheader("Authorization") or "").removeprefix("Bearer ")
        if not token:
            raise Refused("Something else than the server answers")
    return Server(url, token)


def end_session(session: Server) -> None:
    with exchange(session, "POST", "/api/authn/logout", {}):
        pass


def create_token(
    connection: Connection, name: str, scope: str, expires: datetime | None
) -> dict[str, Any]:
    """A token of one's own: `text`, and `token` with `id` and `expiresAt`."""
    until = sent(expires) if expires else None
    made: dict[str, Any] = connection.ask(CREATE, name=name, scope=scope, expiresAt=until)
    return dict(made["createToken"])


def revoke_token(connection: Connection, token_id: str) -> None:
    """Another than that of the connection only where its scope is ADMIN. Raises Refused."""
    connection.ask(REVOKE, id=token_id)
