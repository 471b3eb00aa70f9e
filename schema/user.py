"""Users."""

import strawberry

from models.user import User as UserRow
from resolvers.viewer import Viewer


@strawberry.type(description="A person or a program that may sign in.")
class User:
    id: strawberry.ID = strawberry.field(description="The user's UUID.")
    name: str = strawberry.field(description="The name under which the user is known.")
    is_admin: bool = strawberry.field(
        description="Whether the user may do everything and see the processes of all."
    )

    @classmethod
    def of(cls, user: UserRow | Viewer) -> "User":
        return cls(id=strawberry.ID(str(user.id)), name=user.name, is_admin=user.is_admin)
