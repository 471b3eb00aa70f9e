"""Housekeeping: what is not to be kept any longer, and what nobody needs any more, is removed.

A worker does it when it starts; each hour one of them does it for all.
"""

import logging
from asyncio import to_thread

from jobs.arrivals import Arrivals
from jobs.audit import expire
from jobs.orphans import digit_of_the_hour, remove_dead_locks, remove_orphans
from jobs.retention import retain
from jobs.site import Site
from models.keep import Keep, Rule

log = logging.getLogger(__name__)


async def keep_house(site: Site, default: Keep, audit: Rule, arrivals: Arrivals) -> None:
    """One round; `default` is how long processes are kept whose script does not say it, `audit`
    how long entries of the audit are."""
    if removed := await retain(site.catalogue, default, site.doorbell):
        log.info("Deleted %d processes that are not to be kept any longer", removed)
    if removed := await expire(audit):
        log.info("Removed %d entries of the audit that were older than is kept", removed)
    await site.store.aside(site.store.sweep_stages)
    if removed := await site.store.aside(arrivals.sweep):
        log.info("Removed %d uploads that nothing was started with", removed)
    await to_thread(remove_dead_locks, site.workers)
    if removed := await remove_orphans(site.store, digit_of_the_hour()):
        log.warning("Removed %d files or folders of the store that belonged to nobody", removed)
