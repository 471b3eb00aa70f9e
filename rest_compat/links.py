"""The addresses of the contract's resources."""

from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

ROOT = "/api"
SCRIPTS = "/api/system/scripts"
PROCESSES = "/api/system/processes"
AUTHENTICATION = "/api/authn"


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses below `base`, which is empty (then they are relative) or `https://HOST…`."""

    base: str = ""

    def address(self, path: str) -> str:
        """Of any path, as it is written without escapes."""
        return f"{self.base}{quote(path)}"

    def root(self) -> str:
        return f"{self.base}{ROOT}"

    def authentication(self, name: str) -> str:
        """`login`, `logout` or `status`."""
        return f"{self.base}{AUTHENTICATION}/{name}"

    def scripts(self) -> str:
        return f"{self.base}{SCRIPTS}"

    def script(self, name: str) -> str:
        return f"{self.base}{SCRIPTS}/{quote(name)}"

    def processes(self) -> str:
        return f"{self.base}{PROCESSES}"

    def process(self, process_id: UUID | str) -> str:
        return f"{self.base}{PROCESSES}/{process_id}"

    def output(self, process_id: UUID | str) -> str:
        return f"{self.process(process_id)}/output"

    def files(self, process_id: UUID | str) -> str:
        return f"{self.process(process_id)}/files"

    def file(self, process_id: UUID | str, name: str) -> str:
        return f"{self.files(process_id)}/{quote(name)}"
