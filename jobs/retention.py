"""Retention: which ended processes nobody is to keep any longer, and their removal.

It is by index, in small steps, and safe on several machines at once. What is removed here is
deleted as by hand: gone for every reader at once, and the rest of it by `jobs.removal`.
"""

from asyncio import sleep
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q, Subquery
from tortoise.functions import Count, Min, Sum
from tortoise.queryset import QuerySet

from jobs.doorbell import Doorbell, Topic
from models.audit import SYSTEM, by_itself
from models.file import File
from models.instant import EPOCH, ago
from models.keep import Keep, Rule
from models.process import Deletion, Process
from models.script import Script
from models.status import Status
from models.transaction import transaction

AT_ONCE = 200  # processes deleted in one transaction
PAUSE = 0.01  # seconds in which others get their turn
ENDED = tuple(status for status in Status if status.ended)


@dataclass(frozen=True, slots=True)
class Group:
    """Processes of one script and status that are too many: they started before `surplus`; or too
    old: they started before `old` and ended before `cutoff`."""

    script: str
    status: Status
    surplus: datetime = EPOCH
    old: datetime = EPOCH
    cutoff: datetime = EPOCH

    @property
    def processes(self) -> QuerySet[Process]:
        """The bound on `start_time` is for the index."""
        surplus = Q(start_time__lt=self.surplus)
        old = Q(start_time__lt=self.old, ended_at__lt=self.cutoff)
        of_script = Process.filter(script=self.script, status=self.status.value)
        return of_script.filter(surplus | old, start_time__lt=max(self.surplus, self.old))


@dataclass(frozen=True, slots=True)
class Total:
    """How much there is in groups: `bytes` are those of output and files."""

    count: int = 0
    oldest: datetime | None = None
    bytes: int = 0


async def groups(
    scripts: Iterable[str], statuses: Iterable[Status], keeps: Mapping[str, Script], default: Keep
) -> AsyncIterator[Group]:
    """What the rules of these scripts do not keep, `default` being that of those without one."""
    wanted = list(statuses)
    for name in scripts:
        script = keeps.get(name)
        keep = (script and script.keep) or default
        for status in wanted:
            group = await _group(name, status, keep.rule(status))
            if max(group.surplus, group.old) > EPOCH:
                yield group


async def scripts_known() -> list[str]:
    """The scripts of all processes, also of those whose manifest is gone."""
    names: list[str] = []
    while True:
        after = names[-1] if names else ""
        found = Process.filter(script__gt=after).order_by("script").limit(1)
        some = await found.values_list("script")
        if not some:
            return names
        names += [name for (name,) in some]


async def total(found: Iterable[Group]) -> Total:
    """Of groups that have no process in common."""
    counts = [await _total(group) for group in found]
    return Total(
        sum(each.count for each in counts),
        min((each.oldest for each in counts if each.oldest), default=None),
        sum(each.bytes for each in counts),
    )


async def remove(group: Group, actor: str) -> AsyncIterator[list[UUID]]:
    """Deletes a group; yields the ids that are gone, some at a time. `actor` does it, no user."""
    some = group.processes.order_by("start_time").limit(AT_ONCE)
    while ids := [each for (each,) in await some.values_list("id")]:
        await _delete(ids, group, actor)
        yield ids
        await sleep(PAUSE)


async def retain(keeps: Mapping[str, Script], default: Keep, doorbell: Doorbell) -> int:
    """Removes what is not to be kept any longer; says how many processes."""
    removed = 0
    async for group in groups(await scripts_known(), ENDED, keeps, default):
        async for ids in remove(group, SYSTEM):
            removed += len(ids)
            for topic in (Topic.DELETION, Topic.PROCESS, Topic.OUTPUT):
                await doorbell.ring(topic, ids)
    return removed


async def _group(script: str, status: Status, rule: Rule) -> Group:
    surplus = old = cutoff = EPOCH
    if rule.at_most is not None:
        surplus = await _start_of_newest(script, status, rule.at_most) or EPOCH
    if rule.lifetime is not None:
        cutoff = ago(rule.lifetime)
        old = cutoff
    if rule.lifetime is not None and rule.at_least:
        old = min(cutoff, await _start_of_newest(script, status, rule.at_least) or EPOCH)
    return Group(script, status, surplus, old, cutoff)


async def _start_of_newest(script: str, status: Status, count: int) -> datetime | None:
    """When the oldest of so many of the newest started; None: there are not so many."""
    newest = Process.filter(script=script, status=status.value).order_by("-start_time", "-id")
    found = await newest.offset(count - 1).limit(1).values_list("start_time")
    return found[0][0] if found else None


async def _total(group: Group) -> Total:
    counted = group.processes.annotate(
        count=Count("id"), oldest=Min("start_time"), output=Sum("output_bytes")
    )
    ((count, oldest, output),) = await counted.values_list("count", "oldest", "output")
    theirs = File.filter(process_id__in=Subquery(group.processes.values("id")))
    sizes = theirs.annotate(bytes=Sum("size"))
    ((files,),) = await sizes.values_list("bytes")
    return Total(count, oldest, int(output or 0) + int(files or 0))


@transaction
async def _delete(ids: list[UUID], group: Group, actor: str) -> None:
    ended = [status.value for status in ENDED]
    count = await Process.filter(id__in=ids, status__in=ended).delete()
    if count:
        status = group.status.value
        await by_itself(actor, "process.purge", group.script, status=status, count=count).save()
    await Deletion.bulk_create([Deletion(process_id=each) for each in ids], ignore_conflicts=True)
