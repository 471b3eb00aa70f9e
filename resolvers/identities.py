"""Identities: as which user somebody is known whom an identity provider has let in.

They are known by issuer and subject alone. Names and addresses can be chosen or given to somebody
else, so nobody ever becomes a user who is there already because they are called alike.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.queryset import QuerySet

from models.audit import by_itself, printable
from models.group import Group
from models.instant import now
from models.transaction import transaction
from models.user import Identity, Scope, Token, TokenKind, User
from resolvers.access import administrators, needs
from resolvers.audit import about, deed
from resolvers.claims import Claims
from resolvers.door import Door, felt_at_once
from resolvers.email import is_email
from resolvers.errors import BadInput, NotFound, NotSignedIn
from resolvers.groups import add_group, join, leave
from resolvers.users import LONGEST_NAME, Key, is_name, named, set_admin, set_email, user
from resolvers.viewer import OPERATOR, Viewer

PROVIDER = replace(OPERATOR, name="identity provider")
"""Who changes groups and roles when somebody signs in."""

LONGEST = 255  # characters of an issuer or a subject

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """What claims are to us: which has the user's name, which their groups; which of the provider's
    groups are which of ours, and whose members are administrators (None: this is not the
    provider's business).
    """

    name_claim: str
    groups_claim: str
    groups: Mapping[str, str]
    admin_groups: frozenset[str] | None

    def name(self, claims: Claims) -> str:
        """What the user is to be called."""
        found = str(claims.get(self.name_claim, "")).strip()[:LONGEST_NAME]
        return found if is_name(found) else str(claims["sub"])[:LONGEST_NAME].strip() or "user"

    def groups_of(self, claims: Claims) -> frozenset[str] | None:
        """The provider's groups that the user is in; None: it does not say."""
        found = claims.get(self.groups_claim)
        if found is None:
            return None
        return frozenset(map(str, found if isinstance(found, list) else [found]))


async def identify(claims: Claims, reading: Reading) -> User:
    """The user of these claims, who is added if they come for the first time. Their address is the
    one that the provider has verified, if it has.

    Raises NotSignedIn where they are disabled.
    """
    user = await _known(claims) or await _add(claims, reading.name(claims))
    if user.disabled_at is not None:
        raise NotSignedIn(f"The user {user.name!r} is disabled; ask an administrator")
    address = claims.get("email")
    if claims.get("email_verified") is True and address != user.email and is_email(str(address)):
        return await set_email(PROVIDER, user.id, str(address))
    return user


def identity_of(user: User, claims: Claims) -> QuerySet[Identity]:
    """Finds that by which these claims are this user's, as long as they are."""
    return Identity.filter(user_id=user.id, issuer=claims["iss"], subject=claims["sub"])


@needs(Scope.ADMIN)
async def identities_of(viewer: Viewer, who: Key) -> list[Identity]:
    """Who a user is elsewhere: oneself or, for administrators, anyone."""
    found = await user(viewer, who)
    return await Identity.filter(user_id=found.id).order_by("issuer", "subject")


@felt_at_once
@deed("user.link", "who")
@administrators
async def link(viewer: Viewer, who: Key, issuer: str, subject: str) -> User:
    """From now on whom the issuer knows as this subject is this user, whoever that was before: as
    that one they are out. Raises NotFound, BadInput.
    """
    found = await named(who)
    about(found.name, issuer=printable(issuer), subject=printable(subject))
    wrong = {}
    if not issuer.startswith(("https://", "http://")) or not _is_storable(issuer):
        wrong["issuer"] = ["This is no issuer such as https://login.example.org/realms/campus."]
    if not _is_storable(subject):
        wrong["subject"] = ["Give the claim `sub` of this user, as the provider has it."]
    if wrong:
        raise BadInput(wrong)
    # Locked, so that who is just signing in by it has a session by now, which ends, or gets none.
    theirs = Identity.filter(issuer=issuer, subject=subject)
    await Identity.get_or_create({"user": found}, issuer=issuer, subject=subject)
    former = (await theirs.select_for_update(no_key=True).get()).user_id
    if former != found.id:
        await _put_out(former)
        await theirs.update(user_id=found.id)
    return found


@felt_at_once
@deed("user.unlink", "who")
@administrators
async def unlink(viewer: Viewer, who: Key, issuer: str, subject: str) -> User:
    """Whom the issuer knows as this subject is this user no more, and is out. Raises NotFound."""
    found = await named(who)
    about(found.name, issuer=printable(issuer), subject=printable(subject))
    theirs = Identity.filter(user_id=found.id, issuer=issuer, subject=subject)
    if not (_is_storable(issuer) and _is_storable(subject) and await theirs.delete()):
        raise NotFound(f"{found.name!r} is not linked to this subject of this issuer")
    await _put_out(found.id)
    return found


def _is_storable(text: str) -> bool:
    return 0 < len(text) <= LONGEST and text.isprintable()


async def _put_out(user_id: UUID) -> None:
    """Ends what somebody may have begun by an identity: sessions, and JWTs that were accepted."""
    kinds = [TokenKind.SESSION.value, TokenKind.JWT.value]
    begun = Token.filter(user_id=user_id, kind__in=kinds, revoked_at=None)
    await begun.update(revoked_at=now())


async def arrange(user: User, theirs: frozenset[str], reading: Reading, door: Door) -> None:
    """Puts a user into those of our groups, and the role, that the provider's groups mean."""
    ours = frozenset(reading.groups.values())
    wanted = {name for group, name in reading.groups.items() if group in theirs}
    joined = set(await Group.filter(memberships__user_id=user.id).values_list("name", flat=True))
    for name in sorted(wanted - joined):
        if not await Group.exists(name=name):
            with suppress(BadInput):  # another server is quicker
                await add_group(PROVIDER, name)
        await join(PROVIDER, door, name, user.id)
    for name in sorted((ours - wanted) & joined):
        await leave(PROVIDER, door, name, user.id)
    if reading.admin_groups is not None:
        await _give_role(user, door, is_admin=bool(reading.admin_groups & theirs))


async def _give_role(user: User, door: Door, *, is_admin: bool) -> None:
    """The last administrator stays one, so that somebody can still help."""
    if user.is_admin == is_admin:
        return
    try:
        await set_admin(PROVIDER, door, user.id, is_admin=is_admin)
    except BadInput as error:
        log.warning("%r is to be no administrator any more: %s", user.name, error)


async def _known(claims: Claims) -> User | None:
    who = {"issuer": claims["iss"], "subject": claims["sub"]}
    found = await Identity.get_or_none(**who).select_related("user")
    return found.user if found else None


async def _add(claims: Claims, name: str) -> User:
    """Under a name that is free; of two who are quick each gets one, and one person only one."""
    while True:
        try:
            return await _create(claims, await _free(name))
        except IntegrityError:
            if found := await _known(claims):
                return found


async def _free(name: str) -> str:
    """NAME, NAME-2, NAME-3 …, whichever nobody has yet, be it in other letters."""
    for number in count(1):
        ending = f"-{number}" if number > 1 else ""
        tried = name[: LONGEST_NAME - len(ending)] + ending
        if not await User.exists(name__iexact=tried):
            break
    return tried


@transaction
async def _create(claims: Claims, name: str) -> User:
    user = await User.create(name=name)
    await Identity.create(user=user, issuer=claims["iss"], subject=claims["sub"])
    await by_itself(PROVIDER.name, "user.add", name, isAdmin=False).save()
    return user
