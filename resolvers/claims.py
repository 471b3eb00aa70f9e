"""What an identity provider says of somebody, apart from how that is signed and fetched, which only
servers that use one need to load."""

from collections.abc import Mapping
from typing import Any

Claims = Mapping[str, Any]
