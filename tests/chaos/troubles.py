"""What can go wrong in a house, each by its name. It returns when what was ended is there again."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError

from tests.chaos.disk import full
from tests.chaos.house import LEASE, House, start_again
from tests.chaos.plan import Trouble
from tests.chaos.program import Program
from tests.installation import Installation, until

BEYOND = LEASE + 4.0  # seconds after which others must have noticed

Deed = Callable[[House, Trouble], object]


def kill_worker(house: House, trouble: Trouble) -> bool:
    if not house.workers:
        return kill_one(house, "server.worker", trouble.victim)
    restart(worker_of(house, trouble), signal.SIGKILL, trouble.lasts)
    return True


def end_worker(house: House, trouble: Trouble) -> None:
    """As for an upgrade."""
    restart(worker_of(house, trouble), signal.SIGTERM, trouble.lasts)


def lose_worker(house: House, trouble: Trouble) -> None:
    """It is away for longer than its lease, and so is its machine if it was the only one there."""
    restart(worker_of(house, trouble), signal.SIGKILL, BEYOND)


def pause_worker(house: House, trouble: Trouble) -> None:
    """Beyond its lease, if another is there to notice."""
    if house.workers:
        pid, seconds = worker_of(house, trouble).pid, BEYOND
    else:
        pid, seconds = await_one(house, "server.worker"), trouble.lasts
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)


def worker_of(house: House, trouble: Trouble) -> Program:
    return house.workers[trouble.victim % len(house.workers)]


def restart(program: Program, number: signal.Signals, seconds: float) -> None:
    code = program.end(number)
    # One that has hardly begun ends by the signal itself.
    assert code in (0, -number), f"{program.name} ended with {code}"
    time.sleep(seconds)
    program.start()


def kill_server(house: House, trouble: Trouble) -> None:
    server = server_of(house, trouble)
    server.kill()
    time.sleep(trouble.lasts)
    start_again(server)


def end_server(house: House, trouble: Trouble) -> None:
    """As for an upgrade."""
    server = server_of(house, trouble)
    code = server.end(signal.SIGTERM)
    assert code == 0, f"the server ended with {code}"
    time.sleep(trouble.lasts)
    start_again(server)


def server_of(house: House, trouble: Trouble) -> Installation:
    return house.servers[trouble.victim % len(house.servers)]


def kill_redis(house: House, trouble: Trouble) -> bool:
    if house.redis is None:
        return kill_one(house, "valkey", trouble.victim)
    restart(house.redis, signal.SIGKILL, trouble.lasts)
    return True


def flush_redis(house: House, _: Trouble) -> None:
    places = ("redis", "data/redis")
    socket = next(path for place in places for path in house.folder.glob(f"{place}/redis.sock"))
    with Redis(unix_socket_path=str(socket)) as redis:
        until(lambda: answers(redis))
        redis.flushall()


def answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisError:
        return False


def kill_supervisor(house: House, trouble: Trouble) -> bool:
    """If there is one soon."""
    return kill_one(house, "jobs.supervisor", trouble.victim, patience=10.0)


def restart_database(house: House, _: Trouble) -> None:
    assert house.kill_database
    house.kill_database()


def fill_disk(house: House, trouble: Trouble) -> None:
    with full(house.machines[0], house.living("jobs.supervisor")):
        time.sleep(trouble.lasts)


def kill_one(house: House, program: str, victim: int, patience: float = 30.0) -> bool:
    """Of those whose command contains this; whether there was one."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := sorted(house.living(program)):
            with suppress(ProcessLookupError):  # it has ended just now
                os.kill(found[victim % len(found)], signal.SIGKILL)
                return True
        time.sleep(0.05)
    return False


def await_one(house: House, program: str) -> int:
    found: list[int] = []

    def is_there() -> bool:
        found[:] = house.living(program)
        return bool(found)

    until(is_there)
    return found[0]


TROUBLES: dict[str, Deed] = {
    "worker killed": kill_worker,
    "worker ended": end_worker,
    "worker paused": pause_worker,
    "worker lost": lose_worker,
    "server killed": kill_server,
    "server ended": end_server,
    "redis killed": kill_redis,
    "redis flushed": flush_redis,
    "supervisor killed": kill_supervisor,
    "database restarted": restart_database,
    "disk full": fill_disk,
}


def make(house: House, trouble: Trouble, counts: Counter[str]) -> None:
    """Lets it happen, and counts it unless there was nothing to trouble."""
    if TROUBLES[trouble.kind](house, trouble) is not False:
        counts[trouble.kind] += 1
