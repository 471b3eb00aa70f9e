"""Deliveries: having the server tell of the end of a process, by a webhook or by e-mail."""

from typing import Any

from client.connection import Connection
from client.errors import Refused

FIELDS = """fragment fields on Delivery {
  id channel occasion host state createdAt attempts nextAttemptAt log { at error }
}"""
"""What is told of a delivery everywhere; `--json` prints it as it is."""
NOTIFY = f"""mutation ($id: ID!, $by: NotifyInput!) {{
  notifyMe(processId: $id, by: $by) {{ secret delivery {{ ...fields }} }}
}} {FIELDS}"""
LIST = f"query ($id: ID!) {{ deliveries(processId: $id) {{ ...fields }} }} {FIELDS}"
FORGET = "mutation ($id: ID!) { forgetDelivery(id: $id) }"

Delivery = dict[str, Any]
"""A delivery as JSON."""


def notify(
    connection: Connection, process_id: str, webhook: str | None, only_failed: bool
) -> Delivery:
    """Asks to be told, without a webhook by e-mail; `secret` is what a webhook's message is signed
    with. Raises Refused."""
    way = {"email": True} if webhook is None else {"webhook": webhook}
    by = {**way, "occasion": "FAILED" if only_failed else "ENDED"}
    made = connection.ask(NOTIFY, id=process_id, by=by)["notifyMe"]
    return {**made["delivery"], "secret": made["secret"]}


def deliveries(connection: Connection, process_id: str) -> list[Delivery]:
    """One's own of a process, in the order in which they were asked for. Raises Refused."""
    return list(connection.ask(LIST, id=process_id)["deliveries"])


def forget(connection: Connection, process_id: str, beginning: str) -> str:
    """Takes back the one of a process whose id begins so; answers that. Raises Refused."""
    found = [each["id"] for each in deliveries(connection, process_id)]
    meant = [each for each in found if beginning and each.startswith(beginning.lower())]
    if len(meant) != 1:
        raise Refused(
            f"{len(meant)} deliveries of this process have an id that begins with {beginning!r}; "
            "`procession notify ID --list` shows them"
        )
    connection.ask(FORGET, id=meant[0])
    return str(meant[0])


def last_reason(delivery: Delivery) -> str:
    """Why the latest attempt failed, if it did."""
    return str(delivery["log"][-1]["error"] or "") if delivery["log"] else ""
