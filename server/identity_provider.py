"""The identity provider that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from resolvers.identities import Reading
from resolvers.openid import Client, Provider
from resolvers.single_sign_on import SingleSignOn
from resolvers.web import opened
from server.openid_settings import OpenIdSettings


@asynccontextmanager
async def single_sign_on(settings: OpenIdSettings) -> AsyncIterator[SingleSignOn]:
    """What lets those in whom the provider knows.

    It is asked when somebody comes: that it is away keeps nobody else waiting.
    """
    async with opened() as http:
        yield SingleSignOn(
            settings.openid_label, Provider(_client(settings), http), _reading(settings)
        )


def _client(settings: OpenIdSettings) -> Client:
    return Client(
        issuer=settings.openid_issuer,
        id=settings.openid_client_id,
        secret=settings.openid_client_secret,
        scope=settings.openid_scope,
        audience=settings.openid_audience,
    )


def _reading(settings: OpenIdSettings) -> Reading:
    return Reading(
        name_claim=settings.openid_name_claim,
        groups_claim=settings.openid_groups_claim,
        groups=settings.group_names,
        admin_groups=settings.admin_groups,
    )
