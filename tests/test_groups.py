"""What groups are granted: scripts that one sees or starts, and processes of others that one reads.

Who is told what at each door is in `test_rights.py`, how soon live sight ends in `test_sharing.py`.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from tests.faces import Face, GraphQL, Refused, Rest
from tests.installation import Installation, User
from tests.rows import Row, insert
from tests.running import CHANGES, facts, start_python, until_heard
from tests.subscription import GraphQLRefusal
from tests.test_processes import KEYS, ask

BEGINNING = datetime(2031, 1, 1, tzinfo=UTC)
GRANT = """mutation ($id: ID!, $right: ScriptRight!, $script: String!) {
  %s(groupId: $id, right: $right, script: $script) { grants { right script } }
}"""
OWN = "{ viewer { groups { name grants { right script } } } }"


@pytest.fixture(scope="module")
def reader(installation: Installation) -> User:
    """May read the processes of two scripts, and has some of their own."""
    return installation.add_member(("READ", "import-a"), ("READ", "import-b"))


@pytest.fixture(scope="module")
def rows(installation: Installation, reader: User) -> list[Row]:
    """Processes of theirs and of others, many of which start at the same moment."""
    chance = Random(7)  # noqa: S311
    made = [
        Row(
            chance.choice((reader.id, installation.alice.id, installation.bob.id)),
            chance.choice(("import-a", "import-b", "export-a", "export-b")),
            start_time=BEGINNING + timedelta(hours=chance.randrange(20)),
            created_at=BEGINNING + timedelta(seconds=chance.randrange(40)),
        )
        for _ in range(120)
    ]
    insert(installation, made)
    return made


@pytest.fixture
def seen(reader: User, rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.user_id == reader.id or row.script.startswith("import")]


@pytest.mark.parametrize("by", KEYS)
def test_pages_hold_once_and_in_order_what_is_ones_own_or_granted(
    installation: Installation, reader: User, seen: list[Row], by: str
) -> None:
    found: list[str] = []
    backwards: list[str] = []
    order = {"by": by, "direction": "DESC"}
    more: dict[str, Any] = {}
    while len(found) < len(seen):
        page = ask(installation, reader, first=23, sort=order, **more)
        found += [node["id"] for node in page["nodes"]]
        assert page["totalCount"] == len(seen)
        assert page["pageInfo"]["hasNextPage"] == (len(found) < len(seen))
        more = {"after": page["pageInfo"]["endCursor"]}
    assert found == [row.id for row in sorted(seen, key=KEYS[by], reverse=True)]
    more = {}
    while len(backwards) < len(seen):
        page = ask(installation, reader, last=50, sort=order, **more)
        backwards = [node["id"] for node in page["nodes"]] + backwards
        more = {"before": page["pageInfo"]["startCursor"]}
    assert backwards == found


def test_numbered_pages_hold_the_same(
    installation: Installation, reader: User, seen: list[Row]
) -> None:
    found: list[str] = []
    for number in range(len(seen) // 25 + 2):
        path = f"/api/system/processes?size=25&page={number}&sort=script,asc"
        document = installation.get(reader, path).json()
        assert document["page"]["totalElements"] == len(seen)
        found += [each["processId"] for each in document["_embedded"]["processes"]]
    assert found == [row.id for row in sorted(seen, key=KEYS["SCRIPT"])]


def test_filters_hold_within_what_may_be_read(
    face: Face, installation: Installation, reader: User, rows: list[Row], seen: list[Row]
) -> None:
    alice = installation.alice.id

    def ids(wanted: list[Row], **values: str) -> set[str]:
        chosen = values.items()
        return {row.id for row in wanted if all(getattr(row, name) == v for name, v in chosen)}

    def found(who: User = reader, **filters: str) -> set[str]:
        return {each.id for each in face.find(who, **filters)}

    assert found(user_id=alice) == ids(seen, user_id=alice) < ids(rows, user_id=alice)
    assert found(user_id=reader.id) == ids(rows, user_id=reader.id)
    assert found(user_id=alice, script="import-a") == ids(rows, user_id=alice, script="import-a")
    assert found(user_id=alice, script="export-a") == set()
    assert found(script="import-b") == ids(rows, script="import-b")
    assert found(script="export-b") == ids(rows, script="export-b", user_id=reader.id)
    everything = installation.add_member(("READ", "*"))
    assert found(everything, user_id=alice) >= ids(rows, user_id=alice)
    starter = installation.add_member(("START", "*"), ("SEE", "*"))
    with pytest.raises(Refused, match="processes of others"):
        found(starter, user_id=alice)


def test_more_rights_than_a_query_has_parts_give_the_same_list(
    installation: Installation, rows: list[Row]
) -> None:
    granted = [("READ", f"import-{each}") for each in ("a", "b", *range(200))]
    reader = installation.add_member(*granted)
    wanted = sorted((row for row in rows if "import" in row.script), key=KEYS["START_TIME"])
    page = ask(installation, reader, first=10)
    assert [node["id"] for node in page["nodes"]] == [row.id for row in wanted[:-11:-1]]
    assert page["totalCount"] == len(wanted)


def test_reader_is_told_of_changes_and_why_they_may_not_end_a_process(
    installation: Installation,
) -> None:
    it = installation
    reader = it.add_member(("READ", "python"))
    with it.subscribe(reader, CHANGES) as events:
        heard = iter(events)
        until_heard(it, reader, heard)
        theirs = start_python(it, it.alice, "print(1)")
        while (told := next(heard)["processChanges"])["id"] != theirs:
            assert told["process"]["scriptName"] == "python"
    for face in (GraphQL(it), Rest(it)):
        with pytest.raises(Refused, match="you may see it, but only they and administrators"):
            face.delete(reader, theirs)


def test_script_says_whether_one_may_start_it(installation: Installation) -> None:
    it = installation
    document = '{ script(name: "hidden") { canStart } scripts { name canStart } }'
    for right, can in (("SEE", False), ("START", True)):
        who = it.add_member((right, "hidden"))
        found = it.graphql(who, document)
        assert found["script"] == {"canStart": can}
        assert {"name": "hidden", "canStart": can} in found["scripts"]
        assert {"name": "echo", "canStart": True} in found["scripts"]
        assert "import" not in Rest(it).scripts(who)
        assert "hidden" in Rest(it).scripts(who)
    looker = replace(who, token=it.add_token(who, scope="READ").token)
    assert it.graphql(looker, document)["script"] == {"canStart": False}


def test_process_of_a_script_that_is_not_seen_has_none(installation: Installation) -> None:
    it = installation
    (process_id,) = insert(it, [Row(it.alice.id, "hidden")])
    reader = it.add_member(("READ", "hidden"))
    assert facts(it, reader, process_id, "script { name } scriptName") == {
        "script": None,
        "scriptName": "hidden",
    }


def test_rights_are_granted_and_revoked_and_members_see_their_own(
    installation: Installation,
) -> None:
    it, admin = installation, installation.admin
    name = f"curators {uuid4()}"
    add = "mutation ($name: String!) { addGroup(name: $name) { id } }"
    group = it.graphql(admin, add, name=name)["addGroup"]["id"]
    member = it.add_user(f"member {uuid4()}")
    it.insert("membership", [{"group_id": group, "user_id": member.id}])

    def change(deed: str, right: str, script: str) -> list[tuple[str, str]]:
        answer = it.graphql(admin, GRANT % deed, id=group, right=right, script=script)
        return [(each["right"], each["script"]) for each in answer[deed]["grants"]]

    for _ in range(2):
        assert change("grantRight", "READ", "import") == [("READ", "import")]
    assert change("grantRight", "SEE", "*") == [("SEE", "*"), ("READ", "import")]
    mine = it.graphql(member, OWN)["viewer"]["groups"]
    granted = [{"right": "SEE", "script": "*"}, {"right": "READ", "script": "import"}]
    assert {"name": name, "grants": granted} in mine
    with pytest.raises(GraphQLRefusal, match="Only administrators"):
        it.graphql(member, "{ viewer { groups { members { name } } } }")
    with pytest.raises(GraphQLRefusal, match="There is no script 'imprt'"):
        change("grantRight", "READ", "imprt")
    for never in ("im\0port", "im\nport"):
        with pytest.raises(GraphQLRefusal, match="There is no script 'im"):
            change("revokeRight", "READ", never)
    for _ in range(2):
        assert change("revokeRight", "SEE", "*") == [("READ", "import")]
    rename = "mutation ($id: ID!, $name: String!) { renameGroup(id: $id, name: $name) { name } }"
    new = {"id": group, "name": f"{name} of old"}
    assert it.graphql(admin, rename, **new) == {"renameGroup": {"name": new["name"]}}
    for wrong in ("", it.graphql(admin, add, name=name) and name):
        with pytest.raises(GraphQLRefusal) as refusal:
            it.graphql(admin, rename, id=group, name=wrong)
        assert list(refusal.value.fields) == ["name"]
