"""`procession serve`."""

import click

from server.late import program
from server.settings import read_settings


@click.command("serve")
@click.option("--host", help="Address to listen on (PROCESSION_HOST; 127.0.0.1).")
@click.option("--port", type=int, help="Port to listen on; 0: any (PROCESSION_PORT; 8080).")
def serve_command(host: str | None, port: int | None) -> None:
    """Serve GraphQL, REST and the console.

    Without settings this starts all there is: it makes the data folder and its database, the first
    administrator, a Redis and a worker. With PROCESSION_REDIS_URL run `procession worker` on each
    machine that is to run scripts. Ctrl-C ends everything, running scripts included; SIGTERM leaves
    the scripts running for the next start.
    """
    changes = {"host": host, "port": port}
    settings = read_settings(
        **{name: value for name, value in changes.items() if value is not None}
    )
    program("server.serve:main")(settings)
