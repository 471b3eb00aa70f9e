"""Builders of Simple Archive Format zips, and of the contract's example."""

import zipfile
from collections.abc import Mapping
from html import escape
from pathlib import Path

Files = Mapping[str, bytes]

# The console of the contract, word for word, but for the path of the archive.
EXAMPLE_CONSOLE = """\
Adding items from directory: {zip}
Generating mapfile: temp
Adding item from directory item_1
\tLoading dublin core from {zip}/item_1/dublin_core.xml
\tSchema: dc Element: title Qualifier:  Value: Bunny Video
\tProcessing contents file: {zip}/item_1/contents
\tBitstream: mp4test.mp4
Processing handle file: handle
It appears there is no handle file -- generating one
0 item_1
"""


def metadata(*values: tuple[str, str], schema: str = "") -> bytes:
    """A metadata file. A value is a field and a text; a field is `element.qualifier[language]`."""
    attribute = f' schema="{schema}"' if schema else ""
    lines = "".join(
        f"<dcvalue {_attributes(name)}>{escape(text)}</dcvalue>" for name, text in values
    )
    return f"<dublin_core{attribute}>{lines}</dublin_core>".encode()


def item(*values: tuple[str, str], contents: str | None = None, **files: bytes) -> dict[str, bytes]:
    """The files of one item; `name__ext` stands for the file name.ext.

    The contents file lists the files given unless it is given itself.
    """
    named = {name.replace("__", "."): content for name, content in files.items()}
    listed = "".join(f"{name}\n" for name in named) if contents is None else contents
    return {"dublin_core.xml": metadata(*values), "contents": listed.encode(), **named}


def titled(title: str) -> dict[str, bytes]:
    """An ordinary small item."""
    return item(("title", title), page__txt=f"The text of {title}".encode())


def build(path: Path, folders: Mapping[str, Files], top: str = "") -> Path:
    """Write an archive with a folder per item, inside the folder `top` if there is one."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for folder, files in folders.items():
            for name, content in files.items():
                packed.writestr("/".join(filter(None, (top, folder, name))), content)
    return path


def build_titled(path: Path, count: int) -> Path:
    """An archive with the items item_1, item_2, ...; their titles are Title 1, Title 2, ..."""
    return build(path, {f"item_{n}": titled(f"Title {n}") for n in range(1, count + 1)})


def build_example(path: Path) -> Path:
    """The archive of the contract's console example: one item, Bunny Video."""
    return build(
        path, {"item_1": item(("title", "Bunny Video"), mp4test__mp4=b"\0\0\0\x18ftypmp42")}
    )


def _attributes(name: str) -> str:
    path, _, language = name.removesuffix("]").partition("[")
    element, _, qualifier = path.partition(".")
    given = {"element": element, "qualifier": qualifier, "language": language}
    return " ".join(f'{key}="{value}"' for key, value in given.items() if value)
