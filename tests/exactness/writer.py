"""The script of these tests: writes what it is told, and keeps a record of its own of all it wrote.

Orders come through a Unix socket as lines of JSON, each answered by a newline once it is done:

    {"write": [[stream, content in base64, milliseconds to wait before], ...]}
    {"close": true}     its output
    {"exit": code}      this and the next are answered by the end of the connection
    {"signal": name}
"""

import base64
import json
import os
import signal
import socket
import time


def obey(wire: str, record: str) -> None:
    """Follows the orders that come through the socket; the record is a file."""
    written = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(wire)
    for line in connection.makefile("rb"):
        order = json.loads(line)
        for stream, content, pause in order.get("write", ()):
            time.sleep(pause / 1000)
            write(stream, base64.b64decode(content), written)
        if "close" in order:
            close()
        elif "signal" in order:
            os.kill(os.getpid(), signal.Signals[order["signal"]])
        elif "exit" in order:
            raise SystemExit(order["exit"])
        connection.sendall(b"\n")


def write(stream: int, content: bytes, record: int) -> None:
    while content:
        count = os.write(stream, content)
        os.write(record, content[:count])
        content = content[count:]


def close() -> None:
    """Lets go of the output, which shows as its end to whoever reads it."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
