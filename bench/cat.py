"""cat: what it costs to bring bytes through a pipe into a file, at least."""

import subprocess
import time
from pathlib import Path


def cat(file: Path) -> float:
    """The seconds that it takes to copy a file through a pipe."""
    copy = file.with_suffix(".copy")
    began = time.perf_counter()
    subprocess.run(["/bin/sh", "-c", 'cat "$1" | cat > "$2"', "cat", file, copy], check=True)
    seconds = time.perf_counter() - began
    copy.unlink()
    return seconds
