"""The audit: who did what, when, from where, to what, with which result."""

import ast
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import Install
from tests.database import on_sqlite
from tests.faces import Face, GraphQL, Refused, Upload
from tests.installation import NOBODY, Installation, User, installed, until
from tests.rows import Row, insert
from tests.running import OUTPUT, end_of, start_python
from tests.subscription import GraphQLRefusal

ROOT = Path(__file__).parents[1]
PASSWORD = "correct horse battery"
SECRET = "the-secret-of-a-parameter"
ENTRIES = """query ($first: Int!, $after: String, $filter: AuditFilter) {
  audit(first: $first, after: $after, filter: $filter) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { at actor actorId tokenId address action target result details }
  }
}"""
LOOKING = {  # resolvers of the scopes START and ADMIN by which nothing is done
    *("receive", "list_users", "page", "count", "list_groups", "members", "group"),
    *("list_tokens", "find_token", "entries", "own_process", "identities_of"),
    *("begin", "show", "append", "cancel", "arrived"),  # nothing is started by an upload alone
}

Entry = dict[str, Any]


def noted(it: Installation, **wanted: str) -> list[Entry]:
    """The entries of the audit, the oldest first."""
    found = it.graphql(it.admin, ENTRIES, first=1000, filter=wanted)["audit"]
    assert found["totalCount"] == len(found["nodes"])
    return list(reversed(found["nodes"]))


def told(entries: list[Entry]) -> list[tuple[str, str, str]]:
    return [(each["actor"], each["action"], each["result"]) for each in entries]


def change(it: Installation, who: User, mutation: str) -> Any:
    return it.graphql(who, f"mutation {{ {mutation} }}")


def code_of(what: Callable[[], object]) -> str:
    """That of the error in which it ends."""
    try:
        what()
    except (Refused, GraphQLRefusal) as error:
        return error.code
    return "OK"


def test_process_leaves_who_started_and_ended_it_when_it_is_gone(face: Face) -> None:
    it, who = face.it, face.it.alice
    values = ("s", "x" * 1000), ("x", SECRET), ("f", Upload("täst.txt"))
    found = face.start(who, "echo", *values, start_time="2030-01-01T00:00:00Z")
    with pytest.raises(Refused):
        face.delete(it.bob, found.id)
    GraphQL(it).stop(it.admin, found.id)
    face.delete(who, found.id)
    entries = noted(it, target=found.id)
    assert told(entries) == [
        ("alice", "process.start", "OK"),
        ("bob", "process.delete", "FORBIDDEN"),
        ("admin", "process.stop", "OK"),
        ("alice", "process.delete", "OK"),
    ]
    begun, refused, _, deleted = entries
    assert (begun["actorId"], begun["address"]) == (who.id, "127.0.0.1")
    assert begun["tokenId"] != refused["tokenId"]
    assert begun["details"] == {
        "script": "echo",
        "parameters": [["s", "x" * 199 + "…"], ["x", "***"], ["f", "täst.txt"]],
    }
    assert deleted["details"] == {"script": "echo", "ownerId": who.id, "status": "STOPPED"}
    assert SECRET not in str(it.rows("SELECT * FROM audit"))


def test_start_that_is_refused_or_wrong_is_noted_with_its_result(face: Face) -> None:
    it = face.it
    who = it.add_user(f"eager-{uuid4().hex[:8]}")
    reader = it.add_token(who, scope="READ")
    for asks, script, value in ((who, "hidden", ""), (reader, "echo", ""), (who, "echo", "x")):
        with pytest.raises(Refused):
            face.start(asks, script, ("i", value))
    with pytest.raises(Refused):
        face.start(reader, "echo", ("f", Upload("x.txt")))
    entries = noted(it, actor=who.name, action="process.start")
    assert [(each["target"], each["result"]) for each in entries] == [
        ("hidden", "FORBIDDEN"),
        ("echo", "FORBIDDEN"),
        ("echo", "BAD_INPUT"),
        # By GraphQL only the form, which is not read, could say what was to be started.
        (None if isinstance(face, GraphQL) else "echo", "FORBIDDEN"),
    ]


def test_no_deed_without_its_entry(install: Install) -> None:
    """What cannot be noted is not done either; and what is refused is refused all the same."""
    it = install()
    it.start()
    graphql = GraphQL(it)
    process_id = graphql.start(it.alice, "echo", start_time="2030-01-01T00:00:00Z").id
    it.execute("ALTER TABLE audit RENAME TO away")
    for what in (
        lambda: graphql.start(it.alice, "echo"),
        lambda: graphql.stop(it.alice, process_id),
        lambda: graphql.delete(it.alice, process_id),
        lambda: graphql.output(it.admin, process_id),
        lambda: change(it, it.admin, 'addUser(name: "x") { id }'),
        lambda: change(it, it.admin, 'addGroup(name: "x") { id }'),
    ):
        assert code_of(what) == "INTERNAL"
    assert code_of(lambda: graphql.delete(it.bob, process_id)) == "FORBIDDEN"
    it.execute("ALTER TABLE away RENAME TO audit")
    assert [each.id for each in graphql.find(it.alice)] == [process_id]
    assert graphql.show(it.alice, process_id).status == "SCHEDULED"
    assert it.graphql(it.admin, "{ groups { name } users { nodes { name } } }") == {
        "groups": [],
        "users": {"nodes": [{"name": name} for name in ("admin", "alice", "bob")]},
    }
    assert graphql.output(it.admin, process_id) == []
    assert not {path for path in it.stored() if process_id not in path}
    log = it.log.read_text()
    it.log.write_text(log.replace("Traceback", "Expected"))
    assert "FORBIDDEN, which the audit could not note" in log


def test_output_of_others_is_noted_once_however_it_is_read(face: Face) -> None:
    it = face.it
    process_id = start_python(it, it.alice, "print('hello')")
    end_of(it, it.alice, process_id)
    assert face.output(it.alice, process_id) == ["hello"]
    for _ in range(3):
        assert face.output(it.admin, process_id) == ["hello"]
        end_of(it, it.admin, process_id)
        GraphQL(it)._process(it.admin, process_id, 'outputSearch(pattern: "h") { hasMore }')
    with pytest.raises(Refused):
        face.output(it.bob, process_id)
    with pytest.raises(GraphQLRefusal), it.subscribe(it.bob, OUTPUT, id=process_id) as events:
        next(iter(events))
    entries = noted(it, target=process_id)
    assert told(entries)[0] == ("alice", "process.start", "OK")
    assert sorted(told(entries)[1:]) == [
        ("admin", "output.read", "OK"),
        ("admin", "output.search", "OK"),
        *[("bob", "process.read", "FORBIDDEN")] * 2,
    ]


def test_download_is_noted_once_although_it_comes_in_parts(face: Face) -> None:
    it = face.it
    program = "import os; open(os.environ['PROCESSION_OUTPUT_DIR'] + '/a b', 'w').write('12345')"
    process_id = start_python(it, it.alice, program)
    end_of(it, it.alice, process_id)
    (address,) = face.files(it.alice, process_id).values()
    for who in (it.alice, it.admin):
        for part in ("bytes=0-1", "bytes=2-"):
            assert it.get(who, address, headers={"Range": part}).status_code == 206
    entries = noted(it, target=process_id, action="file.download")
    assert told(entries) == [(who, "file.download", "OK") for who in ("alice", "admin")]
    assert entries[0]["details"] == {"script": "python", "ownerId": it.alice.id, "file": "a b"}


def test_signing_in_and_out_and_failing_to_are_noted_without_a_password(
    installation: Installation,
) -> None:
    it = installation
    it.execute("DELETE FROM attempt")
    who = it.add_user(f"somebody-{uuid4().hex[:8]}")
    mutation = f'setPassword(id: "{who.id}", password: "{PASSWORD}") {{ id }}'
    change(it, it.admin, mutation)
    fields = {"user": who.name, "password": PASSWORD}
    wrong = {"user": f"{who.name}\0", "password": "wrong" + SECRET}
    refused = it.request(NOBODY, "POST", "/api/authn/login", data=wrong)
    answer = it.request(NOBODY, "POST", "/api/authn/login", data=fields)
    session = it.sign_in(answer.headers["authorization"].split()[1])
    with pytest.raises(GraphQLRefusal):
        change(it, session, f'changePassword(old: "{SECRET}", new: "{PASSWORD}!") {{ id }}')
    change(it, session, f'changePassword(old: "{PASSWORD}", new: "{PASSWORD}!") {{ id }}')
    it.request(session, "POST", "/api/authn/logout")
    assert refused.status_code == 401
    (failed,) = noted(it, target=f"{who.name}\ufffd")
    assert (failed["actor"], failed["action"], failed["result"], failed["address"]) == (
        *(None, "session.start", "UNAUTHENTICATED"),
        "127.0.0.1",
    )
    entries = noted(it, target=who.name)
    assert told(entries) == [
        ("admin", "user.password", "OK"),
        (who.name, "session.start", "OK"),
        (who.name, "user.password", "BAD_INPUT"),
        (who.name, "user.password", "OK"),
        (who.name, "session.end", "OK"),
    ]
    assert len({each["tokenId"] for each in entries[1:]}) == 1
    stored = str(it.rows("SELECT * FROM audit"))
    assert PASSWORD not in stored and SECRET not in stored


def test_changes_of_users_groups_and_tokens_are_noted(installation: Installation) -> None:
    it = installation
    name = f"changed-{uuid4().hex[:8]}"
    user = change(it, it.admin, f'addUser(name: "{name}") {{ id }}')["addUser"]["id"]
    group = change(it, it.admin, f'addGroup(name: "{name}") {{ id }}')["addGroup"]["id"]
    both = f'(groupId: "{group}", userId: "{user}") {{ id }}'
    right = f'(groupId: "{group}", right: READ, script: "python") {{ id }}'
    for mutation in (
        f'setAdmin(id: "{user}", isAdmin: true) {{ id }}',
        f'disableUser(id: "{user}") {{ id }}',
        f'enableUser(id: "{user}") {{ id }}',
        f"joinGroup{both}",
        f"leaveGroup{both}",
        f"grantRight{right}",
        f"revokeRight{right}",
        f'renameGroup(id: "{group}", name: "{name}") {{ id }}',
        f'deleteGroup(id: "{group}")',
    ):
        change(it, it.admin, mutation)
    with pytest.raises(GraphQLRefusal):
        change(it, it.bob, f'setAdmin(id: "{user}", isAdmin: true) {{ id }}')
    made = f'createToken(userId: "{user}", name: "n", scope: READ) {{ token {{ id }} text }}'
    token = change(it, it.admin, made)["createToken"]
    it.cli("token", "revoke", token["token"]["id"])
    assert [(each["action"], each["details"]) for each in noted(it, target=name)] == [
        ("user.add", {"isAdmin": False}),
        ("group.add", None),
        ("user.role", {"isAdmin": True}),
        ("user.disable", None),
        ("user.enable", None),
        ("group.join", {"user": name}),
        ("group.leave", {"user": name}),
        ("right.grant", {"right": "READ", "script": "python"}),
        ("right.revoke", {"right": "READ", "script": "python"}),
        ("group.rename", {"name": name}),
        ("group.delete", None),
    ]
    (first,) = noted(it, actor="system", action="user.add")
    assert (first["target"], first["actorId"]) == ("admin", None)
    (refused,) = noted(it, target=user)
    assert told([refused]) == [("bob", "user.role", "FORBIDDEN")]
    created, revoked = noted(it, target=token["token"]["id"])
    assert created["details"] == {"user": name, "name": "n", "scope": "READ"}
    assert (revoked["actor"], revoked["action"]) == ("operator", "token.revoke")
    assert (revoked["actorId"], revoked["address"]) == (None, None)
    assert token["text"] not in str(it.rows("SELECT * FROM audit"))


def test_refusals_without_end_do_not_fill_the_disk(installation: Installation) -> None:
    it = installation
    who = it.add_user(f"stubborn-{uuid4().hex[:8]}")
    for _ in range(70):
        with pytest.raises(GraphQLRefusal):
            change(it, who, 'addGroup(name: "x") { id }')
    assert len(noted(it, actor=who.name)) == 60


def test_audit_is_read_by_pages_and_by_filters(installation: Installation) -> None:
    it = installation
    name = f"reader-{uuid4().hex[:8]}"
    who = it.add_user(name)
    scripts = [f"none-{each}" for each in range(5)]
    for script in scripts:
        with pytest.raises(Refused):
            GraphQL(it).start(who, script)
    entries = noted(it, actor=name)
    assert [each["target"] for each in entries] == scripts
    pages: list[list[str]] = []
    after = None
    while after is not None or not pages:
        wanted = {"first": 2, "after": after, "filter": {"actor": name}}
        page = it.graphql(it.admin, ENTRIES, **wanted)["audit"]
        pages.append([each["target"] for each in page["nodes"]])
        after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    assert pages == [scripts[:2:-1], scripts[2:0:-1], scripts[:1]]
    since, until_ = entries[1]["at"], entries[3]["at"]
    assert noted(it, actor=name, since=since, until=until_) == entries[1:4]
    assert noted(it, actor=name, result="OK") == []
    assert noted(it, actor=name, result="NOT_FOUND", action="process.start") == entries
    assert noted(it, actor="nobody\0") == []
    beyond = b64encode(json.dumps([1, 1 << 63]).encode()).decode()
    for wrong in ("x", "W10=", "WzEsMWU5OTld", beyond):
        with pytest.raises(GraphQLRefusal, match="not a cursor"):
            it.graphql(it.admin, ENTRIES, first=1, after=wrong)


@on_sqlite
def test_command_line_prints_the_audit(installation: Installation) -> None:
    it = installation
    name = f"printed-{uuid4().hex[:8]}"
    it.cli("user", "add", name)
    lines = it.cli("audit", "--target", name, "--json").splitlines()
    documents = [json.loads(line) for line in lines]
    assert documents == noted(it, target=name)
    plain = it.cli("audit", "--user", "operator", "--target", name, "--since", "1h")
    (line,) = plain.splitlines()
    facts = ["operator", "-", "user.add", name, "OK", '{"isAdmin":false}']
    assert line.split("\t") == [documents[0]["at"], *facts]
    assert it.cli("audit", "--target", name, "--until", "2020-01-01").strip() == ""
    for wrong in ("soon", "2026-11-23+02:00", "99999999999d"):
        assert "nor a duration" in it.cli("audit", "--since", wrong, code=2)


@pytest.fixture
def aged() -> Iterator[Installation]:
    """With entries of old, and processes that are not kept; not running."""
    with installed(PROCESSION_AUDIT_KEEP="30d", PROCESSION_KEEP="30d") as it:
        it.cli("user", "add", "boss", "--admin")
        it.first_token = it.cli("token", "create", "boss").strip()
        old = {"at": 0, "action": "process.start", "result": "OK"}
        it.insert("audit", [{**old, "target": str(each)} for each in range(2500)])
        insert(it, [Row(it.alice.id) for _ in range(3)])
        it.execute("UPDATE process SET ended_at = 0")
        yield it


def test_only_old_entries_go_and_what_goes_by_itself_is_noted(aged: Installation) -> None:
    it = aged
    it.cli("purge", "--yes")
    insert(it, [Row(it.alice.id), Row(it.alice.id)])
    it.execute("UPDATE process SET ended_at = 0")
    assert it.cli("audit", "--until", "31d").count("\n") == 2500
    it.start()
    until(lambda: it.rows("SELECT count(*) FROM audit WHERE at = 0") == [(0,)])
    purged = [(each["actor"], each["details"]) for each in noted(it, action="process.purge")]
    facts = {"status": "COMPLETED"}
    assert purged == [("operator", {**facts, "count": 3}), ("system", {**facts, "count": 2})]
    expired = noted(it, action="audit.expire", actor="system")
    assert sum(each["details"]["count"] for each in expired) == 2500


def test_database_lets_nobody_change_an_entry(installation: Installation) -> None:
    it = installation
    before = it.rows("SELECT * FROM audit ORDER BY id")
    for change in ("result = 'OK'", "actor = NULL", "id = id + 1"):
        with pytest.raises(Exception, match="entries of the audit are not changed"):
            it.execute(f"UPDATE audit SET {change}")  # noqa: S608
    assert before and it.rows("SELECT * FROM audit ORDER BY id")[: len(before)] == before


def test_every_resolver_that_does_something_is_audited() -> None:
    """What needs the scope START or ADMIN does something, unless it is known only to look."""
    silent = {
        function.name
        for path in (ROOT / "resolvers").glob("*.py")
        for function in ast.parse(path.read_text()).body
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and _does_something(function)
        and not {"audited", "deed"} & set(map(_name, function.decorator_list))
    }
    assert silent == LOOKING


def test_entries_are_only_added_and_only_retention_removes_any() -> None:
    uses = {
        (path.relative_to(ROOT).as_posix(), node.attr)
        for package in ("models", "jobs", "resolvers", "rest_compat", "server")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "AuditEntry"
    }
    assert uses == {
        ("resolvers/audit.py", "create"),
        ("resolvers/entries.py", "filter"),
        ("jobs/audit.py", "filter"),
    }
    assert "update" not in (ROOT / "resolvers" / "entries.py").read_text()
    assert "delete" not in (ROOT / "resolvers" / "entries.py").read_text()


def _does_something(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        _name(each) == "administrators" or (_name(each) == "needs" and "READ" not in ast.dump(each))
        for each in function.decorator_list
    )


def _name(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.id if isinstance(called, ast.Name) else ""
