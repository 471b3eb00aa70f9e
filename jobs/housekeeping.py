"""Housekeeping: what is not to be kept any longer, and what nobody needs any more, is removed.

A worker does it when it starts; each hour one of them does it for all.
"""

import logging
from asyncio import to_thread

from jobs.arrivals import Arrivals
from jobs.audit import expire
from jobs.marker import Marker
from jobs.orphans import digit_of_the_hour, remove_dead_locks, remove_orphans
from jobs.retention import retain
from jobs.site import Site
from jobs.store import Store
from models.keep import Keep, Rule

log = logging.getLogger(__name__)


async def keep_house(site: Site, default: Keep, audit: Rule, arrivals: Arrivals) -> None:
    """One round; `default` is how long processes are kept whose script does not say it, `audit`
    how long entries of the audit are."""
    if removed := await retain(site.catalogue, default, site.doorbell):
        log.info("Deleted %d processes that are not to be kept any longer", removed)
    if removed := await expire(audit):
        log.info("Removed %d entries of the audit that were older than is kept", removed)
    await to_thread(remove_dead_locks, site.workers)
    await tidy_up(site.store, site.marker, arrivals, digit_of_the_hour())


async def tidy_up(store: Store, marker: Marker, arrivals: Arrivals, digits: str) -> None:
    """What concerns the store, if that is ours; `digits` choose the part of it."""
    if trouble := await store.aside(marker.trouble):
        log.warning("Nothing is removed from %s: %s", store.folder, trouble)
        return
    await store.aside(store.sweep_stages)
    if removed := await store.aside(arrivals.sweep):
        log.info("Removed %d uploads that nothing was started with", removed)
    if removed := await remove_orphans(store, marker, digits):
        log.warning("Removed %d files or folders of the store that belonged to nobody", removed)
