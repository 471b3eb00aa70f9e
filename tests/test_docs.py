"""The pages for readers are true: their commands run, their facts are those of the program."""

import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import click
import httpx
import msgspec
import pytest
from graphql import GraphQLSchema, build_schema, parse, validate
from starlette.routing import Route

from models.manifest import Manifest, read_manifest
from models.script import Parameter, ParameterType
from models.status import Status
from resolvers.errors import ProcessionError
from rest_compat.api import Api
from rest_compat.routes import routes
from server.cli import main
from server.settings import PREFIX, SHIPPED_SCRIPTS, Settings
from tests.archives import build, item
from tests.docs_commands import (
    PAGES,
    ROOT,
    Block,
    Command,
    Operation,
    Reader,
    Shell,
    blocks,
    files,
    pretty,
    steps,
)
from tests.installation import Installation, installed

ALL_PAGES = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
BLOCKS = [block for page in ALL_PAGES for block in blocks(page)]
SITE_SCRIPTS = "site-scripts"  # the folder of their own scripts in the pages


def name_of(page: Path) -> str:
    return page.stem


def place_of(block: Block) -> str:
    return block.place


def text_of(page: str) -> str:
    return (ROOT / page).read_text()


@pytest.fixture
def server() -> Iterator[Installation]:
    """A server in a folder that looks like a checkout, with the archive of the README."""
    with installed(PROCESSION_SCRIPTS=f"scripts:{SITE_SCRIPTS}") as it:
        (it.folder / "scripts").symlink_to(SHIPPED_SCRIPTS)
        (it.folder / "schema").symlink_to(ROOT / "schema")
        (it.folder / SITE_SCRIPTS).mkdir()
        build(it.folder / "saf.zip", {"item_1": item(("title", "Bunny Video"), bunny__txt=b"Hop.")})
        yield it


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on the path")
@pytest.mark.parametrize("page", [page for page in PAGES if steps(page)], ids=name_of)
def test_what_a_page_tells_its_reader_to_do_works(page: Path, server: Installation) -> None:
    Reader(server.folder, "", "").save(page)  # manifests must be there when the server starts
    server.start()
    reader = Reader(server.folder, server.url.removeprefix("http://"), server.first_token)
    reader.save(page)
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with Shell(server.folder, {**server.environment, "PATH": beside}) as shell:
        for step in steps(page):
            if isinstance(step, Command):
                run(step, reader, shell)
            else:
                ask(step, reader, server)


def run(command: Command, reader: Reader, shell: Shell) -> None:
    code, printed = shell.run(reader.said(command.text))
    assert code == 0, f"{command.place}: {command.text}\nends with {code}:\n{printed}"
    if command.output:
        reader.compare(command.place, command.output, printed)


def ask(operation: Operation, reader: Reader, server: Installation) -> None:
    body = {
        "query": reader.said(operation.document),
        "variables": json.loads(reader.said(operation.variables)),
    }
    headers = {"Authorization": f"Bearer {reader.token}"}
    answer = httpx.post(f"{server.url}/graphql", json=body, headers=headers, trust_env=False)
    reader.compare(operation.place, pretty(operation.answer), pretty(answer.text))


# --- blocks that are not commands ----------------------------------------------------------------


def of_language(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


def test_every_block_is_of_a_kind_that_is_checked_or_known_to_be_of_no_concern() -> None:
    checked = {"console", "graphql", "json", "toml", "python", "sh", "xml"}
    unchecked = {"text", "ini", "nginx", "sql"}
    assert {block.language for block in BLOCKS} <= checked | unchecked


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(text_of("schema/schema.graphql"))


@pytest.mark.parametrize("block", of_language("graphql"), ids=place_of)
def test_a_graphql_document_is_valid(block: Block, schema: GraphQLSchema) -> None:
    assert validate(schema, parse(block.text)) == []


@pytest.mark.parametrize("block", of_language("json"), ids=place_of)
def test_a_json_text_is_well_formed(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", of_language("python"), ids=place_of)
def test_a_python_program_is_well_formed(block: Block) -> None:
    compile(block.text, block.place, "exec")


@pytest.mark.parametrize("block", of_language("toml"), ids=place_of)
def test_a_toml_text_is_a_manifest_or_holds_settings(block: Block, tmp_path: Path) -> None:
    found = tomllib.loads(block.text)
    if "command" in found:
        manifest = tmp_path / "manifest.toml"
        manifest.write_text(block.text)
        assert read_manifest(manifest).name == found["name"]
    elif "handle_prefix" not in found:
        assert msgspec.convert(found, Settings)


# --- facts ---------------------------------------------------------------------------------------


def test_the_table_of_settings_is_that_of_the_program() -> None:
    rows = re.findall(r"^\| `(PROCESSION_\w+)` \| (.+?) \|", text_of("docs/settings.md"), re.M)
    expected = []
    for each in msgspec.structs.fields(Settings):
        if each.name != "environment":
            default = each.default if each.default != str(SHIPPED_SCRIPTS) else "scripts"
            shown = "" if default == "" else f"`{default}`"
            if isinstance(default, bool):
                shown = shown.lower()
            expected.append((f"{PREFIX}{each.name.upper()}", shown or "none"))
    assert sorted(rows) == sorted(expected)


def commands_below(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child
            yield from commands_below(child, f"{path} {name}")
    else:
        yield path, command


def test_every_command_is_explained_with_its_options() -> None:
    page = text_of("docs/operations.md") + text_of("docs/client.md")
    for path, command in commands_below(main, "procession"):
        assert re.search(rf"`{path}\b", page), path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert f"`{parameter.opts[0]}" in page, (path, parameter.opts)


def test_help_of_each_command_of_the_client_has_examples_and_exit_codes() -> None:
    table = text_of("docs/client.md").partition("\n## ")[0]
    for name in re.findall(r"`procession (\w+)`", table):
        command = main.get_command(click.Context(main), name)
        assert command
        told = " ".join(command.get_help(click.Context(command)).split())
        assert re.search(rf"Examples?: .*procession {name}", told), name
        assert re.search(r"[Ee]xit code", told), name


@pytest.mark.parametrize("kind", [Manifest, Parameter])
def test_every_key_of_a_manifest_is_explained(kind: type[msgspec.Struct]) -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", text_of("docs/scripts.md"), re.M))
    assert {each.encode_name for each in msgspec.structs.fields(kind)} <= rows


def test_every_type_of_parameter_is_explained() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", text_of("docs/scripts.md"), re.M))
    assert {each.value for each in ParameterType} <= rows


@pytest.mark.parametrize("name", ["import", "metadata-export"])
def test_every_parameter_of_a_shipped_script_is_explained(name: str) -> None:
    rows = re.findall(r"^\| `-(\w)`, `--(\S+?)` \| (\w+) \|", text_of("docs/scripts.md"), re.M)
    script = read_manifest(SHIPPED_SCRIPTS / f"{name}.toml")
    assert {(each.name, each.long, each.type.value) for each in script.parameters} <= set(rows)


def test_every_operation_and_every_type_of_the_schema_is_explained(schema: GraphQLSchema) -> None:
    page = text_of("docs/graphql.md")
    for root in (schema.query_type, schema.mutation_type, schema.subscription_type):
        assert root
        for name in root.fields:
            assert f"`{name}`" in page, name


def leaves(kind: type[ProcessionError]) -> Iterator[type[ProcessionError]]:
    yield from (leaf for child in kind.__subclasses__() for leaf in leaves(child))
    if not kind.__subclasses__():
        yield kind


def test_every_code_of_an_error_is_explained() -> None:
    codes = {kind.code for kind in leaves(ProcessionError)}
    assert codes <= set(re.findall(r"^\| `([A-Z_]+)` \|", text_of("docs/graphql.md"), re.M))


@pytest.mark.parametrize("page", ["docs/graphql.md", "docs/rest.md", "docs/architecture.md"])
def test_every_status_is_mentioned(page: str) -> None:
    text = text_of(page)
    assert [each.value for each in Status if each.value not in text] == []


def test_every_rest_resource_is_explained() -> None:
    page = text_of("docs/rest.md")
    for route in routes(cast(Api, None)):
        path = cast(Route, route).path
        if not path.endswith("{path:path}"):
            shown = re.sub(r"\{(\w+?)(_id)?(:\w+)?\}", lambda match: match[1].upper(), path)
            shown = shown.replace("/PROCESS", "/ID")
            assert re.search(rf"`[A-Z]+ {re.escape(shown)}`", page), shown


# --- links ---------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors that the headings of a page have on a code host."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", ALL_PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_every_page_is_reached_from_the_first() -> None:
    linked = set(re.findall(r"\]\(docs/([\w-]+\.\w+)\)", text_of("README.md")))
    assert {path.name for path in (ROOT / "docs").iterdir() if path.is_file()} <= linked


def test_the_tabs_of_graphiql_that_are_named_exist() -> None:
    examples = (ROOT / "schema" / "graphiql" / "examples").glob("*.graphql")
    named = {re.search(r"^\w+ (\w+)", each.read_text(), re.M)[1] for each in examples}  # type: ignore[index]
    assert set(re.findall(r"the tab \*(\w+)\*", text_of("README.md"))) <= named


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.M))
    for page in ALL_PAGES:
        assert set(re.findall(r"`make ([a-z]+)\b", page.read_text())) <= targets


def test_files_that_pages_tell_to_save_have_plain_names() -> None:
    for page in PAGES:
        for name in files(page):
            assert re.fullmatch(r"[\w./-]+", name), name
