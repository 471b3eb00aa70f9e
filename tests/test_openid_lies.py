"""Identity providers that are away or lie, forged answers, and settings that cannot be used."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from joserfc.jwk import ECKey
from websockets.exceptions import ConnectionClosed

from server.settings import SettingsError, read_settings
from tests.conftest import installed_on
from tests.database import on_sqlite
from tests.faces import check_error
from tests.installation import Installation, installed, until
from tests.openid import AUDIENCE, Browser, Liar, as_bearer, bearing, new_key, published, signed
from tests.running import CHANGES

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_provider_that_is_away_keeps_nobody_else_out() -> None:
    issuer = "http://127.0.0.1:9"
    settings = {"OPENID_ISSUER": issuer, "OPENID_CLIENT_ID": "web", "OPENID_AUDIENCE": AUDIENCE}
    with installed(**{f"PROCESSION_{name}": text for name, text in settings.items()}) as it:
        it.start()
        token = signed(new_key(), issuer, aud=AUDIENCE)
        answer = bearing(it, token)
        check_error(answer)
        assert answer.status_code == 503
        document = {"query": "{ viewer { name } }"}
        answer = it.request(as_bearer(token), "POST", "/graphql", json=document)
        assert answer.status_code == 503
        assert answer.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE"}
        with pytest.raises(ConnectionClosed, match="1013"), it.subscribe(as_bearer(token), CHANGES):
            pass
        with Browser(it.url) as browser:
            assert str(browser.walk("/session/openid").url) == f"{it.url}/graphql"
            assert "cannot be asked at the moment" in browser.session["problem"]
        assert it.admin.name == "admin"


@pytest.fixture(scope="module")
def liar() -> Iterator[Liar]:
    with Liar.running() as it:
        yield it


@pytest.fixture(scope="module")
def fooled(database: str, request: pytest.FixtureRequest, liar: Liar) -> Iterator[Installation]:
    """A server that trusts the liar, as a public client."""
    with installed_on(
        database,
        request,
        PROCESSION_OPENID_ISSUER=liar.issuer,
        PROCESSION_OPENID_CLIENT_ID="page",
        PROCESSION_TRUSTED_PROXIES="127.0.0.1",
    ) as it:
        it.start()
        yield it


@pytest.fixture
def visitor(fooled: Installation) -> Iterator[Browser]:
    with Browser(fooled.url) as client:
        yield client


def leave(browser: Browser) -> dict[str, str]:
    """What the provider is asked when a sign-in begins."""
    answer = browser.get("/session/openid")
    assert answer.status_code == 303
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: value for name, [value] in query.items()}


def come_back(browser: Browser, **answer: str) -> str:
    """What the page is told when the provider has sent the browser back with this answer."""
    back = browser.get("/session/openid/callback", params=answer)
    assert (back.status_code, back.headers["location"]) == (303, "/graphql")
    told = browser.session
    assert (told["viewer"] is None) == ("problem" in told)
    return str(told.get("problem", ""))


ELSEWHERE = "not begun in this browser"
NOT_GOOD = "not good here"
LIES: dict[str, tuple[dict[str, Any], str]] = {
    "of another issuer": ({"iss": "https://other.example"}, NOT_GOOD),
    "for another client": ({"aud": "other"}, NOT_GOOD),
    "for others too, and got by one of them": ({"aud": ["page", "b"], "azp": "b"}, "elsewhere"),
    "expired": ({"exp": 1}, NOT_GOOD),
    "of another sign-in": ({"nonce": "x"}, ELSEWHERE),
    "without a nonce": ({"nonce": None}, ELSEWHERE),
    "without a subject": ({"sub": None}, NOT_GOOD),
    "true": ({"name": "true"}, ""),
}


@on_sqlite
@pytest.mark.parametrize("lie", LIES)
def test_id_token_must_be_for_this_sign_in(visitor: Browser, liar: Liar, lie: str) -> None:
    claims, words = LIES[lie]
    asked = leave(visitor)
    whole: dict[str, Any] = {"aud": "page", "nonce": asked["nonce"], **claims}
    token = signed(liar.key, liar.issuer, **whole)
    liar.say("/token", {"id_token": token})
    told = come_back(visitor, code="x", state=asked["state"], iss=liar.issuer)
    assert words in told if words else not told


@on_sqlite
def test_question_has_what_guards_its_answer(fooled: Installation, visitor: Browser) -> None:
    asked = leave(visitor)
    assert asked.pop("redirect_uri") == f"{fooled.url}/session/openid/callback"
    varied = [asked.pop(name) for name in ("state", "nonce", "code_challenge")]
    assert [len(each) for each in varied] == [43, 43, 43]
    assert asked == {
        "tenant": "1",
        "response_type": "code",
        "client_id": "page",
        "scope": "openid profile",
        "code_challenge_method": "S256",
    }
    answer = visitor.get("/session/openid")
    cookies = [each.split("; ") for each in answer.headers.get_list("set-cookie")]
    assert [each.partition("=")[0] for each, *_ in cookies] == [
        "procession-openid",
        "procession-place",
    ]
    for _, *attributes in cookies:
        assert attributes == ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=lax"]
    through_tls = visitor.get("/session/openid", headers={"X-Forwarded-Proto": "https"})
    back = fooled.url.replace("http:", "https:", 1) + "/session/openid/callback"
    assert quote_plus(back) in through_tls.headers["location"]
    assert through_tls.headers["set-cookie"].startswith("__Host-procession-openid=")
    away = visitor.get("/session/openid", headers={"Sec-Fetch-Site": "cross-site"})
    assert away.status_code == 403


def test_redirect_uri_is_that_of_the_address_that_is_set(liar: Liar) -> None:
    settings = {
        "PROCESSION_OPENID_ISSUER": liar.issuer,
        "PROCESSION_OPENID_CLIENT_ID": "page",
        "PROCESSION_REST_BASE_URL": "https://processes.example.org",
    }
    with installed(**settings) as it, Browser("") as browser:
        it.start()
        asked = browser.get(f"{it.url}/session/openid", headers={"Host": "evil.example.org"})
        back = quote_plus("https://processes.example.org/session/openid/callback")
        assert f"redirect_uri={back}&" in f"{asked.headers['location']}&"
        returned = browser.get(f"{it.url}/session/openid/callback?code=x")
        assert returned.headers["location"] == "https://processes.example.org/graphql"


@on_sqlite
def test_answer_must_be_to_the_own_question(
    fooled: Installation, visitor: Browser, liar: Liar
) -> None:
    asked = leave(visitor)
    token = signed(liar.key, liar.issuer, aud="page", nonce=asked["nonce"])
    liar.say("/token", {"id_token": token})
    answer = {"code": "x", "state": asked["state"], "iss": liar.issuer}
    with Browser(fooled.url) as other:
        assert ELSEWHERE in come_back(other, **answer)
        leave(other)
        assert ELSEWHERE in come_back(other, **answer)
    assert ELSEWHERE in come_back(visitor, **{**answer, "state": "x"})
    assert ELSEWHERE in come_back(visitor, **answer), "each is good for one answer"
    for issuer in ({"iss": "https://other.example"}, {}):
        state = leave(visitor)["state"]
        assert "another identity provider" in come_back(visitor, code="x", state=state, **issuer)
    state = leave(visitor)["state"]
    told = come_back(visitor, error="access_denied", state=state, iss=liar.issuer)
    assert "did not let you in" in told
    state = leave(visitor)["state"]
    told = come_back(visitor, error="<b>", state=state, iss=liar.issuer)
    assert told == "The identity provider refused; sign in again"


@on_sqlite
def test_answers_that_nobody_asked_for_do_not_fill_the_audit(
    fooled: Installation, visitor: Browser
) -> None:
    """From whichever addresses of one network they come."""
    for number in range(70):
        back = {"X-Forwarded-For": f"2001:db8:0:1::{number:x}"}
        assert visitor.get("/session/openid/callback", headers=back).status_code == 303
    entries = "SELECT count(*) FROM audit WHERE address LIKE '2001:db8:0:1:%'"
    assert fooled.rows(entries) == [(60,)]


@on_sqlite
@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, b'{"error": "invalid_grant"}', "does not know this sign-in"),
        (401, b'{"error": "invalid_client"}', "cannot be asked"),
        (302, b"{}", "cannot be asked"),
        (200, b"[]", "cannot be asked"),
        (200, b"{" + b" " * (2 << 20) + b"}", "cannot be asked"),
        (200, b"{}", "no JWT that the identity provider has signed"),
    ],
    ids=["old code", "wrong secret", "redirect", "no object", "endless", "no token"],
)
def test_strange_answers_of_a_provider_let_nobody_in(
    visitor: Browser, liar: Liar, status: int, body: bytes, words: str
) -> None:
    asked = leave(visitor)
    liar.answers["/token"] = status, body
    assert words in come_back(visitor, code="x", state=asked["state"], iss=liar.issuer)


@on_sqlite
def test_jwts_are_taken_only_where_a_setting_says_so(fooled: Installation, liar: Liar) -> None:
    for audience in ("page", ""):
        assert bearing(fooled, signed(liar.key, liar.issuer, aud=audience)).status_code == 401


@pytest.fixture
def another() -> Iterator[Liar]:
    """A liar of a test's own, of which no server knows anything yet."""
    with Liar.running() as it:
        yield it


@pytest.fixture
def programs(another: Liar) -> Iterator[Installation]:
    """A server that takes the JWTs of another liar."""
    settings = {"ISSUER": another.issuer, "CLIENT_ID": "page", "AUDIENCE": AUDIENCE}
    with installed(**{f"PROCESSION_OPENID_{name}": text for name, text in settings.items()}) as it:
        it.start()
        yield it


def test_jwt_that_is_revoked_is_so_with_either_of_its_signatures(
    programs: Installation, another: Liar
) -> None:
    it = programs
    key = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig", "kid": "curve"})
    another.say("/keys", published(key))
    jwt = signed(key, another.issuer, {"alg": "ES256"}, aud=AUDIENCE, scope="procession:admin")
    forms = [jwt, twin_of(jwt)]
    document = "{ viewer { tokens { id } } }"
    answers = [it.graphql(as_bearer(form), document) for form in forms]
    [token] = answers[0]["viewer"]["tokens"]
    assert answers == [answers[0]] * 2, "they are one token"
    it.graphql(it.admin, "mutation ($id: ID!) { revokeToken(id: $id) { id } }", **token)
    assert [bearing(it, form).status_code for form in forms] == [401] * 2


def test_provider_that_names_no_key_may_change_it(programs: Installation, another: Liar) -> None:
    old, new = (new_key(kid) for kid in ("old", "new"))
    old_jwt, new_jwt = (
        signed(key, another.issuer, {"kid": None}, aud=AUDIENCE) for key in (old, new)
    )
    another.say("/keys", published(old))
    assert bearing(programs, old_jwt).status_code == 200
    another.say("/keys", published(new))
    until(lambda: bearing(programs, new_jwt).status_code == 200)


def test_provider_is_not_asked_of_users_where_others_could_read_it(
    programs: Installation, another: Liar
) -> None:
    plain = {**another.description, "userinfo_endpoint": "http://provider.example.org/users"}
    another.say("/.well-known/openid-configuration", plain)
    with Browser(programs.url) as browser:
        browser.walk("/session/openid")
        assert "cannot be asked at the moment" in browser.session["problem"]
    assert "'http://provider.example.org/users' as userinfo_endpoint" in programs.log.read_text()


def twin_of(jwt: str) -> str:
    """The same JWT with the other signature that ECDSA takes, which is made without the key."""
    signed_text, _, signature = jwt.rpartition(".")
    both = urlsafe_b64decode(signature + "==")
    other = P256_ORDER - int.from_bytes(both[32:])
    whole = urlsafe_b64encode(both[:32] + other.to_bytes(32)).rstrip(b"=").decode()
    return f"{signed_text}.{whole}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUER", "http://provider.example.org"),
        ("ISSUER", ""),
        ("CLIENT_ID", ""),
        ("SCOPE", "profile"),
        ("GROUPS", "curators"),
        ("GROUPS", f"curators={'x' * 101}"),
    ],
    ids=str,
)
def test_setting_that_cannot_be_used_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for each in ("ISSUER", "CLIENT_ID", "GROUPS"):
        monkeypatch.setenv(f"PROCESSION_OPENID_{each}", "https://provider.example.org/=x")
    monkeypatch.setenv(f"PROCESSION_OPENID_{name}", value)
    with pytest.raises(SettingsError, match=f"^PROCESSION_OPENID_{name}: "):
        read_settings()
