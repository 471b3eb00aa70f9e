"""Tests in a real Chromium, each written as a Node program in `tests/browser/`."""

import functools
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

FOLDER = Path(__file__).with_name("browser")
PICTURES = FOLDER / "pictures"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Beside Python is where `make test` puts Node on a machine that has none.
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def run_in_browser(program: str, /, seconds: float = 150, **environment: str) -> object:
    """What the program in `tests/browser/` printed, as JSON on its last line.

    It is given `environment` (URL, TOKEN and the like) and imports `launch` from `./chromium.mjs`.
    Fails the test with what the program said on standard error if it did not end well, and skips
    the test where there is no Chromium.
    """
    command, browser = browser_command()
    with TemporaryDirectory(prefix="psn-browser-", ignore_cleanup_errors=True) as folder:
        result = subprocess.run(
            [*command, FOLDER / program],
            env={**os.environ, **browser, **environment, "PATH": PATH, "TMPDIR": folder},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    if result.returncode:
        pytest.fail(f"{program} failed:\n{result.stdout}{result.stderr}")
    answer: object = json.loads(result.stdout.splitlines()[-1])
    return answer


@functools.cache
def browser_command() -> tuple[list[str], dict[str, str]]:
    """How to run such a program: the start of its command, and what else its environment needs."""
    node = shutil.which("node", path=PATH)
    if not node:
        pytest.skip("there is no Node: `make test` installs one")
    if not (FOLDER / "node_modules" / "playwright-core").is_dir():
        pytest.skip("tests/browser/node_modules is missing: `make test` installs it")
    installed = next(filter(None, (shutil.which(name, path=PATH) for name in NAMES)), None)
    if installed:
        return [node], {"CHROMIUM": installed}
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("there is no Chromium on the path, and npm's is for Linux on x86-64 only")
    return [node], {}
