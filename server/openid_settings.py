"""The settings of signing in by OpenID Connect."""

from collections.abc import Mapping

import msgspec

from resolvers.address import is_safe
from server.words import pairs, words

LONGEST_ISSUER = 255  # characters
LONGEST_GROUP = 100  # characters


class OpenIdSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Those whose names begin with OPENID; without an issuer there is no provider."""

    openid_issuer: str = ""
    openid_client_id: str = ""
    openid_client_secret: str = ""
    openid_label: str = "OpenID Connect"
    openid_scope: str = "openid profile"
    openid_audience: str = ""
    openid_name_claim: str = "preferred_username"
    openid_groups_claim: str = "groups"
    openid_groups: str = ""
    openid_admin_groups: str = ""

    @property
    def group_names(self) -> Mapping[str, str]:
        """The names of our groups, by those of the provider's."""
        return pairs(self.openid_groups)

    @property
    def admin_groups(self) -> frozenset[str] | None:
        """The provider's groups whose members are administrators; None: it has no say in it."""
        return frozenset(words(self.openid_admin_groups)) or None

    def check_openid(self) -> None:
        """Raises ValueError, with the name of the setting that cannot be used."""
        issuer = self.openid_issuer
        if not issuer:
            if self.openid_client_id or self.openid_audience:
                raise ValueError("PROCESSION_OPENID_ISSUER: it is missing; name the provider")
            return
        if not is_safe(issuer) or len(issuer) > LONGEST_ISSUER:
            raise ValueError(f"PROCESSION_OPENID_ISSUER: {issuer!r} should begin with https://")
        if not self.openid_client_id:
            raise ValueError("PROCESSION_OPENID_CLIENT_ID: it is missing; the provider gives one")
        if "openid" not in self.openid_scope.split():
            raise ValueError("PROCESSION_OPENID_SCOPE: one of its words should be openid")
        self._check_groups()

    def _check_groups(self) -> None:
        try:
            long = [name for name in self.group_names.values() if len(name) > LONGEST_GROUP]
        except ValueError as error:
            raise ValueError(
                f"PROCESSION_OPENID_GROUPS: {str(error)!r} should be THEIRS=OURS, the name of a "
                "group at the provider and of one here"
            ) from None
        if long:
            raise ValueError(f"PROCESSION_OPENID_GROUPS: {long[0]!r} is too long for a name")
