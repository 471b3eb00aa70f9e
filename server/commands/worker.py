"""`procession worker`."""

import click

from server.local import run
from server.parts import log_to_stderr
from server.settings import SettingsError, read_settings
from server.worker.program import work


@click.command("worker")
@click.option("--drain", is_flag=True, help="On SIGTERM, wait for the scripts to end.")
def worker_command(drain: bool) -> None:
    """Run scripts that servers accept.

    Needs PROCESSION_DATABASE_URL and PROCESSION_REDIS_URL, the same as the servers'. SIGTERM leaves
    the scripts running for the next worker on this machine (with --drain only a second SIGTERM
    does); Ctrl-C stops them.
    """
    settings = read_settings()
    if settings.embedded_redis:
        raise SettingsError(
            "PROCESSION_REDIS_URL: a worker needs the Redis of its servers; "
            "without one, `procession serve` runs a worker by itself"
        )
    log_to_stderr(settings)
    run(work(settings, drain=drain))
