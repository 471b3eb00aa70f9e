"""What the OpenAPI description refers to: parameters, headers, refusals and schemas."""

from collections.abc import Iterable

from rest_compat.hal import LEGACY_STATUS, Document
from rest_compat.paging import DEFAULT_SIZE
from rest_compat.responses import HAL

FILTER = """\
Only processes to which these parameters were given. Each is a query parameter of its own, whose
name is `parameter.` and the short name: `parameter.n=true&parameter.q=true`. (In this description
they are one exploded object, so its own name, `parameters`, is never sent.)"""

PRECISION = """\
It counts as precisely as it is written, and what it names is included: `11:32:52` is that whole
second, a mere date the whole day. UTC where no zone is given; only a time of day may have one."""

OTHER_FORMS = "The contract's JSON takes no notice of it."

SEEN = """\
The `id` of the last event that came before a cut: the feed goes on after it, whatever `after` and
`last` say. Any other form takes no notice of it."""

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
    403: ("Forbidden", "It is somebody else's, for administrators, or asked by a page elsewhere."),
    404: ("NotFound", "There is nothing of that id or name."),
    405: ("MethodNotAllowed", "This address has other methods; `Allow` lists them."),
    412: ("PreconditionFailed", "This is not what `If-Match` names."),
    413: ("TooLarge", "More was sent than the server is set to take."),
    415: ("UnsupportedMediaType", "The body is not of the kind that is described."),
    429: ("TooManyRequests", "This came too often; `Retry-After` says how long to wait."),
    503: ("Unavailable", "The database or the identity provider does not answer; try again soon."),
    507: ("InsufficientStorage", "The server's disk is full; nothing of the request was kept."),
}

HEADERS = {
    "Accept-Ranges": "Always `bytes`.",
    "Allow": "The methods that the address has.",
    "Authorization": "`Bearer` and the token.",
    "Content-Disposition": "`attachment`, with the file's name.",
    "Content-Encoding": "`gzip`, where that was asked for.",
    "Content-Range": "`bytes FIRST-LAST/SIZE`, or `bytes */SIZE` where there is no such range.",
    "ETag": "A strong validator: of the whole file, or of output that is finished, as it was sent.",
    "Last-Modified": "When the file was written.",
    "Link": "The `first`, `prev`, `next` and `last` page, as far as there are any (RFC 8288).",
    "Location": "The address of the new process.",
    "Retry-After": "In how many seconds it may be tried again.",
    "WWW-Authenticate": "Always `Bearer`.",
}
OF_REFUSALS = {
    401: ["WWW-Authenticate"],
    405: ["Allow"],
    429: ["Retry-After"],
    503: ["Retry-After"],
}


def components() -> Document:
    """All of them."""
    return {
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "signature": {
                "type": "apiKey",
                "in": "query",
                "name": "signature",
                "description": "Instead of a token, for one file: comes with the `temporaryUrl` "
                "that GraphQL has of it.",
            },
        },
        "parameters": _parameters(),
        "headers": {name: {"description": text, "schema": TEXT} for name, text in HEADERS.items()},
        "responses": {
            name: answer(text, "Error", OF_REFUSALS.get(status, ()), "application/json")
            for status, (name, text) in REFUSALS.items()
        },
        "schemas": _schemas(),
    }


def answer(
    text: str,
    schema: str,
    headers: Iterable[str] = (),
    kind: str = HAL,
    links: Document | None = None,
) -> Document:
    return {
        "description": text,
        "headers": {name: ref("headers", name) for name in headers},
        "content": {kind: {"schema": ref("schemas", schema)}},
        "links": links or {},
    }


def ref(kind: str, name: str) -> Document:
    return {"$ref": f"#/components/{kind}/{name}"}


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
        "after": _in_query("after", f"Only lines with a higher number. {OTHER_FORMS}", COUNT),
        "last": _in_query("last", f"Only the last so many lines of now. {OTHER_FORMS}", COUNT),
        "Last-Event-ID": _in_header("Last-Event-ID", SEEN),
        "Accept-Encoding": _in_header("Accept-Encoding", "`gzip` has lines and JSON compressed."),
        "Range": _in_header("Range", "The bytes wanted.") | {"examples": ranges},
        "If-Range": _in_header("If-Range", "The ETag or date without which not to send a range."),
        "If-Match": _in_header("If-Match", "ETags, one of which what is sent must have."),
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
        "additionalProperties": ref("schemas", "Link"),
    }
    listed = _exactly(name=TEXT, description=TEXT, _links=_links("self"))
    accepted = _exactly(name=TEXT, description=TEXT, type=kinds)
    return {
        "Authentication": _exactly(
            okay={"const": True},
            authenticated={"type": "boolean"},
            type={"const": "status"},
            _links=_links("self", "login", "logout"),
        ),
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
        "ProcessList": _page_of("processes", ref("schemas", "Process")),
        "Root": _exactly(_links=_links("self", "scripts", "processes")),
        "Script": _exactly(name=TEXT, description=TEXT, parameters=_list_of(accepted)),
        "ScriptList": _page_of("scripts", listed),
        "Sort": _exactly(by=TEXT, order=TEXT | {"enum": ["asc", "desc"]}),
        "StartedProcess": _exactly(**process, _links=_links("self", "script", "output")),
    }


def _page_of(name: str, items: Document) -> Document:
    embedded = _exactly(**{name: _list_of(items)})
    return _exactly(page=ref("schemas", "Page"), sort=ref("schemas", "Sort"), _embedded=embedded)


def _list_of(items: Document) -> Document:
    return {"type": "array", "items": items}


def _links(*names: str) -> Document:
    return _exactly(**{name: ref("schemas", "Link") for name in names})


def _exactly(**properties: Document) -> Document:
    """An object with all of these, and nothing else."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
