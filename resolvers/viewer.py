"""The viewer: who asks."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from models.group import Right
from models.user import Scope


class Granted(NamedTuple):
    """A right to a script, by its name, or to ANY_SCRIPT."""

    right: Right
    script: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """A user who has signed in, and as whom they are known.

    `token` is the digest of the token that says who they are, `token_id` its id, `scope` how far it
    reaches; `grants` are the rights of the groups that the user is in. `address` is from where they
    ask.
    """

    id: UUID
    name: str
    is_admin: bool
    token: str
    token_id: UUID
    scope: Scope
    grants: frozenset[Granted]
    address: str = ""


NOWHERE = UUID(int=0)
OPERATOR = Viewer(NOWHERE, "operator", True, "", NOWHERE, Scope.ADMIN, frozenset())
"""Who works at the command line of the server's machine: they could change the database anyhow."""
