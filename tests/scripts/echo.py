#!/usr/bin/env python3
"""Prints how it was called, as one line of JSON."""

import json
import os
import stat
import sys
from pathlib import Path


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


files = {path: Path(path).read_text() for path in sys.argv[1:] if "/in/" in path}
call = {
    "argv": sys.argv[1:],
    "environment": dict(os.environ),
    "folder": str(Path.cwd()),
    "files": files,
    "descriptors": [number for number in range(256) if is_open(number)],
    "input": [stat.S_ISCHR(os.fstat(0).st_mode), sys.stdin.read()],
}
sys.stdout.write(json.dumps(call, ensure_ascii=False) + "\n")
