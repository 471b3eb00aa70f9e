"""A process that is measured: started, and awaited."""

import asyncio
from datetime import datetime

from bench.installation import Server

START = """mutation ($script: String!, $parameters: [ParameterInput!]) {
  startProcess(script: $script, parameters: $parameters) { id }
}"""
STATUS = "query ($id: ID!) { process(id: $id) { status reason } }"
TIMES = """query ($id: ID!) {
  process(id: $id) {
    first: output(first: 1) { lines { time } }
    last: output(last: 1) { lines { time } }
  }
}"""
PATIENCE = 300  # seconds


async def start(server: Server, script: str, **parameters: object) -> str:
    """Starts a script; the id of the process."""
    sent = [{"name": name, "value": str(value)} for name, value in parameters.items()]
    answer = await server.graphql(START, {"script": script, "parameters": sent})
    return str(answer["startProcess"]["id"])


async def until(server: Server, process_id: str, status: str, look_again: float = 0.02) -> None:
    """Returns when the process has this status, RUNNING or COMPLETED; asked for at intervals."""
    coming = ("SCHEDULED", "RUNNING")
    async with asyncio.timeout(PATIENCE):
        while True:
            found = (await server.graphql(STATUS, {"id": process_id}))["process"]
            if found["status"] == status:
                return
            assert found["status"] in coming, found
            await asyncio.sleep(look_again)


async def lines_came(server: Server, process_id: str) -> tuple[float, float]:
    """When its first line was read from the script, and the last (seconds since 1970)."""
    found = (await server.graphql(TIMES, {"id": process_id}))["process"]
    first, last = (found[each]["lines"][0]["time"] for each in ("first", "last"))
    return datetime.fromisoformat(first).timestamp(), datetime.fromisoformat(last).timestamp()
