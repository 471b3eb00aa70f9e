"""Signing in with a password: sessions of browsers, the older contract's login, failures."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from argon2 import PasswordHasher
from starlette.responses import Response
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from server.cookie import SESSION
from tests.database import on_postgres, on_sqlite
from tests.faces import check_error
from tests.installation import NOBODY, PATIENCE, Installation, User, installed, until
from tests.subscription import GraphQLRefusal

PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ELSEWHERE = [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
ELSEWHERE += [{"Origin": "https://elsewhere.example"}, {"Origin": "http://["}]


@pytest.fixture
def somebody(installation: Installation) -> User:
    """A user with a password, hashed with other parameters than those of today."""
    it = installation
    it.execute("DELETE FROM attempt")
    user = it.add_user(f"somebody-{uuid4().hex[:8]}")
    it.execute(
        f"UPDATE user_account SET password = '{CHEAP.hash(PASSWORD)}' WHERE id = '{user.id}'"  # noqa: S608
    )
    return user


@pytest.fixture
def browser(installation: Installation) -> Iterator[httpx.Client]:
    """Keeps cookies, and sends them."""
    with httpx.Client(base_url=installation.url, trust_env=False, timeout=PATIENCE) as client:
        yield client


def sign_in(browser: httpx.Client, user: User, password: str = PASSWORD) -> httpx.Response:
    return browser.post("/session", json={"name": user.name, "password": password})


def ask(browser: httpx.Client, document: str, **headers: str) -> httpx.Response:
    return browser.post("/graphql", json={"query": document}, headers=headers)


def login(it: Installation, name: str, password: str, **headers: str) -> httpx.Response:
    fields = {"user": name, "password": password}
    return it.request(NOBODY, "POST", "/api/authn/login", data=fields, headers=headers)


def status(it: Installation, user: User) -> Any:
    return it.get(user, "/api/authn/status").json()


def name_by_socket(it: Installation, headers: dict[str, str]) -> str:
    """Who asks through a WebSocket that shows nothing but these headers."""
    with connect(
        it.url.replace("http:", "ws:", 1) + "/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers=headers,
        proxy=None,
    ) as socket:
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv())["type"] == "connection_ack"
        query = {"query": "{ viewer { name } }"}
        socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": query}))
        answer = json.loads(socket.recv())
        return str(answer["payload"]["data"]["viewer"]["name"])


def test_session_lets_a_browser_in_until_it_signs_out(
    installation: Installation, browser: httpx.Client, somebody: User
) -> None:
    it = installation
    assert browser.get("/session").json() == {"viewer": None}
    answer = sign_in(browser, somebody)
    assert answer.status_code == 204
    flags = answer.headers["set-cookie"].split("; ")[1:]
    assert flags == ["HttpOnly", "Max-Age=1209600", "Path=/", "SameSite=strict"]
    cookie = {"Cookie": f"procession={browser.cookies['procession']}"}
    viewer = {"id": somebody.id, "name": somebody.name, "isAdmin": False}
    assert browser.get("/session").json() == {"viewer": viewer}
    assert ask(browser, "{ viewer { name } }").json()["data"]["viewer"]["name"] == somebody.name
    assert browser.get("/api/system/processes").status_code == 200
    assert name_by_socket(it, {**cookie, "Origin": it.url}) == somebody.name
    assert browser.delete("/session").status_code == 204
    assert not browser.cookies
    assert ask(browser, "{ viewer { name } }", **cookie).status_code == 401
    assert browser.get("/api/system/processes", headers=cookie).status_code == 401
    with pytest.raises(ConnectionClosed, match="4403"):
        name_by_socket(it, {**cookie, "Origin": it.url})


def test_each_sign_in_is_a_session_of_its_own_and_ends_that_before(
    browser: httpx.Client, somebody: User
) -> None:
    sign_in(browser, somebody)
    before = browser.cookies["procession"]
    sign_in(browser, somebody)
    assert browser.cookies["procession"] != before
    headers = {"Authorization": f"Bearer {before}"}
    assert browser.get("/api/system/scripts", headers=headers).status_code == 401
    assert browser.get("/api/system/scripts").status_code == 200


@on_postgres
@pytest.mark.parametrize("hasher", [CHEAP, PasswordHasher()], ids=["outdated", "of today"])
def test_who_is_just_signing_in_by_a_password_that_is_changed_stays_out(
    installation: Installation, browser: httpx.Client, somebody: User, hasher: PasswordHasher
) -> None:
    it = installation
    hashed = hasher.hash(PASSWORD)
    it.execute(f"UPDATE user_account SET password = '{hashed}' WHERE id = '{somebody.id}'")  # noqa: S608
    change = "mutation ($id: ID!, $new: String!) { setPassword(id: $id, password: $new) { id } }"
    new = "battery of horses"
    with ThreadPoolExecutor() as threads:
        with it.holding("user_account", somebody):
            changed = threads.submit(it.graphql, it.admin, change, id=somebody.id, new=new)
            it.until_waiting("user_account", 1)
            answer = threads.submit(sign_in, browser, somebody)
            it.until_waiting("user_account", 2)
        assert changed.result()["setPassword"] == {"id": somebody.id}
        assert answer.result().status_code == 401
    assert browser.get("/session").json() == {"viewer": None}
    assert sign_in(browser, somebody, new).status_code == 204


@on_postgres
def test_who_changes_their_password_does_not_undo_a_change_by_an_administrator(
    installation: Installation, browser: httpx.Client, somebody: User
) -> None:
    """Whoever had found the old one out would stay in."""
    it = installation
    by_administrator = (
        "mutation ($id: ID!, $p: String!) { setPassword(id: $id, password: $p) { id } }"
    )
    own = "mutation ($old: String!, $new: String!) { changePassword(old: $old, new: $new) { id } }"
    with ThreadPoolExecutor() as threads:
        with it.holding("user_account", somebody):
            wish = {"id": somebody.id, "p": "battery of horses"}
            changed = threads.submit(it.graphql, it.admin, by_administrator, **wish)
            it.until_waiting("user_account", 1)
            passwords = {"old": PASSWORD, "new": "horses of mine"}
            late = threads.submit(it.graphql, somebody, own, **passwords)
            it.until_waiting("user_account", 2)
        assert changed.result()["setPassword"] == {"id": somebody.id}
        with pytest.raises(GraphQLRefusal) as refused:
            late.result()
    assert refused.value.fields == {"old": ["This has just been changed; try again."]}
    assert sign_in(browser, somebody, "horses of mine").status_code == 401
    assert sign_in(browser, somebody, "battery of horses").status_code == 204


@on_sqlite
@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_cookie_is_no_good_for_pages_of_other_sites(
    installation: Installation, browser: httpx.Client, somebody: User, headers: dict[str, str]
) -> None:
    it = installation
    sign_in(browser, somebody)
    missing = f"/api/system/processes/{uuid4()}"
    answer = ask(browser, "{ viewer { name } }", **headers)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    check_error(browser.delete(missing, headers=headers))
    assert browser.delete(missing, headers=headers).status_code == 403
    assert browser.delete("/session", headers=headers).status_code == 403
    for method, path in (("POST", "/uploads"), ("PATCH", "/uploads/x"), ("DELETE", "/uploads/x")):
        assert browser.request(method, path, headers=headers).status_code == 403
    cookie = {"Cookie": f"procession={browser.cookies['procession']}"}
    with pytest.raises(InvalidStatus, match="403"):
        name_by_socket(it, {**cookie, **headers})
    credentials = {"name": somebody.name, "password": PASSWORD}
    assert browser.post("/session", json=credentials, headers=headers).status_code == 403
    processes = "/api/system/processes"
    assert browser.get(processes, headers=headers).status_code == 401
    link = {**headers, "Sec-Fetch-Mode": "navigate"}
    assert browser.get(processes, headers=link).status_code == 200, "somebody follows a link"
    token = it.request(somebody, "DELETE", missing, headers=headers)
    assert token.status_code == 404, "no other site can have a token sent"


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_page_of_another_site_cannot_make_its_visitors_fail_to_sign_in(
    installation: Installation, somebody: User, headers: dict[str, str]
) -> None:
    it = installation
    refused = login(it, somebody.name, "wrong", **headers)
    check_error(refused)
    assert refused.status_code == 403
    assert it.rows("SELECT count(*) FROM attempt") == [(0,)]


@on_sqlite
@pytest.mark.parametrize("other", ['a={"x":1}', "a=b c", "a[]=1", "ä=é", "=;;"])
def test_cookie_of_another_application_signs_nobody_out(
    browser: httpx.Client, somebody: User, other: str
) -> None:
    sign_in(browser, somebody)
    both = f"{other}; procession={browser.cookies['procession']}; {other}".encode()
    session = browser.get("/session", headers=[(b"Cookie", both)])
    assert session.json()["viewer"]["name"] == somebody.name


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "own"}], ids=str)
def test_cookie_is_good_for_the_own_page(
    installation: Installation, browser: httpx.Client, somebody: User, headers: dict[str, str]
) -> None:
    sign_in(browser, somebody)
    own = {name: text.replace("own", installation.url) for name, text in headers.items()}
    assert ask(browser, "{ viewer { name } }", **own).status_code == 200


def test_cookie_is_secure_where_the_connection_is() -> None:
    response = Response()
    scope = {"type": "http", "scheme": "https", "headers": []}
    SESSION.give(response, scope, "token", 60)
    assert response.headers["set-cookie"] == (
        "__Host-procession=token; HttpOnly; Max-Age=60; Path=/; SameSite=strict; Secure"
    )


@pytest.mark.parametrize("body", ["", "[]", '{"name": "x"}', '{"name": "x", "password": 1}'])
def test_credentials_of_another_form_are_refused(browser: httpx.Client, body: str) -> None:
    answer = browser.post("/session", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    check_error(answer)


def test_password_is_hashed_anew_with_the_parameters_of_today(
    installation: Installation, browser: httpx.Client, somebody: User
) -> None:
    sign_in(browser, somebody)
    sql = f"SELECT password FROM user_account WHERE id = '{somebody.id}'"  # noqa: S608
    ((stored,),) = installation.rows(sql)
    assert not PasswordHasher().check_needs_rehash(stored)
    assert PasswordHasher().verify(stored, PASSWORD)


def test_refusal_does_not_tell_what_was_wrong(
    installation: Installation, browser: httpx.Client, somebody: User
) -> None:
    it = installation
    it.execute(f"UPDATE user_account SET disabled_at = 1 WHERE id = '{somebody.id}'")  # noqa: S608
    without = it.add_user(f"without-{uuid4().hex[:8]}")
    answers = [
        sign_in(browser, somebody),
        sign_in(browser, somebody, "wrong"),
        sign_in(browser, without, ""),
        sign_in(browser, User("", "nobody", "")),
        sign_in(browser, User("", "no\0body\n" * 100, "")),
    ]
    told = [{**each.json(), "timestamp": ""} for each in answers]
    assert told == [told[0]] * len(told)
    assert told[0]["status"] == 401
    assert not browser.cookies


@on_sqlite
@pytest.mark.parametrize("exists", [True, False])
def test_failures_slow_down_whether_the_account_exists_or_not(
    installation: Installation, somebody: User, exists: bool
) -> None:
    it = installation
    name = somebody.name if exists else f"nobody-{uuid4().hex[:8]}"
    for _ in range(5):
        assert login(it, name, "wrong").status_code == 401
    until(lambda: login(it, name, PASSWORD.upper()).status_code == 429)  # at first for a second
    it.execute("UPDATE attempt SET failures = 10")
    answer = login(it, name, PASSWORD)
    check_error(answer)
    assert answer.status_code == 429, "even with the right password"
    assert 1 <= int(answer.headers["retry-after"]) <= 32
    it.execute("UPDATE attempt SET failures = 40")
    assert 900 - PATIENCE < int(login(it, name, PASSWORD).headers["retry-after"]) <= 900, (
        "never for ever"
    )
    it.execute("UPDATE attempt SET last_at = 0")
    assert login(it, name, PASSWORD).status_code == (200 if exists else 401)
    assert login(it, name, "wrong").status_code == 401, "and then anew"


def test_right_passwords_that_come_together_are_no_failures(
    installation: Installation, somebody: User
) -> None:
    it = installation
    it.cli("user", "password", somebody.name, stdin=f"{PASSWORD}\n")
    with ThreadPoolExecutor(12) as threads:
        answers = threads.map(lambda _: login(it, somebody.name, PASSWORD).status_code, range(12))
        assert [*answers] == [200] * 12
        it.execute("DELETE FROM attempt")
        assert login(it, somebody.name, "wrong").status_code == 401
        it.execute("UPDATE attempt SET failures = 40")
        answers = threads.map(lambda _: login(it, somebody.name, PASSWORD).status_code, range(12))
        assert [*answers] == [429] * 12


def test_failures_slow_down_their_address(installation: Installation, somebody: User) -> None:
    it = installation
    assert login(it, "nobody", "wrong").status_code == 401
    it.execute("UPDATE attempt SET failures = 30")
    assert login(it, somebody.name, PASSWORD).status_code == 429


def test_failures_slow_down_nobody_elsewhere() -> None:
    """One person has one address of IPv4, however it is written, or a network of IPv6."""
    with installed(PROCESSION_TRUSTED_PROXIES="127.0.0.1") as it:
        it.start()

        def fail(address: str) -> int:
            headers = {"X-Forwarded-For": address}
            return login(it, f"nobody-{uuid4()}", "wrong", **headers).status_code

        for guilty, same, other in (
            ("::ffff:192.0.2.1", "192.0.2.1", "::ffff:192.0.2.2"),
            ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"),
        ):
            assert fail(guilty) == 401
            it.execute("UPDATE attempt SET failures = 30")
            assert [fail(guilty), fail(same), fail(other)] == [429, 429, 401]


def test_login_of_the_older_contract(installation: Installation, somebody: User) -> None:
    it = installation
    answer = login(it, somebody.name, PASSWORD)
    assert (answer.status_code, answer.content) == (200, b"")
    scheme, _, token = answer.headers["authorization"].partition(" ")
    assert scheme == "Bearer"
    user = it.sign_in(token)
    assert user.id == somebody.id
    links = {
        "self": {"href": "/api/authn/status"},
        "login": {"href": "/api/authn/login"},
        "logout": {"href": "/api/authn/logout"},
    }
    shown = {"okay": True, "authenticated": True, "type": "status", "_links": links}
    assert status(it, user) == shown
    assert status(it, NOBODY) == {**shown, "authenticated": False}
    assert it.request(user, "POST", "/api/authn/logout").status_code == 204
    assert status(it, user) == {**shown, "authenticated": False}
    assert it.request(user, "POST", "/api/authn/logout").status_code == 204
    assert it.get(user, "/api/system/scripts").status_code == 401


def test_logout_leaves_tokens_of_programs(installation: Installation, somebody: User) -> None:
    assert installation.request(somebody, "POST", "/api/authn/logout").status_code == 204
    assert status(installation, somebody)["authenticated"] is True


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"user": "admin"}, 401), ({"user": ["a", "b"], "password": "x"}, 401), ({}, 415)],
    ids=str,
)
def test_login_without_both_fields_is_refused(
    installation: Installation, fields: dict[str, Any], code: int
) -> None:
    answer = installation.request(NOBODY, "POST", "/api/authn/login", data=fields)
    assert answer.status_code == code
    check_error(answer)


def test_form_that_is_too_large_is_refused(installation: Installation) -> None:
    assert login(installation, "admin", "x" * 20_000).status_code == 413


@on_sqlite
def test_password_is_set_at_the_command_line(installation: Installation, somebody: User) -> None:
    it = installation
    old = it.sign_in(login(it, somebody.name, PASSWORD).headers["authorization"].split()[1])
    assert "at least 12 characters" in it.cli(
        "user", "password", somebody.name, code=1, stdin="short\n"
    )
    it.cli("user", "password", somebody.name, stdin=f"another {PASSWORD}\n")
    assert login(it, somebody.name, PASSWORD).status_code == 401
    assert login(it, somebody.name, f"another {PASSWORD}").status_code == 200
    sql = f"SELECT count(*) FROM token WHERE user_id = '{old.id}' AND revoked_at > 0"  # noqa: S608
    assert it.rows(sql) == [(1,)]
    assert PASSWORD not in it.log.read_text()
