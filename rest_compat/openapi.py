"""The REST module described in OpenAPI 3.1, for people, client generators and fuzzers."""

from collections.abc import Iterable
from importlib.metadata import version

from rest_compat import output
from rest_compat.components import REFUSALS, TEXT, TIME, answer, components, ref
from rest_compat.feed import EVENTS
from rest_compat.hal import Document
from rest_compat.links import AUTHENTICATION, PROCESSES, ROOT, SCRIPTS
from rest_compat.responses import HAL

ABOUT = """\
Starts an organisation's scripts as *processes*, lists them, and hands out their console output and
the files that they wrote.

Documents are HAL: follow their `_links`. The `Accept` header changes nothing but the form of
console output. All but the root, this description and signing in want a token, sent as
`Authorization: Bearer TOKEN`. Who is not an administrator sees only their own processes, and only
the scripts that they may start. Every `GET` may also be sent as `HEAD`. Much else is offered by
GraphQL at `/graphql`."""

FIELDS = """\
One field for each parameter of the script, under its short or long name. A parameter of the type
`file` is the file itself; a flag is "true" or "false"; what may be repeated is sent as several
fields of the same name."""

FORMS = """\
`Accept` chooses the form; a client that wants several alike, or none of them, gets the JSON.

- `application/hal+json` or `application/json`: the lines that are stored by now.
- `text/plain`: the same lines bare, each with a newline.
- `text/event-stream`: these and all that are yet to come, as server-sent events. The `id` of an
  event is the number of its line, and the `id` ahead of all events that of the line before the
  first; `data` is the text, a newline in it was a carriage return. The last event is `end`, once
  the process has ended: JSON with `status`, `exitCode`, `lastSeq`, and the `byteCount` and `sha256`
  of all lines, each with a newline. What goes wrong is an event `error`, with the document of any
  error.

Output that breaks off has no last chunk: it is never to be taken for the whole."""

ANYBODY = (405,)
LISTING = (400, 401, 403, 405, 503)
OF_SCRIPT = (401, 403, 404, 405, 503)
OF_PROCESS = (400, 401, 403, 404, 405, 503)
DOWNLOADING = (*OF_PROCESS, 412)
SIGNING_IN = (401, 403, 405, 413, 415, 429, 503)
SIGNED_IN = (405, 503)
STARTING = (*OF_PROCESS, 413, 415, 429, 507)

CONDITIONS = ("If-Range", "If-Match", "If-None-Match", "If-Modified-Since")
OF_OUTPUT = ("Last-Event-ID", "Accept-Encoding", "If-Match", "If-None-Match")
OF_FILES = ["Accept-Ranges", "Content-Disposition", "ETag", "Last-Modified"]


def document() -> Document:
    """The whole of it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Procession REST",
            "version": version("procession"),
            "summary": "Scripts as processes, for clients of the older REST contract",
            "description": ABOUT,
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "tags": [
            {"name": "Entry", "description": "Where to begin."},
            {"name": "Signing in", "description": "With a name and a password."},
            {"name": "Scripts", "description": "What can be started."},
            {"name": "Processes", "description": "What was started: its state, output and files."},
        ],
        "security": [{"token": []}],
        "paths": {
            **_tagged("Entry", _entry()),
            **_tagged("Signing in", _signing_in()),
            **_tagged("Scripts", _scripts()),
            **_tagged("Processes", _processes()),
        },
        "components": components(),
    }


def _entry() -> Document:
    root = _ok(answer("Links.", "Root"))
    described: Document = {"application/json": {"schema": {"type": "object"}}}
    itself = _ok({"description": "This document.", "content": described})
    return {
        ROOT: {"get": _open("showRoot", "Where to begin", root)},
        f"{ROOT}/openapi.json": {"get": _open("showDescription", "This description", itself)},
    }


def _signing_in() -> Document:
    token = _answers(("200", "Send this header with what follows.", ["Authorization"], {}))
    out: Document = {"204": {"description": "The session is over, if there was one."}}
    shown = _ok(answer("Whether the token that was sent is good.", "Authentication"))
    operations: Document = {
        "login": {"post": _open("login", "Sign in", token, SIGNING_IN, requestBody=_credentials())},
        "logout": {"post": _open("logout", "Sign out", out, SIGNED_IN)},
        "status": {"get": _open("showStatus", "Show whether one is signed in", shown, SIGNED_IN)},
    }
    return {f"{AUTHENTICATION}/{name}": operation for name, operation in operations.items()}


def _open(
    name: str, summary: str, answers: Document, refusals: Iterable[int] = ANYBODY, **rest: object
) -> Document:
    """An operation that wants no token."""
    return _operation(name, summary, answers, refusals, (), security=[], **rest)


def _credentials() -> Document:
    schema: Document = {
        "type": "object",
        "properties": {"user": TEXT, "password": TEXT},
        "required": ["user", "password"],
        "additionalProperties": False,
    }
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}


def _scripts() -> Document:
    path = f"{SCRIPTS}/{{scriptName}}"
    first = _next("showScript", "scriptName", "_embedded/scripts/0/name")
    page = _ok(answer("A page.", "ScriptList", ["Link"], links={"first": first}))
    script = _ok(answer("The script.", "Script"))
    listing = ["page", "size", "scriptSort"]
    return {
        SCRIPTS: {"get": _operation("listScripts", "List scripts", page, LISTING, listing)},
        path: {
            "get": _operation("showScript", "Show a script", script, OF_SCRIPT, ["scriptName"]),
        },
        f"{path}/processes": {
            "post": _operation(
                "startProcess",
                "Start a script",
                _started(),
                STARTING,
                ["scriptName"],
                description="It is accepted as a whole or not at all. If a worker is free, the "
                "answer says `RUNNING`; if the script must wait, `SCHEDULED`.",
                requestBody=_form(),
            )
        },
    }


def _processes() -> Document:
    path = f"{PROCESSES}/{{processId}}"
    own = ["processId"]
    first = _next("showProcess", "processId", "_embedded/processes/0/processId")
    page = _ok(answer("The newest first.", "ProcessList", ["Link"], links={"first": first}))
    process = _ok(answer("The process.", "Process"))
    files = _ok(answer("Links, by name; there once the process has ended.", "Files"))
    gone: Document = {"204": {"description": "It is gone, and stopped if it had not ended."}}
    filters = ["page", "size", "processSort", "script", "userId", "status", "parameters"]
    lines = [*own, "fromTime", "toTime", "after", "last", *OF_OUTPUT]
    wanted = [*own, "fileName", "Range", *CONDITIONS]
    return {
        PROCESSES: {"get": _operation("listProcesses", "List processes", page, LISTING, filters)},
        path: {
            "get": _operation("showProcess", "Show a process", process, OF_PROCESS, own),
            "delete": _operation("deleteProcess", "Delete a process", gone, OF_PROCESS, own),
        },
        f"{path}/output": {
            "get": _operation(
                "showOutput",
                "Show console output",
                _output(),
                (*DOWNLOADING, 429),
                lines,
                description=FORMS,
            ),
        },
        f"{path}/files": {
            "get": _operation("listFiles", "List files written", files, OF_PROCESS, own),
        },
        f"{path}/files/{{fileName}}": {
            "get": _operation(
                "downloadFile",
                "Download a file",
                _file(),
                DOWNLOADING,
                wanted,
                security=[{"token": []}, {"signature": []}],
            ),
        },
    }


def _tagged(tag: str, paths: Document) -> Document:
    for item in paths.values():
        for operation in item.values():
            operation["tags"] = [tag]
    return paths


def _operation(
    operation_id: str,
    summary: str,
    answers: Document,
    refusals: Iterable[int],
    parameters: Iterable[str] = (),
    **rest: object,
) -> Document:
    refused = {str(status): ref("responses", REFUSALS[status][0]) for status in refusals}
    return {
        "operationId": operation_id,
        "summary": summary,
        **rest,
        "parameters": [ref("parameters", name) for name in parameters],
        "responses": {**answers, **refused},
    }


def _ok(answer: Document) -> Document:
    return {"200": answer}


def _next(operation_id: str, parameter: str, pointer: str) -> Document:
    """A link to an operation that may follow, with something out of the answer."""
    return {"operationId": operation_id, "parameters": {parameter: f"$response.body#/{pointer}"}}


def _started() -> Document:
    following = ("showProcess", "showOutput", "listFiles", "deleteProcess")
    links: Document = {each: _next(each, "processId", "processId") for each in following}
    return {"202": answer("Accepted.", "StartedProcess", ["Location"], links=links)}


def _form() -> Document:
    start_time: Document = {
        "anyOf": [*TIME["anyOf"], {"const": ""}],
        "description": "When it is to start; at once if this is left out, empty or past.",
    }
    schema: Document = {
        "type": "object",
        "properties": {"startTime": start_time},
        "additionalProperties": TEXT,
    }
    export = {"summary": "For the script `metadata-export`", "value": {"f": "metadata.csv"}}
    return {
        "required": True,
        "description": FIELDS,
        "content": {"multipart/form-data": {"schema": schema, "examples": {"export": export}}},
    }


def _output() -> Document:
    schemas = {HAL: ref("schemas", "Output"), output.TEXT: TEXT, EVENTS: TEXT}
    forms: Document = {form: {"schema": schema} for form, schema in schemas.items()}
    return _answers(
        ("200", "The lines.", ["Content-Encoding", "ETag"], forms),
        ("204", "There are no further events: you have seen the end.", [], {}),
        ("304", "You have it already.", ["ETag"], {}),
    )


def _file() -> Document:
    error: Document = {"application/json": {"schema": ref("schemas", "Error")}}
    part = "The range asked for. Several come as `multipart/byteranges`, without `Content-Range`."
    return _answers(
        ("200", "The file.", OF_FILES, {"*/*": {}}),
        ("206", part, [*OF_FILES, "Content-Range"], {"*/*": {}}),
        ("304", "You have it already.", ["ETag", "Last-Modified"], {}),
        ("416", "Every range begins beyond the end.", ["Content-Range"], error),
    )


def _answers(*answers: tuple[str, str, list[str], Document]) -> Document:
    return {
        status: {
            "description": text,
            "headers": {name: ref("headers", name) for name in headers},
            "content": content,
        }
        for status, text, headers, content in answers
    }
