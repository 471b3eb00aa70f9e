"""What is taken from somebody they have lost at once, on every server."""

from collections.abc import Callable, Iterator

import pytest

from models.instant import now, to_micros
from tests.database import on_postgres
from tests.installation import Installation, User, installed
from tests.rows import Row, insert
from tests.running import CHANGES

pytestmark = on_postgres

LATER = "2030-01-01T00:00:00Z"
STOP = "mutation ($id: ID!) { stopProcess(id: $id) { id } }"
START = f'mutation {{ startProcess(script: "echo", startTime: "{LATER}") {{ id }} }}'


@pytest.fixture
def other(installation: Installation) -> Iterator[Installation]:
    """A second server of the same installation."""
    it = installation
    shared = {
        "PROCESSION_REDIS_URL": f"unix://{it.data}/redis/redis.sock",
        "PROCESSION_FILES_URL": f"file://{it.data}/files",
    }
    with installed(it.database_url, **shared) as other:
        other.start()
        yield other


def revoke(it: Installation, who: User) -> None:
    listed = it.graphql(who, "{ viewer { tokens { id } } }")["viewer"]["tokens"]
    it.graphql(who, f'mutation {{ revokeToken(id: "{listed[0]["id"]}") {{ id }} }}')


def revoke_by_command(it: Installation, who: User) -> None:
    it.cli("token", "revoke", it.cli("token", "list", who.name).partition("\t")[0])


def sign_out(it: Installation, who: User) -> None:
    assert it.request(who, "POST", "/api/authn/logout").status_code == 204


def disable(it: Installation, who: User) -> None:
    it.graphql(it.admin, f'mutation {{ disableUser(id: "{who.id}") {{ id }} }}')


def set_password(it: Installation, who: User) -> None:
    given = f'id: "{who.id}", password: "correct horse battery"'
    it.graphql(it.admin, f"mutation {{ setPassword({given}) {{ id }} }}")


def revoke_right(it: Installation, who: User) -> None:
    (group,) = it.graphql(who, "{ viewer { groups { id } } }")["viewer"]["groups"]
    given = f'groupId: "{group["id"]}", right: READ, script: "python"'
    it.graphql(it.admin, f"mutation {{ revokeRight({given}) {{ id }} }}")


WITHDRAWALS: dict[Callable[[Installation, User], None], int] = {
    revoke_by_command: 401,  # first, for it takes longest
    revoke: 401,
    sign_out: 401,
    disable: 401,
    set_password: 401,
    revoke_right: 403,
}
OF_SESSIONS = (sign_out, set_password)


def test_what_is_withdrawn_is_gone_at_once_on_every_server(
    installation: Installation, other: Installation
) -> None:
    """The other server has heard of it when it hears of what happened afterwards."""
    it = installation
    (process_id,) = insert(it, [Row(it.alice.id, script="python")])
    path = f"/api/system/processes/{process_id}"
    leavers = []
    waiting = it.graphql(it.alice, START)["startProcess"]["id"]
    with other.subscribe(it.alice, CHANGES, id=waiting) as changes:
        heard = iter(changes)
        next(heard)  # from now on it hears
        for withdraw, status in WITHDRAWALS.items():
            who = it.add_member(("READ", "python"))
            if withdraw in OF_SESSIONS:
                who = it.add_token(who, kind="SESSION", created_at=to_micros(now()))
            for each in (it, other):
                assert each.get(who, path).status_code == 200
            withdraw(it, who)
            if withdraw is not revoke_by_command:
                assert it.get(who, path).status_code == status
            leavers.append((who, status))
        it.graphql(it.alice, STOP, id=waiting)
        next(heard)
        for each in (it, other):
            assert [each.get(who, path).status_code for who, _ in leavers] == [
                status for _, status in leavers
            ]
