"""Deliveries: users ask to be told, outside, that a process has ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from jobs import webhook_secret
from jobs.doorbell import Topic
from models.delivery import Channel, Delivery, Occasion
from models.process import Process
from models.script import Script
from models.user import Scope, User
from resolvers.access import needs
from resolvers.application import Application
from resolvers.audit import about, audited, deed, recorded
from resolvers.door import as_user
from resolvers.errors import BadInput, NotFound, TooLarge
from resolvers.processes import process
from resolvers.rights import may_see
from resolvers.viewer import Viewer

MOST = 10  # of one process, for one user
LONGEST = 2000  # characters of a URL


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants to be told of which ends: by a `webhook`, or else by e-mail.

    What is sent to the webhook is signed with `secret`; without it, with a new one.
    """

    webhook: str | None
    secret: str | None = None
    occasion: Occasion = Occasion.ENDED


@dataclass(frozen=True, slots=True)
class Ordered:
    """`secret` is that of a webhook; it is shown only now."""

    delivery: Delivery
    secret: str | None


@audited("delivery.create", "process_id")
@needs(Scope.START)
async def notify(viewer: Viewer, app: Application, process_id: UUID, wish: Wish) -> Ordered:
    """Has the viewer told of the end of a process that they may see, also of one that is over.

    Raises as `process` does, and BadInput, TooLarge.
    """
    await process(viewer, process_id)
    ordered = await order(viewer, app, process_id, wish)
    await _store(ordered.delivery)
    await app.doorbell.ring(Topic.PROCESS, [process_id])
    return ordered


@deed("delivery.delete", "delivery_id")
@needs(Scope.START)
async def forget(viewer: Viewer, delivery_id: UUID) -> None:
    """Takes back one of the viewer's own; what is on its way may still come. Raises NotFound."""
    found = await Delivery.get_or_none(id=delivery_id, user_id=viewer.id)
    if found is None:
        raise NotFound(f"You have no delivery {delivery_id}; see `deliveries` of the process")
    about(found.process_id, **noted(found))
    await found.delete()


@needs(Scope.READ)
async def deliveries(viewer: Viewer, process_id: UUID) -> list[Delivery]:
    """The viewer's own of one process, in the order in which they were asked for."""
    await process(viewer, process_id)
    return await Delivery.filter(process_id=process_id, user_id=viewer.id).order_by("created_at")


@recorded
async def _store(delivery: Delivery) -> None:
    about(delivery.process_id, **noted(delivery))
    locked = Process.filter(id=delivery.process_id).select_for_update(no_key=True)
    if await locked.first() is None:  # of several at the same time each counts those before it
        raise NotFound(f"There is no process {delivery.process_id}")
    theirs = Delivery.filter(process_id=delivery.process_id, user_id=delivery.user_id)
    if await theirs.count() >= MOST:
        raise TooLarge(f"You are told of this process {MOST} times already; take one back first")
    await delivery.save(force_create=True)


async def order(who: Viewer, app: Application, process_id: UUID, wish: Wish) -> Ordered:
    """A row that is still to be stored. Raises BadInput."""
    delivery = Delivery(
        id=uuid4(), process_id=process_id, user_id=who.id, occasion=wish.occasion.value
    )
    if wish.webhook is None:
        await _require_mail(who, app)
        delivery.channel = Channel.EMAIL.value
        return Ordered(delivery, None)
    delivery.channel, delivery.url = Channel.WEBHOOK.value, wish.webhook
    if wrong := _wrong_with(app, wish.webhook, wish.secret):
        raise BadInput(wrong)
    secret = wish.secret or webhook_secret.make()
    delivery.secret = app.safe.seal_text(secret, webhook_secret.place(delivery.id))
    return Ordered(delivery, secret)


async def orders(
    who: Viewer, app: Application, process_id: UUID, wishes: Sequence[Wish]
) -> list[Delivery]:
    """Those of a process that is about to start, of which nobody is shown a secret.

    Raises BadInput, TooLarge.
    """
    if len(wishes) > MOST:
        raise TooLarge(f"You can be told of a process {MOST} times at most")
    if any(each.webhook is not None and not each.secret for each in wishes):
        raise BadInput({"secret": ["Give one, or ask with notifyMe, which makes and shows one."]})
    return [(await order(who, app, process_id, wish)).delivery for wish in wishes]


async def by_default(who: Viewer, app: Application, script: Script) -> list[Wish]:
    """How the script has told who starts it; nothing where no mail can reach them."""
    if not script.notify or not app.mails or not await _address(who):
        return []
    return [Wish(None, occasion=Occasion.ENDED if "ended" in script.notify else Occasion.FAILED)]


async def _require_mail(who: Viewer, app: Application) -> None:
    """Raises BadInput where no mail can reach them."""
    if not app.mails:
        reason = "This server sends none: whoever runs it is to set PROCESSION_SMTP_URL."
        raise BadInput({"email": [reason]})
    if not await _address(who):
        reason = "You have no address here; ask an administrator to set it."
        raise BadInput({"email": [reason]})


async def _address(who: Viewer) -> str | None:
    found = await User.get_or_none(id=who.id)
    return found.email if found else None


def noted(delivery: Delivery) -> dict[str, object]:
    """What the audit has of it; a URL may hold a secret."""
    return {"channel": delivery.channel, "host": host_of(delivery)}


def host_of(delivery: Delivery) -> str | None:
    """To which host a webhook leads."""
    return urlsplit(delivery.url).hostname if delivery.url else None


async def may_still_see(user: User, found: Process) -> bool:
    """Whether a user who asks nothing now might see a process."""
    return may_see(await as_user(user), found)


def _wrong_with(app: Application, url: str, secret: str | None) -> dict[str, Sequence[str]]:
    """What is wrong with a webhook, by the field."""
    wrong: dict[str, Sequence[str]] = {}
    if app.safe.closed:
        wrong["webhook"] = [
            "None can be signed: whoever runs this server is to set PROCESSION_SECRET_KEY."
        ]
    elif not _is_url(url):
        wrong["webhook"] = ["Give a URL such as https://www.example.org/hook, without a user."]
    if secret is not None and not webhook_secret.is_secret(secret):
        wrong["secret"] = ["Give whsec_ and 24 to 64 random bytes in base64, or nothing."]
    return wrong


def _is_url(url: str) -> bool:
    """Whether it is a URL that a webhook may have."""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST
    return named and plain and parts.scheme in ("http", "https")
