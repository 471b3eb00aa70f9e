"""An execution: one process in the hands of this worker, from its start to its stored end."""

import asyncio
import logging
import mimetypes
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID, uuid5

from jobs.background import ahead
from jobs.claim import finish
from jobs.doorbell import Topic
from jobs.handed import handed
from jobs.journal import Journal
from jobs.outbox import regular_files
from jobs.piece import Numbered, Packer, Piece
from jobs.plan import plan, script_of
from jobs.report import Reported, Reports, read
from jobs.ringing import Ringing
from jobs.run import End, Run
from jobs.site import Site
from jobs.spool import Reader, unread
from models.durability import durable
from models.file import Direction, File
from models.outage import TROUBLE, is_outage
from models.process import Process
from models.status import Status

log = logging.getLogger(__name__)

SMALL = 1 << 14  # bytes of lines that are packed without a thread
GONE = "The folder of the run is gone: look whether the script has run, before you start it again"
LIMITS = {  # how the system enforces those of a manifest
    "SIGXCPU": ": it has used the processor time that its manifest allows",
    "SIGXFSZ": ": it has written a file as large as its manifest allows",
}


class Execution:
    """Carries one process out; `worker_id` is the worker that holds it."""

    def __init__(
        self, process: Process, site: Site, journal: Journal, reports: Reports, worker_id: UUID
    ) -> None:
        self._process = process
        self._site = site
        self._journal = journal
        self._reports = reports
        self._worker_id = worker_id
        self._run = Run(site.runs, process.id)
        self._reported = Reported(self._run)

    def stop(self, reason: str) -> None:
        """Asks for the end of the script; `reason` goes into the output."""
        self._run.stop(reason)

    async def start(self) -> None:
        """Starts the script and follows it to its end."""
        await self._begin(Packer())

    async def go_on(self) -> None:
        """Does what is still to be done: whoever began it may have been killed at any point."""
        process = await Process.get_or_none(id=self._process.id)
        if process is None or not self._holds(process):
            return  # `jobs.adoption` looks after what is left of it
        self._process = process
        packer = await Packer.after(process)
        if not self._run.marked:
            await self._end_at_once(GONE, packer)  # whether it has run nobody can know
        elif self._run.begun:
            await self._join(packer)
        else:
            await self._begin(packer)

    async def _begin(self, packer: Packer) -> None:
        """Starts the script and follows it, or ends the process if that will never be possible.

        Then `jobs.adoption` clears the folder away: by now another worker may hold the process.
        That it is claimed must be known after a failure of the machine, too, once it may have run.
        Raises OSError where it may be possible later: a full disk, a folder that is not writable.
        """
        await durable()
        try:
            secrets = await self._prepare()
        except (FileNotFoundError, LookupError) as error:
            if await self._end_at_once(f"The script could not be started: {error}", packer):
                log.warning("Process %s could not be started: %s", self._process.id, error)
        else:
            await self._supervise(packer, secrets)

    async def _prepare(self) -> bytes:
        """Makes the folder of the run, unless that is done; returns the secrets to hand over."""
        process, site = self._process, self._site
        secrets = b""
        if process.secrets:
            secrets = handed(script_of(process, site), process, site.safe.open(process))
        if not self._run.prepared:
            planned = await plan(process, site, self._run)
            aside = site.store.aside if planned.uploads else asyncio.to_thread
            try:
                await aside(self._run.prepare, planned.launch, planned.uploads, planned.owner)
            except FileNotFoundError:
                if planned.uploads:  # which may only be away
                    await site.store.aside(site.store.require)
                raise
        return secrets

    async def _supervise(self, packer: Packer, secrets: bytes) -> None:
        """Starts the supervisor, and follows it; or the one that a killed worker has started just
        before, for of two only one begins."""
        async with self._run.listen() as ringing:
            supervisor = await asyncio.to_thread(self._run.start, secrets)
            ringing.alive = lambda: supervisor.poll() is None or self._run.supervised()
            await self._forget_secrets()
            over = await self._follow(ringing, packer)
        if over:
            await asyncio.to_thread(supervisor.wait)
            await self._remove()

    async def _join(self, packer: Packer) -> None:
        """Follows a supervisor that another worker has started."""
        await self._forget_secrets()
        alive = await asyncio.to_thread(self._run.supervised)
        async with self._run.listen() as ringing:
            ringing.over = not alive
            over = await self._follow(ringing, packer)
        if over:
            await self._remove()

    async def _remove(self) -> None:
        """Removes the folder, but not before the end that it tells of is stored for good."""
        await durable()
        await asyncio.to_thread(self._run.remove)

    async def _forget_secrets(self) -> None:
        """Once a supervisor has begun; before that the next worker may need them."""
        if self._process.secrets and self._run.begun:
            await Process.filter(id=self._process.id).update(secrets=None)

    def _holds(self, process: Process) -> bool:
        return process.worker_id == self._worker_id and process.status == Status.RUNNING

    async def _follow(self, ringing: Ringing, packer: Packer) -> bool:
        """Stores lines as they come, then the end. False: the process is not ours any more, and
        its folder may be another worker's."""
        async with aclosing(ahead(self._pieces(ringing, packer), is_large)) as pieces:
            async for piece in pieces:
                if not await self._store(piece):
                    return False
        return await self._end(packer)

    async def _pieces(self, ringing: Ringing, packer: Packer) -> AsyncGenerator[Piece, None]:
        """What the script prints, packed; each while the one before it is being stored."""
        async with aclosing(ahead(self._lines(ringing, packer), is_large)) as parts:
            async for lines in parts:
                yield await asyncio.to_thread(lines.packed) if is_large(lines) else lines.packed()

    async def _lines(self, ringing: Ringing, packer: Packer) -> AsyncGenerator[Numbered, None]:
        """What the script prints, numbered, until it has ended; each while the one before it is
        being packed."""
        reader = Reader(self._run.spool, packer.bookmark)

        def read() -> Numbered | None:
            lines = reader.read()
            return lines and packer.number(lines)

        large = False
        while True:
            self._reports.look(self._reported)
            over = ringing.over  # looked at before the spool, so that no line slips in between
            # In a thread of its own if they are likely to be large again.
            while lines := await (
                asyncio.to_thread(read) if large else self._journal.reading.take(read)
            ):
                large = is_large(lines)
                yield lines
                if reader.caught_up:
                    break
            if over:
                break
            await ringing.wait()
        if last := reader.rest():
            yield packer.number(last)

    async def _store(self, piece: Piece) -> bool:
        """Stores a piece, however often the database must be asked. False: it is not ours."""
        while True:
            try:
                ours = await self._journal.store(self._process.id, piece)
                ours = ours or await self._is_stored(piece)
            except Exception as error:
                if not is_outage(error):
                    raise
                self._journal.complaint.say(error)
                await asyncio.sleep(TROUBLE)
            else:
                self._journal.complaint.end()
                return ours

    async def _is_stored(self, piece: Piece) -> bool:
        """Whether it was stored although the database's answer was lost."""
        process = await Process.get_or_none(id=self._process.id)
        return process is not None and self._holds(process) and process.last_seq == piece.last_seq

    async def _end(self, packer: Packer) -> bool:
        """Stores how it ended. False: the process is another worker's, its folder too."""
        end = await asyncio.to_thread(self._run.end)
        status, reason = verdict(end)
        torn = await asyncio.to_thread(unread, self._run.spool, packer.bookmark)
        words = last_words(end, torn)
        closing = packer.say(words) if words else None
        files = await self._site.store.aside(self._collect)
        report = await asyncio.to_thread(read, self._run)
        ended = await finish(
            self._process.id,
            status,
            reason,
            holder=self._worker_id,
            exit_code=end.exit_code,
            files=files,
            closing=closing,
            report=report,
        )
        if not ended and not await self._discard(files):
            return False
        await self._ring(Topic.PROCESS)
        await self._ring(Topic.OUTPUT)
        return True

    async def _end_at_once(self, reason: str, packer: Packer) -> bool:
        """FAILED, with the reason as its last line. False: it is deleted, has ended, or is another
        worker's."""
        closing = packer.say(reason)
        ended = await finish(
            self._process.id, Status.FAILED, reason, holder=self._worker_id, closing=closing
        )
        await self._ring(Topic.PROCESS)
        await self._ring(Topic.OUTPUT)
        return ended

    def _collect(self) -> list[File]:
        """Puts what the script wrote into the store; returns the rows that say so.

        The ids follow from the names, so that it can be repeated after a crash.
        """
        files = []
        for found in regular_files(self._run.out):
            file = File(
                id=uuid5(self._process.id, found.name),
                process_id=self._process.id,
                direction=Direction.OUTPUT.value,
                name=found.name,
                size=found.size,
                media_type=mimetypes.guess_type(found.name)[0] or "application/octet-stream",
                sha256=found.digest(),
            )
            self._site.store.adopt(found.file, self._process.id, file.id)
            files.append(file)
        return files

    async def _discard(self, files: list[File]) -> bool:
        """Removes those of which nothing tells: the process is deleted, or others have ended it.

        False: another worker follows it, and is going to tell of them.
        """
        process = await Process.get_or_none(id=self._process.id)
        if process is None:
            if files:  # stored after the removal, perhaps
                await self._site.store.aside(self._site.store.remove, self._process.id)
            return True
        if not Status(process.status).ended:
            return False
        ids = [file.id for file in files]
        told = set(await File.filter(id__in=ids).values_list("id", flat=True))
        for file_id in ids:
            if file_id not in told:
                path = self._site.store.path(self._process.id, file_id)
                await self._site.store.aside(path.unlink, missing_ok=True)
        return True

    async def _ring(self, topic: Topic) -> None:
        await self._site.doorbell.ring(topic, [self._process.id])


def is_large(lines: Numbered | Piece) -> bool:
    """Whether it takes so long to handle that it is worth a thread of its own."""
    return lines.size > SMALL


def last_words(end: End, torn: int) -> str | None:
    """What is still to be said in the output: by us, so that it stands behind the last line even
    if that has no newline. `torn` bytes of the spool cannot be read."""
    words = [f"{torn} bytes of output were damaged and cannot be shown"] if torn else []
    words += [end.unsaid] if end.unsaid else []
    if end.cause == "exit" and end.signal:
        words.append(f"The script was ended by {end.signal}")
    return "; ".join(words) or None


def verdict(end: End) -> tuple[Status, str | None]:
    """The terminal status and its reason in words."""
    if end.cause == "stopped":
        return Status.STOPPED, end.words
    if end.cause != "exit":
        return Status.FAILED, end.words
    if end.signal:
        return Status.FAILED, f"Ended by {end.signal}{LIMITS.get(end.signal, '')}"
    if end.exit_code:
        return Status.FAILED, f"Exit code {end.exit_code}"
    return Status.COMPLETED, None
