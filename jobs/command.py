"""From a script and the parameters of a process to an argument list. No shell is involved."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from models.script import ParameterType, Script


def argument_list(
    script: Script,
    parameters: list[tuple[str, str]],
    paths: Mapping[int, Path],
    output_folder: Path,
    data_folder: Path,
) -> list[str]:
    """The command of the script, then its parameters in the order sent, then unsent defaults.

    `paths` are those of uploaded files, and of secrets that are read, by the position of their
    parameter.
    """
    arguments = program(script, data_folder)
    for position, (name, value) in enumerate(parameters):
        arguments += _argument(script, name, value, paths.get(position), output_folder)
    sent = {name for name, _ in parameters}
    for parameter in script.parameters:
        if parameter.name not in sent and parameter.default_text is not None:
            arguments += _argument(
                script, parameter.name, parameter.default_text, None, output_folder
            )
    return arguments


def program(script: Script, data_folder: Path) -> list[str]:
    """The command with its placeholders filled in.

    A command that is not absolute is looked for in the manifest's folder, then on the path.
    """
    values = {"{python}": sys.executable, "{data}": str(data_folder)}
    words = []
    for word in script.command:
        for placeholder, value in values.items():
            word = word.replace(placeholder, value)
        words.append(word)
    beside = script.folder / words[0]
    if not Path(words[0]).is_absolute() and ("/" in words[0] or beside.is_file()):
        words[0] = str(beside)
    return words


def found(script: Script, data_folder: Path) -> bool:
    """Whether the command of the script exists and may be executed on this machine."""
    return shutil.which(program(script, data_folder)[0]) is not None


def _argument(
    script: Script, name: str, value: str, path: Path | None, output_folder: Path
) -> list[str]:
    parameter = script.parameter(name)
    if parameter is None:  # the manifest was changed since the process was accepted
        raise LookupError(f"The script {script.name!r} has no parameter {name!r} any more")
    match parameter.type:
        case ParameterType.BOOLEAN:
            return [parameter.option] if value == "true" else []
        case ParameterType.FILE:
            return [parameter.option, str(path)]
        case ParameterType.SECRET:
            return [parameter.option, str(path)] if path else []
        case ParameterType.OUTPUT:
            return [parameter.option, str(output_folder / value)]
        case _:
            return [parameter.option, value]
