"""The pages for readers as programs: their code blocks, their commands, and what these print.

A block begins with three backticks, a language and, if its text is a file that the reader saves,
the file's name. In blocks of the language `console` a line that begins with `$ ` is a command; it
goes on in the next lines as long as a quote is open or a backslash ends the line, and what stands
below is its output. Of the blocks `graphql run` and `json answer` the second is the answer to the
first, with the variables of a `json variables` between them.

Ids, tokens and times in what is shown stand for those of the day: the first time that an id is seen
it takes on the real one, and means it from then on. `…` stands for anything within a line, a line
of nothing but `…` for any lines. How far a process is that was started just now is a matter of who
is faster: SCHEDULED and RUNNING in the answer of `curl` stand for any status.
"""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ADDRESS = "127.0.0.1:8080"

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TOKEN = r"psn_[A-Za-z0-9_…-]+"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z"
HTTP_DATE = r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
PASSING = r'(?<="status":")(?:SCHEDULED|RUNNING)(?=")'
VARIABLE = re.compile(
    f"(?P<id>{UUID})|(?P<time>{TIME})|(?P<date>{HTTP_DATE})|(?P<status>{PASSING})|(?P<any>…)"
)


@dataclass(frozen=True)
class Block:
    """A fenced block: the number of its first line, its language, the rest of its head, text."""

    page: Path
    number: int
    language: str
    name: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.number}"


@dataclass(frozen=True)
class Command:
    """A command and what is shown below it, which is nothing if only its success matters."""

    place: str
    text: str
    output: str


@dataclass
class Operation:
    """A GraphQL document, and the answer that is shown."""

    place: str
    document: str
    variables: str = "{}"
    answer: str = "{}"


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    found = []
    lines = enumerate(page.read_text().splitlines(), start=1)
    for number, line in lines:
        head = re.fullmatch(r"( *)```(\S+)(?: (.+))?", line)
        if head is None:
            assert not line.lstrip().startswith("```"), f"{page}:{number}: a block of no language"
            continue
        indent, language, name = head[1], head[2], head[3] or ""
        text = ""
        for _, inner in lines:
            if inner == f"{indent}```":
                break
            text += inner.removeprefix(indent) + "\n"
        found.append(Block(page, number, language, name, text))
    return found


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block."""
    lines = block.text.splitlines()
    assert lines[0].startswith("$ "), f"{block.place}: begin with a command"
    position = 0
    while position < len(lines):
        place = f"{block.page.relative_to(ROOT)}:{block.number + 1 + position}"
        text = lines[position].removeprefix("$ ")
        position += 1
        while not _is_whole(text):
            text += "\n" + lines[position]
            position += 1
        start = position
        while position < len(lines) and not lines[position].startswith("$ "):
            position += 1
        yield Command(place, text, "\n".join(lines[start:position]))


def steps(page: Path) -> list[Command | Operation]:
    """What a reader of the page does, in order."""
    done: list[Command | Operation] = []
    for block in blocks(page):
        if block.language == "console":
            done += commands(block)
        elif (block.language, block.name) == ("graphql", "run"):
            done.append(Operation(block.place, block.text))
        elif (block.language, block.name) == ("json", "variables"):
            _last_operation(done, block).variables = block.text
        elif (block.language, block.name) == ("json", "answer"):
            _last_operation(done, block).answer = block.text
    return done


def files(page: Path) -> dict[str, str]:
    """The files that the page tells its reader to save."""
    own = {"run", "variables", "answer"}
    return {
        block.name: block.text for block in blocks(page) if block.name and block.name not in own
    }


@dataclass
class Reader:
    """Somebody who does what a page says, in a folder and one shell.

    `meanings` has what each id of the page stands for; `address` is that of the server.
    """

    folder: Path
    address: str
    token: str
    meanings: dict[str, str] = field(default_factory=dict)
    own_times: set[str] = field(default_factory=set)

    def save(self, page: Path) -> None:
        """Saves the files of a page."""
        for name, text in files(page).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.said(text))

    def said(self, text: str) -> str:
        """What the reader types for a text of the page; its new ids are meant as they stand."""
        for each in re.findall(UUID, text):
            self.meanings.setdefault(each, each)
        self.own_times.update(re.findall(TIME, text))
        text = re.sub(UUID, lambda match: self.meanings[match[0]], text)
        return re.sub(TOKEN, self.token, text).replace(ADDRESS, self.address)

    def compare(self, place: str, shown: str, real: str) -> None:
        """Requires that what is real looks as shown, and learns what the ids of the page mean."""
        shown, real = _trimmed(shown), _trimmed(real.replace(self.address, ADDRESS))
        pattern, names = self._pattern(shown)
        match = re.fullmatch(pattern, real)
        assert match, f"{place} shows\n\n{shown}\n\nbut this came:\n\n{real}"
        for group, name in names.items():
            self.meanings[name] = match[group]

    def _pattern(self, shown: str) -> tuple[str, dict[str, str]]:
        names: dict[str, str] = {}

        def of(match: re.Match[str]) -> str:
            text = match[0]
            if match["id"] and text in self.meanings:
                return re.escape(self.meanings[text])
            if match["id"]:
                group = f"id_{text.replace('-', '')}"
                again = group in names
                names[group] = text
                return f"(?P={group})" if again else f"(?P<{group}>{UUID})"
            if match["status"]:
                return "[A-Z]+"
            if match["time"]:
                return re.escape(text) if text in self.own_times else TIME
            return HTTP_DATE if match["date"] else ".*"

        lines = []
        for line in shown.splitlines():
            if line.strip() == "…":
                lines.append("(?:.*\n)*?")
                continue
            parts, end = [], 0
            for match in VARIABLE.finditer(line):
                parts += [re.escape(line[end : match.start()]), of(match)]
                end = match.end()
            lines.append("".join(parts) + re.escape(line[end:]) + "\n")
        return "".join(lines), names


class Shell:
    """A POSIX shell that keeps its variables from one command to the next."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["sh"],  # noqa: S607
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> tuple[int, str]:
        """The exit code and what was printed."""
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n\\036%d\\n' $?\n")
        self._shell.stdin.flush()
        printed = ""
        for line in self._shell.stdout:
            if line.startswith("\x1e"):
                return int(line[1:]), printed.removesuffix("\n")
            printed += line
        raise AssertionError(f"The shell ended at: {command}\n{printed}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._shell:
            self._shell.terminate()


def pretty(text: str) -> str:
    """A JSON text with each of its values on a line of its own."""
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False)


def _is_whole(command: str) -> bool:
    if command.endswith("\\"):
        return False
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True


def _last_operation(done: list[Command | Operation], block: Block) -> Operation:
    last = done[-1] if done else None
    assert isinstance(last, Operation), f"{block.place}: there is no operation before this"
    return last


def _trimmed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())
