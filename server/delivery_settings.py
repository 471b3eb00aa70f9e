"""The settings of telling users outside that a process has ended."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from resolvers.email import is_email
from server.openid_settings import OpenIdSettings
from server.url import check_url
from server.words import words


class DeliverySettings(OpenIdSettings, frozen=True, kw_only=True):
    """By which ways they are told, on top of the settings of signing in: a struct has one base."""

    webhook_networks: str = ""
    smtp_url: str = ""
    mail_from: str = ""

    @property
    def webhook_allowed(self) -> list[IPv4Network | IPv6Network]:
        """Networks that webhooks may reach though they are not public."""
        return [ip_network(each) for each in words(self.webhook_networks)]

    def check_delivery(self) -> None:
        """Raises ValueError, with the name of the setting that cannot be used."""
        try:
            _ = self.webhook_allowed
        except ValueError as error:
            raise ValueError(f"PROCESSION_WEBHOOK_NETWORKS: {error}") from None
        if not self.smtp_url:
            return
        try:
            check_url(self.smtp_url, ("smtp://", "smtps://"))
            if not urlsplit(self.smtp_url).hostname:
                raise ValueError("it names no host")
        except ValueError as error:
            raise ValueError(f"PROCESSION_SMTP_URL: {error}") from None
        if not is_email(self.mail_from):
            raise ValueError(
                f"PROCESSION_MAIL_FROM: {self.mail_from!r} should be the address from which mail "
                "comes, such as procession@example.org"
            )
