"""The GraphiQL page: its examples fit the schema, and it works in a real browser."""

import json
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values

from schema.schema import sdl
from server.page import DIST
from tests.archives import EXAMPLE_CONSOLE, build_example
from tests.browser import run_in_browser
from tests.conftest import Install
from tests.database import on_sqlite
from tests.faces import Rest

PASSWORD = "correct horse battery"
EXAMPLES = sorted((DIST.parent / "examples").glob("*.graphql"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_fits_the_schema(example: Path) -> None:
    schema, document = build_schema(sdl()), parse(example.read_text())
    assert validate(schema, document) == []
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    variables = example.with_suffix(".json")
    given = json.loads(variables.read_text()) if variables.exists() else {}
    values = get_variable_values(schema, operation.variable_definitions or (), given)
    assert not isinstance(values, list), values
    assert set(values.coerced) == set(given)


@on_sqlite
def test_page_works_in_a_browser(install: Install, tmp_path: Path) -> None:
    if not (DIST / "index.html").exists():
        pytest.skip("the GraphiQL page is not built: `make page` builds it")
    it = install()
    it.start()
    it.cli("user", "password", "admin", stdin=f"{PASSWORD}\n")
    done: Any = run_in_browser(
        "graphiql.mjs",
        URL=it.url,
        TOKEN=it.admin.token,
        PASSWORD=PASSWORD,
        ARCHIVE=str(build_example(tmp_path / "saf.zip")),
    )
    [first, *rest] = Rest(it).output(it.admin, done["imported"])
    path = first.removeprefix("Adding items from directory: ")
    assert [first, *rest] == EXAMPLE_CONSOLE.format(zip=path).splitlines()
    assert list(Rest(it).files(it.admin, done["exported"])) == ["metadata.csv"]
