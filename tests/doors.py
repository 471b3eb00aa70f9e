"""What can be asked of the server, as all kinds of viewers ask it: requests and operations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from graphql import FieldNode, GraphQLSchema, Node, TypeInfo, TypeInfoVisitor, Visitor, parse, visit
from starlette.routing import Route

from rest_compat.api import Api
from rest_compat.routes import routes
from server import tus as uploads
from tests import tus
from tests.faces import check_error, form
from tests.installation import Installation, User
from tests.subscription import GraphQLRefusal

OK, UNKNOWN, REFUSED, ABSENT, WRONG = (
    *("OK", "UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "BAD_INPUT"),
)
CODES = {200: OK, 201: OK, 202: OK, 204: OK, 400: WRONG, 401: UNKNOWN, 403: REFUSED, 404: ABSENT}


class Door(Protocol):
    def ask(self, it: Installation, who: User, process_id: str) -> str:
        """What a viewer is told who asks for this process: OK or the code of an error."""


@dataclass(frozen=True)
class Request:
    """A request to the older contract; a GET must come with what it says it has.

    `ID` in `path` is the process. A POST is a multipart form of `parts`, or else of `kind`.
    """

    method: str
    path: str
    parts: dict[str, str] = field(default_factory=dict)
    kind: str = ""

    def ask(self, it: Installation, who: User, process_id: str) -> str:
        options: dict[str, Any] = {}
        if self.method == "POST":
            body, kind = form(list(self.parts.items()))
            options = {"content": body, "headers": {"Content-Type": self.kind or kind}}
        path = self.path.replace("ID", process_id)
        answer = it.request(who, self.method, path, **options)
        if answer.is_error:
            check_error(answer)
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
        return CODES[answer.status_code]


@dataclass(frozen=True)
class Piece:
    """A request about an upload in pieces; `ID` in `path` is one of the owner's, begun for each."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, it: Installation, who: User, process_id: str) -> str:
        upload_id = tus.begin(it, it.alice, 1) if self.path.endswith("ID") else ""
        answer = tus.ask(it, who, self.method, upload_id, b"", **self.headers)
        if answer.is_error and self.method != "HEAD":
            check_error(answer)
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
        return CODES[answer.status_code]


@dataclass(frozen=True)
class Operation:
    """A GraphQL document; `$id` in it is the process."""

    document: str

    def ask(self, it: Installation, who: User, process_id: str) -> str:
        if self.document.startswith("subscription"):
            return self._subscribe(it, who, process_id)
        content = {"query": self.document, "variables": {"id": process_id}}
        answer = it.request(who, "POST", "/graphql", json=content)
        body = answer.json()
        assert (answer.status_code == 401) == (answer.headers.get("www-authenticate") == "Bearer")
        return str(body["errors"][0]["extensions"]["code"]) if "errors" in body else OK

    def _subscribe(self, it: Installation, who: User, process_id: str) -> str:
        try:
            with it.subscribe(who, self.document, id=process_id) as events:
                next(iter(events))
        except GraphQLRefusal as refusal:
            return refusal.code
        except Exception as error:  # the connection itself is refused
            assert "4403" in str(error), error
            return UNKNOWN
        return OK

    @property
    def name(self) -> str:
        """Its kind and its root field."""
        return " ".join(re.findall(r"\w+", re.sub(r"\(\$id: ID!\)", "", self.document))[:2])

    def fields(self, schema: GraphQLSchema) -> set[str]:
        """All that it selects, each as `Type.field`."""
        types, found = TypeInfo(schema), set()

        class Fields(Visitor):
            def enter_field(self, node: FieldNode, *_: object) -> None:
                found.add(f"{types.get_parent_type()}.{node.name.value}")

        document: Node = parse(self.document)
        visit(document, TypeInfoVisitor(types, Fields()))
        return found


def endpoints() -> Iterator[tuple[str, Route]]:
    """Each method of each route of the older contract, and of uploads in pieces."""
    for route in [*routes(cast(Api, None)), *uploads.routes(cast(Api, None))]:
        assert isinstance(route, Route)
        for method in set(cast(Any, route.endpoint)._answers) - {"HEAD"}:
            yield method, route
