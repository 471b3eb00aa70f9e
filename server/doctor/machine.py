"""What is looked at on this machine: manifests, the data folder, its disk, Redis."""

import fcntl
import os
from asyncio import to_thread
from collections.abc import AsyncIterator
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from jobs.obstacles import obstacles
from jobs.queue import try_out
from models.manifest import ManifestError, read_catalogue
from server.doctor.finding import Patient, Symptom
from server.redis import NoRedisError, can_read_log, find_program, socket_url

LEAST_FREE = 100 << 20  # bytes
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs"}
MOUNTS = Path("/proc/self/mountinfo")
PATIENCE = 5.0  # seconds for Redis to answer


async def scripts(patient: Patient) -> AsyncIterator[Symptom]:
    """Manifests that cannot be read, and scripts that cannot run here."""
    settings = patient.settings
    try:
        catalogue = read_catalogue(settings.script_folders)
    except ManifestError as error:
        for problem in error.problems:
            yield problem, "Correct the manifest; no server starts before that"
        return
    for script in catalogue.values():
        for obstacle, mend in obstacles(script, settings.data_folder, settings.run_as):
            yield f"{script.name}: {obstacle}", mend


async def folder(patient: Patient) -> AsyncIterator[Symptom]:
    """Whether we, and only we, may use the data folder."""
    data = patient.settings.data_folder
    if not data.is_dir():
        yield f"There is no data folder {data}", "Is PROCESSION_DATA right? A server makes it"
        return
    facts = data.stat()
    if facts.st_uid != os.geteuid():
        yield (
            f"{data} belongs to the user {facts.st_uid}, and this is {os.geteuid()}",
            "Run Procession as the owner of its data folder, or `chown -R` the folder",
        )
    if facts.st_mode & 0o066:  # others may pass where scripts run as other users
        yield (
            f"Others may look into {data} ({facts.st_mode & 0o777:o})",
            f"chmod 700 {data}",
        )
    files = patient.settings.files_folder
    if not files.is_relative_to(data) and not files.is_dir():
        yield (
            f"There is no folder {files}",
            "Mount it, or correct PROCESSION_FILES_URL; a server or worker makes it as it starts",
        )
    for path in (data, files):
        if path.is_dir() and not os.access(path, os.W_OK | os.X_OK):
            yield (
                f"{path} cannot be written",
                "Give its owner the right to write, or mount the disk for writing",
            )


async def disk(patient: Patient) -> AsyncIterator[Symptom]:
    """Whether there is room, and whether the data folder lies on this machine."""
    data = patient.settings.data_folder
    for path in (data, patient.settings.files_folder):
        if not path.is_dir():
            continue
        facts = os.statvfs(path)
        free = facts.f_bavail * facts.f_frsize
        if free < LEAST_FREE:
            yield (
                f"Only {free >> 20} MiB are free on the disk of {path}",
                "Make room: `procession purge` deletes old processes",
            )
        if facts.f_files and not facts.f_favail:
            yield f"The disk of {path} has no room for more files", "Delete some; see `df -i`"
    kind = filesystem(data, await to_thread(MOUNTS.read_text))
    if kind in NETWORK:
        yield (
            f"{data} is on a network file system ({kind}), on which locks and SQLite are not safe",
            "Move it to a local disk; only PROCESSION_FILES_URL may name a shared folder",
        )


async def redis(patient: Patient) -> AsyncIterator[Symptom]:
    """Whether Redis answers; the embedded one only runs beside a server."""
    url = patient.settings.redis_url
    if not url:
        try:
            find_program()
            url = socket_url(patient.settings.data_folder)
        except NoRedisError as error:
            yield str(error), "Until then no server can start"
            return
        if not _serves(patient.settings.data_folder):
            if not await can_read_log(patient.settings.data_folder):
                yield (
                    "The embedded Redis cannot start from its log (redis/appendonlydir)",
                    "Nothing is lost: the next start puts it aside; all is in the database",
                )
            return
    async with Redis.from_url(url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE) as it:
        try:
            await try_out(it)
        except ResponseError as error:
            yield (
                f"Redis takes nothing into the queue: {error}",
                "Give it more memory, or name one that is no replica; starts wait in the database "
                "meanwhile",
            )
        except (RedisError, OSError) as error:
            yield (
                f"Redis does not answer: {error}",
                "Start it, or correct PROCESSION_REDIS_URL; starts wait in the database meanwhile",
            )


def filesystem(path: Path, mounts: str) -> str:
    """The kind of file system on which a path lies; `mounts` is as /proc/self/mountinfo."""
    kind, longest = "", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4].replace("\\040", " "))
        if path.is_relative_to(point) and len(point.parts) >= longest:
            kind, longest = after.split()[0], len(point.parts)
    return kind


def _serves(data: Path) -> bool:
    """Whether a server uses the data folder."""
    try:
        with (data / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # there was never a server
        pass
    return False
