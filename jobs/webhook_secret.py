"""The secret with which the messages of a webhook are signed, as the Standard Webhooks
specification (https://www.standardwebhooks.com) has it: `whsec_` and base64."""

import hmac
import os
import time
from base64 import b64decode, b64encode
from uuid import UUID

PREFIX = "whsec_"
KEY = 32  # bytes of a new one
SHORTEST, LONGEST = 24, 64  # bytes of any


def make() -> str:
    return PREFIX + b64encode(os.urandom(KEY)).decode()


def is_secret(text: str) -> bool:
    """Whether it has the form of one."""
    try:
        return text.startswith(PREFIX) and SHORTEST <= len(_key(text)) <= LONGEST
    except ValueError:
        return False


def place(delivery_id: UUID) -> str:
    """What it is bound to where it is stored (`jobs.safe`)."""
    return f"{delivery_id} webhook"


def signed(secret: str, message_id: str, body: bytes) -> dict[str, str]:
    """The headers that prove from whom the body is, and when it was sent."""
    moment = str(int(time.time()))
    digest = hmac.digest(_key(secret), f"{message_id}.{moment}.".encode() + body, "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{b64encode(digest).decode()}",
    }


def _key(secret: str) -> bytes:
    return b64decode(secret.removeprefix(PREFIX), validate=True)
