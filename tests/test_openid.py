"""Signing in by OpenID Connect: people by a provider's page, programs by its JWTs."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey

from server.page import DIST
from tests.browser import run_in_browser
from tests.conftest import installed_on
from tests.database import on_postgres, on_sqlite
from tests.faces import GraphQL, Refused, Rest
from tests.installation import Installation, User, until
from tests.openid import AUDIENCE, SECRET, Browser, Provider, as_bearer, bearing, new_key, signed
from tests.running import CHANGES, start_python
from tests.subscription import GraphQLRefusal

GROUPS = {
    "PROCESSION_OPENID_GROUPS": "uni:a=curators, uni:b = readers,staff=curators",
    "PROCESSION_OPENID_ADMIN_GROUPS": "chiefs,heads",
    "PROCESSION_OPENID_LABEL": "the university",
}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider.running() as it:
        yield it


@pytest.fixture(scope="module")
def it(database: str, provider: Provider, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """A server that lets in whom the provider knows."""
    with installed_on(database, request, **provider.settings(**GROUPS)) as it:
        it.start()
        yield it
        assert SECRET not in it.log.read_text()


@pytest.fixture
def browser(it: Installation) -> Iterator[Browser]:
    with Browser(it.url) as client:
        yield client


@pytest.fixture
def name() -> str:
    return f"ann-{uuid4().hex[:8]}"


def user_of(it: Installation, name: str) -> tuple[Any, ...]:
    """Their id, whether they are an administrator, and their groups."""
    document = """query ($name: String!) { user(name: $name) { id isAdmin groups { name } } }"""
    found = it.graphql(it.admin, document, name=name)["user"]
    return found["id"], found["isAdmin"], [each["name"] for each in found["groups"]]


# --- people --------------------------------------------------------------------------------------


def test_person_signs_in_by_the_provider(it: Installation, browser: Browser, name: str) -> None:
    assert browser.session == {"viewer": None, "openid": {"label": "the university"}}
    answer = browser.sign_in(name)
    assert str(answer.url) == f"{it.url}/graphql"
    viewer = browser.session["viewer"]
    assert (viewer["name"], viewer["isAdmin"]) == (name, False)
    assert "procession-openid" not in browser.cookies
    assert browser.get("/api/system/processes").status_code == 200
    before = browser.cookies["procession"]
    browser.sign_in(name)
    assert browser.session["viewer"] == viewer, "they are known by now"
    assert it.get(as_bearer(before), "/api/system/processes").status_code == 401
    assert browser.delete("/session").status_code == 204
    assert browser.session.get("viewer") is None


@on_sqlite
@pytest.mark.parametrize(
    ("page", "led_to"),
    [
        ("/processes?status=failed", "/processes?status=failed"),
        ("//evil.example.org", "/graphql"),
        ("/\\evil.example.org", "/graphql"),
        ("https://evil.example.org/", "/graphql"),
        ("/x\r\nSet-Cookie: y=z", "/graphql"),
    ],
)
def test_person_comes_back_to_the_page_of_ours_that_they_left(
    it: Installation, browser: Browser, name: str, page: str, led_to: str
) -> None:
    answer = browser.sign_in(name, page)
    assert str(answer.url) == f"{it.url}{led_to}"
    assert browser.session["viewer"]["name"] == name
    assert "procession-place" not in browser.cookies


def test_a_name_that_is_taken_makes_nobody_somebody_else(
    it: Installation, browser: Browser, name: str
) -> None:
    local = it.add_user(name.upper())
    browser.sign_in(name)
    viewer = browser.session["viewer"]
    assert viewer["name"] == f"{name}-2"
    assert viewer["id"] != local.id


def test_groups_and_role_are_those_of_the_last_sign_in(
    it: Installation, provider: Provider, browser: Browser, name: str
) -> None:
    provider.put_into(name, "uni:a", "heads", "others")
    browser.sign_in(name)
    user, *found = user_of(it, name)
    assert found == [True, ["curators"]]
    it.graphql(it.admin, "mutation ($n: String!) { addGroup(name: $n) { id } }", n=name)
    [[own]] = it.rows(f"SELECT id FROM user_group WHERE name = '{name}'")  # noqa: S608
    join = "mutation ($g: ID!, $u: ID!) { joinGroup(groupId: $g, userId: $u) { id } }"
    it.graphql(it.admin, join, g=str(UUID(own)), u=user)
    provider.put_into(name, "uni:b", "staff")
    browser.sign_in(name)
    assert user_of(it, name) == (user, False, [name, "curators", "readers"])
    provider.put_into(name)
    browser.sign_in(name)
    assert user_of(it, name) == (user, False, [name]), "what an administrator gave stays"
    made = "SELECT target FROM audit WHERE action = 'group.add' AND actor = 'identity provider'"
    assert sorted(it.rows(made)) == [("curators",), ("readers",)]


@on_sqlite
def test_provider_cannot_take_the_role_of_the_last_administrator(
    it: Installation, provider: Provider, browser: Browser, name: str
) -> None:
    provider.put_into(name, "heads")
    browser.sign_in(name)
    admins = it.rows("SELECT name FROM user_account WHERE is_admin")
    it.execute(f"UPDATE user_account SET is_admin = false WHERE name <> '{name}'")  # noqa: S608
    provider.put_into(name)
    browser.sign_in(name)
    assert browser.session["viewer"]["isAdmin"]
    assert it.rows("SELECT name FROM user_account WHERE is_admin") == [(name,)]
    for (other,) in admins:
        it.execute(f"UPDATE user_account SET is_admin = true WHERE name = '{other}'")  # noqa: S608
    browser.sign_in(name)
    assert not browser.session["viewer"]["isAdmin"]


def test_user_who_is_there_is_linked_to_an_identity(
    it: Installation, provider: Provider, browser: Browser, name: str
) -> None:
    mine = it.add_user(f"local-{name}")
    browser.sign_in(name)
    link = ("user", "link", mine.name, "--subject", name)
    assert it.cli(*link) == f"{provider.issuer} {name!r} is {mine.name!r} from now on.\n"
    browser.sign_in(name)
    assert browser.session["viewer"]["name"] == mine.name
    assert browser.session["viewer"]["id"] == mine.id
    link_of = "SELECT actor, details FROM audit WHERE action = 'user.link' AND target = "
    [(actor, details)] = it.rows(f"{link_of}'{mine.name}'")
    assert actor == "operator"
    assert json.loads(details) == {"issuer": provider.issuer, "subject": name}
    assert "There is no user" in it.cli("user", "link", "nobody", "--subject", "x", code=1)
    assert "subject" in it.cli("user", "link", mine.name, "--subject", "a\nb", code=1)
    assert "issuer" in it.cli(*link, "--issuer", "login.example.org", code=1)
    unlink = ("user", "unlink", *link[2:])
    assert it.cli(*unlink) == f"{provider.issuer} {name!r} is {mine.name!r} no more.\n"
    assert browser.session.get("viewer") is None


def test_administrator_moves_an_identity_from_one_user_to_another(
    it: Installation, provider: Provider, browser: Browser, name: str
) -> None:
    """Whoever has come in by it is out at once, for they are to come in as somebody else."""
    mine = it.add_user(f"local-{name}")
    identity = {"issuer": provider.issuer, "subject": name}
    document = """mutation ($id: ID!, $issuer: String!, $subject: String!) {
      %sIdentity(userId: $id, issuer: $issuer, subject: $subject) { name identities { subject } }
    }"""
    browser.sign_in(name)
    jwt = provider.jwt(sub=name)
    assert it.sign_in(jwt).name == name
    linked = it.graphql(it.admin, document % "link", id=mine.id, **identity)["linkIdentity"]
    assert linked == {"name": mine.name, "identities": [{"subject": name}]}
    assert browser.session.get("viewer") is None
    with pytest.raises(GraphQLRefusal, match="revoked"):
        it.sign_in(jwt)
    browser.sign_in(name)
    assert browser.session["viewer"]["id"] == mine.id
    own = it.graphql(mine, "{ viewer { identities { issuer subject } } }")["viewer"]
    assert own == {"identities": [identity]}
    it.graphql(it.admin, document % "unlink", id=mine.id, **identity)
    assert browser.session.get("viewer") is None
    assert it.sign_in(mine.token).id == mine.id
    with pytest.raises(GraphQLRefusal, match="is not linked to this subject"):
        it.graphql(it.admin, document % "unlink", id=mine.id, **identity)
    browser.sign_in(name)
    assert browser.session["viewer"]["name"] == f"{name}-2"


@on_postgres
@pytest.mark.parametrize("change", ["link", "unlink"])
def test_who_is_just_signing_in_by_an_identity_that_is_moved_stays_out(
    it: Installation, provider: Provider, browser: Browser, name: str, change: str
) -> None:
    browser.sign_in(name)
    known = User(browser.session["viewer"]["id"], name, "")
    to = it.add_user(f"local-{name}") if change == "link" else known
    document = f"""mutation ($id: ID!, $issuer: String!, $subject: String!) {{
      {change}Identity(userId: $id, issuer: $issuer, subject: $subject) {{ name }}
    }}"""
    whose = {"id": to.id, "issuer": provider.issuer, "subject": name}
    with ThreadPoolExecutor() as threads:
        with it.holding("identity", known):
            changed = threads.submit(it.graphql, it.admin, document, **whose)
            it.until_waiting("identity", 1)
            back = threads.submit(browser.sign_in, name)
            it.until_waiting("identity", 2)
            program = threads.submit(bearing, it, provider.jwt(sub=name))
            it.until_waiting("identity", 3)
        assert changed.result() == {f"{change}Identity": {"name": to.name}}
        back.result()
        assert program.result().status_code == 401
    session = browser.session
    assert session["viewer"] is None
    assert session["problem"] == "What you signed in with has just been changed; sign in again"


def test_disabled_user_stays_out(
    it: Installation, provider: Provider, browser: Browser, name: str
) -> None:
    browser.sign_in(name)
    it.execute(f"UPDATE user_account SET disabled_at = 1 WHERE name = '{name}'")  # noqa: S608
    with Browser(it.url) as later:
        answer = later.sign_in(name)
        assert str(answer.url) == f"{it.url}/graphql"
        told = later.session
        assert (told["viewer"], "procession" in later.cookies) == (None, False)
        assert told["problem"] == f"The user {name!r} is disabled; ask an administrator"
        assert "problem" not in later.session, "it is told once"
    assert bearing(it, provider.jwt(sub=name)).status_code == 401


@on_sqlite
def test_page_offers_the_provider(it: Installation, name: str) -> None:
    if not (DIST / "index.html").exists():
        pytest.skip("the GraphiQL page is not built: `make page` builds it")
    assert run_in_browser("openid.mjs", 150, URL=it.url, NAME=name) == name


# --- programs ------------------------------------------------------------------------------------


def test_program_comes_with_a_jwt(it: Installation, provider: Provider, name: str) -> None:
    claims: dict[str, Any] = {"sub": name, "preferred_username": name}
    claims["groups"] = ["uni:a", "chiefs"]
    reader, starter = (
        as_bearer(provider.jwt(**claims, scope=scope))
        for scope in ("openid other", "openid procession:read procession:start")
    )
    mine = it.sign_in(starter.token)
    assert (mine.id, True, ["curators"]) == user_of(it, mine.name)
    process = start_python(it, starter, "print(1)")
    with it.subscribe(starter, CHANGES, id=process) as events:
        assert next(iter(events))["processChanges"]["id"] == process
    for face in (GraphQL(it), Rest(it)):
        assert face.show(reader, process).user_id == mine.id
        with pytest.raises(Refused, match="FORBIDDEN"):
            face.delete(reader, process)
    silent = as_bearer(provider.jwt(sub=name, scp=["procession:admin"]))
    document = "{ viewer { name isAdmin groups { name } tokens { id name scope } } }"
    viewer = it.graphql(silent, document)["viewer"]
    it.graphql(silent, document)
    assert (viewer["isAdmin"], viewer["groups"]) == (True, [{"name": "curators"}])
    scopes = {each["scope"]: each["id"] for each in viewer["tokens"]}
    assert set(scopes) == {"READ", "START", "ADMIN"}
    accepted = it.rows(
        "SELECT target, token_id, actor, address, result FROM audit"  # noqa: S608
        f" WHERE action = 'token.accept' AND actor_id = '{mine.id}'"
    )
    assert {row[0] for row in accepted} == set(scopes.values())
    assert {row[2:] for row in accepted} == {(mine.name, "127.0.0.1", "OK")}
    assert len(accepted) == 3, "each is noted once"


@on_sqlite
def test_address_is_taken_if_the_provider_has_verified_it(
    it: Installation, provider: Provider, name: str
) -> None:
    for address, verified, known in (
        ("x@example.org", False, None),
        ("ann@example.org", True, "ann@example.org"),
        ("x@example.org", "true", "ann@example.org"),
        ("x y@example.org", True, "ann@example.org"),
        ("new@example.org", True, "new@example.org"),
    ):
        jwt = provider.jwt(sub=name, email=address, email_verified=verified)
        assert it.graphql(as_bearer(jwt), "{ viewer { email } }") == {"viewer": {"email": known}}


def test_who_comes_several_times_at_once_is_one_user(
    it: Installation, provider: Provider, name: str
) -> None:
    subjects = [f"{name}/{number}" for number in (1, 2, 3) for _ in range(3)]
    tokens = [provider.jwt(sub=who, preferred_username=name, jti=uuid4().hex) for who in subjects]
    with ThreadPoolExecutor() as threads:
        answers = list(threads.map(lambda token: bearing(it, token), tokens))
    assert {each.status_code for each in answers} == {200}
    names = [it.sign_in(token).name for token in tokens]
    assert set(names) == {name, f"{name}-2", f"{name}-3"}
    assert len(set(zip(subjects, names, strict=True))) == 3


@on_sqlite
def test_program_gets_its_jwt_of_the_provider(it: Installation, provider: Provider) -> None:
    token = provider.program_token("procession:start procession:read")
    assert it.sign_in(token).name == "program"
    assert it.get(as_bearer(token), "/api/system/processes").status_code == 200


@on_sqlite
def test_jwt_that_is_not_good_is_refused(it: Installation, provider: Provider) -> None:
    claims = {"iss": provider.issuer, "aud": AUDIENCE, "sub": "x", "exp": 1 << 32}
    good = provider.jwt()
    head, body, signature = good.split(".")
    bad = {
        "expired": provider.jwt(exp=1),
        "without an end": provider.jwt(exp=None),
        "without a near end": provider.jwt(exp=1 << 80),
        "not yet good": provider.jwt(nbf=1 << 32),
        "of another issuer": provider.jwt(iss=f"{provider.issuer}/"),
        "for somebody else": provider.jwt(aud=["web", "urn:other"]),
        "for nobody": provider.jwt(aud=None),
        "of nobody": provider.jwt(sub=None),
        "of a number": provider.jwt(sub=1),
        "of a name that cannot be stored": provider.jwt(sub="a\0b"),
        "of a name that is too long": provider.jwt(sub="x" * 256),
        "signed by another key": signed(new_key("one"), provider.issuer, aud=AUDIENCE),
        "by a key that is not known": signed(new_key("two"), provider.issuer, aud=AUDIENCE),
        "with a public key for a secret": signed_with_public_key(provider.key, claims),
        "not signed": f"{segment({'alg': 'none', 'kid': 'one'})}.{body}.",
        "not signed, but not empty": f"{segment({'alg': 'none'})}.{body}.{signature}",
        "changed": f"{head}.{segment({**claims, 'sub': 'admin'})}.{signature}",
        "for whom it says itself": provider.jwt({"jwk": new_key().as_dict(private=False)}, aud="x"),
        "no JSON": f"{head}.{head[::-1]}.{signature}",
        "nothing": "..",
        "noise": "ÿ.é.ÿ",
    }
    answers = {why: bearing(it, token) for why, token in bad.items()}
    assert {why for why, answer in answers.items() if answer.status_code != 401} == set()
    assert {each.json()["status"] for each in answers.values()} == {401}
    assert bearing(it, good).status_code == 200


@on_sqlite
def test_subscription_ends_with_its_jwt(it: Installation, provider: Provider, name: str) -> None:
    """That it has begun before that is certain only if the end is set after it has."""
    end = int(time.time()) + 600
    scope = "procession:read procession:start"
    who = it.sign_in(provider.jwt(sub=name, exp=end, scope=scope))
    process = start_python(it, who, "print(1)")
    with it.subscribe(who, CHANGES, id=process) as events:
        heard = iter(events)
        next(heard)
        stored = f"SELECT expires_at FROM token WHERE user_id = '{who.id}'"  # noqa: S608
        assert it.rows(stored) == [(end * 1_000_000,)]
        soon = time.time_ns() // 1000 + 1_000_000
        it.execute(f"UPDATE token SET expires_at = {soon} WHERE user_id = '{who.id}'")  # noqa: S608
        with pytest.raises(GraphQLRefusal, match="expired"):
            list(heard)


@on_sqlite
def test_provider_that_changes_its_keys_is_believed(it: Installation, provider: Provider) -> None:
    provider.change_key(new_key("another"))
    token = provider.program_token("procession:read")
    until(lambda: bearing(it, token).status_code == 200)
    assert bearing(it, signed(new_key("one"), provider.issuer, aud=AUDIENCE)).status_code == 401


def signed_with_public_key(key: RSAKey, claims: dict[str, Any]) -> str:
    """As if what everybody knows were a secret that only the issuer and we know."""
    text = f"{segment({'alg': 'HS256', 'kid': key.kid})}.{segment(claims)}"
    digest = hmac.digest(key.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def segment(content: object) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
