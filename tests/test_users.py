"""Users, groups and tokens through GraphQL."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.installation import Installation, User, until
from tests.running import CHANGES, Gate, end_of, start_python
from tests.subscription import GraphQLRefusal

PASSWORD = "correct horse battery"
ADD = "mutation ($name: String!) { addUser(name: $name) { id name isAdmin isDisabled } }"
TOKEN = """mutation ($name: String!, $scope: TokenScope!, $owner: ID) {
  createToken(name: $name, scope: $scope, userId: $owner) { text token { id scope isSession } }
}"""


@pytest.fixture
def somebody(installation: Installation) -> User:
    """A user whom an administrator has added, with a token that they made for them."""
    it = installation
    it.execute("DELETE FROM attempt")
    name = f"somebody-{uuid4().hex[:8]}"
    added = it.graphql(it.admin, ADD, name=name)["addUser"]
    assert added == {"id": added["id"], "name": name, "isAdmin": False, "isDisabled": False}
    made = it.graphql(it.admin, TOKEN, name="first", scope="ADMIN", owner=added["id"])
    return it.sign_in(made["createToken"]["text"])


def change(it: Installation, who: User, mutation: str, **variables: Any) -> Any:
    kinds = ", ".join(f"${name}: {'ID' if name == 'id' else 'String'}!" for name in variables)
    return it.graphql(who, f"mutation ({kinds}) {{ {mutation} }}", **variables)


def session(it: Installation, name: str, password: str) -> User:
    fields = {"user": name, "password": password}
    answer = it.http.post(f"{it.url}/api/authn/login", data=fields)
    return it.sign_in(answer.headers["authorization"].split()[1])


def test_everyone_makes_lists_and_revokes_their_own_tokens(
    installation: Installation, somebody: User
) -> None:
    it = installation
    made = it.graphql(somebody, TOKEN, name="reader", scope="READ")["createToken"]
    assert (made["token"]["scope"], made["token"]["isSession"]) == ("READ", False)
    assert it.sign_in(made["text"]).id == somebody.id
    listed = it.graphql(somebody, "{ viewer { tokens { name scope revokedAt } } }")["viewer"]
    assert [each["name"] for each in listed["tokens"]] == ["first", "reader"]
    with pytest.raises(GraphQLRefusal, match="somebody else's"):
        change(it, it.bob, "revokeToken(id: $id) { id }", id=made["token"]["id"])
    revoked = change(it, somebody, "revokeToken(id: $id) { revokedAt }", id=made["token"]["id"])
    assert revoked["revokeToken"]["revokedAt"]


def test_of_several_who_add_a_user_of_one_name_one_does(installation: Installation) -> None:
    name = f"wanted-{uuid4().hex[:8]}"

    def add(_: int) -> str:
        try:
            return str(installation.graphql(installation.admin, ADD, name=name)["addUser"]["name"])
        except GraphQLRefusal as refusal:
            return str(refusal)

    with ThreadPoolExecutor(8) as threads:
        answers = sorted(threads.map(add, range(8)))
    assert answers == [f"name: There is a user '{name}' already."] * 7 + [name]


@pytest.mark.parametrize(
    ("end", "reason"),
    [("2020-01-01T00:00:00Z", "past"), ("9999-12-31T23:59:59-14:00", "more than ten years")],
)
def test_token_ends_in_ten_years_at_most(
    installation: Installation, somebody: User, end: str, reason: str
) -> None:
    document = """mutation ($end: DateTime!) {
      createToken(name: "x", scope: READ, expiresAt: $end) { text }
    }"""
    with pytest.raises(GraphQLRefusal, match=reason) as refusal:
        installation.graphql(somebody, document, end=end)
    assert list(refusal.value.fields) == ["expiresAt"]


def test_token_whose_end_is_beyond_all_calendars_is_listed_and_revoked_as_others(
    installation: Installation,
) -> None:
    """As earlier versions took them."""
    it = installation
    who = it.add_user(f"somebody-{uuid4().hex[:8]}", expires_at=253_402_351_199_000_000)
    tokens = it.graphql(who, "{ viewer { tokens { id expiresAt } } }")["viewer"]["tokens"]
    assert [each["expiresAt"] for each in tokens] == ["9999-12-31T23:59:59.999999Z"]
    assert "until 9999-12-31" in it.cli("token", "list", who.name)
    assert it.cli("token", "revoke", tokens[0]["id"]) == "Revoked.\n"


def test_own_password_is_changed_with_the_old_one_and_other_sessions_end(
    installation: Installation, somebody: User
) -> None:
    it = installation
    change(it, it.admin, "setPassword(id: $id, password: $p) { id }", id=somebody.id, p=PASSWORD)
    here, there = (session(it, somebody.name, PASSWORD) for _ in range(2))
    own = "changePassword(old: $old, new: $new) { id }"
    for old, new, field in (("wrong", PASSWORD, "old"), (PASSWORD, "short", "new")):
        with pytest.raises(GraphQLRefusal) as refusal:
            change(it, here, own, old=old, new=new)
        assert list(refusal.value.fields) == [field]
    change(it, here, own, old=PASSWORD, new=PASSWORD.upper())
    sessions = "{ viewer { sessions { revokedAt address } } }"
    told = it.graphql(here, sessions)["viewer"]["sessions"]
    assert [each["revokedAt"] is None for each in told] == [True, False]
    assert told[0]["address"] == "127.0.0.1"
    assert session(it, somebody.name, PASSWORD.upper()).id == there.id


def test_nobody_else_can_keep_one_from_changing_the_password(
    installation: Installation, somebody: User
) -> None:
    """Such as by failing to sign in under the id of the user."""
    it = installation
    change(it, it.admin, "setPassword(id: $id, password: $p) { id }", id=somebody.id, p=PASSWORD)
    fields = {"user": f"{somebody.id} changes", "password": "wrong"}
    assert it.http.post(f"{it.url}/api/authn/login", data=fields).status_code == 401
    it.execute("UPDATE attempt SET failures = 40")
    own = "changePassword(old: $old, new: $new) { id }"
    change(it, somebody, own, old=PASSWORD, new=PASSWORD.upper())
    with pytest.raises(GraphQLRefusal, match="not your password"):
        change(it, somebody, own, old=PASSWORD, new=PASSWORD)
    it.execute("UPDATE attempt SET failures = 40")
    with pytest.raises(GraphQLRefusal, match="Too many failures"):
        change(it, somebody, own, old=PASSWORD.upper(), new=PASSWORD)


def test_disabled_user_is_out_until_enabled_and_their_processes_go_on(
    installation: Installation, somebody: User
) -> None:
    it, gate = installation, Gate(installation)
    change(it, it.admin, "setPassword(id: $id, password: $p) { id }", id=somebody.id, p=PASSWORD)
    in_a_session = session(it, somebody.name, PASSWORD)
    process_id = start_python(it, somebody, f"{gate.wait}; print('on')")
    with it.subscribe(somebody, CHANGES, id=process_id) as events:
        next(iter(events))  # from now on it is a subscription that ends, not one that is refused
        change(it, it.admin, "disableUser(id: $id) { isDisabled }", id=somebody.id)
        with pytest.raises(GraphQLRefusal, match="is disabled"):
            list(events)
    for who in (somebody, in_a_session):
        until(lambda: it.get(who, "/api/system/processes").status_code == 401)  # noqa: B023
    gate.open()
    ended = end_of(it, it.admin, process_id)
    assert (ended.status, ended.text) == ("COMPLETED", "on")
    change(it, it.admin, "enableUser(id: $id) { isDisabled }", id=somebody.id)
    assert it.sign_in(somebody.token).id == somebody.id


def test_groups_have_members(installation: Installation, somebody: User) -> None:
    it = installation
    name = f"group-{uuid4().hex[:8]}"
    group = change(it, it.admin, "addGroup(name: $name) { id }", name=name)["addGroup"]["id"]
    document = "mutation ($g: ID!, $u: ID!) { %s(groupId: $g, userId: $u) { members { name } } }"
    for _ in range(2):
        joined = it.graphql(it.admin, document % "joinGroup", g=group, u=somebody.id)
        assert joined["joinGroup"]["members"] == [{"name": somebody.name}]
    own = it.graphql(somebody, "{ viewer { groups { name } } }")["viewer"]
    assert own == {"groups": [{"name": name}]}
    left = it.graphql(it.admin, document % "leaveGroup", g=group, u=somebody.id)
    assert left["leaveGroup"]["members"] == []
    change(it, it.admin, "deleteGroup(id: $id)", id=group)
    with pytest.raises(GraphQLRefusal, match="There is no group"):
        change(it, it.admin, "deleteGroup(id: $id)", id=group)


def test_users_are_listed_by_pages(installation: Installation, somebody: User) -> None:
    it = installation
    page = """query ($after: String) { users(first: 2, after: $after) {
        totalCount nodes { name } pageInfo { hasNextPage endCursor } } }"""
    names: list[str] = []
    after, total = None, 0
    while after is not None or not names:
        found = it.graphql(it.admin, page, after=after)["users"]
        names += [each["name"] for each in found["nodes"]]
        total = found["totalCount"]
        after = found["pageInfo"]["endCursor"] if found["pageInfo"]["hasNextPage"] else None
    assert len(names) == len(set(names)) == total
    assert somebody.name in names
