"""The house (design, section 1): who may import whom, and where each library may be seen."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

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
ENVIRONMENT = {"environ", "environb", "getenv", "putenv"}
PICKLES = {"pickle", "cloudpickle", "dill", "marshal", "shelve"}
# And the server, which starts those who use them.
STARTERS = {"jobs/supervisor/launch.py", "jobs/run.py"}
FILES = sorted(path for name in ARROWS for path in (ROOT / name).rglob("*.py"))
MODULES = [path for path in FILES if "node_modules" not in path.parts]
Found = dict[str, set[str]]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def package_of(name: str) -> str:
    return name.partition("/")[0]


def but_for(place: str, words: set[str]) -> Callable[[str], set[str]]:
    """What may stand in this module only. The scripts that ship are programs of their own: they
    have the environment they are given, and a database of theirs."""
    return lambda name: set() if name == place or package_of(name) == "scripts" else words


def imported(tree: ast.AST) -> Iterator[str]:
    """The top names of all that is imported anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports say the whole name"
            assert node.module
            yield node.module.partition(".")[0]


def imported_inside(tree: ast.AST) -> Iterator[str]:
    """The top names of what is imported in functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imported(node)


@cache
def attributes(tree: ast.AST) -> set[str]:
    """What is called or looked up by these names: `x` of `x` and of `y.x`."""
    nodes = list(ast.walk(tree))
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return names | {node.id for node in nodes if isinstance(node, ast.Name)}


@cache
def trees() -> Mapping[str, ast.Module]:
    """Each of our modules, by its name."""
    return {name_of(path): ast.parse(path.read_text()) for path in MODULES}


def offenders(words: Callable[[ast.AST], Iterable[str]], bad: Callable[[str], set[str]]) -> Found:
    """The modules that have words which are `bad` there, and these."""
    found = {name: set(words(tree)) & bad(name) for name, tree in trees().items()}
    return {name: wrong for name, wrong in found.items() if wrong}


def test_package_imports_only_what_stands_left_of_it() -> None:
    def right_of(name: str) -> set[str]:
        return set(ARROWS) - ARROWS[package_of(name)] - {package_of(name)}

    assert not offenders(imported, right_of)


def test_libraries_stay_where_they_belong() -> None:
    def elsewhere(name: str) -> set[str]:
        return {library for library, places in CONFINED.items() if package_of(name) not in places}

    assert not offenders(imported, elsewhere)


def test_children_are_started_by_the_supervisor_and_what_starts_it() -> None:
    def foreign(name: str) -> set[str]:
        return set() if name in STARTERS or package_of(name) == "server" else CHILDREN

    assert not offenders(attributes, foreign)


def test_environment_is_read_in_one_place() -> None:
    assert not offenders(attributes, but_for("server/settings.py", ENVIRONMENT))


def test_own_packages_are_not_imported_inside_functions() -> None:
    assert not offenders(imported_inside, lambda _: set(ARROWS))


def test_nothing_is_pickled() -> None:
    assert not offenders(imported, lambda _: PICKLES)


def test_transactions_run_to_their_end() -> None:
    assert not offenders(attributes, but_for("models/transaction.py", {"in_transaction"}))


def test_renderers_of_the_older_contract_cannot_query() -> None:
    tree = trees()["rest_compat/hal.py"]
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


def test_no_two_tests_give_a_user_the_same_name() -> None:
    """They may share an installation, which depends on the programs that run them."""
    names: Counter[object] = Counter()
    for path in (ROOT / "tests").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(ast.Attribute(attr="add_user"), [ast.Constant(name), *_]):
                    names[name] += 1
    assert [name for name, times in names.items() if times > 1] == []


def test_packages_are_those_of_the_design() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"bench", "tests"} == set(ARROWS)
    # An arrow never points back: whoever is imported imports none of those who import it.
    order = list(ARROWS)[:6]
    for left, right in pairwise(order):
        assert right not in ARROWS[left]
    words = ("utils", "helpers", "common", "base", "managers", "services", "util", "helper")
    assert not [path for path in MODULES if path.stem in words or path.parent.name in words]
