"""Connections: whose client is slow, silent, or sends too much is cut off, and told why."""

import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.database import on_postgres, on_sqlite
from tests.faces import Rest, Upload, form
from tests.installation import PATIENCE, Installation, User, installed, until
from tests.running import FLOOD, OUTPUT, run_python, start_python
from tests.subscription import GraphQLRefusal

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
START = "/api/system/scripts/python/processes"
BODY = 2  # seconds without a byte of a body
LONGEST = 1.5 * BODY  # until a client is cut off that sends nothing


@pytest.fixture(scope="module")
def strict() -> Iterator[Installation]:
    """That has little patience."""
    times = {"HEAD_TIMEOUT": "2", "BODY_TIMEOUT": f"{BODY}", "ANSWER_TIMEOUT": "1"}
    limits = {"MAX_HEAD": "4096", "MAX_CONNECTIONS": "8", **times}
    limits["MAX_VIEWER_SUBSCRIPTIONS"] = "1"
    with installed(**{f"PROCESSION_{name}": value for name, value in limits.items()}) as it:
        it.start()
        yield it


def opened(it: Installation) -> socket.socket:
    address = urlsplit(it.url)
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE)


def answer(client: socket.socket) -> str:
    """All that comes until the server closes; of a connection that it broke off: what came."""
    told = b""
    try:
        while block := client.recv(1 << 16):
            told += block
    except ConnectionResetError:
        pass
    return told.decode()


def posted(it: Installation, body: bytes, fields: str = "") -> bytes:
    """A GraphQL request."""
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {it.admin.token}\r\n"
    head += f"{fields}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def upload(it: Installation, path: str = START, who: User | None = None) -> bytes:
    """A start whose file is not whole; after its head 3 bytes of it have come."""
    body, kind = form([("c", "print(1)"), ("f", Upload("a.txt", b"x" * 100_000))])
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
    head += (
        f"Authorization: Bearer {(who or it.admin).token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body[: body.index(b"xxx") + 3]


def test_head_that_does_not_come_to_its_end_is_cut_off(strict: Installation) -> None:
    with ExitStack() as stack:
        clients = []
        for sent in (GET, b"GET /", b"\r\n", GET + b"X: ", b""):
            clients.append(stack.enter_context(opened(strict)))
            clients[-1].sendall(sent)
        *told, silence = map(answer, clients)
    for each in told:
        assert each.startswith("HTTP/1.1 408 ") and "The head of a request may take 2 s" in each
    assert silence == ""


def test_head_that_drips_is_cut_off(strict: Installation) -> None:
    with opened(strict) as client, pytest.raises(OSError, match=r"(?i)pipe|reset"):
        while True:
            client.sendall(b"x")
            time.sleep(0.05)  # sooner than any silence would be noticed


def test_upload_that_stands_still_is_cut_off_and_leaves_nothing(strict: Installation) -> None:
    with opened(strict) as rest, opened(strict) as graphql:
        rest.sendall(upload(strict))
        graphql.sendall(upload(strict, "/graphql"))
        for told in map(answer, (rest, graphql)):
            assert told.startswith("HTTP/1.1 408 ") and f"No byte came for {BODY} s" in told
    until(lambda: not list((strict.data / "files" / "staging").iterdir()))


def test_upload_that_is_not_allowed_is_refused_before_it_has_come(strict: Installation) -> None:
    reader = strict.add_token(strict.admin, scope="READ")
    for path in (START, "/graphql"):
        with opened(strict) as client:
            client.sendall(upload(strict, path, reader))
            told = client.recv(1 << 16).decode()
        assert told.startswith("HTTP/1.1 403 ")


SLOW = 30  # bytes, one by one


def test_upload_that_is_slow_but_steady_is_not_cut_off(strict: Installation) -> None:
    body, kind = form([("c", "print(1)"), ("f", Upload("a.txt", b"x" * SLOW))])
    head = "POST /api/system/scripts/python/processes HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head += f"Content-Type: {kind}\r\nAuthorization: Bearer {strict.admin.token}\r\n"
    file = body.index(b"x" * SLOW)
    with opened(strict) as client:
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:file])
        for number in range(SLOW):
            client.sendall(body[file + number : file + number + 1])
            time.sleep(1.1 * LONGEST / SLOW)  # all of it takes longer than any silence may
        client.sendall(body[file + SLOW :])
        told = answer(client)
    assert told.startswith("HTTP/1.1 202 ")


def test_client_that_does_not_read_is_cut_off(strict: Installation) -> None:
    size = 64 << 20  # more than the sockets' buffers hold
    program = "import os, pathlib\nout = pathlib.Path(os.environ['PROCESSION_OUTPUT_DIR'])\n"
    program += f"with (out / 'large').open('wb') as file: file.truncate({size})"
    ended = run_python(strict, strict.admin, program)
    path = f"/api/system/processes/{ended.id}/files/large"
    token = f"Authorization: Bearer {strict.admin.token}\r\n\r\n"
    with opened(strict) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{token}".encode())
        until(lambda: client.recv(1 << 16, socket.MSG_PEEK).partition(b"\r\n\r\n")[2])
        until(lambda: not is_read(strict, ended.id))
        assert len(answer(client)) < size


def is_read(it: Installation, process_id: str) -> bool:
    """Whether the server has a file of this process open."""
    assert it.server
    for link in Path(f"/proc/{it.server.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            if process_id in str(link.readlink()):
                return True
    return False


TOO_LARGE = {
    "address": b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n",
    "header": GET + b"X: " + b"x" * 5000 + b"\r\n\r\n",
    "many headers": GET + b"".join(b"X%d: x\r\n" % number for number in range(1000)) + b"\r\n",
    "header without an end": GET + b"X: " + b"x" * 5000,
    "name without an end": GET + b"x" * 5000,
}


@pytest.mark.parametrize("sent", TOO_LARGE.values(), ids=TOO_LARGE)
def test_head_that_is_too_large_is_refused(strict: Installation, sent: bytes) -> None:
    with opened(strict) as client:
        client.sendall(sent)
        told = answer(client)
    assert told.startswith("HTTP/1.1 431 ") and "4096 bytes (PROCESSION_MAX_HEAD)" in told
    assert "x-content-type-options: nosniff" in told


AHEAD = {
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "a head that is too large": TOO_LARGE["header"],
    "a WebSocket": b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade"
    b"\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==\r\n\r\n",
    "a body that is none": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
}


@pytest.mark.parametrize("ahead", AHEAD.values(), ids=AHEAD)
def test_refusal_of_what_is_sent_ahead_is_no_answer_to_what_was_sent_before(
    strict: Installation, ahead: bytes
) -> None:
    """Who is told that a start is refused would start again."""
    start = posted(strict, b'{"query": "mutation { startProcess(script: \\"echo\\") { id } }"}')
    with opened(strict) as client:
        client.sendall(start + ahead)
        assert answer(client) == ""


def test_trailer_without_an_end_is_refused(strict: Installation) -> None:
    with opened(strict) as client:
        client.sendall(b"POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.sendall(b"1\r\nx\r\n0\r\nX: ")
        with suppress(ConnectionError):  # it may be refused before all is sent
            client.sendall(b"x" * 1_000_000)
        assert "(PROCESSION_MAX_HEAD)" in answer(client)


def test_connection_beyond_the_limit_is_told_so(strict: Installation) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(opened(strict)) for _ in range(12)]
        for client in held[-3:]:
            client.sendall(GET + b"\r\n")
            told = answer(client)
            assert told.startswith("HTTP/1.1 503 ") and "PROCESSION_MAX_CONNECTIONS" in told
    until(lambda: strict.get(strict.admin, "/healthz").status_code == 200)


@pytest.mark.parametrize("accept", ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0"])
def test_streams_of_clients_that_do_not_read_or_have_left_are_closed(accept: str) -> None:
    """Whatever they are in the middle of: `installed` would find what the log had to say."""
    with installed() as it:
        it.start()
        flood = start_python(it, it.admin, FLOOD)
        stream = partial(
            it.http.stream,
            "POST",
            f"{it.url}/graphql",
            headers={**it.admin.headers, "Accept": accept},
            json={"query": OUTPUT, "variables": {"id": flood}},
        )
        with ExitStack() as stack:
            for _ in range(8):
                with stream() as left:
                    next(left.iter_bytes())
                next(stack.enter_context(stream()).iter_bytes())
            it.end()


def test_large_request_has_to_arrive_in_time(strict: Installation) -> None:
    """However often something of it comes: others wait for their turn."""
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {strict.admin.token}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
    with opened(strict) as client:
        client.sendall(head.encode() + b" " * 100_000)
        client.settimeout(0.1)
        told = b""
        while f"A large request may take {BODY} s (PROCESSION_BODY_TIMEOUT)".encode() not in told:
            with suppress(TimeoutError):
                block = client.recv(1 << 16)
                assert block, f"the connection was closed after {told!r}"
                told += block
            with suppress(ConnectionError):  # it may be closed before all of the answer is read
                client.sendall(b" ")


def test_large_requests_take_turns_and_are_answered(strict: Installation) -> None:
    asked = {"query": "query ($x: String) { a: __typename @skip(if: false) }"}
    large = {**asked, "variables": {"x": "x" * 500_000}}
    with httpx.Client(timeout=PATIENCE, trust_env=False) as http, ThreadPoolExecutor(7) as pool:

        def ask(_: int) -> int:
            answer = http.post(f"{strict.url}/graphql", headers=strict.admin.headers, json=large)
            return answer.status_code

        assert set(pool.map(ask, range(21))) == {200}


HOSTS = {
    "HTTP/1.1\r\n": "400",
    "HTTP/1.1\r\nHost: x\r\n": "200",
    "HTTP/1.1\r\nHost: x\r\nHost: x\r\n": "400",
    "HTTP/1.1\r\nHost:\r\n": "200",
    "HTTP/1.1\r\nHost: my_server.example.org.:8000 \r\n": "200",
    "HTTP/1.1\r\nHost: [::1]:8000\r\n": "200",
    "HTTP/1.1\r\nHost: x y\r\n": "400",
    "HTTP/1.1\r\nHost: x/y\r\n": "400",
    "HTTP/1.1\r\nHost: me@x\r\n": "400",
    "HTTP/1.1\r\nHost: x:y\r\n": "400",
    "HTTP/1.0\r\n": "200",
    "HTTP/1.0\r\nHost: x\r\nHost: y\r\n": "400",
}


@on_sqlite
@pytest.mark.parametrize(("head", "status"), HOSTS.items())
def test_request_says_once_for_which_host_it_is(
    installation: Installation, head: str, status: str
) -> None:
    with opened(installation) as client:
        client.sendall(f"GET /healthz {head}Connection: close\r\n\r\n".encode())
        assert answer(client).split()[1] == status


def ask_as_of_old(client: socket.socket, who: User, process_id: str, kind: str) -> None:
    head = f"GET /api/system/processes/{process_id}/output HTTP/1.0\r\nAccept: {kind}\r\n"
    client.sendall(f"{head}Authorization: Bearer {who.token}\r\n\r\n".encode())


@on_sqlite
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("text/plain", "1\n2\n"),
        ("application/json", '[{"time":"…Z","line":"1"},{"time":"…Z","line":"2"}]'),
    ],
)
def test_client_of_old_gets_no_chunks(installation: Installation, kind: str, expected: str) -> None:
    it = installation
    ended = run_python(it, it.alice, "print(1); print(2)")
    with opened(it) as client:
        ask_as_of_old(client, it.alice, ended.id, kind)
        head, _, body = answer(client).partition("\r\n\r\n")
    assert "transfer-encoding" not in head
    assert re.sub(r"[-T:\d]+Z", "…Z", body) == expected


@on_sqlite
def test_client_of_old_is_not_told_to_go_on(installation: Installation) -> None:
    """A client of today is, before it sends what it asks about."""
    body = b'{"query": "{ __typename }"}'
    fields = f"Authorization: Bearer {installation.alice.token}\r\nExpect: 100-continue\r\n"
    fields += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    for version, status in (("1.0", "200"), ("1.1", "100")):
        head = f"POST /graphql HTTP/{version}\r\nHost: x\r\nConnection: close\r\n{fields}"
        with opened(installation) as client:
            client.sendall(head.encode() + body)
            assert answer(client).split()[1] == status


@on_sqlite
def test_answer_to_a_client_of_old_that_breaks_off_does_not_look_whole(
    installation: Installation,
) -> None:
    it = installation
    ended = run_python(it, it.alice, "for _ in range(50_000): print('x' * 1000)")
    with opened(it) as client:
        ask_as_of_old(client, it.alice, ended.id, "text/plain")
        client.recv(100)  # the server waits for this client, far from the end
        Rest(it).delete(it.alice, ended.id)
        with pytest.raises(ConnectionResetError):
            while client.recv(1 << 16):
                pass


def test_body_that_is_answered_already_is_not_read_for_ever(strict: Installation) -> None:
    head = f"POST {START} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {strict.admin.token}\r\n"
    with opened(strict) as client:
        client.sendall(f"{head}Content-Length: 1000000000000\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 415 ")
        with pytest.raises(OSError, match=r"(?i)pipe|reset"):
            while True:
                client.sendall(b"x" * 100_000)


def test_subscriber_that_does_not_read_loses_its_seat(strict: Installation) -> None:
    flood = start_python(strict, strict.admin, FLOOD)
    with strict.subscribe(strict.admin, OUTPUT, id=flood, last=1) as subscriber:
        next(iter(subscriber))  # it has the only seat
        until(lambda: has_a_seat(strict, flood))


def test_subscriber_that_has_sent_ahead_is_missed_when_it_leaves(strict: Installation) -> None:
    it = strict
    flood = start_python(it, it.admin, FLOOD)
    before = it.log.stat().st_size
    with opened(it) as client:
        document = {"query": OUTPUT, "variables": {"id": flood, "last": 1}}
        head = posted(it, json.dumps(document).encode(), "Accept: text/event-stream\r\n")
        client.sendall(head + GET + b"\r\n")
        client.recv(1)
    until(lambda: has_a_seat(it, flood))
    assert b"Traceback" not in it.log.read_bytes()[before:]


def test_newline_behind_a_body_ends_no_live_answer(strict: Installation) -> None:
    """Some clients send one, which is to be passed over (RFC 9112, section 2.2)."""
    late = start_python(strict, strict.admin, "import time; time.sleep(4); print('late')")
    document = {"query": OUTPUT, "variables": {"id": late}}
    with opened(strict) as client:
        head = "Accept: text/event-stream\r\n"
        client.sendall(posted(strict, json.dumps(document).encode(), head))
        client.recv(1)
        client.sendall(b"\r\n")
        told = answer(client)
    assert '"late' in told and "event: complete" in told


def has_a_seat(it: Installation, flood: str) -> bool:
    with it.subscribe(it.admin, OUTPUT, id=flood, last=1) as events:
        try:
            return bool(next(iter(events)))
        except GraphQLRefusal as refusal:
            assert refusal.code == "TOO_MANY_REQUESTS"
            return False


@pytest.mark.parametrize(("due", "withdrawn"), [(3, False), (3, True), (0, True)])
@on_postgres
def test_client_that_has_left_when_answers_are_due_is_no_fault(
    installation: Installation, due: int, withdrawn: bool
) -> None:
    """The server is looking up whether they may still ask, and has not noticed that they left."""
    it = installation
    ended = run_python(it, it.admin, "").id
    files = f'{{ process(id: "{ended}") {{ files {{ name }} }} }}'
    token = str(uuid4())
    revoked = it.add_token(it.admin, id=token)
    before = it.log.stat().st_size
    with ExitStack() as later:
        with it.locked("file"), socket_of(it, revoked if withdrawn else it.admin) as client:
            for number in range(due):
                say(client, "subscribe", id=f"{number}", payload={"query": files})
                it.until_waiting("file", number + 1)
            it.graphql(it.admin, "mutation ($id: ID!) { revokeToken(id: $id) { id } }", id=token)
            later.enter_context(it.locked("token"))
            say(client, "subscribe", id="last", payload={"query": files})
            it.until_waiting("token", 1)
        until(lambda: it.waiting("file") == 0)
    it.graphql(it.admin, "{ viewer { name } }")
    assert b"Traceback" not in it.log.read_bytes()[before:]


# What no database has a part in is tested with one.
LONG = "x" * 200
SUBSCRIPTION = "subscription { processChanges { id } }"


@pytest.mark.parametrize(
    ("code", "messages"),
    [
        (4400, [{"type": LONG}]),
        (4409, 2 * [{"type": "subscribe", "id": LONG, "payload": {"query": SUBSCRIPTION}}]),
    ],
    ids=["type", "id"],
)
def test_reason_of_a_close_that_would_be_too_long_is_cut(
    strict: Installation, code: int, messages: list[dict[str, object]]
) -> None:
    with socket_of(strict, strict.admin) as client:
        for message in messages:
            client.send(json.dumps(message))
        with pytest.raises(ConnectionClosedError) as closed:
            while True:
                client.recv()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == code
    assert len(closed.value.rcvd.reason) > 100


@on_sqlite
def test_subscription_by_a_large_request_takes_no_turn_of_others(
    installation: Installation,
) -> None:
    it, padding = installation, "x" * 70_000
    with ExitStack() as stack:
        for _ in range(8):
            body = {"query": SUBSCRIPTION, "extensions": {"padding": padding}}
            headers = {**it.admin.headers, "Accept": "text/event-stream"}
            address = f"{it.url}/graphql"
            stream = it.http.stream("POST", address, headers=headers, json=body)
            assert stack.enter_context(stream).status_code == 200
        body = {"query": "{ viewer { name } }", "extensions": {"padding": padding}}
        answer = it.request(it.admin, "POST", "/graphql", json=body)
    assert answer.json() == {"data": {"viewer": {"name": "admin"}}}


@on_sqlite
def test_answers_to_pings_do_not_gather_for_who_does_not_read(installation: Installation) -> None:
    it, sent = installation, 24 << 20
    ping = b"\x89\xfd" + bytes(4) + b"x" * 125
    with opened(it) as client:
        key = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        key += f"Sec-WebSocket-Key: {'A' * 22}==\r\n"
        protocol = "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        client.sendall(f"GET /graphql HTTP/1.1\r\nHost: x\r\n{key}{protocol}".encode())
        client.recv(1 << 16)
        client.sendall(ping * ((1 << 20) // len(ping)))
        before = it.resident()
        for _ in range(sent >> 20):
            client.sendall(ping * ((1 << 20) // len(ping)))
        assert it.resident() - before < sent / 2


def test_client_that_reads_slowly_is_not_cut_off_however_much_it_asked_for(
    strict: Installation,
) -> None:
    """What several operations write together counts from when all have written."""
    it, operations = strict, 30
    ended = run_python(it, it.admin, "for _ in range(2000): print('x' * 1000)")
    document = f'{{ process(id: "{ended.id}") {{ output {{ text }} }} }}'
    with opened(it) as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        with connect_to(it, sock=plain, max_queue=1, max_size=None) as client:
            greet(client, it.admin)
            for number in range(operations):
                say(client, "subscribe", id=str(number), payload={"query": document})
            completed = 0
            while completed < operations:
                completed += json.loads(client.recv())["type"] == "complete"
                time.sleep(0.05)


MISTAKES = {
    "syntax": ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    "no query": ({"query": ""}, "GRAPHQL_VALIDATION_FAILED"),
    "no such field": ({"query": "{ x }"}, "GRAPHQL_VALIDATION_FAILED"),
    "no such operation": (
        {"query": "query A { viewer { name } }", "operationName": "B"},
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "one operation of several": (
        {"query": "query A { viewer { name } } query B { viewer { id } }"},
        "GRAPHQL_VALIDATION_FAILED",
    ),
}


@on_sqlite
@pytest.mark.parametrize(("payload", "code"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_in_one_operation_ends_no_other(
    installation: Installation, payload: dict[str, str], code: str
) -> None:
    it = installation
    with socket_of(it, it.admin) as client:
        say(client, "subscribe", id="1", payload={"query": SUBSCRIPTION})
        say(client, "subscribe", id="2", payload=payload)
        told = json.loads(client.recv())
        assert (told["type"], told["id"]) == ("error", "2")
        assert told["payload"][0]["extensions"]["code"] == code
        say(client, "subscribe", id="2", payload={"query": "{ viewer { name } }"})
        assert json.loads(client.recv())["payload"]["data"] == {"viewer": {"name": "admin"}}


@on_sqlite
def test_operation_beyond_the_limit_of_a_socket_is_told_so(installation: Installation) -> None:
    it = installation
    with socket_of(it, it.admin) as client:
        for number in range(101):
            say(client, "subscribe", id=str(number), payload={"query": SUBSCRIPTION})
        told = json.loads(client.recv())
        assert (told["type"], told["id"]) == ("error", "100")
        assert told["payload"][0]["extensions"]["code"] == "TOO_MANY_REQUESTS"
        assert "100 operations" in told["payload"][0]["message"]
        say(client, "complete", id="0")
        say(client, "subscribe", id="100", payload={"query": "{ viewer { name } }"})
        assert json.loads(client.recv())["type"] == "next"


@on_sqlite
@pytest.mark.parametrize("message", ["[]", "1", "{", '"x"'])
def test_message_that_is_no_object_is_told_so(installation: Installation, message: str) -> None:
    with socket_of(installation, installation.admin) as client:
        client.send(message)
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 4400
    assert closed.value.rcvd.reason == "A message must be a JSON object, in UTF-8"


@on_sqlite
def test_payload_of_a_greeting_may_be_null(installation: Installation) -> None:
    """As browsers send it that are signed in by their cookie; here the header says who."""
    it = installation
    with connect_to(it, it.admin.headers) as client:
        say(client, "connection_init", payload=None)
        assert json.loads(client.recv())["type"] == "connection_ack"


def connect_to(
    it: Installation, headers: Mapping[str, str] | None = None, **options: Any
) -> ClientConnection:
    connection: ClientConnection = connect(
        it.url.replace("http:", "ws:", 1) + "/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers=headers,
        proxy=None,
        **options,
    )
    return connection


@contextmanager
def socket_of(it: Installation, who: User) -> Iterator[ClientConnection]:
    """A WebSocket on which this user has signed in."""
    with connect_to(it) as client:
        greet(client, who)
        yield client


def greet(client: ClientConnection, who: User) -> None:
    say(client, "connection_init", payload={"Authorization": f"Bearer {who.token}"})
    assert json.loads(client.recv())["type"] == "connection_ack"


def say(client: ClientConnection, kind: str, **rest: object) -> None:
    client.send(json.dumps({"type": kind, **rest}))
