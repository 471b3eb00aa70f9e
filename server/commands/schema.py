"""`procession schema`."""

import click

from schema.schema import sdl


@click.command("schema")
def schema_command() -> None:
    """Print the GraphQL schema in its definition language."""
    click.echo(sdl(), nl=False)
