"""Bad input: refused in words through both faces, and nothing of it is left anywhere."""

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.database import on_sqlite
from tests.faces import Face, GraphQL, Parameter, Refused, Rest, Upload, check_error, form
from tests.installation import Installation, files_below, until
from tests.subscription import GraphQLRefusal


def everything(it: Installation) -> set[str]:
    """All that a start could leave: rows, files, and jobs without a row.

    Those with one may be of an earlier test: the sweep puts back what still waits.
    """
    queued = set(it.queued())  # before the rows, which may go meanwhile
    rows = {
        f"{table} {row}"
        for table in ("process", "parameter", "file")
        for row in it.rows(f"SELECT id FROM {table}")  # noqa: S608
    }
    staged = {str(path) for path in (it.data / "files" / "staging").iterdir()}
    jobs = {f"job {each}" for each in queued if f"process ('{each}',)" not in rows}
    return rows | it.stored() | staged | jobs


@pytest.fixture(autouse=True)
def _nothing_is_left(installation: Installation) -> Iterator[None]:
    before = everything(installation)
    yield
    added = everything(installation) - before
    assert not added


# --- parameters -----------------------------------------------------------------------------------

M: Parameter = ("m", "x")  # the mandatory parameter of the script `strict`
FILE = Upload("a.txt")
WRONG: dict[str, tuple[list[Parameter], list[str]]] = {
    "missing": ([], ["m: This parameter is mandatory."]),
    "unknown": ([M, ("zz", "1")], ["zz: 'strict' has no such parameter"]),
    "name in other letters": ([("M", "x")], ["M: ", "m: This parameter is mandatory."]),
    "empty name": ([M, ("", "1")], [": 'strict' has no such parameter"]),
    "twice": ([M, M], ["m: This parameter may be given only once."]),
    "twice under both names": ([M, ("mandatory", "y")], ["only once"]),
    "no integer": ([M, ("i", "1.5")], ["i: This must be a whole number."]),
    "empty integer": ([M, ("i", "")], ["i: This must be a whole number."]),
    "other digits": ([M, ("i", "٣")], ["i: This must be a whole number."]),
    "too small": ([M, ("i", "0")], ["i: This must be at least 1."]),
    "too large": ([M, ("i", "10")], ["i: This must be at most 9."]),
    "far too large": ([M, ("i", "9" * 30)], ["i: "]),
    "no date": ([M, ("d", "2026-02-30")], ["d: This must be a date"]),
    "date of two lines": ([M, ("d", "2026-11-23\n10:00")], ["d: This must be a date"]),
    "day with a zone": ([M, ("d", "2026-11-23+02:00")], ["d: This must be a date"]),
    "no boolean": ([M, ("b", "yes")], ['b: This must be "true" or "false".']),
    "empty boolean": ([M, ("b", "")], ["b: "]),
    "no id": ([M, ("u", "a b")], ["u: This must be an identifier"]),
    "no choice": ([M, ("c", "blue")], ["c: This must be one of: red, green."]),
    "pattern": ([M, ("s", "A1")], ["s: This must match the pattern ([a-z]+)+"]),
    "pattern, and a line more": ([M, ("s", "a\n")], ["s: This must match the pattern"]),
    "pattern, evil": ([M, ("s", "a" * 50_000 + "!")], ["s: This must match the pattern"]),
    "value for a file": ([M, ("f", "a.txt")], ["f: This parameter takes a file to be uploaded."]),
    "file for a value": ([("m", FILE)], ["m: This parameter takes a value, not a file."]),
    "file for an unknown one": ([M, ("zz", FILE)], ["zz: "]),
    "file without a name": ([M, ("f", Upload("../"))], ["f: '' is not a file name"]),
    "file called ..": ([M, ("f", Upload(".."))], ["f: '..' is not a file name"]),
    "file name that turns round": ([M, ("f", Upload("a\u202efdp.exe"))], ["f: A file name cannot"]),
    "file name that is too long": ([M, ("f", Upload("x" * 256))], ["f: "]),
    "output in a folder": ([M, ("o", "a/b")], ["o: 'a/b' is not a file name"]),
    "output elsewhere": ([M, ("o", "..")], ["o: "]),
    "output without a name": ([M, ("o", "")], ["o: "]),
    "output with controls": ([M, ("o", "a\nb")], ["o: A file name cannot have control"]),
    "output called self": ([M, ("o", "self")], ["o: 'self' is a reserved name"]),
    "two outputs of one name": ([M, ("o", "x"), ("p", "x")], ["p: Two output files"]),
    "NUL": ([("m", "a\0b")], ["m: NUL characters are not allowed."]),
    "too long": ([("m", "x" * 100_001)], ["m: At most 100000 bytes are allowed."]),
    "all at once": (
        [("zz", "1"), ("i", "x"), ("i", "99"), ("c", "blue"), ("f", "?")],
        [
            "zz: ",
            "i: This must be a whole number. This parameter",
            "at most 9",
            "c: ",
            "f: ",
            "m: ",
        ],
    ),
}


@on_sqlite
@pytest.mark.parametrize(("sent", "told"), WRONG.values(), ids=WRONG)
def test_wrong_parameters_are_refused_by_name(
    face: Face, sent: list[Parameter], told: list[str]
) -> None:
    with pytest.raises(Refused) as refused:
        face.start(face.it.alice, "strict", *sent)
    assert refused.value.code == "BAD_INPUT"
    for part in told:
        assert part in refused.value.message


def test_fields_of_the_refusal_have_each_message(installation: Installation) -> None:
    document = 'mutation { startProcess(script: "strict", parameters: PARAMETERS) { id } }'
    given = '[{name: "i", value: "x"}, {name: "zz", value: ""}, {name: "i", value: "99"}]'
    with pytest.raises(GraphQLRefusal) as refusal:
        installation.graphql(installation.alice, document.replace("PARAMETERS", given))
    assert list(refusal.value.fields) == ["i", "zz", "m"]
    assert refusal.value.fields["i"] == [
        "This must be a whole number.",
        "This parameter may be given only once.",
        "This must be at most 9.",
    ]


@pytest.mark.parametrize(
    "time",
    [
        *("tomorrow", "2026-13-01T00:00:00Z", "12:00", "9999-12-31"),
        *("2030-01-01+02:00", "2030-01-01Z", "2030-01-01x12:00"),
    ],
)
def test_wrong_start_time_is_refused(face: Face, time: str) -> None:
    with pytest.raises(Refused) as refused:
        face.start(face.it.alice, "python", ("c", ""), ("f", FILE), start_time=time)
    assert refused.value.code in {"BAD_INPUT", "GRAPHQL_VALIDATION_FAILED"}
    assert "startTime" in refused.value.message


def test_start_time_is_given_once(installation: Installation) -> None:
    at = ("startTime", "2030-01-01T00:00:00Z")
    with pytest.raises(Refused, match="startTime: This may be given only once"):
        Rest(installation).start(installation.alice, "python", at, start_time=at[1])


@pytest.mark.parametrize(
    ("script", "code"), [("unknown", "NOT_FOUND"), ("hidden", "FORBIDDEN"), ("..", "NOT_FOUND")]
)
def test_script_that_may_not_be_started_is_refused_whatever_is_sent(
    face: Face, script: str, code: str
) -> None:
    for sent in ([], [("f", FILE)], [("zz", "1")]):
        with pytest.raises(Refused) as refused:
            face.start(face.it.alice, script.replace("..", "%2e%2e"), *sent)
        assert refused.value.code == code


@pytest.mark.parametrize("process_id", ["", "x", "1234", "000003f1-a850-49de-af03-997272d834c"])
def test_id_that_is_none_is_refused_by_name(installation: Installation, process_id: str) -> None:
    for document in (
        "query ($id: ID!) { process(id: $id) { id } }",
        "mutation ($id: ID!) { stopProcess(id: $id) { id } }",
        "mutation ($id: ID!) { deleteProcess(id: $id) }",
    ):
        with pytest.raises(GraphQLRefusal) as refusal:
            installation.graphql(installation.alice, document, id=process_id)
        assert (refusal.value.code, list(refusal.value.fields)) == ("BAD_INPUT", ["id"])
    document = "subscription ($id: ID!) { processOutput(id: $id) { __typename } }"
    with (
        pytest.raises(GraphQLRefusal) as refusal,
        installation.subscribe(installation.alice, document, id=process_id) as events,
    ):
        list(events)
    assert refusal.value.code == "BAD_INPUT"


PARTS = [
    ("{first: -1}", "first"),
    ("{last: -1}", "last"),
    ("{after: -1}", "after"),
    ("{first: 1, last: 1}", "last"),
    ("{first: 100001}", "first"),
    ("{last: 100001}", "last"),
    ('{fromTime: "2026-01-02T00:00:00Z", toTime: "2026-01-01T00:00:00Z"}', "toTime"),
]


@pytest.mark.parametrize(("part", "name"), PARTS)
def test_page_of_output_that_makes_no_sense_is_refused(
    installation: Installation, ended: str, part: str, name: str
) -> None:
    document = f'{{ process(id: "{ended}") {{ output{part} {{ text }} }} }}'
    document = document.replace("output{", "output(").replace("} { text", ") { text")
    with pytest.raises(GraphQLRefusal) as refusal:
        installation.graphql(installation.alice, document)
    assert (refusal.value.code, list(refusal.value.fields)) == ("BAD_INPUT", [name])


@pytest.fixture(scope="module")
def ended(installation: Installation) -> str:
    it = installation
    started = GraphQL(it).start(it.alice, "strict", M)
    until(lambda: GraphQL(it).show(it.alice, started.id).status == "STOPPED")
    return started.id


@pytest.mark.parametrize("place", [{"after": -1}, {"last": -1}])
def test_live_output_from_a_place_that_makes_no_sense_is_refused(
    installation: Installation, ended: str, place: dict[str, int]
) -> None:
    document = """subscription ($id: ID!, $after: Int, $last: Int) {
        processOutput(id: $id, after: $after, last: $last) { __typename } }"""
    with (
        pytest.raises(GraphQLRefusal) as refusal,
        installation.subscribe(installation.alice, document, id=ended, **place) as events,
    ):
        list(events)
    assert (refusal.value.code, list(refusal.value.fields)) == ("BAD_INPUT", list(place))


# --- bodies ---------------------------------------------------------------------------------------

START = "/api/system/scripts/python/processes"


def post(it: Installation, path: str, body: bytes, kind: str | None) -> httpx.Response:
    headers = {} if kind is None else {"Content-Type": kind}
    return it.request(it.alice, "POST", path, content=body, headers=headers)


@pytest.mark.parametrize(
    "kind",
    [None, "", "application/json", "application/x-www-form-urlencoded", "multipart/mixed", "text"],
)
def test_body_of_another_kind_is_refused(installation: Installation, kind: str | None) -> None:
    answer = post(installation, START, b"c=print()", kind)
    assert answer.status_code == 415
    check_error(answer)


@pytest.mark.parametrize("kind", [None, "text/plain", "application/xml"])
def test_body_that_is_not_graphql_is_refused(installation: Installation, kind: str | None) -> None:
    answer = post(installation, "/graphql", b'{"query": "{ viewer { id } }"}', kind)
    assert answer.status_code == 415
    check_graphql_error(answer)


@on_sqlite
def test_content_type_may_be_written_in_capital_letters(installation: Installation) -> None:
    operations = json.dumps({"query": "{ viewer { name } }"})
    body, kind = form([("operations", operations), ("map", "{}")])
    for content, named in (
        (body, kind.replace("multipart/form-data", "Multipart/Form-Data")),
        (operations.encode(), "Application/JSON; Charset=UTF-8"),
    ):
        answer = post(installation, "/graphql", content, named)
        assert answer.json() == {"data": {"viewer": {"name": "alice"}}}


def check_graphql_error(answer: httpx.Response, code: str = "BAD_INPUT") -> None:
    """An answer in GraphQL's form, with nothing but errors, each of which has a code."""
    body = answer.json()
    assert body["data"] is None
    for error in body["errors"]:
        assert error["extensions"]["code"] == code
        assert "Traceback" not in error["message"]


ASCII = b'"c"\r\nContent-Type: text/plain; charset=us-ascii\r\n'


def cut_forms() -> dict[str, tuple[bytes, str]]:
    """Forms that end too early, or are none."""
    body, kind = form([("c", "print(1)"), ("f", Upload("a.txt", b"x" * 100_000))])
    return {
        "without an end": (body[:-30], kind),
        "in a file": (body[:5000], kind),
        "in a header": (body[:60], kind),
        "nothing": (b"", kind),
        "no form": (b"hello", kind),
        "another boundary": (body, "multipart/form-data; boundary=other"),
        "no boundary": (body, "multipart/form-data"),
        "no name": (body.replace(b'name="c"', b'nome="c"'), kind),
        "no disposition": (body.replace(b"Content-Disposition", b"Disposition"), kind),
        "name that is not UTF-8": (body.replace(b'"c"', b'"\xff"'), kind),
        "value that is not UTF-8": (body.replace(b"print", b"\xff"), kind),
        "value that is not in its charset": (body.replace(b'"c"\r\n', ASCII + b"\xff"), kind),
        "charset that is not known": (body.replace(b'"c"\r\n', ASCII.replace(b"us-", b"x-")), kind),
        "file name that is not UTF-8": (body.replace(b"a.txt", b"\xff"), kind),
    }


@pytest.mark.parametrize("name", cut_forms())
def test_form_that_is_not_whole_is_refused(installation: Installation, name: str) -> None:
    body, kind = cut_forms()[name]
    answer = post(installation, START, body, kind)
    assert answer.status_code == 400
    check_error(answer)


@on_sqlite
def test_nothing_is_remembered_of_charsets_that_are_not_known(installation: Installation) -> None:
    it = installation

    def ask(length: int, times: int) -> None:
        for number in range(times):
            named = ASCII.replace(b"us-ascii", b"%d" % number + b"x" * length)
            body, kind = form([("c", "")])
            answer = post(it, START, body.replace(b'"c"\r\n', named), kind)
            assert answer.status_code == 400

    ask(0, 50)
    before = it.resident()
    ask(4000, 500)
    assert it.resident() - before < 500 * 4000 / 2


UPLOAD = json.dumps(
    {
        "query": "mutation ($p: [ParameterInput!]) {"
        ' startProcess(script: "python", parameters: $p) { id } }',
        "variables": {"p": [{"name": "c", "value": "1"}, {"name": "f", "file": None}]},
    }
)
PLACE = json.dumps({"0": ["variables.p.1.file"]})
WRONG_UPLOADS: dict[str, list[Parameter]] = {
    "no operations": [("map", PLACE), ("0", FILE)],
    "no map": [("operations", UPLOAD), ("0", FILE)],
    "operations that are no JSON": [("operations", "{"), ("map", PLACE), ("0", FILE)],
    "map that is no JSON": [("operations", UPLOAD), ("map", "{"), ("0", FILE)],
    "map that is a list": [("operations", UPLOAD), ("map", "[]"), ("0", FILE)],
    "no file": [("operations", UPLOAD), ("map", PLACE)],
    "file under another name": [("operations", UPLOAD), ("map", PLACE), ("1", FILE)],
    "map to nowhere": [
        ("operations", UPLOAD),
        ("map", '{"0": ["variables.q.1.file"]}'),
        ("0", FILE),
    ],
    "map past the end": [
        ("operations", UPLOAD),
        ("map", '{"0": ["variables.p.7.file"]}'),
        ("0", FILE),
    ],
    "operations that are a number": [("operations", "1"), ("map", PLACE), ("0", FILE)],
    "operations that are a number without a file": [("operations", "1"), ("map", "{}")],
    "operations that are a list": [("operations", f"[{UPLOAD}]"), ("map", "{}")],
    "operations of hundreds of levels": [
        ("operations", UPLOAD.replace('"1"', "[" * 900 + "]" * 900)),
        ("map", "{}"),
    ],
}


@pytest.mark.parametrize("parts", WRONG_UPLOADS.values(), ids=WRONG_UPLOADS)
def test_upload_through_graphql_that_does_not_fit_is_refused(
    installation: Installation, parts: list[Parameter]
) -> None:
    answer = post(installation, "/graphql", *form(parts))
    assert answer.status_code == 400
    check_graphql_error(answer)


@pytest.mark.parametrize("name", cut_forms())
def test_form_through_graphql_that_is_not_whole_is_refused(
    installation: Installation, name: str
) -> None:
    body, kind = cut_forms()[name]
    answer = post(installation, "/graphql", body, kind)
    assert answer.status_code == 400
    check_graphql_error(answer)


@pytest.mark.parametrize("path", [START, "/graphql"])
def test_client_that_vanishes_in_the_middle_leaves_nothing(
    installation: Installation, path: str
) -> None:
    it = installation
    staging = it.data / "files" / "staging"
    parts: list[Parameter] = [("f", Upload("a.bin", b"x" * 3_000_000))]
    if path == "/graphql":
        parts = [("operations", UPLOAD), ("map", PLACE), ("0", Upload("a.bin", b"x" * 3_000_000))]
    body, kind = form(parts)
    address = urlsplit(it.url)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nAuthorization: Bearer {it.alice.token}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(head.encode() + body[:2_500_000])
        until(lambda: any(path.stat().st_size for path in files_below(staging)))
    until(lambda: not list(staging.iterdir()))


@on_sqlite
def test_more_than_may_be_uploaded_is_refused(small: Installation) -> None:
    big = Upload("a.bin", b"x" * 60_000)
    faces: list[Face] = [GraphQL(small), Rest(small)]
    for face in faces:
        with pytest.raises(Refused) as refused:
            face.start(small.admin, "python", ("f", big))
        assert refused.value.code == "TOO_LARGE"
        assert not small.stored()
    assert small.rows("SELECT id FROM process") == []


@pytest.fixture
def small(install: Any) -> Installation:
    """A server that takes only small uploads."""
    it: Installation = install(PROCESSION_MAX_UPLOAD="50000")
    it.start()
    return it


# --- GraphQL documents ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"1", b'"x"', b"[]", b"{}", b'{"query": null}', b'{"query": 1}']
)
def test_body_without_a_document_is_refused(installation: Installation, body: bytes) -> None:
    answer = post(installation, "/graphql", body, "application/json")
    assert answer.status_code == 400
    check_graphql_error(answer)


DOCUMENTS: dict[str, tuple[str, str]] = {
    "no GraphQL": ("hello", "GRAPHQL_PARSE_FAILED"),
    "cut": ("{ viewer {", "GRAPHQL_PARSE_FAILED"),
    "unknown field": ("{ nobody { id } }", "GRAPHQL_VALIDATION_FAILED"),
    "no selection": ("{ viewer }", "GRAPHQL_VALIDATION_FAILED"),
    "unknown argument": ("{ viewer(x: 1) { id } }", "GRAPHQL_VALIDATION_FAILED"),
    "missing argument": ("{ process { id } }", "GRAPHQL_VALIDATION_FAILED"),
    "argument of another type": ("{ script(name: 1) { name } }", "GRAPHQL_VALIDATION_FAILED"),
    "fragment in a circle": (
        "{ viewer { ...A } } fragment A on User { ...A }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "time that is none": (
        '{ processes(filter: {startTime: {start: "x"}}) { totalCount } }',
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "number of 5000 digits": (
        f"{{ processes(first: {'1' * 5000}) {{ totalCount }} }}",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "too many aliases": (
        "{" + " ".join(f"a{n}: viewer {{ id }}" for n in range(40)) + "}",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "too deep": (
        "{ __schema { types " + "{ fields { type " * 5 + "{ name }" + " } }" * 5 + " } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "too long": ("{" + " viewer { id }" * 1000 + "}", "GRAPHQL_PARSE_FAILED"),
    "several operations": (
        "query A { viewer { id } } query B { viewer { name } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
}


@pytest.mark.parametrize(("document", "code"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_document_that_is_wrong_is_refused(
    installation: Installation, document: str, code: str
) -> None:
    with pytest.raises(GraphQLRefusal) as refusal:
        installation.graphql(installation.alice, document)
    assert refusal.value.code == code


def test_variable_that_is_missing_or_wrong_is_refused(installation: Installation) -> None:
    document = "query ($name: String!) { script(name: $name) { name } }"
    for variables in ({}, {"name": None}, {"name": 1}, {"name": ["x"]}):
        with pytest.raises(GraphQLRefusal) as refusal:
            installation.graphql(installation.alice, document, **variables)
        assert refusal.value.code == "GRAPHQL_VALIDATION_FAILED"


def test_parameter_without_a_value_or_with_a_file_that_is_none_is_refused(
    installation: Installation,
) -> None:
    document = json.loads(UPLOAD)["query"]
    for parameter in ({"name": "f"}, {"name": "f", "file": "a.txt"}):
        with pytest.raises(GraphQLRefusal) as refusal:
            installation.graphql(installation.alice, document, p=[parameter])
        assert (refusal.value.code, list(refusal.value.fields)) == ("BAD_INPUT", ["f"])


def test_unknown_process_is_not_found(installation: Installation) -> None:
    for face in (GraphQL(installation), Rest(installation)):
        for ask in (face.show, face.output, face.files, face.delete):
            with pytest.raises(Refused) as refused:
                ask(installation.admin, str(uuid4()))
            assert refused.value.code == "NOT_FOUND"


# --- GraphQL --------------------------------------------------------------------------------------

METHODS = [
    ("GET", "mutation { __typename }", "POST"),
    ("HEAD", "{ __typename }", "GET, POST"),
    ("PUT", "{ __typename }", "GET, POST"),
]


@on_sqlite
@pytest.mark.parametrize(("method", "document", "allowed"), METHODS)
def test_document_by_a_method_that_it_does_not_have_is_refused(
    installation: Installation, method: str, document: str, allowed: str
) -> None:
    it = installation
    answer = it.request(it.alice, method, "/graphql", params={"query": document})
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    if method != "HEAD":
        check_graphql_error(answer)


@on_sqlite
def test_empty_parameter_of_a_query_by_get_is_none(installation: Installation) -> None:
    path = "/graphql?query={viewer{name}}&operationName=&variables=&extensions="
    answer = installation.get(installation.alice, path)
    assert answer.json() == {"data": {"viewer": {"name": "alice"}}}


UNFIT: dict[str, dict[str, object]] = {
    "no operation of that name": {"query": "query A { viewer { name } }", "operationName": "B"},
    "no query": {},
    "empty query": {"query": ""},
    "a name that is none": {"query": "{ viewer { name } }", "operationName": ["A"]},
}
CODES = {"BAD_INPUT", "GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("asked", UNFIT.values(), ids=UNFIT)
def test_document_that_cannot_be_executed_is_refused_in_words(
    installation: Installation, asked: dict[str, object], accept: str
) -> None:
    it = installation
    headers = {**it.admin.headers, "Accept": accept}
    answer = it.request(it.admin, "POST", "/graphql", json=asked, headers=headers)
    if answer.headers["content-type"].startswith("text/event-stream"):
        told = next(line for line in answer.text.splitlines() if line.startswith("data:"))
        errors = json.loads(told.removeprefix("data:"))["errors"]
    else:
        assert answer.status_code == 400
        errors = answer.json()["errors"]
    assert errors[0]["extensions"]["code"] in CODES
    assert "log" not in errors[0]["message"]
