"""Output as GraphQL tells it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR
from typing import Any

from tests.exactness.heard import Batch, Facts
from tests.installation import Installation, User
from tests.subscription import Subscription

PATIENCE = 40.0  # seconds without a word
OUTPUT = """subscription ($id: ID!, $after: Int, $last: Int) {
  processOutput(id: $id, after: $after, last: $last) {
    ... on OutputBatch { firstSeq lastSeq %s }
    ... on OutputEnd { status exitCode endSeq: lastSeq byteCount sha256 }
  }
}"""
IN_LINES = OUTPUT % "lines { seq time text }"
IN_TEXT = OUTPUT % "text"
PAGE = """query ($id: ID!, $after: Int, $first: Int, $last: Int) {
  process(id: $id) {
    status exitCode lastSeq byteCount: outputBytes sha256: outputSha256
    output(after: $after, first: $first, last: $last) {
      firstSeq lastSeq hasMore lines { seq time text }
    }
  }
}"""


class FragileSubscription(Subscription):
    """One that can be cut, and that does not wait for ever."""

    def cut(self) -> None:
        """Leaves without a word, as a client that crashes does."""
        with suppress(OSError):  # the server was faster
            self._socket.socket.shutdown(SHUT_RDWR)

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(PATIENCE))
        return message


@contextmanager
def subscribed(
    it: Installation, who: User, document: str, **variables: object
) -> Iterator[Iterator[Any]]:
    """The events of a subscription, which is cut in the end."""
    subscription = FragileSubscription(it.url, who.token, document, variables)
    with subscription:
        try:
            yield iter(subscription)
        finally:
            subscription.cut()


def ask(it: Installation, who: User, process_id: str, **part: int | None) -> tuple[Facts, Any]:
    """The process as it is now, and a page of its output."""
    given = {name: number for name, number in part.items() if number is not None}
    facts = it.graphql(who, PAGE, id=process_id, **given)["process"]
    return facts, facts.pop("output")


def told(event: dict[str, Any]) -> Batch | Facts:
    """An event of a subscription: lines, or the end."""
    if "status" in event:
        return {"lastSeq": event.pop("endSeq"), **event}
    return batch_of(event)


def batch_of(found: dict[str, Any]) -> Batch:
    """Lines, whose numbers are proven."""
    lines = found.get("lines")
    if lines is None:
        batch = Batch(found["firstSeq"], found["text"])
    else:
        text = "\n".join(line["text"] for line in lines)
        batch = Batch(found["firstSeq"], text, tuple(line["time"] for line in lines))
        numbers = [line["seq"] for line in lines]
        assert numbers == list(range(batch.first_seq, batch.last_seq + 1))
    assert batch.last_seq == found["lastSeq"]
    return batch
