"""The REST module described in OpenAPI 3.1, for people, client generators and fuzzers."""

from collections.abc import Iterable
from importlib.metadata import version

from rest_compat.hal import LEGACY_STATUS, Document
from rest_compat.links import PROCESSES, ROOT, SCRIPTS
from rest_compat.paging import DEFAULT_SIZE
from rest_compat.responses import HAL

ABOUT = """\
Starts an organisation's scripts as *processes*, lists them, and hands out their console output and
the files that they wrote.

Documents are HAL: follow their `_links`. The `Accept` header changes nothing. All but the root and
this description want a token, sent as `Authorization: Bearer TOKEN`. Who is not an administrator
sees only their own processes, and only the scripts that they may start. Every `GET` may also be
sent as `HEAD`. Live output, and much else, is offered by GraphQL at `/graphql`."""

FIELDS = """\
One field for each parameter of the script, under its short or long name. A parameter of the type
`file` is the file itself; a flag is "true" or "false"; what may be repeated is sent as several
fields of the same name."""

FILTER = """\
Only processes to which these parameters were given. Each is a query parameter of its own, whose
name is `parameter.` and the short name: `parameter.n=true&parameter.q=true`. (In this description
they are one exploded object, so its own name, `parameters`, is never sent.)"""

PRECISION = """\
It counts as precisely as it is written, and what it names is included: `11:32:52` is that whole
second, a mere date the whole day. UTC where no zone is given."""

ID = "000003f1-a850-49de-af03-997272d834c9"
EXAMPLE_LINE = {"time": "2017-11-21T11:32:54Z", "line": "Generating mapfile: temp"}

TEXT: Document = {"type": "string"}
COUNT: Document = {"type": "integer", "minimum": 0}
UUID: Document = {"type": "string", "format": "uuid"}
TIME: Document = {"anyOf": [{"type": "string", "format": kind} for kind in ("date-time", "date")]}
SHOWN_TIME: Document = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
    "examples": ["2017-11-22T10:29:11Z"],
}
STATUS: Document = {
    "type": "string",
    "enum": list(dict.fromkeys(LEGACY_STATUS.values())),
    "description": "`STOPPED` is the ordinary end.",
}

REFUSALS = {
    400: ("BadRequest", "What was sent is wrong; the message names each parameter and says why."),
    401: ("Unauthorized", "No token was sent, or one that is unknown, expired or revoked."),
    403: ("Forbidden", "This is somebody else's, or only administrators may do it."),
    404: ("NotFound", "There is nothing of that id or name."),
    405: ("MethodNotAllowed", "This address has other methods; `Allow` lists them."),
    412: ("PreconditionFailed", "The file is not the one that `If-Match` names."),
    413: ("TooLarge", "More was sent than the server is set to take."),
    415: ("UnsupportedMediaType", "The body is not `multipart/form-data`."),
}
ANYBODY = (405,)
LISTING = (400, 401, 403, 405)
OF_SCRIPT = (401, 403, 404, 405)
OF_PROCESS = (400, 401, 403, 404, 405)
DOWNLOADING = (*OF_PROCESS, 412)
STARTING = (*OF_PROCESS, 413, 415)

CONDITIONS = ("If-Range", "If-Match", "If-None-Match", "If-Modified-Since")
HEADERS = {
    "Accept-Ranges": "Always `bytes`.",
    "Allow": "The methods that the address has.",
    "Content-Disposition": "`attachment`, with the file's name.",
    "Content-Range": "`bytes FIRST-LAST/SIZE`, or `bytes */SIZE` where there is no such range.",
    "ETag": "A strong validator of the whole file.",
    "Last-Modified": "When the file was written.",
    "Link": "The `first`, `prev`, `next` and `last` page, as far as there are any (RFC 8288).",
    "Location": "The address of the new process.",
    "WWW-Authenticate": "Always `Bearer`.",
}
OF_REFUSALS = {401: ["WWW-Authenticate"], 405: ["Allow"]}
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
            {"name": "Scripts", "description": "What can be started."},
            {"name": "Processes", "description": "What was started: its state, output and files."},
        ],
        "security": [{"token": []}],
        "paths": {
            **_tagged("Entry", _entry()),
            **_tagged("Scripts", _scripts()),
            **_tagged("Processes", _processes()),
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "parameters": _parameters(),
            "headers": {
                name: {"description": text, "schema": TEXT} for name, text in HEADERS.items()
            },
            "responses": {
                name: _answer(text, "Error", OF_REFUSALS.get(status, ()), "application/json")
                for status, (name, text) in REFUSALS.items()
            },
            "schemas": _schemas(),
        },
    }


def _entry() -> Document:
    root = _ok(_answer("Links.", "Root"))
    described: Document = {"application/json": {"schema": {"type": "object"}}}
    itself = _ok({"description": "This document.", "content": described})
    return {
        ROOT: {"get": _operation("showRoot", "Where to begin", root, ANYBODY, security=[])},
        f"{ROOT}/openapi.json": {
            "get": _operation("showDescription", "This description", itself, ANYBODY, security=[])
        },
    }


def _scripts() -> Document:
    path = f"{SCRIPTS}/{{scriptName}}"
    first = _next("showScript", "scriptName", "_embedded/scripts/0/name")
    page = _ok(_answer("A page.", "ScriptList", ["Link"], links={"first": first}))
    script = _ok(_answer("The script.", "Script"))
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
    page = _ok(_answer("The newest first.", "ProcessList", ["Link"], links={"first": first}))
    process = _ok(_answer("The process.", "Process"))
    output = _ok(_answer("The lines that are stored by now.", "Output"))
    files = _ok(_answer("Links, by name; there once the process has ended.", "Files"))
    gone: Document = {"204": {"description": "It is gone, and stopped if it had not ended."}}
    filters = ["page", "size", "processSort", "script", "userId", "status", "parameters"]
    times = [*own, "fromTime", "toTime"]
    wanted = [*own, "fileName", "Range", *CONDITIONS]
    return {
        PROCESSES: {"get": _operation("listProcesses", "List processes", page, LISTING, filters)},
        path: {
            "get": _operation("showProcess", "Show a process", process, OF_PROCESS, own),
            "delete": _operation("deleteProcess", "Delete a process", gone, OF_PROCESS, own),
        },
        f"{path}/output": {
            "get": _operation("showOutput", "Show console output", output, OF_PROCESS, times),
        },
        f"{path}/files": {
            "get": _operation("listFiles", "List files written", files, OF_PROCESS, own),
        },
        f"{path}/files/{{fileName}}": {
            "get": _operation("downloadFile", "Download a file", _file(), DOWNLOADING, wanted),
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
    refused = {str(status): _ref("responses", REFUSALS[status][0]) for status in refusals}
    return {
        "operationId": operation_id,
        "summary": summary,
        **rest,
        "parameters": [_ref("parameters", name) for name in parameters],
        "responses": {**answers, **refused},
    }


def _ok(answer: Document) -> Document:
    return {"200": answer}


def _answer(
    text: str,
    schema: str,
    headers: Iterable[str] = (),
    kind: str = HAL,
    links: Document | None = None,
) -> Document:
    return {
        "description": text,
        "headers": {name: _ref("headers", name) for name in headers},
        "content": {kind: {"schema": _ref("schemas", schema)}},
        "links": links or {},
    }


def _next(operation_id: str, parameter: str, pointer: str) -> Document:
    """A link to an operation that may follow, with something out of the answer."""
    return {"operationId": operation_id, "parameters": {parameter: f"$response.body#/{pointer}"}}


def _started() -> Document:
    following = ("showProcess", "showOutput", "listFiles", "deleteProcess")
    links: Document = {each: _next(each, "processId", "processId") for each in following}
    return {"202": _answer("Accepted.", "StartedProcess", ["Location"], links=links)}


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


def _file() -> Document:
    error: Document = {"application/json": {"schema": _ref("schemas", "Error")}}
    part = "The range asked for. Several come as `multipart/byteranges`, without `Content-Range`."
    answers: list[tuple[str, str, list[str], Document]] = [
        ("200", "The file.", OF_FILES, {"*/*": {}}),
        ("206", part, [*OF_FILES, "Content-Range"], {"*/*": {}}),
        ("304", "You have it already.", ["ETag", "Last-Modified"], {}),
        ("416", "Every range begins beyond the end.", ["Content-Range"], error),
    ]
    return {
        status: {
            "description": text,
            "headers": {name: _ref("headers", name) for name in headers},
            "content": content,
        }
        for status, text, headers, content in answers
    }


def _parameters() -> Document:
    name = TEXT | {"minLength": 1}
    page = COUNT | {"default": 0}
    size = page | {"minimum": 1, "default": DEFAULT_SIZE}
    filters = {
        "type": "object",
        "patternProperties": {r"^parameter\.": TEXT},
    }
    ranges: Document = {
        "first": {"summary": "The first 500 bytes", "value": "bytes=0-499"},
        "rest": {"summary": "All but these", "value": "bytes=500-"},
        "last": {"summary": "The last 500 bytes", "value": "bytes=-500"},
        "several": {"summary": "Several parts", "value": "bytes=0-4,8-"},
        "other": {"summary": "What is no range of bytes is ignored", "value": "lines=1-9"},
    }
    capped = "How many on a page. More than the server allows means as many as it allows."
    others = "Only of this user; others' only administrators may ask for."
    order = "What the list is sorted by; ascending unless said."
    return {
        "scriptName": _in_path("scriptName", "The script's name.", name, "metadata-export"),
        "processId": _in_path("processId", "The process's id.", UUID, ID),
        "fileName": _in_path("fileName", "The file's name, as linked.", name, "mapfile"),
        "page": _in_query("page", "Which page, from 0. One beyond the end is empty.", page),
        "size": _in_query("size", capped, size),
        "scriptSort": _in_query("sort", order, _sorts("name")),
        "processSort": _in_query("sort", order, _sorts("script", "startTime")),
        "script": _in_query("script", "Only of the script so named.", TEXT),
        "userId": _in_query("userId", others, UUID),
        "status": _in_query("status", "Only in this status.", STATUS),
        "parameters": _in_query("parameters", FILTER, filters) | {"style": "form", "explode": True},
        "fromTime": _in_query("fromTime", f"Only lines from this time on. {PRECISION}", TIME),
        "toTime": _in_query("toTime", f"Only lines up to this time. {PRECISION}", TIME),
        "Range": _in_header("Range", "The bytes wanted.") | {"examples": ranges},
        "If-Range": _in_header("If-Range", "The ETag or date without which not to send a range."),
        "If-Match": _in_header("If-Match", "ETags, one of which the file must have."),
        "If-None-Match": _in_header("If-None-Match", "ETags of what you have already."),
        "If-Modified-Since": _in_header("If-Modified-Since", "The date of what you have already."),
    }


def _in_path(name: str, text: str, schema: Document, example: str) -> Document:
    required = {"in": "path", "required": True, "example": example}
    return _in_query(name, text, schema) | required


def _in_query(name: str, text: str, schema: Document) -> Document:
    return {"name": name, "in": "query", "description": text, "schema": schema}


def _in_header(name: str, text: str) -> Document:
    return _in_query(name, text, TEXT) | {"in": "header"}


def _sorts(*keys: str) -> Document:
    return TEXT | {"enum": [f"{key}{order}" for key in keys for order in ("", ",asc", ",desc")]}


def _schemas() -> Document:
    parameter = _exactly(name=TEXT, value=TEXT) | {"examples": [{"name": "n", "value": "true"}]}
    process = {
        "processId": UUID,
        "userId": UUID,
        "startTime": SHOWN_TIME,
        "status": STATUS,
        "parameters": _list_of(parameter),
    }
    line = {"time": SHOWN_TIME, "line": TEXT}
    kinds = TEXT | {"enum": ["string", "date", "boolean", "file", "output", "id"]}
    links = {
        "type": "object",
        "description": "`self`, and each file by its name.",
        "required": ["self"],
        "additionalProperties": _ref("schemas", "Link"),
    }
    listed = _exactly(name=TEXT, description=TEXT, _links=_links("self"))
    accepted = _exactly(name=TEXT, description=TEXT, type=kinds)
    return {
        "Error": _exactly(
            timestamp=SHOWN_TIME, status={"type": "integer"}, error=TEXT, message=TEXT, path=TEXT
        ),
        "Files": _exactly(processId=UUID, _links=links),
        "Link": _exactly(href=TEXT | {"format": "uri-reference"}),
        "Output": _list_of(_exactly(**line)) | {"examples": [[EXAMPLE_LINE]]},
        "Page": _exactly(
            size=COUNT | {"minimum": 1}, totalElements=COUNT, totalPages=COUNT, number=COUNT
        ),
        "Process": _exactly(**process, _links=_links("self", "script", "output", "files")),
        "ProcessList": _page_of("processes", _ref("schemas", "Process")),
        "Root": _exactly(_links=_links("self", "scripts", "processes")),
        "Script": _exactly(name=TEXT, description=TEXT, parameters=_list_of(accepted)),
        "ScriptList": _page_of("scripts", listed),
        "Sort": _exactly(by=TEXT, order=TEXT | {"enum": ["asc", "desc"]}),
        "StartedProcess": _exactly(**process, _links=_links("self", "script", "output")),
    }


def _page_of(name: str, items: Document) -> Document:
    embedded = _exactly(**{name: _list_of(items)})
    return _exactly(page=_ref("schemas", "Page"), sort=_ref("schemas", "Sort"), _embedded=embedded)


def _list_of(items: Document) -> Document:
    return {"type": "array", "items": items}


def _links(*names: str) -> Document:
    return _exactly(**{name: _ref("schemas", "Link") for name in names})


def _exactly(**properties: Document) -> Document:
    """An object with all of these, and nothing else."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _ref(kind: str, name: str) -> Document:
    return {"$ref": f"#/components/{kind}/{name}"}
