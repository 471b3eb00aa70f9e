"""Setting up: what `make` does before it runs anything."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MAKE = shutil.which("make") or "make"
MAKEFILE = Path(__file__).parents[1] / "Makefile"


@pytest.mark.parametrize(
    ("python", "is_made_anew"),
    [("exit 0", False), ("echo No module named pip >&2; exit 1", True), ("", True)],
    ids=["whole", "of another version", "gone"],
)
def test_environment_whose_python_is_not_its_own_is_made_anew(
    tmp_path: Path, python: str, is_made_anew: bool
) -> None:
    shutil.copy(MAKEFILE, tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "place").write_text(f"{os.path.realpath(tmp_path)}\n")
    if python:
        program = tmp_path / ".venv" / "bin" / "python"
        program.write_text(f"#!/bin/sh\n{python}\n")
        program.chmod(0o755)
    would = subprocess.run(
        [MAKE, "--dry-run", ".venv/place"], cwd=tmp_path, capture_output=True, text=True
    )
    assert would.returncode == 0
    assert ("Setting up .venv" in would.stdout) is is_made_anew


def test_setting_up_serves_nothing() -> None:
    def steps(target: str) -> str:
        made = subprocess.run(
            [MAKE, "--dry-run", target], cwd=MAKEFILE.parent, capture_output=True, text=True
        )
        assert made.returncode == 0
        return made.stdout

    assert "procession serve" in steps("run")
    assert "procession serve" not in steps("setup")
