"""The retention of the audit, of which nothing else removes anything."""

from asyncio import sleep
from datetime import datetime

from models.audit import SYSTEM, AuditEntry, by_itself
from models.instant import ago
from models.keep import Rule
from models.transaction import transaction

AT_ONCE = 1000  # entries removed in one transaction
PAUSE = 0.01  # seconds in which others get their turn


async def expire(rule: Rule) -> int:
    """Removes entries that are older than that; says how many, and notes it."""
    if rule.lifetime is None:
        return 0
    cutoff = ago(rule.lifetime)
    removed = 0
    while some := await _remove(cutoff):
        removed += some
        await sleep(PAUSE)
    return removed


@transaction
async def _remove(cutoff: datetime) -> int:
    """The oldest of them."""
    old = AuditEntry.filter(at__lt=cutoff).order_by("at", "id").limit(AT_ONCE)
    ids = [each for (each,) in await old.values_list("id")]
    count = await AuditEntry.filter(id__in=ids).delete() if ids else 0
    if count:
        await by_itself(SYSTEM, "audit.expire", None, count=count).save()
    return count
