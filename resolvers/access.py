"""What a viewer may do at all: as far as the scope of their token reaches, and as an administrator.

Every resolver that takes a viewer says here what kind of deed it is; a test finds one that does
not. What a viewer may do to one process or script is for `resolvers.rights` to say.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from models.user import Scope
from resolvers.errors import Forbidden
from resolvers.viewer import Viewer

P = ParamSpec("P")
T = TypeVar("T")

REACH = [Scope.READ, Scope.START, Scope.ADMIN]  # each reaches as far as those before it, and on


def needs(
    scope: Scope,
) -> Callable[[Callable[Concatenate[Viewer, P], T]], Callable[Concatenate[Viewer, P], T]]:
    """Makes a resolver one for viewers whose token has at least this scope; others get Forbidden.

    READ: it only looks. START: it starts, stops or deletes processes. ADMIN: it is about users and
    what they sign in with.
    """

    def guard(resolver: Callable[Concatenate[Viewer, P], T]) -> Callable[Concatenate[Viewer, P], T]:
        @wraps(resolver)
        def guarded(viewer: Viewer, /, *args: P.args, **kwargs: P.kwargs) -> T:
            require_scope(viewer, scope)
            return resolver(viewer, *args, **kwargs)

        return guarded

    return guard


def administrators(
    resolver: Callable[Concatenate[Viewer, P], T],
) -> Callable[Concatenate[Viewer, P], T]:
    """Makes a resolver one for administrators with a token of the scope ADMIN."""

    @wraps(resolver)
    def guarded(viewer: Viewer, /, *args: P.args, **kwargs: P.kwargs) -> T:
        require_scope(viewer, Scope.ADMIN)
        if not viewer.is_admin:
            raise Forbidden("Only administrators may do this; ask one of them")
        return resolver(viewer, *args, **kwargs)

    return guarded


def reaches(viewer: Viewer, scope: Scope) -> bool:
    """Whether the viewer's token has this scope, or a larger one."""
    return REACH.index(viewer.scope) >= REACH.index(scope)


def require_scope(viewer: Viewer, scope: Scope) -> None:
    """Raises Forbidden where the viewer's token does not reach so far."""
    if not reaches(viewer, scope):
        raise Forbidden(
            f"Your token has the scope {viewer.scope.value}, this needs {scope.value}; "
            "sign in with a token of that scope"
        )
