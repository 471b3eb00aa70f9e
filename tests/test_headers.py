"""Headers: what guards whoever reads an answer in a browser, other origins, proxies before us."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from tests.faces import check_error
from tests.installation import NOBODY, Installation, installed

FRIEND = "https://www.example.org"
STRANGER = "https://evil.example.org"
GUARDS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def closed() -> Iterator[Installation]:
    """As it is without settings, but with HSTS."""
    with installed(PROCESSION_HSTS="3600") as it:
        it.start()
        yield it


@pytest.fixture(scope="module")
def known() -> Iterator[Installation]:
    """That knows another origin, and the proxies before it."""
    with installed(
        PROCESSION_CORS_ORIGINS=f"{FRIEND}, http://localhost:5173",
        PROCESSION_TRUSTED_PROXIES="10.0.0.0/8, 127.0.0.1",
        PROCESSION_HSTS="3600",
    ) as it:
        it.start()
        yield it


ANSWERS = [
    *("/", "/graphql", "/nothing", "/healthz", "/readyz", "/api", "/api/openapi.json"),
    *("/session", "/api/authn/status", "/api/authn/login"),
    *("/api/system/processes", "/graphql?query={viewer{id}}", "/graphql/assets/none.js"),
]


def test_every_answer_is_guarded_and_none_tells_the_server(closed: Installation) -> None:
    answers = [closed.get(NOBODY, path) for path in ANSWERS]
    answers.append(closed.get(NOBODY, "/graphql", headers={"Accept": "text/html"}))
    answers.append(closed.request(closed.admin, "POST", "/graphql", json={"query": "{ x }"}))
    for answer in answers:
        assert {name: answer.headers.get(name) for name in GUARDS} == GUARDS, answer.url
        assert all(len(answer.headers.get_list(name)) == 1 for name in GUARDS)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "server" not in answer.headers and "x-powered-by" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers


def test_what_is_no_http_is_refused_with_the_same_guards(closed: Installation) -> None:
    address = urlsplit(closed.url)
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(b"hello\r\n\r\n")
        answer = client.makefile("rb").read().decode().lower()
    assert answer.startswith("http/1.1 400 ")
    assert all(f"{name}: {value.lower()}" in answer for name, value in GUARDS.items())


# --- other origins --------------------------------------------------------------------------------

PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.mark.parametrize("path", ["/graphql", "/api/system/processes"])
def test_page_of_a_known_origin_may_ask_by_token_but_not_by_cookie(
    known: Installation, path: str
) -> None:
    asked = known.request(NOBODY, "OPTIONS", path, headers={"Origin": FRIEND, **PREFLIGHT})
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == FRIEND
    assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    answer = known.get(known.admin, path, headers={"Origin": FRIEND})
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert "Origin" in answer.headers["vary"]
    for each in (asked, answer):
        assert "access-control-allow-credentials" not in each.headers


def test_page_of_a_known_origin_may_sign_in(known: Installation) -> None:
    credentials = {"user": "nobody", "password": "wrong"}
    for origin, status in ((FRIEND, 401), (STRANGER, 403)):
        headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
        answer = known.request(
            NOBODY, "POST", "/api/authn/login", data=credentials, headers=headers
        )
        assert answer.status_code == status


def test_page_of_a_known_origin_may_upload_in_pieces(known: Installation) -> None:
    wanted = "authorization,content-type,tus-resumable,upload-offset"
    headers = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": wanted}
    asked = known.request(NOBODY, "OPTIONS", "/uploads/x", headers={"Origin": FRIEND, **headers})
    assert asked.status_code == 200
    answer = known.request(known.admin, "HEAD", "/uploads/x", headers={"Origin": FRIEND})
    exposed = set(answer.headers["access-control-expose-headers"].split(", "))
    assert {"Location", "Upload-Offset", "Upload-Length"} <= exposed


@pytest.mark.parametrize(
    "origin", [STRANGER, "null", f"{FRIEND}.evil.org", f"{FRIEND}:8443", FRIEND.upper()]
)
def test_page_of_another_origin_may_not(known: Installation, origin: str) -> None:
    asked = known.request(NOBODY, "OPTIONS", "/graphql", headers={"Origin": origin, **PREFLIGHT})
    answer = known.get(known.admin, "/api", headers={"Origin": origin})
    assert asked.status_code == 400
    for each in (asked, answer):
        assert "access-control-allow-origin" not in each.headers


def test_preflight_is_refused_where_no_origin_is_known(closed: Installation) -> None:
    headers = {"Origin": FRIEND, **PREFLIGHT}
    answer = closed.request(NOBODY, "OPTIONS", "/api/system/processes", headers=headers)
    assert answer.status_code == 405
    check_error(answer)


PASSWORD = "correct horse battery"
BY_SCRIPT = {"Origin": FRIEND, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
DOCUMENT = {"query": "{ viewer { name } }"}


def began(it: Installation, name: str, **headers: str) -> dict[str, str]:
    """The cookie of a new session of the user, who is made for it."""
    it.execute("DELETE FROM attempt")
    user = it.add_user(name)
    it.cli("user", "password", name, stdin=f"{PASSWORD}\n")
    credentials = {"name": user.name, "password": PASSWORD}
    answer = it.request(NOBODY, "POST", "/session", json=credentials, headers=headers)
    assert answer.status_code == 204
    it.http.cookies.clear()
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_cookie_counts_for_no_page_of_a_known_origin(known: Installation) -> None:
    cookie = began(known, "carol")
    headers = {**cookie, **BY_SCRIPT}
    for who, code in ((NOBODY, 401), (known.admin, 200)):
        assert known.get(who, "/api/system/processes", headers=headers).status_code == code
        answer = known.request(who, "POST", "/graphql", json=DOCUMENT, headers=headers)
        assert answer.status_code == code
    credentials = {"name": "carol", "password": PASSWORD}
    answer = known.request(NOBODY, "POST", "/session", json=credentials, headers=BY_SCRIPT)
    assert answer.status_code == 403
    assert greeted(known, headers, {"Authorization": f"Bearer {known.admin.token}"})
    assert not greeted(known, headers, {})
    assert greeted(known, {**cookie, "Origin": known.url}, {})


def greeted(it: Installation, headers: dict[str, str], said: dict[str, str]) -> bool:
    """Whether a WebSocket that is opened with these headers lets in who says this."""
    url = it.url.replace("http:", "ws:", 1) + "/graphql"
    protocols = [Subprotocol("graphql-transport-ws")]
    with connect(url, additional_headers=headers, subprotocols=protocols, proxy=None) as socket:
        socket.send(json.dumps({"type": "connection_init", "payload": said}))
        try:
            return bool(json.loads(socket.recv())["type"] == "connection_ack")
        except ConnectionClosed:
            return False


def shaken_hands(it: Installation, origin: str) -> bool:
    """Whether a page of this origin may open a WebSocket."""
    url = it.url.replace("http:", "ws:", 1) + "/graphql"
    protocols = [Subprotocol("graphql-transport-ws")]
    try:
        with connect(url, origin=Origin(origin), subprotocols=protocols, proxy=None):
            return True
    except InvalidStatus as refusal:
        assert refusal.response.status_code == 403
        return False


def test_websocket_is_open_to_the_same_origins(known: Installation, closed: Installation) -> None:
    assert shaken_hands(known, FRIEND)
    assert shaken_hands(known, known.url)
    assert shaken_hands(closed, closed.url)
    for it, origin in ((known, STRANGER), (known, "null"), (closed, FRIEND)):
        assert not shaken_hands(it, origin)


# --- proxies --------------------------------------------------------------------------------------


def is_secure(it: Installation, **headers: str) -> bool:
    """Whether the server takes a request for one that came by TLS."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = it.get(NOBODY, "/api", headers=named)
    hsts = answer.headers.get("strict-transport-security")
    assert hsts in (None, "max-age=3600")
    return hsts is not None


def test_proxy_is_believed_only_where_it_is_known(
    known: Installation, closed: Installation
) -> None:
    assert is_secure(known, X_Forwarded_Proto="https")
    assert not is_secure(known, X_Forwarded_Proto="http")
    assert not is_secure(known, Forwarded="proto=https")  # which a client could have sent
    assert not is_secure(known)
    assert not is_secure(closed, X_Forwarded_Proto="https")


def test_client_before_a_known_proxy_is_whose_sessions_failures_and_deeds_are_told_apart(
    known: Installation, closed: Installation
) -> None:
    client = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7, 10.1.1.1"}
    sessions = {"query": "{ viewer { sessions { address } } }"}
    for it, proto, address in ((known, "https", "203.0.113.7"), (closed, "http", "127.0.0.1")):
        cookie = began(it, "dave", **client, **{"X-Forwarded-Proto": "https"})
        assert cookie["Cookie"].startswith("__Host-") is (proto == "https")
        headers = {**cookie, "X-Forwarded-Proto": "https"}
        told = it.request(NOBODY, "POST", "/graphql", json=sessions, headers=headers).json()
        assert told["data"]["viewer"]["sessions"] == [{"address": address}]
        audit = "SELECT address FROM audit WHERE action = 'session.start' AND actor = 'dave'"
        assert it.rows(audit) == [(address,)]
    known.execute("DELETE FROM attempt")
    wrong = {"user": "nobody", "password": "wrong"}
    known.request(NOBODY, "POST", "/api/authn/login", data=wrong, headers=client)
    known.execute("UPDATE attempt SET failures = 40")
    for address, code in (("203.0.113.7", 429), ("203.0.113.8", 401)):
        answer = known.request(
            NOBODY,
            "POST",
            "/api/authn/login",
            data={**wrong, "user": "somebody"},
            headers={"X-Forwarded-For": address},
        )
        assert answer.status_code == code


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PROCESSION_CORS_ORIGINS", "*"),
        ("PROCESSION_CORS_ORIGINS", "null"),
        ("PROCESSION_CORS_ORIGINS", "https://www.example.org/"),
        ("PROCESSION_TRUSTED_PROXIES", "*"),
        ("PROCESSION_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("PROCESSION_HSTS", "-1"),
    ],
)
def test_setting_that_would_let_anybody_in_is_refused(
    closed: Installation, setting: str, value: str
) -> None:
    assert setting in closed.cli("migrate", "--check", code=1, **{setting: value})
