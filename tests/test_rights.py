"""Who may do what: every kind of viewer at every door."""

import ast
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from models.instant import now, to_micros
from tests.faces import GraphQL, Refused, Rest, check_error, form
from tests.installation import NOBODY, Installation, User, until
from tests.rows import Row, insert
from tests.subscription import GraphQLRefusal

OK, UNKNOWN, REFUSED, ABSENT = "OK", "UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND"
CODES = {200: OK, 202: OK, 204: OK, 401: UNKNOWN, 403: REFUSED, 404: ABSENT, 400: "BAD_INPUT"}

RESOLVERS = sorted((Path(__file__).parents[1] / "resolvers").glob("*.py"))

Door = Callable[[Installation, User, str], str]
Kinds = dict[str, User]


@pytest.fixture(scope="module")
def kinds(installation: Installation) -> Kinds:
    """Every kind of viewer, by name; `alice` owns what they ask for."""
    it = installation
    return {
        "anonymous": NOBODY,
        "bad token": User("", "", "psn_wrong"),
        "revoked token": it.add_user("erin", revoked_at=1),
        "expired token": it.add_token(it.alice, expires_at=1),
        "disabled user": it.add_user("dora", disabled_at=1),
        "other user": it.bob,
        "owner": it.alice,
        "owner in a session": it.add_token(it.alice, kind="SESSION", created_at=to_micros(now())),
        "session left alone": it.add_token(it.alice, kind="SESSION", last_used_at=1),
        "owner to read": it.add_token(it.alice, scope="READ"),
        "owner to start": it.add_token(it.alice, scope="START"),
        "administrator": it.admin,
    }


def expected(others: str, owner: str = OK, admin: str = OK, needs: str = "READ") -> dict[str, str]:
    """What each kind of viewer is to be told; strangers always that they must sign in, and those
    whose token has less than the scope that it `needs` that they may not."""
    strangers = (
        *("anonymous", "bad token", "revoked token", "expired token"),
        *("disabled user", "session left alone"),
    )
    told = {"other user": others, "owner": owner, "administrator": admin}
    scoped = {
        "owner in a session": owner,
        "owner to read": owner if needs == "READ" else REFUSED,
        "owner to start": owner if needs in ("READ", "START") else REFUSED,
    }
    return {**dict.fromkeys(strangers, UNKNOWN), **told, **scoped}


def rest(method: str, path: str, **parts: str) -> Door:
    """A request to the older contract; a GET must come with what it says it has."""

    def ask(it: Installation, who: User, process_id: str) -> str:
        options: dict[str, Any] = {}
        if method == "POST":
            body, kind = form(list(parts.items()))
            options = {"content": body, "headers": {"Content-Type": kind}}
        answer = it.request(who, method, path.replace("ID", process_id), **options)
        if answer.is_error:
            check_error(answer)
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
        return CODES[answer.status_code]

    return ask


def graphql(document: str) -> Door:
    def ask(it: Installation, who: User, process_id: str) -> str:
        content = {"query": document, "variables": {"id": process_id}}
        answer = it.request(who, "POST", "/graphql", json=content)
        body = answer.json()
        assert (answer.status_code == 401) == (answer.headers.get("www-authenticate") == "Bearer")
        return str(body["errors"][0]["extensions"]["code"]) if "errors" in body else OK

    return ask


def subscription(document: str) -> Door:
    def ask(it: Installation, who: User, process_id: str) -> str:
        try:
            with it.subscribe(who, document, id=process_id) as events:
                next(iter(events))
        except GraphQLRefusal as refusal:
            return refusal.code
        except Exception as error:  # the connection itself is refused
            assert "4403" in str(error), error
            return UNKNOWN
        return OK

    return ask


API = "/api/system"
NO_ID, WRONG = f'"{uuid4()}"', "BAD_INPUT"
ONE = f"{API}/processes/ID"
# Documents about users, groups and tokens, by what is to be told to each kind of viewer.
ACCOUNTS = [
    (
        expected(REFUSED, needs="ADMIN"),
        ['query { user(name: "alice") { tokens { name } } }'],
    ),
    (
        expected(OK, needs="ADMIN"),
        ['mutation { createToken(name: "x", scope: READ) { text } }'],
    ),
    (
        expected(REFUSED, REFUSED),
        [
            "query { users { totalCount edges { cursor } } }",
            "query { groups { members { name } } }",
        ],
    ),
    (
        expected(REFUSED, REFUSED, WRONG),
        [f'mutation {{ add{kind}(name: "") {{ id }} }}' for kind in ("User", "Group")],
    ),
    (
        expected(REFUSED, REFUSED, ABSENT),
        [
            f"mutation {{ disableUser(id: {NO_ID}) {{ id }} }}",
            f"mutation {{ enableUser(id: {NO_ID}) {{ id }} }}",
            f"mutation {{ setAdmin(id: {NO_ID}, isAdmin: true) {{ id }} }}",
            f'mutation {{ setPassword(id: {NO_ID}, password: "correct horse") {{ id }} }}',
            f"mutation {{ deleteGroup(id: {NO_ID}) }}",
            f"mutation {{ joinGroup(groupId: {NO_ID}, userId: {NO_ID}) {{ id }} }}",
            f"mutation {{ leaveGroup(groupId: {NO_ID}, userId: {NO_ID}) {{ id }} }}",
        ],
    ),
    (
        expected(ABSENT, ABSENT, ABSENT, "ADMIN"),
        [f"mutation {{ revokeToken(id: {NO_ID}) {{ id }} }}"],
    ),
    (
        expected(WRONG, WRONG, WRONG, "ADMIN"),
        ['mutation { changePassword(old: "x", new: "correct horse") { id } }'],
    ),
]


def named(documents: list[str]) -> dict[str, str]:
    """Each by its kind and its root field."""
    return {" ".join(re.findall(r"\w+", each)[:2]): each for each in documents}


DOORS: dict[str, tuple[Door, dict[str, str]]] = {
    "GET processes": (rest("GET", f"{API}/processes"), expected(OK)),
    "GET process": (rest("GET", ONE), expected(REFUSED)),
    "GET output": (rest("GET", f"{ONE}/output"), expected(REFUSED)),
    "GET files": (rest("GET", f"{ONE}/files"), expected(REFUSED)),
    "GET file": (rest("GET", f"{ONE}/files/x"), expected(REFUSED, ABSENT, ABSENT)),
    "GET scripts": (rest("GET", f"{API}/scripts"), expected(OK)),
    "GET script": (rest("GET", f"{API}/scripts/echo"), expected(OK)),
    "GET hidden script": (rest("GET", f"{API}/scripts/hidden"), expected(REFUSED, REFUSED)),
    "GET no script": (rest("GET", f"{API}/scripts/none"), expected(ABSENT, ABSENT, ABSENT)),
    "POST process": (
        rest("POST", f"{API}/scripts/echo/processes", startTime="2030-01-01T00:00:00Z"),
        expected(OK, needs="START"),
    ),
    "POST hidden process": (
        rest("POST", f"{API}/scripts/hidden/processes", startTime="2030-01-01T00:00:00Z"),
        expected(REFUSED, REFUSED),
    ),
    "query viewer": (graphql("{ viewer { name isAdmin } }"), expected(OK)),
    "query scripts": (graphql("{ scripts { name } }"), expected(OK)),
    "query script": (graphql('{ script(name: "echo") { name } }'), expected(OK)),
    "query hidden script": (
        graphql('{ script(name: "hidden") { name } }'),
        expected(REFUSED, REFUSED),
    ),
    "query process": (
        graphql("query ($id: ID!) { process(id: $id) { status } }"),
        expected(REFUSED),
    ),
    "query output": (
        graphql("query ($id: ID!) { process(id: $id) { output { text } files { name } } }"),
        expected(REFUSED),
    ),
    "query outputSearch": (
        graphql('query ($id: ID!) { process(id: $id) { outputSearch(pattern: "x") { hasMore } } }'),
        expected(REFUSED),
    ),
    "query processes": (graphql("{ processes { totalCount } }"), expected(OK)),
    "mutation startProcess": (
        graphql(
            'mutation { startProcess(script: "echo", startTime: "2030-01-01T00:00:00Z") { id } }'
        ),
        expected(OK, needs="START"),
    ),
    "mutation startProcess hidden": (
        graphql(
            'mutation { startProcess(script: "hidden", startTime: "2030-01-01T00:00:00Z") { id } }'
        ),
        expected(REFUSED, REFUSED),
    ),
    **{
        name: (graphql(document), outcome)
        for outcome, documents in ACCOUNTS
        for name, document in named(documents).items()
    },
    "subscription processOutput": (
        subscription("subscription ($id: ID!) { processOutput(id: $id) { __typename } }"),
        expected(REFUSED),
    ),
    "subscription processChanges": (
        subscription("subscription ($id: ID!) { processChanges(id: $id) { id } }"),
        expected(REFUSED),
    ),
}
ENDINGS: dict[str, Door] = {
    "DELETE process": rest("DELETE", ONE),
    "mutation stopProcess": graphql("mutation ($id: ID!) { stopProcess(id: $id) { status } }"),
    "mutation deleteProcess": graphql("mutation ($id: ID!) { deleteProcess(id: $id) }"),
}


@pytest.fixture(scope="module")
def owned(installation: Installation) -> str:
    """An ended process of alice's."""
    return insert(installation, [Row(installation.alice.id)])[0]


@pytest.mark.parametrize(("door", "outcome"), DOORS.values(), ids=DOORS)
def test_door_opens_for_those_who_may(
    installation: Installation, kinds: Kinds, owned: str, door: Door, outcome: dict[str, str]
) -> None:
    found = {kind: door(installation, who, owned) for kind, who in kinds.items()}
    assert found == outcome


@pytest.mark.parametrize("door", ENDINGS.values(), ids=ENDINGS)
def test_process_is_ended_only_by_its_owner_and_administrators(
    installation: Installation, kinds: Kinds, door: Door
) -> None:
    """Each asks for a process of its own, of which nothing may change for who may not."""
    rows = [Row(installation.alice.id) for _ in kinds]
    insert(installation, rows)
    found = {}
    for row, (kind, who) in zip(rows, kinds.items(), strict=True):
        found[kind] = door(installation, who, row.id)
        if found[kind] != OK:
            assert GraphQL(installation).show(installation.admin, row.id).status == "STOPPED"
    assert found == expected(REFUSED, needs="START")


def test_scope_that_is_too_small_is_told_in_words(installation: Installation, owned: str) -> None:
    reader = installation.add_token(installation.alice, scope="READ")
    for face in (GraphQL(installation), Rest(installation)):
        with pytest.raises(Refused, match="has the scope READ, this needs START"):
            face.delete(reader, owned)


def test_every_resolver_says_which_scope_it_needs() -> None:
    """But for `rights`, which others ask once they have decided that the viewer may come in."""
    within = {"reaches", "require_scope"}
    unguarded = {
        function.name
        for path in RESOLVERS
        if path.stem != "rights"
        for function in ast.parse(path.read_text()).body
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and not function.name.startswith("_")
        and [each.arg for each in function.args.args[:1]] == ["viewer"]
        and not {"needs", "administrators"} & set(map(_name, function.decorator_list))
    }
    assert unguarded == within


def _name(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.id if isinstance(called, ast.Name) else ""


def test_use_of_a_token_is_noted(installation: Installation) -> None:
    it = installation
    who = it.add_token(it.alice)
    digest = sha256(who.token.encode()).hexdigest()
    used = f"SELECT last_used_at FROM token WHERE digest = '{digest}'"  # noqa: S608
    assert it.rows(used) == [(None,)]
    it.sign_in(who.token)
    until(lambda: it.rows(used) != [(None,)])


def test_every_field_of_the_roots_is_a_door_here(installation: Installation) -> None:
    document = """{ __schema { queryType { fields { name } } mutationType { fields { name } }
        subscriptionType { fields { name } } } }"""
    roots = installation.graphql(installation.alice, document)["__schema"]
    kinds = {"queryType": "query", "mutationType": "mutation", "subscriptionType": "subscription"}
    doors = {" ".join(name.split()[:2]) for name in (*DOORS, *ENDINGS)}
    for root, kind in kinds.items():
        for field in roots[root]["fields"]:
            assert f"{kind} {field['name']}" in doors


def test_viewer_is_who_the_token_says(installation: Installation) -> None:
    it = installation
    document = "{ viewer { id name isAdmin } }"
    assert it.graphql(it.alice, document)["viewer"] == {
        "id": it.alice.id,
        "name": "alice",
        "isAdmin": False,
    }
    assert it.graphql(it.admin, document)["viewer"]["isAdmin"] is True


def test_lists_show_only_what_may_be_seen(installation: Installation, owned: str) -> None:
    it = installation
    for face in (GraphQL(it), Rest(it)):
        assert owned in [each.id for each in face.find(it.alice)]
        assert owned in [each.id for each in face.find(it.admin, user_id=it.alice.id)]
        assert {each.user_id for each in face.find(it.bob)} <= {it.bob.id}
        with pytest.raises(Refused) as refused:
            face.find(it.bob, user_id=it.alice.id)
        assert refused.value.code == "FORBIDDEN"
        assert "hidden" not in face.scripts(it.bob)
        assert {"hidden", "import"} <= set(face.scripts(it.admin))


def test_unknown_process_is_told_from_somebody_elses(
    installation: Installation, owned: str
) -> None:
    for face in (GraphQL(installation), Rest(installation)):
        for process_id, code in ((owned, REFUSED), (str(uuid4()), ABSENT)):
            with pytest.raises(Refused) as refused:
                face.show(installation.bob, process_id)
            assert refused.value.code == code


@pytest.mark.parametrize(
    "authorization", ["TOKEN", "Basic TOKEN", "Bearer", "Bearer TOKEN x", "bearerTOKEN"]
)
def test_authorization_of_another_kind_is_refused(
    installation: Installation, authorization: str
) -> None:
    headers = {"Authorization": authorization.replace("TOKEN", installation.alice.token)}
    for path in ("/api/system/processes", "/graphql?query={viewer{id}}"):
        assert installation.get(NOBODY, path, headers=headers).status_code == 401


def test_scheme_is_read_in_any_letters(installation: Installation) -> None:
    headers = {"Authorization": f"bEARER {installation.alice.token}"}
    assert installation.get(NOBODY, "/api/system/processes", headers=headers).status_code == 200


def test_token_ends_when_its_time_has_come_or_soon_after_it_is_revoked(
    installation: Installation,
) -> None:
    it = installation
    assert it.bob.name == "bob"
    short = User("", "", it.cli("token", "create", "bob", "--expires", "1s").strip())
    revoked = it.sign_in(it.cli("token", "create", "bob", "--name", "to be revoked").strip())
    listed = it.cli("token", "list", "bob").splitlines()
    (token_id,) = (line.split("\t")[0] for line in listed if "\tto be revoked\t" in line)
    it.cli("token", "revoke", token_id)
    for who in (short, revoked):
        until(lambda: it.get(who, "/api/system/processes").status_code == 401)  # noqa: B023


def test_token_is_kept_only_as_a_hash(installation: Installation) -> None:
    it = installation
    stored = str(it.rows("SELECT * FROM token"))
    assert it.alice.id in stored
    assert it.alice.token not in stored
