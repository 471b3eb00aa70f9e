"""Who may do what: every kind of viewer at every door."""

import ast
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from strawberry.types.base import StrawberryObjectDefinition

from models.instant import now, to_micros
from schema.schema import ProcessionSchema, build
from tests.doors import (
    ABSENT,
    OK,
    REFUSED,
    UNKNOWN,
    WRONG,
    Door,
    Operation,
    Piece,
    Request,
    endpoints,
)
from tests.faces import GraphQL, Refused, Rest
from tests.installation import NOBODY, Installation, User, until
from tests.rows import Row, insert
from tests.tus import CONTENT, metadata

RESOLVERS = sorted((Path(__file__).parents[1] / "resolvers").glob("*.py"))

Kinds = dict[str, User]


@pytest.fixture(scope="module")
def kinds(installation: Installation) -> Kinds:
    return every_kind(installation)


def every_kind(it: Installation) -> Kinds:
    """Every kind of viewer, by name; `alice` owns what they ask for."""
    return {
        "anonymous": NOBODY,
        "bad token": User("", "", "psn_wrong"),
        "revoked token": it.add_user(f"erin {uuid4()}", revoked_at=1),
        "expired token": it.add_token(it.alice, expires_at=1),
        "disabled user": it.add_user(f"dora {uuid4()}", disabled_at=1),
        "other user": it.bob,
        "reader of the script": it.add_member(("READ", "python")),
        "reader of all": it.add_member(("READ", "*")),
        "starter": it.add_member(("START", "hidden")),
        "seer": it.add_member(("SEE", "hidden")),
        "owner": it.alice,
        "owner in a session": it.add_token(it.alice, kind="SESSION", created_at=to_micros(now())),
        "session left alone": it.add_token(it.alice, kind="SESSION", last_used_at=1),
        "owner to read": it.add_token(it.alice, scope="READ"),
        "owner to start": it.add_token(it.alice, scope="START"),
        "administrator": it.admin,
    }


def expected(
    others: str,
    owner: str = OK,
    admin: str = OK,
    needs: str = "READ",
    *,
    reader: str | None = None,
    starter: str | None = None,
    seer: str | None = None,
) -> dict[str, str]:
    """What each kind of viewer is to be told; strangers always that they must sign in, and those
    whose token has less than the scope that it `needs` that they may not. To whom nothing was
    granted that matters for it, they are told what `others` are."""
    strangers = (
        *("anonymous", "bad token", "revoked token", "expired token"),
        *("disabled user", "session left alone"),
    )
    told = {"other user": others, "owner": owner, "administrator": admin}
    granted = {
        "reader of the script": reader or others,
        "reader of all": reader or others,
        "starter": starter or others,
        "seer": seer or others,
    }
    scoped = {
        "owner in a session": owner,
        "owner to read": owner if needs == "READ" else REFUSED,
        "owner to start": owner if needs in ("READ", "START") else REFUSED,
    }
    return {**dict.fromkeys(strangers, UNKNOWN), **told, **granted, **scoped}


def readable(owner: str = OK) -> dict[str, str]:
    """Of what belongs to a process: owner, administrators and readers get the same."""
    return expected(REFUSED, owner, owner, reader=owner)


def everybody(outcome: str) -> dict[str, str]:
    """For what needs no token."""
    return dict.fromkeys(expected(outcome), outcome)


API = "/api/system"
NO_ID, ONE = f'"{uuid4()}"', f"{API}/processes/ID"
LATER = "2030-01-01T00:00:00Z"
NO_FORM = "application/x-www-form-urlencoded"
START = f'startProcess(script: "%s", startTime: "{LATER}") {{ id }}'
IDENTITY = f'userId: {NO_ID}, issuer: "https://x.example", subject: "x"'
BEGIN = {"Upload-Length": "1", "Upload-Metadata": metadata(filename="a")}
RIGHT = f'groupId: {NO_ID}, right: READ, script: "*"'

DOORS: list[tuple[dict[str, str], list[Door]]] = [
    (
        everybody(OK),
        [
            Request("GET", "/api"),
            Request("GET", "/api/openapi.json"),
            Request("GET", "/api/authn/status"),
        ],
    ),
    (everybody(UNKNOWN), [Request("POST", "/api/authn/login", kind=NO_FORM)]),
    (
        expected(OK),
        [
            Request("GET", f"{API}/processes"),
            Request("GET", f"{API}/scripts"),
            Request("GET", f"{API}/scripts/echo"),
            Operation("query { viewer { name email isAdmin groups { name grants { script } } } }"),
            Operation("query { scripts { name } }"),
            Operation('query { script(name: "echo") { name canStart } }'),
            Operation("query { processes { totalCount edges { cursor } } }"),
            Operation("query { processes { statusCounts { count } } }"),
        ],
    ),
    (
        readable(),
        [
            Request("GET", ONE),
            Request("GET", f"{ONE}/output"),
            Request("GET", f"{ONE}/files"),
            Operation("query ($id: ID!) { process(id: $id) { script { name } waitsFor } }"),
            Operation("query ($id: ID!) { process(id: $id) { output { text hasMore }  } }"),
            Operation("query ($id: ID!) { process(id: $id) { files { url temporaryUrl } } }"),
            Operation("query ($id: ID!) { process(id: $id) { uploads { url } } }"),
            Operation("query ($id: ID!) { process(id: $id) { worker { machine } } }"),
            Operation(
                "query ($id: ID!) { process(id: $id) {"
                " summary notices { message } values { name } } }"
            ),
            Operation(
                'query ($id: ID!) { process(id: $id) { outputSearch(pattern: "x") { hasMore } } }'
            ),
            Operation(
                "subscription ($id: ID!) { processOutput(id: $id) { ... on OutputBatch { text } } }"
            ),
            Operation("subscription ($id: ID!) { processChanges(id: $id) { id } }"),
        ],
    ),
    (readable(ABSENT), [Request("GET", f"{ONE}/files/x")]),
    (readable(), [Operation("query ($id: ID!) { deliveries(processId: $id) { state } }")]),
    (
        expected(REFUSED, WRONG, WRONG, needs="START", reader=WRONG),
        [
            Operation(
                'mutation ($id: ID!) { notifyMe(processId: $id, by: {webhook: "x"}) {secret} }'
            )
        ],
    ),
    (
        expected(ABSENT, ABSENT, ABSENT, "START"),
        [Operation(f"mutation {{ forgetDelivery(id: {NO_ID}) }}")],
    ),
    (
        expected(REFUSED, REFUSED, starter=OK, seer=OK),
        [
            Request("GET", f"{API}/scripts/hidden"),
            Operation('query { script(name: "hidden") { name } }'),
        ],
    ),
    (expected(ABSENT, ABSENT, ABSENT), [Request("GET", f"{API}/scripts/none")]),
    (
        expected(OK, needs="START"),
        [
            Request("POST", f"{API}/scripts/echo/processes", {"startTime": LATER}),
            Operation(f"mutation {{ {START % 'echo'} }}"),
        ],
    ),
    (
        expected(REFUSED, REFUSED, starter=OK),
        [
            Request("POST", f"{API}/scripts/hidden/processes", {"startTime": LATER}),
            Operation(f"mutation {{ {START % 'hidden'} }}"),
        ],
    ),
    (everybody(OK), [Piece("OPTIONS", "/uploads"), Piece("OPTIONS", "/uploads/ID")]),
    (expected(OK, needs="START"), [Piece("POST", "/uploads", BEGIN)]),
    (
        expected(ABSENT, OK, ABSENT, "START"),
        [
            Piece("HEAD", "/uploads/ID"),
            Piece("PATCH", "/uploads/ID", {"Upload-Offset": "0", "Content-Type": CONTENT}),
            Piece("DELETE", "/uploads/ID"),
        ],
    ),
    (
        expected(REFUSED, needs="ADMIN"),
        [Operation('query { user(name: "alice") { tokens { name } sessions { name } } }')],
    ),
    (
        expected(OK, needs="ADMIN"),
        [
            Operation('mutation { createToken(name: "x", scope: READ) { text } }'),
            Operation("query { viewer { identities { subject } } }"),
        ],
    ),
    (
        expected(REFUSED, REFUSED),
        [
            Operation("query { users { totalCount edges { cursor } } }"),
            Operation("query { groups { members { name } grants { right } } }"),
            Operation("query { audit { totalCount edges { cursor } } }"),
        ],
    ),
    (
        expected(REFUSED, REFUSED, WRONG),
        [Operation(f'mutation {{ add{kind}(name: "") {{ id }} }}') for kind in ("User", "Group")],
    ),
    (
        expected(REFUSED, REFUSED, ABSENT),
        [
            Operation(f"mutation {{ {each} }}")
            for each in (
                f"disableUser(id: {NO_ID}) {{ id }}",
                f"enableUser(id: {NO_ID}) {{ id }}",
                f"setAdmin(id: {NO_ID}, isAdmin: true) {{ id }}",
                f'setEmail(id: {NO_ID}, address: "x@example.org") {{ id }}',
                f'setPassword(id: {NO_ID}, password: "correct horse") {{ id }}',
                f"linkIdentity({IDENTITY}) {{ id }}",
                f"unlinkIdentity({IDENTITY}) {{ id }}",
                f'renameGroup(id: {NO_ID}, name: "x") {{ id }}',
                f"deleteGroup(id: {NO_ID})",
                f"joinGroup(groupId: {NO_ID}, userId: {NO_ID}) {{ id }}",
                f"leaveGroup(groupId: {NO_ID}, userId: {NO_ID}) {{ id }}",
                f"grantRight({RIGHT}) {{ id }}",
                f"revokeRight({RIGHT}) {{ id }}",
            )
        ],
    ),
    (
        expected(ABSENT, ABSENT, ABSENT, "ADMIN"),
        [Operation(f"mutation {{ revokeToken(id: {NO_ID}) {{ id }} }}")],
    ),
    (
        expected(WRONG, WRONG, WRONG, "ADMIN"),
        [Operation('mutation { changePassword(old: "x", new: "correct horse") { id } }')],
    ),
]
ENDINGS: list[Door] = [
    Request("DELETE", ONE),
    Operation("mutation ($id: ID!) { stopProcess(id: $id) { status } }"),
    Operation("mutation ($id: ID!) { deleteProcess(id: $id) }"),
]
SIGN_OUT = Request("POST", "/api/authn/logout")
TABLE = [(door, outcome) for outcome, doors in DOORS for door in doors]
ROOTS = ("Query", "Mutation", "Subscription")
ALL: list[Door] = [*(door for door, _ in TABLE), *ENDINGS, SIGN_OUT]


def named(door: Door) -> str | None:
    if isinstance(door, Request | Piece):
        return f"{door.method} {door.path}"
    return door.name if isinstance(door, Operation) else None


@pytest.fixture(scope="module")
def owned(installation: Installation) -> str:
    """An ended process of alice's."""
    return insert(installation, [Row(installation.alice.id)])[0]


@pytest.mark.parametrize(("door", "outcome"), TABLE, ids=named)
def test_door_opens_for_those_who_may(
    installation: Installation, kinds: Kinds, owned: str, door: Door, outcome: dict[str, str]
) -> None:
    found = {kind: door.ask(installation, who, owned) for kind, who in kinds.items()}
    assert found == outcome


def test_anybody_signs_out(installation: Installation) -> None:
    """With tokens of their own, for afterwards a session is over."""
    for who in every_kind(installation).values():
        assert SIGN_OUT.ask(installation, who, "") == OK


def test_any_token_revokes_itself(installation: Installation) -> None:
    it = installation
    kinds = every_kind(it)
    shared = ("other user", "owner", "administrator")
    kinds |= {kind: it.add_token(kinds[kind]) for kind in shared}
    revocation = "mutation { revokeToken(id: %s) { id } }"
    found = {
        kind: Operation(revocation % (token_id(it, who) or NO_ID)).ask(it, who, "")
        for kind, who in kinds.items()
    }
    assert found == expected(OK)
    assert {it.get(who, "/api/system/scripts").status_code for who in kinds.values()} == {401}


def token_id(it: Installation, who: User) -> str:
    """Quoted; empty where it is not known."""
    digest = sha256(who.token.encode()).hexdigest()
    rows = it.rows(f"SELECT id FROM token WHERE digest = '{digest}'")  # noqa: S608
    return "".join(f'"{each}"' for (each,) in rows)


@pytest.mark.parametrize("door", ENDINGS, ids=named)
def test_process_is_ended_only_by_its_owner_and_administrators(
    installation: Installation, kinds: Kinds, door: Door
) -> None:
    """Each asks for a process of its own, of which nothing may change for who may not."""
    rows = [Row(installation.alice.id) for _ in kinds]
    insert(installation, rows)
    found = {}
    for row, (kind, who) in zip(rows, kinds.items(), strict=True):
        found[kind] = door.ask(installation, who, row.id)
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


def test_every_endpoint_of_rest_is_a_door_here() -> None:
    requests = [door for door in ALL if isinstance(door, Request | Piece)]
    forgotten = {
        f"{method} {route.path}"
        for method, route in endpoints()
        if not any(door.method == method and route.path_regex.match(door.path) for door in requests)
    }
    assert not forgotten


def test_every_field_that_may_depend_on_who_asks_is_behind_a_door_here() -> None:
    schema = build()
    asked = {
        field
        for door in ALL
        if isinstance(door, Operation)
        for field in door.fields(schema._schema)
    }
    assert set(deciding(schema)) - asked == set()


def deciding(schema: ProcessionSchema) -> Iterator[str]:
    """Each field of a root, and those of other types that can know who asks, as `Type.field`."""
    for name in schema._schema.type_map:
        found = schema.get_type_by_name(name)
        if isinstance(found, StrawberryObjectDefinition) and not found.is_input:
            for each in found.fields:
                resolver = each.base_resolver
                if name in ROOTS or (resolver and resolver.info_parameter):
                    yield f"{name}.{schema.config.name_converter.get_graphql_name(each)}"


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
