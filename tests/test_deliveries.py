"""Users are told of ends by webhooks: signed, until they are taken, and nowhere inside."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.certificate import certificate
from tests.conftest import Install, installed_on
from tests.database import on_postgres, on_sqlite
from tests.installation import Installation, User, until
from tests.receiver import HELD, HOST, Receiver, receiving
from tests.rows import LONG_AGO, Row, insert
from tests.running import Gate, end_of, start_python
from tests.subscription import GraphQLRefusal
from tests.workers import pids, worker

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOTIFY = """mutation ($id: ID!, $by: NotifyInput!) {
  notifyMe(processId: $id, by: $by) { secret delivery { id state host channel } }
}"""
DELIVERIES = """query ($id: ID!) {
  deliveries(processId: $id) { id state occasion attempts nextAttemptAt log { at error } }
}"""
START = """mutation ($program: String!, $notify: [NotifyInput!]) {
  startProcess(script: "python", parameters: {name: "c", value: $program}, notify: $notify) { id }
}"""
FORGET = "mutation ($id: ID!) { forgetDelivery(id: $id) }"
DELETE = "mutation ($id: ID!) { deleteProcess(id: $id) }"


@pytest.fixture(scope="module")
def it(database: str, request: pytest.FixtureRequest) -> Iterator[Installation]:
    settings = {
        "PROCESSION_WEBHOOK_NETWORKS": f"{HOST}/32",
        "PROCESSION_REST_BASE_URL": "https://processes.example.org/",
    }
    with installed_on(database, request, **settings) as made:
        made.start()
        yield made
        assert "Traceback" not in made.log.read_text()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def notify(it: Installation, who: User, process_id: str, webhook: str, **more: str) -> Any:
    by = {"webhook": webhook, **more}
    return it.graphql(who, NOTIFY, id=process_id, by=by)["notifyMe"]


def deliveries(it: Installation, process_id: str) -> list[Any]:
    found: list[Any] = it.graphql(it.alice, DELIVERIES, id=process_id)["deliveries"]
    return found


def until_state(it: Installation, process_id: str, state: str) -> Any:
    """The one delivery of a process, once it is so."""
    until(lambda: deliveries(it, process_id)[0]["state"] == state)
    return deliveries(it, process_id)[0]


def ended(it: Installation, status: str = "COMPLETED") -> str:
    """A process of alice's that is over."""
    return insert(it, [Row(it.alice.id, status=status, ended_at=LONG_AGO)])[0]


def bring_forward(it: Installation, process_id: str, attempts: int) -> None:
    """Makes the next attempt due, once so many have ended."""
    until(lambda: len(deliveries(it, process_id)[0]["log"]) == attempts)
    it.execute(f"UPDATE delivery SET next_at = 0 WHERE process_id = '{process_id}'")  # noqa: S608


def test_end_is_told_when_it_has_come_signed_and_until_it_is_taken(
    it: Installation, receiver: Receiver
) -> None:
    receiver.statuses = [500, 302]
    gate = Gate(it)
    process_id = start_python(it, it.alice, f"{gate.wait}; raise SystemExit(3)")
    gate.reached()
    made = notify(it, it.alice, process_id, receiver.url)
    assert made["delivery"]["host"] == HOST
    assert (deliveries(it, process_id)[0]["attempts"], receiver.got.empty()) == (0, True)
    gate.open()
    end_of(it, it.alice, process_id)
    messages = []
    for attempt in (1, 2, 3):
        messages.append(receiver.next())
        messages[-1].check(made["secret"])
        if attempt < 3:
            bring_forward(it, process_id, attempt)
    delivered = until_state(it, process_id, "DELIVERED")
    assert {each.body for each in messages} == {messages[0].body}
    assert {each.id for each in messages} == {delivered["id"]}
    assert {each.path for each in messages} == {"/hook?key=of-the-receiver"}
    told = messages[0].told
    assert told["type"] == "process.ended"
    assert told["timestamp"] == told["data"]["endedAt"]
    assert (
        told["data"].items()
        >= {
            "id": process_id,
            "script": "python",
            "status": "FAILED",
            "exitCode": 3,
            "url": f"https://processes.example.org/processes/{process_id}",
        }.items()
    )
    reasons = ["It answered 500, not 2xx", "It answered 302, not 2xx", None]
    assert [each["error"] for each in delivered["log"]] == reasons
    assert (delivered["attempts"], delivered["nextAttemptAt"]) == (3, None)
    assert receiver.got.empty()
    stored = str(it.rows("SELECT secret FROM delivery")) + str(it.rows("SELECT details FROM audit"))
    assert made["secret"] not in stored
    assert "of-the-receiver" not in stored + it.log.read_text()


@on_sqlite
def test_receiver_is_told_by_tls_if_its_certificate_is_trusted_and_its_own(
    install: Install, tmp_path: Path
) -> None:
    trusted, others = certificate(tmp_path), certificate(tmp_path, "elsewhere.example.org")
    bundle = tmp_path / "trusted.pem"
    bundle.write_bytes(trusted.read_bytes() + others.read_bytes())
    (tmp_path / "unknown").mkdir()
    unknown = certificate(tmp_path / "unknown")
    networks = "127.0.0.1/32,::1/128"  # all that localhost may be
    it = install(PROCESSION_WEBHOOK_NETWORKS=networks, SSL_CERT_FILE=str(bundle))
    it.start()
    with receiving(trusted) as good, receiving(unknown) as bad, receiving(others) as mistaken:
        taken = ended(it)
        made = notify(it, it.alice, taken, good.url)
        message = good.next()
        message.check(made["secret"])
        assert message.headers["host"] == f"localhost:{good.port}"
        assert until_state(it, taken, "DELIVERED")["log"][0]["error"] is None
        for receiver, reason in (
            (bad, "Its certificate is not good: self-signed certificate"),
            (mistaken, "Its certificate is not good: Hostname mismatch, certificate is not valid"),
        ):
            refused = ended(it)
            notify(it, it.alice, refused, receiver.url)
            until(lambda: deliveries(it, refused)[0]["log"])  # noqa: B023
            (delivery,) = deliveries(it, refused)
            assert delivery["state"] == "PENDING"
            assert delivery["log"][0]["error"].startswith(reason)
            assert receiver.got.empty()


def test_worker_that_is_killed_while_it_delivers_leaves_it_to_the_next(
    it: Installation, receiver: Receiver
) -> None:
    receiver.statuses = [HELD]
    process_id = ended(it)
    notify(it, it.alice, process_id, receiver.url)
    first = receiver.next()
    (killed,) = pids(it, "server.worker")
    os.kill(killed, signal.SIGKILL)
    until(lambda: pids(it, "server.worker") not in ([], [killed]))
    receiver.released.set()
    pending = deliveries(it, process_id)[0]
    assert (pending["state"], pending["attempts"], pending["log"]) == ("PENDING", 1, [])
    bring_forward(it, process_id, 0)
    assert receiver.next().id == first.id
    assert until_state(it, process_id, "DELIVERED")["attempts"] == 2


@on_postgres
def test_of_two_workers_one_delivers(it: Installation, receiver: Receiver, tmp_path: Path) -> None:
    with worker(it, tmp_path / "elsewhere"):
        ids = {notify(it, it.alice, ended(it), receiver.url)["delivery"]["id"] for _ in range(12)}
        got = [receiver.next().id for _ in ids]
        state = "SELECT COUNT(*) FROM delivery WHERE state = 'PENDING'"
        until(lambda: it.rows(state) == [(0,)])
    assert (sorted(got), receiver.got.empty()) == (sorted(ids), True)


@on_sqlite
def test_start_asks_for_it_with_a_secret_that_is_known(
    it: Installation, receiver: Receiver
) -> None:
    wishes = [
        {"webhook": receiver.url, "secret": SECRET},
        {"webhook": receiver.url, "secret": SECRET, "occasion": "FAILED"},
    ]
    begun = it.graphql(it.alice, START, program="print(1)", notify=wishes)
    process_id = begun["startProcess"]["id"]
    message = receiver.next()
    message.check(SECRET)
    assert (message.told["data"]["status"], message.told["data"]["lastSeq"]) == ("COMPLETED", 1)
    until(lambda: all(each["state"] != "PENDING" for each in deliveries(it, process_id)))
    by_occasion = {each["occasion"]: each["state"] for each in deliveries(it, process_id)}
    assert by_occasion == {"ENDED": "DELIVERED", "FAILED": "SKIPPED"}
    assert receiver.got.empty()
    with pytest.raises(GraphQLRefusal, match="ask with notifyMe, which makes and shows one"):
        it.graphql(it.alice, START, program="", notify=[{"webhook": receiver.url}])
    with pytest.raises(GraphQLRefusal, match="whsec_ and 24 to 64 random bytes"):
        notify(it, it.alice, process_id, receiver.url, secret="whsec_short")
    with pytest.raises(GraphQLRefusal, match="PROCESSION_SMTP_URL"):
        it.graphql(it.alice, START, program="", notify=[{"email": True}])


@on_sqlite
def test_what_is_taken_back_or_gone_is_not_sent_again(it: Installation, receiver: Receiver) -> None:
    receiver.statuses = [410]
    gone = ended(it)
    notify(it, it.alice, gone, receiver.url)
    failed = until_state(it, gone, "FAILED")
    assert (failed["attempts"], failed["log"][0]["error"][:15]) == (1, "It answered 410")
    receiver.next()
    gate = Gate(it)
    process_id = start_python(it, it.alice, gate.wait)
    taken_back = notify(it, it.alice, process_id, receiver.url)["delivery"]["id"]
    with pytest.raises(GraphQLRefusal, match="You have no delivery"):
        it.graphql(it.admin, FORGET, id=taken_back)
    it.graphql(it.alice, FORGET, id=taken_back)
    kept = notify(it, it.alice, process_id, receiver.url)["delivery"]["id"]
    gate.open()
    assert receiver.next().id == kept
    until_state(it, process_id, "DELIVERED")
    assert receiver.got.empty()


@on_sqlite
def test_who_may_not_see_the_process_any_more_is_told_nothing(
    it: Installation, receiver: Receiver
) -> None:
    reader, leaver = it.add_member(("READ", "python")), it.add_member(("READ", "python"))
    gate = Gate(it)
    process_id = start_python(it, it.alice, gate.wait)
    for who in (reader, leaver, it.admin):
        notify(it, who, process_id, receiver.url)
    with pytest.raises(GraphQLRefusal, match="somebody else's"):
        notify(it, it.bob, process_id, receiver.url)
    it.execute("DELETE FROM script_grant")
    it.execute(f"UPDATE user_account SET disabled_at = 1 WHERE id = '{leaver.id}'")  # noqa: S608
    gate.open()
    receiver.next()
    rows = f"SELECT user_id, state FROM delivery WHERE process_id = '{process_id}'"  # noqa: S608
    until(lambda: "PENDING" not in dict(it.rows(rows)).values())
    assert {str(user): state for user, state in it.rows(rows)} == {
        reader.id: "FAILED",
        leaver.id: "FAILED",
        it.admin.id: "DELIVERED",
    }
    assert receiver.got.empty()


@on_sqlite
def test_no_other_place_inside_is_reached(it: Installation, receiver: Receiver) -> None:
    inside = [
        *("127.0.0.1", "localhost", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"),  # noqa: S104
        *("169.254.169.254", "10.0.0.1", "100.64.0.1", "224.0.0.1", "240.0.0.1"),
        *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fd00::1]", "[fe80::1]", "[fec0::1]"),
        "[2001:0:7f00:1::]",
    ]
    processes = [ended(it) for _ in range(2)]
    for place, host in enumerate(inside):
        url = f"https://{host}:{receiver.port}/"
        notify(it, it.alice, processes[place % 2], url)
    in_clear = ended(it)
    notify(it, it.alice, in_clear, f"http://127.0.0.1:{receiver.port}/")
    rows = "SELECT url, log FROM delivery WHERE attempts = 1 AND log <> '[]'"
    until(lambda: all(each["log"] for one in processes for each in deliveries(it, one)))
    errors = [each["log"][0]["error"] for one in processes for each in deliveries(it, one)]
    assert len(errors) == len(inside)
    assert all(error.startswith("It is not a public address") for error in errors), it.rows(rows)
    until(lambda: deliveries(it, in_clear)[0]["log"])
    assert deliveries(it, in_clear)[0]["log"][0]["error"] == "Only https is allowed there"
    assert receiver.got.empty()


@on_sqlite
@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.org/", "https://", "https://user@example.org/", "https://example.org:0/"),
        *("https://example.org/\r\nX: y", "https://[x", "https://example.org:x/", "x"),
        "https://example.org/" + "x" * 2000,
    ],
)
def test_url_that_is_none_is_refused(it: Installation, url: str) -> None:
    with pytest.raises(GraphQLRefusal) as refused:
        notify(it, it.alice, ended(it), url)
    assert refused.value.code == "BAD_INPUT"


def test_nobody_is_told_of_one_process_without_end(it: Installation, receiver: Receiver) -> None:
    """However many ask at the same time."""
    process_id = insert(it, [Row(it.alice.id, status="RUNNING")])[0]

    def ask(_: int) -> str:
        try:
            notify(it, it.alice, process_id, receiver.url)
        except GraphQLRefusal as refused:
            return str(refused)
        return "OK"

    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(ask, range(24)))
    assert answers.count("OK") == len(deliveries(it, process_id)) == 10
    assert {each for each in answers if "10 times already" not in each} == {"OK"}
    notify(it, it.admin, process_id, receiver.url)


@on_postgres
def test_process_that_is_just_being_deleted_is_told_of_to_nobody(
    it: Installation, receiver: Receiver
) -> None:
    process_id = ended(it)
    with ThreadPoolExecutor(2) as threads:
        with it.holding("process", it.alice):
            gone = threads.submit(it.graphql, it.alice, DELETE, id=process_id)
            it.until_waiting("process", 1)
            told = threads.submit(notify, it, it.alice, process_id, receiver.url)
            it.until_waiting("process", 2)
        assert gone.result()
        with pytest.raises(GraphQLRefusal) as refused:
            told.result()
    assert refused.value.code == "NOT_FOUND"
