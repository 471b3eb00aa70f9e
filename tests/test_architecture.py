"""The house (design, section 1): who may import whom, and where each library may be seen."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Each package, and what of our own it may import.
ARROWS = {
    "models": set(),
    "jobs": {"models"},
    "resolvers": {"models", "jobs"},
    "schema": {"models", "jobs", "resolvers"},
    "rest_compat": {"models", "jobs", "resolvers"},
    "server": {"models", "jobs", "resolvers", "schema", "rest_compat", "client"},
    "client": set(),
    "scripts": set(),
}
# Each library that is confined, and where it may be seen: in packages or in single modules.
CONFINED = {
    "strawberry": {"schema"},
    "graphql": {"schema"},
    "starlette": {"rest_compat", "server"},
    "uvicorn": {"server"},
    "arq": {"jobs", "server"},
    "redis": {"jobs", "server"},
    "tortoise": {"models", "jobs", "resolvers"},
    "aerich": {"models"},
    "click": {"server"},
    "re2": {"jobs", "models"},
    "cryptography": {"jobs"},
    "aiosmtplib": {"jobs"},
    "websockets": {"client"},
    "httpx": {"jobs", "resolvers"},
    "joserfc": {"resolvers"},
}
CHILDREN = {
    *("subprocess", "fork", "forkpty", "posix_spawn"),
    *("create_subprocess_exec", "create_subprocess_shell"),
}
# And the server, which starts those who use them.
STARTERS = {"jobs/supervisor/launch.py", "jobs/run.py"}
FILES = sorted(path for name in ARROWS for path in (ROOT / name).rglob("*.py"))
MODULES = [path for path in FILES if "node_modules" not in path.parts]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def imported(tree: ast.AST) -> Iterator[str]:
    """The top names of all that is imported anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports say the whole name"
            assert node.module
            yield node.module.partition(".")[0]


def attributes(tree: ast.AST) -> set[str]:
    """What is called or looked up by these names: `x` of `x` and of `y.x`."""
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@pytest.fixture(params=MODULES, ids=name_of)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_package_imports_only_what_stands_left_of_it(path: Path, tree: ast.Module) -> None:
    own = set(imported(tree)) & set(ARROWS)
    assert own <= ARROWS[package_of(path)] | {package_of(path)}


def test_libraries_stay_where_they_belong(path: Path, tree: ast.Module) -> None:
    for library in set(imported(tree)) & set(CONFINED):
        assert package_of(path) in CONFINED[library], library


def test_children_are_started_by_the_supervisor_and_what_starts_it(
    path: Path, tree: ast.Module
) -> None:
    if name_of(path) not in STARTERS and package_of(path) != "server":
        assert not CHILDREN & attributes(tree)


def test_environment_is_read_in_one_place(path: Path, tree: ast.Module) -> None:
    # The scripts that ship are programs of their own, and have the environment they are given.
    if name_of(path) != "server/settings.py" and package_of(path) != "scripts":
        assert not {"environ", "environb", "getenv", "putenv"} & attributes(tree)


def test_own_packages_are_not_imported_inside_functions(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert not set(imported(node)) & set(ARROWS), node.name


def test_nothing_is_pickled(tree: ast.Module) -> None:
    assert not {"pickle", "cloudpickle", "dill", "marshal", "shelve"} & set(imported(tree))


def test_transactions_run_to_their_end(path: Path, tree: ast.Module) -> None:
    # The scripts that ship have a database of their own.
    if name_of(path) != "models/transaction.py" and package_of(path) != "scripts":
        assert "in_transaction" not in attributes(tree)


def test_renderers_of_the_older_contract_cannot_query() -> None:
    tree = ast.parse((ROOT / "rest_compat" / "hal.py").read_text())
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert not [node for node in ast.walk(tree) if isinstance(node, waiting)]


def test_server_and_worker_start_without_what_few_need() -> None:
    program = "; ".join(
        (
            "from server.late import put_off",
            "put_off()",
            "import server.serve, server.worker.program, sys",
            "print(*sys.modules)",
        )
    )
    command = [sys.executable, "-c", program]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {"httpx", "joserfc", "jwt.algorithms", "aerich"} & set(loaded.split())


def test_packages_are_those_of_the_design() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"bench", "tests"} == set(ARROWS)
    # An arrow never points back: whoever is imported imports none of those who import it.
    order = list(ARROWS)[:6]
    for left, right in pairwise(order):
        assert right not in ARROWS[left]
    words = ("utils", "helpers", "common", "base", "managers", "services", "util", "helper")
    assert not [path for path in MODULES if path.stem in words or path.parent.name in words]
