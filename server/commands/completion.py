"""`procession completion`."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

PROGRAM = "procession"
SHELLS: dict[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}
VARIABLE = "_PROCESSION_COMPLETE"  # by which the shell asks; click's own choice


@click.command("completion", epilog="Exit codes: 0 done, 2 wrong use.")
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options, scripts, parameters and ids.

    Scripts, what they take, and ids are asked of the server, if it answers quickly.

    \b
    Examples:
      eval "$(procession completion bash)"         in ~/.bashrc
      eval "$(procession completion zsh)"          in ~/.zshrc
      procession completion fish | source          in config.fish
    """
    program = context.find_root().command
    click.echo(SHELLS[shell](program, {}, PROGRAM, VARIABLE).source())
