"""Reading back what a process printed, in each way there is; all as text, but for REST's JSON."""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable
from http.client import HTTPConnection

from bench.installation import Server
from bench.subscription import socket

PAGE = """query ($id: ID!, $after: Int!) {
  process(id: $id) { output(after: $after, first: 100000) { text lastSeq } }
}"""
FOLLOW = """subscription ($id: ID!) {
  processOutput(id: $id) {
    ... on OutputBatch { text }
    ... on OutputEnd { status }
  }
}"""
BLOCK = 1 << 20
LINE = re.compile(rb'"line":"([^"]*)"')  # nothing in our lines is written otherwise in JSON
WRONG = "What was read is not what was printed"


class Text:
    """What was read, as a sum, and the seconds since its beginning."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._began = time.perf_counter()

    def add(self, text: str) -> None:
        self._digest.update(text.encode() + b"\n")

    def seconds(self, sha256: str) -> float:
        """Raises AssertionError if it is not the text of this sum."""
        seconds = time.perf_counter() - self._began
        assert self._digest.hexdigest() == sha256, WRONG
        return seconds


async def by_pages(server: Server, process_id: str, sha256: str) -> float:
    """The seconds that it takes to read all by pages of GraphQL."""
    text, after = Text(), 0
    while True:
        answer = await server.graphql(PAGE, {"id": process_id, "after": after})
        page = answer["process"]["output"]
        if page["lastSeq"] is None:
            return text.seconds(sha256)
        text.add(page["text"])
        after = page["lastSeq"]


async def by_subscription(server: Server, process_id: str, sha256: str) -> float:
    """The seconds that it takes a subscriber who comes late."""
    async with socket(server.port, server.token) as late:
        text = Text()
        events = await late.subscribe(FOLLOW, {"id": process_id})
        while (event := await events.get()) is not None:
            if "text" in event["processOutput"]:
                text.add(event["processOutput"]["text"])
        return text.seconds(sha256)


async def by_json(server: Server, process_id: str, sha256: str) -> float:
    """The seconds that it takes to get all as JSON by REST."""
    blocks: list[bytes] = []
    seconds = await asyncio.to_thread(_get, server, process_id, "application/json", blocks.append)
    digest = hashlib.sha256()
    for line in LINE.finditer(b"".join(blocks)):
        digest.update(line[1] + b"\n")
    assert digest.hexdigest() == sha256, WRONG
    return seconds


async def by_plain_text(server: Server, process_id: str, sha256: str) -> float:
    """The seconds that it takes to get the bare lines by REST."""
    digest = hashlib.sha256()
    seconds = await asyncio.to_thread(_get, server, process_id, "text/plain", digest.update)
    assert digest.hexdigest() == sha256, WRONG
    return seconds


def _get(server: Server, process_id: str, accept: str, take: Callable[[bytes], None]) -> float:
    """The seconds until `take` has had each block of the answer."""
    connection = HTTPConnection("127.0.0.1", server.port)
    headers = {"Authorization": f"Bearer {server.token}", "Accept": accept}
    began = time.perf_counter()
    connection.request("GET", f"/api/system/processes/{process_id}/output", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    while block := answer.read1(BLOCK):
        take(block)
    seconds = time.perf_counter() - began
    connection.close()
    return seconds
