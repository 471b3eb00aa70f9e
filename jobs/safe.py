"""The safe: seals the secrets of a process with a key that the database does not have."""

import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.process import Process

KEY = 32  # bytes of a key
NONCE = 12  # bytes before what is sealed


class SealedError(LookupError):
    """A secret that none of the keys opens."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the secret {name!r} was sealed with a key that this worker does not have "
            "(PROCESSION_SECRET_KEY)"
        )


class Safe:
    """Seals with its first key (AES-256-GCM), and opens with each; closed without any.

    What is sealed can be opened only for the same parameter of the same process.
    """

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._keys = [AESGCM(key) for key in keys]

    @property
    def closed(self) -> bool:
        return not self._keys

    def seal(self, process: Process, secrets: Mapping[str, str]) -> dict[str, str] | None:
        """What may be stored of the secrets of a process, which are by position."""
        return {
            position: self.seal_text(value, place)
            for position, place in _places(process)
            if (value := secrets.get(position)) is not None
        } or None

    def open(self, process: Process) -> dict[str, str]:
        """The secrets by position. Raises SealedError."""
        sealed = process.secrets or {}
        return {
            position: self.open_text(sealed[position], place)
            for position, place in _places(process)
            if position in sealed
        }

    def seal_text(self, secret: str, place: str) -> str:
        """In base64; bound to what `place` says. Only while it is not closed."""
        nonce = os.urandom(NONCE)
        return b64encode(
            nonce + self._keys[0].encrypt(nonce, secret.encode(), place.encode())
        ).decode()

    def open_text(self, sealed: str, place: str) -> str:
        """Raises SealedError."""
        try:
            content = b64decode(sealed, validate=True)
        except ValueError:  # of version 0.1, which did not seal them
            content = b""
        for key in self._keys:
            try:
                return key.decrypt(content[:NONCE], content[NONCE:], place.encode()).decode()
            except (InvalidTag, ValueError):
                continue
        raise SealedError(place.partition(" ")[2])


def _places(process: Process) -> Iterator[tuple[str, str]]:
    """Each position, and what its secret is bound to."""
    for position, (name, _) in enumerate(process.parameters):
        yield str(position), f"{process.id}/{position} {name}"
