"""Fuzzing: whatever is sent, the answer is one that the documentation knows, and nothing breaks.

That nothing broke is also said by the log, in which `installed` finds no traceback.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import mutations, nodes, queries
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from schema.schema import sdl
from tests.installation import PATIENCE, Installation, User, installed
from tests.running import run_python
from tests.thoroughness import TIMES, examples, take_time

some = settings(
    max_examples=examples(60),
    deadline=None,
    derandomize=settings().derandomize and not TIMES,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)
KNOWN = set(re.findall(r"^\| `([A-Z_]+)` \|", Path("docs/graphql.md").read_text(), re.M))
EXPECTED = KNOWN - {"INTERNAL", "TIMEOUT"}
STATUSES = {200, 206, 400, 401, 403, 404, 405, 408, 411, 413, 415, 416, 429, 431}
POLITE = {1000, 1002, 1003, 1007, 1009, 4400, 4401, 4403, 4408, 4409, 4429}

SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "DateTime": st.datetimes(timezones=st.timezones()).map(lambda at: nodes.String(at.isoformat())),
    "BigInt": st.integers(-(2**70), 2**70).map(nodes.Int),
    "Upload": st.just(nodes.Null),
}
TEXT = st.text(max_size=50)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXT, below, max_size=4),
    max_leaves=10,
)
# What breaks parsers, limits and databases.
EVIL = st.sampled_from(
    [
        *(
            "\0",
            "\ud800",
            "\u202e",
            "\ufeff",
            '"',
            '"""',
            "\\",
            "#",
            "...",
            "$",
            "@include(if: $x)",
        ),
        *(
            "{" * 50,
            "}" * 5,
            "[" * 200,
            "(a: 1)",
            "9" * 400,
            "-0",
            "1e400",
            "fragment F on F { ...F } ...F",
        ),
        *(
            "... on Query { __typename }",
            "__schema { types { name } }",
            "'; DROP TABLE process; --",
        ),
    ]
)


@pytest.fixture(autouse=True)
def _patient(_no_test_hangs: None) -> None:
    take_time()


@pytest.fixture(scope="module")
def it() -> Iterator[Installation]:
    """Whose administrator may break all there is."""
    with installed(PROCESSION_MAX_STARTS="100000") as made:
        made.start()
        yield made


@pytest.fixture(scope="module")
def who(it: Installation) -> User:
    """An administrator whose token nothing that is drawn can revoke but by chance."""
    return it.admin


@pytest.fixture(scope="module")
def file(it: Installation, who: User) -> str:
    """The address of an output file of ten bytes."""
    program = "import os; open(os.environ['PROCESSION_OUTPUT_DIR'] + '/a', 'w').write('0123456789')"
    return f"/api/system/processes/{run_python(it, who, program).id}/files/a"


def check(answer: httpx.Response) -> None:
    """It is GraphQL's form of an answer, and each error is one that clients are told to expect."""
    assert answer.status_code in STATUSES, (answer.status_code, answer.text)
    body = answer.json()
    assert {"data", "errors"} & body.keys(), body
    for error in body.get("errors", ()):
        assert error["extensions"]["code"] in EXPECTED, error
        assert error["message"]


def ask(it: Installation, who: User, content: object) -> None:
    check(it.request(who, "POST", "/graphql", content=_bytes(content), headers=AS_JSON))


AS_JSON = {"Content-Type": "application/json"}


def _bytes(content: object) -> bytes:
    """As JSON that escapes what is not ASCII, so that half a surrogate pair can be sent."""
    return json.dumps(content).encode()


DOCUMENTS = queries(sdl(), custom_scalars=SCALARS) | mutations(sdl(), custom_scalars=SCALARS)


@some
@given(document=DOCUMENTS, variables=JSON, name=st.none() | TEXT)
def test_documents_that_fit_the_schema_are_answered(
    it: Installation, who: User, document: str, variables: object, name: str | None
) -> None:
    ask(it, who, {"query": document})
    ask(it, who, {"query": document, "variables": variables, "operationName": name})


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A document of which pieces are missing, doubled, or evil."""
    tokens = re.findall(r'"(?:\\.|[^"])*"|\w+|\S', draw(DOCUMENTS))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(tokens) - 1)))
        match draw(st.sampled_from(["drop", "double", "insert", "swap", "wrap"])):
            case "drop":
                del tokens[place : place + draw(st.integers(1, 5))]
            case "double":
                tokens[place:place] = tokens[place : place + 20] * draw(st.integers(1, 40))
            case "insert":
                tokens.insert(place, draw(EVIL | TEXT))
            case "swap":
                tokens[place : place + 1] = [draw(st.sampled_from(tokens or ["x"]))]
            case "wrap":
                tokens = ["{", "a", ":", "viewer", *tokens, "}"] * draw(st.integers(1, 30))
    return " ".join(tokens)


@some
@given(document=broken())
def test_documents_that_are_broken_or_hostile_are_refused_in_words(
    it: Installation, who: User, document: str
) -> None:
    ask(it, who, {"query": document})


KINDS = st.sampled_from(
    [
        *(
            "application/json",
            "application/json; charset=utf-16",
            "application/graphql",
            "text/plain",
            "",
        ),
        *(
            "multipart/form-data; boundary=x",
            "multipart/form-data",
            "multipart/form-data; boundary=",
        ),
        *("application/x-www-form-urlencoded", "multipart/mixed; boundary=x", "x" * 300),
    ]
)


@some
@given(body=st.binary(max_size=200) | JSON.map(_bytes), kind=KINDS, accept=st.none() | KINDS)
def test_any_body_at_all_is_answered(
    it: Installation, who: User, body: bytes, kind: str, accept: str | None
) -> None:
    headers = {"Content-Type": kind, **({"Accept": accept} if accept else {})}
    answer = it.request(who, "POST", "/graphql", content=body, headers=headers)
    assert answer.status_code in STATUSES, answer.text


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """multipart/form-data with the boundary `x`, nearly."""
    name = st.sampled_from(["c", "f", "operations", "map", "0", "", "..", "a" * 300]) | TEXT
    parts = []
    for _ in range(draw(st.integers(0, 5))):
        head = f'Content-Disposition: form-data; name="{draw(name)}"'
        head += draw(
            st.sampled_from(["", '; filename="', "; filename*=UTF-8''", "\r\nX: ", "\r\n"])
        )
        head += draw(EVIL | TEXT) + draw(st.sampled_from(['"', ""]))
        content = draw(st.binary(max_size=60) | JSON.map(_bytes))
        parts.append(
            b"--x\r\n" + head.encode(errors="surrogatepass") + b"\r\n\r\n" + content + b"\r\n"
        )
    return b"".join(parts) + draw(
        st.sampled_from([b"--x--\r\n", b"--x\r\n", b"--x--", b"", b"--y--"])
    )


@some
@given(body=forms(), path=st.sampled_from(["/graphql", "/api/system/scripts/python/processes"]))
def test_forms_of_every_kind_are_answered(
    it: Installation, who: User, body: bytes, path: str
) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = it.request(who, "POST", path, content=body, headers=headers)
    assert answer.status_code in STATUSES | {202}, answer.text


SPANS = st.lists(
    st.tuples(st.integers(0, 12) | st.just(10**30), st.integers(0, 12) | st.just(10**30)),
    max_size=40,
).map(lambda pairs: "bytes=" + ",".join(f"{first}-{last}" for first, last in pairs))
LATIN = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=60)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Range": SPANS | LATIN.map("bytes={}".format) | LATIN | st.just("bytes=-" + "9" * 500),
        **dict.fromkeys(
            ("If-Range", "If-None-Match", "If-Match", "Accept", "Accept-Encoding"), LATIN
        ),
        "If-Modified-Since": LATIN | st.just("Thu, 01 Jan 99999 00:00:00 GMT"),
        "Cookie": LATIN.map("procession={}".format) | LATIN,
        "Origin": LATIN,
        "Sec-Fetch-Site": LATIN,
    },
)


@some
@given(headers=HEADERS, method=st.sampled_from(["GET", "HEAD"]))
def test_headers_of_every_kind_are_answered(
    it: Installation, who: User, file: str, headers: dict[str, str], method: str
) -> None:
    named = {**headers, "Authorization": who.headers["Authorization"]}
    sent = {name.encode(): value.encode("latin-1") for name, value in named.items()}
    answer = it.http.request(method, it.url + file, headers=sent)
    assert answer.status_code in {200, 206, 304, 400, 412, 416}, (answer.status_code, answer.text)
    if answer.status_code == 200 and method == "GET":
        assert answer.content == b"0123456789"


NAMES = (
    st.text(max_size=300)
    | EVIL
    | st.sampled_from(["..", ".", "%2e%2e%2f", "a/../a", "self", "/" * 9])
)


@some
@given(
    name=NAMES, place=st.sampled_from(["/api/system/processes/{}", "/api/system/scripts/{}", "/{}"])
)
def test_names_of_every_kind_are_answered(
    it: Installation, who: User, name: str, place: str
) -> None:
    quoted = "".join(f"%{byte:02X}" for byte in name.encode(errors="surrogatepass"))
    answer = it.request(who, "GET", place.format(quoted), follow_redirects=False)
    assert answer.status_code in STATUSES | {307}, answer.text


TYPES = st.sampled_from(["connection_init", "subscribe", "complete", "ping", "pong", "next", "x"])
MESSAGES = st.lists(
    st.binary(max_size=40)
    | TEXT
    | JSON.map(json.dumps)
    | st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                ["connection_init", "subscribe", "complete", "ping", "pong", "next", "x"]
            )
        },
        optional={
            "id": JSON,
            "payload": JSON | DOCUMENTS.map(lambda query: {"query": query}),
        },
    ).map(json.dumps),
    max_size=6,
)


@some
@given(messages=MESSAGES)
def test_messages_of_every_kind_are_answered_or_end_the_connection_politely(
    it: Installation, who: User, messages: list[str | bytes]
) -> None:
    with _socket(it) as socket:
        try:
            _greet(socket, who)
            for message in messages:
                socket.send(message)
            socket.send(json.dumps({"type": "ping"}))
            while json.loads(socket.recv(timeout=PATIENCE))["type"] != "pong":
                pass
        except ConnectionClosed as closed:
            assert closed.rcvd, "it was broken off"
            assert closed.rcvd.code in POLITE, closed


def _socket(it: Installation) -> ClientConnection:
    url = it.url.replace("http:", "ws:") + "/graphql"
    return connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None)


def _greet(socket: ClientConnection, who: User) -> None:
    payload = {"Authorization": f"Bearer {who.token}"}
    socket.send(json.dumps({"type": "connection_init", "payload": payload}))
    assert json.loads(socket.recv(timeout=PATIENCE))["type"] == "connection_ack"
