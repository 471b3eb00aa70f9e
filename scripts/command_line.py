"""The command line of a program: its values may begin with `-`, as options do."""

import argparse
from collections.abc import Iterable, Iterator


class CommandLine(argparse.ArgumentParser):
    """What follows an option that takes a value is that value, whatever it begins with.

    argparse takes it for an option if it looks like one: who may choose no more than a value could
    say more than that.
    """

    def read(self, words: Iterable[str]) -> argparse.Namespace:
        return self.parse_args([*self._joined(words)])

    def _joined(self, words: Iterable[str]) -> Iterator[str]:
        """Each option in one word with its value."""
        rest = iter(words)
        for word in rest:
            option = self._option_string_actions.get(word)
            value = None if option is None or option.nargs == 0 else next(rest, None)
            if value == "--":  # argparse would drop it
                self.error(f"argument {word}: {value} is no value")
            yield (
                word if option is None or value is None else f"{option.option_strings[-1]}={value}"
            )
