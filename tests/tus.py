"""A small client of uploads that come in pieces, by tus 1.0."""

import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from tests.installation import Installation, User, until

VERSION = {"Tus-Resumable": "1.0.0"}
CONTENT = "application/offset+octet-stream"
START = """mutation ($script: String!, $parameters: [ParameterInput!]) {
  startProcess(script: $script, parameters: $parameters) {
    id parameters { value } uploads { name size mediaType sha256 }
  }
}"""


def ask(
    it: Installation, who: User, method: str, upload_id: str = "", content: bytes = b"", **more: str
) -> httpx.Response:
    """One request; `more` are headers, with `_` for `-`. What comes back names the version."""
    headers = {**VERSION, **{name.replace("_", "-"): value for name, value in more.items()}}
    path = f"/uploads/{upload_id}" if upload_id else "/uploads"
    answer = it.request(who, method, path, headers=headers, content=content)
    assert answer.headers["tus-resumable"] == "1.0.0"
    return answer


def metadata(**said: str) -> str:
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in said.items())


def begin(it: Installation, who: User, size: int, name: str = "a.bin", **said: str) -> str:
    """The id of a new upload."""
    words = metadata(filename=name, **said)
    answer = ask(it, who, "POST", Upload_Length=str(size), Upload_Metadata=words)
    assert answer.status_code == 201, answer.text
    assert answer.headers["upload-offset"] == "0"
    return answer.headers["location"].removeprefix("/uploads/")


def send(
    it: Installation, who: User, upload_id: str, offset: int, content: bytes
) -> httpx.Response:
    """Sends some bytes of it."""
    headers = {"Upload_Offset": str(offset), "Content_Type": CONTENT}
    return ask(it, who, "PATCH", upload_id, content, **headers)


def uploaded(it: Installation, who: User, content: bytes, name: str = "a.bin") -> str:
    """The id of an upload that has come whole."""
    upload_id = begin(it, who, len(content), name)
    assert send(it, who, upload_id, 0, content).status_code == 204
    return upload_id


def offset(it: Installation, who: User, upload_id: str) -> int:
    """How much of it is there."""
    answer = ask(it, who, "HEAD", upload_id)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def until_free(it: Installation, who: User, upload_id: str, there: int) -> None:
    """Waits until so much of it has come and nobody sends more: a server needs a moment to see that
    whoever sent is gone."""
    until(lambda: send(it, who, upload_id, there, b"").status_code == 204)


@contextmanager
def sending(
    it: Installation, who: User, upload_id: str, at: int, content: bytes, size: int
) -> Iterator[None]:
    """Inside so much is sent of `size` bytes, and the rest never comes."""
    address = urlsplit(it.url)
    head = (
        f"PATCH /uploads/{upload_id} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: Bearer {who.token}\r\nTus-Resumable: 1.0.0\r\n"
        f"Content-Type: {CONTENT}\r\nUpload-Offset: {at}\r\nContent-Length: {size}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(head.encode() + content)
        yield
