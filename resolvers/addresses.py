"""Signed addresses: whoever has one can download one file, for minutes, without signing in.

It holds, sealed, as whom: it is good for as long as their token is, and they may see the process.
"""

import json
from datetime import timedelta
from uuid import UUID

from jobs.safe import SealedError
from models.instant import from_micros, now, to_micros
from models.user import Scope
from resolvers.access import needs
from resolvers.application import Application
from resolvers.errors import BadInput, NotSignedIn
from resolvers.viewer import Viewer

LONGEST = 3600  # seconds
NO_KEY = (
    "The server has no key to sign it with: set PROCESSION_SECRET_KEY on every server, or download "
    "with your token."
)


@needs(Scope.READ)
def sign(viewer: Viewer, app: Application, process_id: UUID, name: str, seconds: int) -> str:
    """What is to be sent for the output file of this name instead of a token. Raises BadInput."""
    if not 1 <= seconds <= LONGEST:
        raise BadInput({"seconds": [f"This must be from 1 to {LONGEST}."]})
    if app.safe.closed:
        raise BadInput({"temporaryUrl": [NO_KEY]})
    end = to_micros(now() + timedelta(seconds=seconds))
    sealed = app.safe.seal_text(json.dumps([viewer.token, end]), _place(process_id, name))
    return sealed.replace("+", "-").replace("/", "_")


async def viewer_of(app: Application, process_id: UUID, name: str, signature: str) -> Viewer:
    """As whom the file is asked for. Raises NotSignedIn."""
    try:
        sealed = signature.replace("-", "+").replace("_", "/")
        token, end = json.loads(app.safe.open_text(sealed, _place(process_id, name)))
    except SealedError:
        raise NotSignedIn("This address was not made for this file; ask for a new one") from None
    if from_micros(end) <= now():
        raise NotSignedIn("This address is no longer good; ask for a new one")
    return await app.door.known(token)


def _place(process_id: UUID, name: str) -> str:
    """What it is bound to."""
    return f"download {process_id} {name}"
