"""The two faces of Procession behind one protocol, for behaviour that both must show."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from tests.installation import Installation, User
from tests.subscription import GraphQLRefusal

CODES = {
    400: "BAD_INPUT",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    413: "TOO_LARGE",
    429: "TOO_MANY_REQUESTS",
    503: "UNAVAILABLE",
    507: "NO_ROOM",
}
LEGACY = {"COMPLETED": "STOPPED"}


@dataclass(frozen=True)
class Upload:
    """A file to be sent with a start."""

    name: str
    content: bytes = b"content"
    media_type: str = "application/octet-stream"


Parameter = tuple[str, str | Upload]


@dataclass(frozen=True)
class Seen:
    """A process as a face shows it; its status is the older contract's."""

    id: str
    script: str
    user_id: str
    status: str
    start_time: str
    parameters: list[tuple[str, str]] = field(default_factory=list)


class Refused(Exception):
    """What a face refuses, in words and by the code that both share."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Face(Protocol):
    """What can be done through both faces; whatever is refused raises Refused."""

    @property
    def it(self) -> Installation: ...

    def start(
        self, who: User, script: str, *parameters: Parameter, start_time: str | None = None
    ) -> Seen: ...

    def show(self, who: User, process_id: str) -> Seen: ...

    def find(self, who: User, **filters: str) -> list[Seen]:
        """The newest first. Filters: script, user_id, status, parameter_NAME."""

    def delete(self, who: User, process_id: str) -> None: ...

    def output(self, who: User, process_id: str) -> list[str]: ...

    def files(self, who: User, process_id: str) -> dict[str, str]:
        """The address of each output file by its name."""

    def scripts(self, who: User) -> list[str]: ...


class Rest:
    """The older contract."""

    def __init__(self, it: Installation) -> None:
        self.it = it

    def start(
        self, who: User, script: str, *parameters: Parameter, start_time: str | None = None
    ) -> Seen:
        parts = list(parameters)
        if start_time is not None:
            parts.append(("startTime", start_time))
        body, content_type = form(parts)
        answer = self._ask(
            who,
            "POST",
            f"/api/system/scripts/{script}/processes",
            content=body,
            headers={"Content-Type": content_type},
        )
        assert answer.status_code == 202
        return _seen_by_rest(answer.json())

    def show(self, who: User, process_id: str) -> Seen:
        return _seen_by_rest(self._ask(who, "GET", _process(process_id)).json())

    def find(self, who: User, **filters: str) -> list[Seen]:
        named = {
            name.replace("parameter_", "parameter.").replace("user_id", "userId"): value
            for name, value in filters.items()
        }
        answer = self._ask(who, "GET", "/api/system/processes", params={"size": "1000", **named})
        return [_seen_by_rest(each) for each in answer.json()["_embedded"]["processes"]]

    def delete(self, who: User, process_id: str) -> None:
        assert self._ask(who, "DELETE", _process(process_id)).status_code == 204

    def output(self, who: User, process_id: str) -> list[str]:
        answer = self._ask(who, "GET", f"{_process(process_id)}/output")
        return [entry["line"] for entry in answer.json()]

    def files(self, who: User, process_id: str) -> dict[str, str]:
        links = self._ask(who, "GET", f"{_process(process_id)}/files").json()["_links"]
        return {name: link["href"] for name, link in links.items() if name != "self"}

    def scripts(self, who: User) -> list[str]:
        answer = self._ask(who, "GET", "/api/system/scripts", params={"size": "1000"})
        return [each["name"] for each in answer.json()["_embedded"]["scripts"]]

    def _ask(self, who: User, method: str, path: str, **rest: Any) -> httpx.Response:
        answer = self.it.request(who, method, path, **rest)
        if answer.is_error:
            check_error(answer)
            raise Refused(CODES[answer.status_code], answer.json()["message"])
        return answer


class GraphQL:
    """The first face."""

    def __init__(self, it: Installation) -> None:
        self.it = it

    def start(
        self, who: User, script: str, *parameters: Parameter, start_time: str | None = None
    ) -> Seen:
        uploads = [value if isinstance(value, Upload) else None for _, value in parameters]
        variables = {
            "script": script,
            "parameters": [
                {"name": name, "value": None if isinstance(value, Upload) else value}
                | ({"file": None} if isinstance(value, Upload) else {})
                for name, value in parameters
            ],
            "startTime": start_time,
        }
        document = (
            "mutation ($script: String!, $parameters: [ParameterInput!], $startTime: DateTime) {"
            " startProcess(script: $script, parameters: $parameters, startTime: $startTime)"
            f" {{ {PROCESS} }} }}"
        )
        operation = {"query": document, "variables": variables}
        found = self._post(who, operation, uploads)["startProcess"]
        return _seen_by_graphql(found)

    def show(self, who: User, process_id: str) -> Seen:
        return _seen_by_graphql(self._process(who, process_id, PROCESS))

    def find(self, who: User, **filters: str) -> list[Seen]:
        wanted: dict[str, Any] = {"parameters": []}
        for name, value in filters.items():
            if name.startswith("parameter_"):
                pair = {"name": name.removeprefix("parameter_"), "value": value}
                wanted["parameters"].append(pair)
            elif name == "status":
                wanted["statuses"] = [value, *(s for s, word in LEGACY.items() if word == value)]
            else:
                wanted[name.replace("user_id", "userId")] = value
        document = (
            "query ($filter: ProcessFilter) { processes(first: 1000, filter: $filter)"
            f" {{ nodes {{ {PROCESS} }} }} }}"
        )
        found = self._ask(who, document, filter=wanted)["processes"]["nodes"]
        return [_seen_by_graphql(each) for each in found]

    def delete(self, who: User, process_id: str) -> None:
        document = "mutation ($id: ID!) { deleteProcess(id: $id) }"
        assert self._ask(who, document, id=process_id) == {"deleteProcess": process_id}

    def stop(self, who: User, process_id: str) -> Seen:
        """Which the older contract does not know."""
        document = f"mutation ($id: ID!) {{ stopProcess(id: $id) {{ {PROCESS} }} }}"
        return _seen_by_graphql(self._ask(who, document, id=process_id)["stopProcess"])

    def output(self, who: User, process_id: str) -> list[str]:
        found = self._process(who, process_id, "output(first: 100000) { lines { text } }")
        return [line["text"] for line in found["output"]["lines"]]

    def files(self, who: User, process_id: str) -> dict[str, str]:
        found = self._process(who, process_id, "files { name url }")
        return {file["name"]: file["url"] for file in found["files"]}

    def scripts(self, who: User) -> list[str]:
        return [each["name"] for each in self._ask(who, "{ scripts { name } }")["scripts"]]

    def _process(self, who: User, process_id: str, selection: str) -> Any:
        document = f"query ($id: ID!) {{ process(id: $id) {{ {selection} }} }}"
        return self._ask(who, document, id=process_id)["process"]

    def _ask(self, who: User, document: str, **variables: Any) -> Any:
        return self._post(who, {"query": document, "variables": variables}, [])

    def _post(self, who: User, operation: dict[str, Any], uploads: Sequence[Upload | None]) -> Any:
        body, content_type = json.dumps(operation).encode(), "application/json"
        if any(uploads):
            places = {
                str(position): [f"variables.parameters.{position}.file"]
                for position, upload in enumerate(uploads)
                if upload
            }
            files = [(str(position), upload) for position, upload in enumerate(uploads) if upload]
            body, content_type = form(
                [("operations", body.decode()), ("map", json.dumps(places)), *files]
            )
        answer = self.it.request(
            who, "POST", "/graphql", content=body, headers={"Content-Type": content_type}
        ).json()
        if "errors" in answer:
            refusal = GraphQLRefusal(answer["errors"])
            raise Refused(refusal.code, str(refusal))
        return answer["data"]


PROCESS = "id scriptName user { id } status startTime parameters { name value }"


def check_error(answer: httpx.Response) -> None:
    """The contract's error document: exactly these keys, and nothing of the program's inside."""
    body = answer.json()
    assert list(body) == ["timestamp", "status", "error", "message", "path"]
    assert body["status"] == answer.status_code
    assert body["path"] == answer.request.url.path
    assert "Traceback" not in body["message"]
    assert answer.headers["content-type"] == "application/json"


def form(parts: Sequence[Parameter]) -> tuple[bytes, str]:
    """A multipart form, its parts in this order, and its content type."""
    boundary = secrets.token_hex(16)
    body = b""
    for name, value in parts:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if isinstance(value, Upload):
            quoted = value.name.replace('"', '\\"')
            body += f'; filename="{quoted}"\r\nContent-Type: {value.media_type}'.encode()
        content = value.content if isinstance(value, Upload) else value.encode()
        body += b"\r\n\r\n" + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _process(process_id: str) -> str:
    return f"/api/system/processes/{process_id}"


def _seen_by_rest(document: dict[str, Any]) -> Seen:
    return Seen(
        document["processId"],
        document["_links"]["script"]["href"].rpartition("/")[2],
        document["userId"],
        document["status"],
        document["startTime"],
        [(each["name"], each["value"]) for each in document["parameters"]],
    )


def _seen_by_graphql(process: dict[str, Any]) -> Seen:
    return Seen(
        process["id"],
        process["scriptName"],
        process["user"]["id"],
        LEGACY.get(process["status"], process["status"]),
        process["startTime"],
        [(each["name"], each["value"]) for each in process["parameters"]],
    )
