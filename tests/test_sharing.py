"""Work that is the same for several is done once, and nobody can tell."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosedError

from models.instant import now
from tests.conftest import Install
from tests.faces import Face
from tests.installation import PATIENCE, Installation
from tests.rows import LONG_AGO, Row, insert
from tests.running import CHANGES, OUTPUT, Gate, end_of, start_python, until_running
from tests.subscription import GraphQLRefusal, Subscription

AT_ONCE = 8
ROUNDS = 12
SUBSCRIPTION = "subscription ($id: ID!, $after: Int"


@dataclass(frozen=True)
class Shape:
    """A selection of the live output, its variables, and what it makes of the line `seq`."""

    document: str
    event: Callable[[int], dict[str, Any]]
    variables: dict[str, Any] = field(default_factory=dict)


def text(seq: int) -> str:
    return f"\x1b[31m{seq}\x1b[m"


LINES = f"""{SUBSCRIPTION}, $lines: Boolean!) {{
  processOutput(id: $id, after: $after) {{
    ... on OutputBatch {{ firstSeq lines @include(if: $lines) {{ seq text plainText }} }}
  }}
}}"""
SHAPES = [
    Shape(
        f"{SUBSCRIPTION}) {{ "
        "processOutput(id: $id, after: $after) { ...on OutputBatch { text } } }",
        lambda seq: {"text": text(seq)},
    ),
    Shape(
        f"{SUBSCRIPTION}) {{ x: processOutput(id: $id, after: $after) {{ ...More }} }} "
        "fragment More on OutputBatch { seq: lastSeq plain: plainText }",
        lambda seq: {"seq": seq, "plain": str(seq)},
    ),
    Shape(
        LINES,
        lambda seq: {
            "firstSeq": seq,
            "lines": [{"seq": seq, "text": text(seq), "plainText": str(seq)}],
        },
        {"lines": True},
    ),
    Shape(LINES, lambda seq: {"firstSeq": seq}, {"lines": False}),
    Shape(
        f"{SUBSCRIPTION}) {{ ...Root }} fragment Root on Subscription {{ "
        "processOutput(id: $id, after: $after) { ... on OutputBatch { kind: __typename text } } }",
        lambda seq: {"kind": "OutputBatch", "text": text(seq)},
    ),
]


def test_list_has_what_was_stored_before_it_was_asked_for(
    face: Face, installation: Installation
) -> None:
    """Whoever asks while others ask the same still sees their own latest process."""
    bob = installation.bob
    later = now() + timedelta(days=365)

    def insert_and_find(number: int) -> bool:
        row = Row(user_id=bob.id, status="COMPLETED", start_time=later)
        (process_id,) = insert(installation, [row])
        return process_id in {seen.id for seen in face.find(bob)}

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert all(pool.map(insert_and_find, range(AT_ONCE * ROUNDS)))


def test_nobody_gets_the_list_of_another(face: Face, installation: Installation) -> None:
    it = installation
    owners = {who.name: who for who in (it.add_user(f"sharer {uuid4()}") for _ in range(4))}
    owned = {
        name: insert(it, [Row(user_id=who.id, status="COMPLETED")]) for name, who in owners.items()
    }

    def find(name: str) -> bool:
        return [seen.id for seen in face.find(owners[name])] == owned[name]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert all(pool.map(find, [*owners] * ROUNDS))


def test_who_leaves_takes_no_answer_from_others(installation: Installation) -> None:
    it = installation
    where = urlsplit(it.url)
    request = (
        f"GET /api/system/processes HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n"
        f"Authorization: Bearer {it.admin.token}\r\n\r\n"
    ).encode()

    def ask(stays: bool) -> bytes:
        with socket.create_connection((where.hostname, where.port), PATIENCE) as client:
            client.sendall(request)
            return client.makefile("rb").read() if stays else b""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(ask, [False, True, False, False] * AT_ONCE * ROUNDS))
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers if answer)


@pytest.mark.parametrize("starts", [(0, 0, 0), (0, 1, 2)], ids=["from one place", "from several"])
def test_subscribers_of_one_output_each_get_their_own_selection(
    installation: Installation, starts: tuple[int, ...]
) -> None:
    """Lines come one by one, each after everybody has heard the last one."""
    it, alice = installation, installation.alice
    gates = [Gate(it) for _ in range(3)]
    steps = [f"{gate.wait}; print({text(seq)!r})" for seq, gate in enumerate(gates, 1)]
    process_id = start_python(it, alice, "; ".join(steps))
    with ExitStack() as stack:
        readers = [
            (after, shape, iter(stack.enter_context(follow(it, process_id, after, shape))))
            for shape in SHAPES
            for after in starts
        ]
        for seq, gate in enumerate(gates, 1):
            gate.open()
            for after, shape, events in readers:
                if seq > after:
                    assert [*next(events).values()] == [shape.event(seq)]
        for _, _, events in readers:
            assert [[*event.values()] for event in events] == [[{}]]


def test_damaged_output_of_one_process_harms_no_follower_of_another(install: Install) -> None:
    """Those who wait at the same time are served together."""
    it = install()
    it.start()
    alice = it.alice
    rows = [Row(user_id=alice.id, lines=[(LONG_AGO, "a line")]) for _ in range(2)]
    damaged, sound = insert(it, rows)
    it.execute(DAMAGE.format(id=damaged))

    def first_text(process_id: str) -> str:
        try:
            with it.subscribe(alice, OUTPUT, id=process_id) as events:
                return str(next(iter(events))["processOutput"]["lines"][0]["text"])
        except GraphQLRefusal as refused:
            return refused.code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(first_text, [damaged, sound] * AT_ONCE * ROUNDS))
    assert found == ["INTERNAL", "a line"] * AT_ONCE * ROUNDS
    it.end()
    it.log.write_text(it.log.read_text().replace("Traceback", "Expected"))


def follow(it: Installation, process_id: str, after: int, shape: Shape) -> Subscription:
    return it.subscribe(it.alice, shape.document, id=process_id, after=after, **shape.variables)


DAMAGE = r"UPDATE output_chunk SET data = '\x28b52ffd' WHERE process_id = '{id}'"
PROMOTION = "UPDATE user_account SET is_admin = true WHERE id = '{id}'"
REVOCATION = """DELETE FROM script_grant WHERE group_id IN
    (SELECT group_id FROM membership WHERE user_id = '{id}')"""
READER = ("READ", "python")
# What happens to an administrator, or to a reader.
WITHDRAWALS = {
    "UPDATE token SET revoked_at = 1 WHERE user_id = '{id}'": ((), "UNAUTHENTICATED"),
    "UPDATE token SET expires_at = 1 WHERE user_id = '{id}'": ((), "UNAUTHENTICATED"),
    "UPDATE user_account SET disabled_at = 1 WHERE id = '{id}'": ((), "UNAUTHENTICATED"),
    "UPDATE user_account SET is_admin = false WHERE id = '{id}'": ((), "FORBIDDEN"),
    "DELETE FROM membership WHERE user_id = '{id}'": ((READER,), "FORBIDDEN"),
    REVOCATION: ((READER,), "FORBIDDEN"),
}


def test_subscriptions_end_soon_after_their_viewer_may_not_stay(
    installation: Installation,
) -> None:
    """Those of everything go on, with what may still be seen."""
    it = installation
    gate = Gate(it)
    process_id = start_python(it, it.alice, f"print(1, flush=True); {gate.wait}")
    until_running(it, it.alice, process_id)
    with ExitStack() as stack:
        staying = it.add_member(READER)
        everything = stack.enter_context(it.subscribe(staying, CHANGES))
        it.execute(REVOCATION.format(id=staying.id))
        leaving = []
        for withdrawal, (grants, code) in WITHDRAWALS.items():
            who = it.add_member(*grants)
            if not grants:
                it.execute(PROMOTION.format(id=who.id))
            for document in (OUTPUT, CHANGES):
                events = stack.enter_context(it.subscribe(who, document, id=process_id))
                next(iter(events))
                leaving.append((events, code))
            it.execute(withdrawal.format(id=who.id))
        for events, code in leaving:
            with pytest.raises(GraphQLRefusal) as refused:
                list(events)
            assert refused.value.code == code
        with pytest.raises(ConnectionClosedError) as closed:
            list(leaving[0][0].again(CHANGES))
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 4403
        gate.open()
        end_of(it, it.alice, process_id)
        own = start_python(it, staying, "print(2)")
        told = (each["processChanges"] for each in everything)
        before = list(takewhile(lambda change: change["id"] != own, told))
        theirs = [each["process"]["status"] for each in before if each["id"] == process_id]
        assert "COMPLETED" not in theirs


def test_subscriber_may_ask_for_fewer_events(installation: Installation) -> None:
    """Two looks a second give few events, however many lines come meanwhile."""
    it, alice = installation, installation.alice
    began = time.monotonic()
    process_id = start_python(
        it, alice, "import time\nfor n in range(300): print(n, flush=True); time.sleep(0.005)"
    )
    document = """subscription ($id: ID!) {
      processOutput(id: $id, maxRate: 2) { ...on OutputBatch { text } }
    }"""
    with it.subscribe(alice, document, id=process_id) as events:
        *batches, end = [event["processOutput"] for event in events]
    assert end == {}
    assert "\n".join(batch["text"] for batch in batches) == "\n".join(map(str, range(300)))
    assert len(batches) <= 2 * (time.monotonic() - began) + 1


@pytest.mark.parametrize("rate", [0, -1, 0.01, 1001])
def test_rate_that_makes_no_sense_is_refused(installation: Installation, rate: float) -> None:
    it = installation
    document = """subscription ($id: ID!, $rate: Float) {
      processOutput(id: $id, maxRate: $rate) { __typename }
    }"""
    with (
        pytest.raises(GraphQLRefusal) as refused,
        it.subscribe(it.alice, document, id=str(uuid4()), rate=rate) as events,
    ):
        list(events)
    assert list(refused.value.fields) == ["maxRate"]
