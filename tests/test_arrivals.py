"""Uploads that come in pieces: what a cut leaves of them, who may write, how a start uses them."""

import fcntl
import json
import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from jobs.arrivals import FACTS
from tests.database import on_sqlite
from tests.faces import check_error
from tests.installation import Installation, User, installed, until
from tests.running import end_of, facts
from tests.subscription import GraphQLRefusal
from tests.tus import (
    CONTENT,
    START,
    ask,
    begin,
    metadata,
    offset,
    send,
    sending,
    until_free,
    uploaded,
)

SUM = (
    "import hashlib, pathlib, sys; path = pathlib.Path(sys.argv[2]);"
    "print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())"
)
MANY = random.Random(1).randbytes(5_000_000)  # noqa: S311
CROWD = 40  # more than the threads that a server has
PIECE = 2_500_000  # more than what is written at once, and not a multiple of it


def start(it: Installation, who: User, *uploads: str, script: str = "python") -> Any:
    """The process that is started with these uploads."""
    files = [{"name": "f", "upload": each} for each in uploads]
    given = [{"name": "c", "value": SUM}, *files] if script == "python" else files
    return it.graphql(who, START, script=script, parameters=given)["startProcess"]


def problems(it: Installation, who: User, *uploads: str, script: str = "python") -> list[str]:
    """What is wrong with the uploads, if nothing but that keeps it from being started."""
    with pytest.raises(GraphQLRefusal) as refused:
        start(it, who, *uploads, script=script)
    assert (refused.value.code, list(refused.value.fields)) == ("BAD_INPUT", ["f"])
    return refused.value.fields["f"]


def folder(it: Installation, who: User, upload_id: str) -> Path:
    return it.data / "files" / "arriving" / who.id / upload_id


@on_sqlite
def test_upload_goes_on_after_a_cut_and_a_killed_server_and_becomes_a_file(
    mortal: Installation,
) -> None:
    it = mortal
    who = it.alice
    upload_id = begin(it, who, len(MANY), "süß 1.bin", filetype="x/y", script="python")
    left = begin(it, who, 10)
    with sending(it, who, upload_id, 0, MANY[:PIECE], len(MANY)):
        until(lambda: offset(it, who, upload_id))
    until_free(it, who, upload_id, PIECE)  # all that had come, to the last byte
    with sending(it, who, upload_id, PIECE, MANY[PIECE : 2 * PIECE - 1], PIECE):
        until(lambda: offset(it, who, upload_id) > PIECE)
        it.kill()
    os.utime(folder(it, who, left) / "content", (0, 0))
    it.start()
    there = offset(it, who, upload_id)
    assert PIECE < there < len(MANY)
    assert problems(it, who, upload_id) == [
        f"{len(MANY) - there} of its {len(MANY)} bytes are missing; send them first."
    ]
    assert send(it, who, upload_id, there, MANY[there:]).headers["upload-offset"] == str(len(MANY))
    process = start(it, who, upload_id)
    digest = sha256(MANY).hexdigest()
    assert process["uploads"] == [
        {"name": "süß 1.bin", "size": len(MANY), "mediaType": "x/y", "sha256": digest}
    ]
    assert end_of(it, who, process["id"]).lines == [f"süß 1.bin {digest}"]
    # It was moved, not copied; asking again, since an answer can be lost, starts nothing more.
    assert not folder(it, who, upload_id).exists()
    (kept,) = (it.data / "files" / process["id"]).iterdir()
    assert kept.name == upload_id
    until(lambda: kept.stat().st_nlink == 1)  # the folder of the run goes after the end is told
    assert start(it, who, upload_id)["id"] == process["id"]
    assert ask(it, who, "HEAD", upload_id).status_code == 404
    # Of one that was left alone a worker that starts leaves nothing.
    assert ask(it, who, "HEAD", left).status_code == 404
    until(lambda: not folder(it, who, left).exists())


@on_sqlite
def test_upload_goes_on_after_the_server_was_told_to_leave_in_its_middle(
    mortal: Installation,
) -> None:
    it, who = mortal, mortal.alice
    upload_id = begin(it, who, len(MANY))
    with sending(it, who, upload_id, 0, MANY[:PIECE], len(MANY)):
        until(lambda: offset(it, who, upload_id))
        assert it.end(signal.SIGTERM) == 0
    assert f"The server left in the middle of PATCH /uploads/{upload_id}" in it.log.read_text()
    it.start()
    there = offset(it, who, upload_id)
    assert 0 < there <= PIECE
    assert send(it, who, upload_id, there, MANY[there:]).status_code == 204
    process = start(it, who, upload_id)
    digest = sha256(MANY).hexdigest()
    assert process["uploads"][0]["sha256"] == digest
    assert end_of(it, who, process["id"]).lines == [f"a.bin {digest}"]


@on_sqlite
def test_two_servers_share_uploads_and_only_one_writes(mortal: Installation) -> None:
    it, who = mortal, mortal.alice
    shared = {
        "PROCESSION_DATABASE_URL": f"sqlite://{it.data}/procession.sqlite3",
        "PROCESSION_REDIS_URL": f"unix://{it.data}/redis/redis.sock",
        "PROCESSION_FILES_URL": f"file://{it.data}/files",
    }
    with installed(**shared) as other:
        other.start()
        upload_id = begin(it, who, len(MANY))
        with sending(it, who, upload_id, 0, MANY[:PIECE], len(MANY)):
            until(lambda: offset(other, who, upload_id))
            for server in (it, other):
                there = offset(server, who, upload_id)
                refused = send(server, who, upload_id, there, MANY[there:])
                assert (refused.status_code, refused.json()["status"]) == (409, 409)
                with pytest.raises(GraphQLRefusal) as busy:
                    start(server, who, upload_id)
                assert busy.value.code == "CONFLICT"
        until_free(other, who, upload_id, PIECE)
        assert send(other, who, upload_id, PIECE, MANY[PIECE:]).status_code == 204
        process = start(it, who, upload_id)
        assert process["uploads"][0]["sha256"] == sha256(MANY).hexdigest()
        assert start(other, who, upload_id)["id"] == process["id"]


WRONG: dict[str, tuple[int, str, dict[str, str]]] = {
    "no version": (412, "POST", {"Tus-Resumable": ""}),
    "another version": (412, "PATCH", {"Tus-Resumable": "0.2.2"}),
    "no size": (400, "POST", {"Upload-Length": ""}),
    "a size that is none": (400, "POST", {"Upload-Length": "-1"}),
    "a size that comes later": (400, "POST", {"Upload-Length": "", "Upload-Defer-Length": "1"}),
    "larger than any": (413, "POST", {"Upload-Length": str((64 << 30) + 1)}),
    "no name": (400, "POST", {"Upload-Metadata": ""}),
    "a name that is none": (400, "POST", {"Upload-Metadata": metadata(filename="a/..")}),
    "a name with control characters": (400, "POST", {"Upload-Metadata": metadata(filename="\n")}),
    "metadata that are none": (400, "POST", {"Upload-Metadata": "filename a%"}),
    "metadata without end": (400, "POST", {"Upload-Metadata": metadata(x="x" * 4000)}),
    "no such script": (404, "POST", {"Upload-Metadata": metadata(filename="a", script="none")}),
    "not my script": (403, "POST", {"Upload-Metadata": metadata(filename="a", script="hidden")}),
    "another kind of body": (415, "PATCH", {"Content-Type": "application/octet-stream"}),
    "no kind of body": (415, "PATCH", {"Content-Type": ""}),
    "no offset": (400, "PATCH", {"Upload-Offset": ""}),
    "too far": (409, "PATCH", {"Upload-Offset": "3"}),
    "not far enough": (409, "PATCH", {"Upload-Offset": "1"}),
    "another method": (405, "PUT", {}),
    "another method instead": (405, "PATCH", {"X-HTTP-Method-Override": "PUT"}),
}


@on_sqlite
def test_what_does_not_fit_the_protocol_is_refused_and_changes_nothing(
    installation: Installation,
) -> None:
    it, who = installation, installation.alice
    upload_id = begin(it, who, 10)
    assert send(it, who, upload_id, 0, b"12").status_code == 204
    plain = {
        "POST": {"Upload-Length": "1", "Upload-Metadata": metadata(filename="a")},
        "PATCH": {"Upload-Offset": "2", "Content-Type": CONTENT},
    }
    before = sorted(folder(it, who, "").iterdir())
    for what, (status, method, headers) in WRONG.items():
        place = "" if method == "POST" else upload_id
        given = {**plain.get(method, {}), **headers}
        answer = ask(it, who, method, place, b"345" if method == "PATCH" else b"", **given)
        assert answer.status_code == status, what
        check_error(answer)
    assert sorted(folder(it, who, "").iterdir()) == before
    assert offset(it, who, upload_id) == 2
    assert send(it, who, upload_id, 2, b"x" * 9).status_code == 413
    assert ask(it, who, "HEAD", "none").status_code == 404
    assert ask(it, who, "HEAD", str(uuid4())).status_code == 404


@on_sqlite
def test_upload_tells_what_it_was_told(installation: Installation) -> None:
    it, who = installation, installation.alice
    upload_id = begin(it, who, 10, "a", more="said")
    answer = ask(it, who, "HEAD", upload_id)
    assert answer.headers["upload-length"] == "10"
    assert answer.headers["upload-metadata"] == metadata(filename="a", more="said")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["upload-expires"].endswith(" GMT")
    able = ask(it, who, "OPTIONS")
    assert able.headers["tus-version"] == "1.0.0"
    assert able.headers["tus-extension"] == "creation,expiration,termination"
    assert able.headers["tus-max-size"] == str(64 << 30)


@on_sqlite
@pytest.mark.parametrize("kind", [CONTENT.upper(), f"{CONTENT}; charset=binary", f"{CONTENT} ;x=y"])
def test_kind_of_what_is_sent_is_its_media_type(installation: Installation, kind: str) -> None:
    it, who = installation, installation.alice
    upload_id = begin(it, who, 2)
    sent = {"Upload_Offset": "0", "Content_Type": kind}
    assert ask(it, who, "PATCH", upload_id, b"12", **sent).status_code == 204
    assert offset(it, who, upload_id) == 2


@on_sqlite
def test_client_that_can_only_post_says_what_it_means(installation: Installation) -> None:
    it, who = installation, installation.alice
    upload_id = begin(it, who, 2)
    sent = {"Upload_Offset": "0", "Content_Type": CONTENT}
    for method, more, content in (("PATCH", sent, b"12"), ("DELETE", {}, b"")):
        meant = {"X_HTTP_Method_Override": method, **more}
        assert ask(it, who, "POST", upload_id, content, **meant).status_code == 204
    assert ask(it, who, "HEAD", upload_id).status_code == 404


@on_sqlite
def test_upload_that_is_called_back_is_gone_also_while_it_is_sent(
    installation: Installation,
) -> None:
    it, who = installation, installation.alice
    upload_id = begin(it, who, len(MANY))
    with sending(it, who, upload_id, 0, MANY[:PIECE], len(MANY)):
        until(lambda: offset(it, who, upload_id))
        assert ask(it, who, "DELETE", upload_id).status_code == 204
        assert ask(it, who, "HEAD", upload_id).status_code == 404
        assert ask(it, who, "DELETE", upload_id).status_code == 404
    assert not folder(it, who, upload_id).exists()
    assert problems(it, who, upload_id)[0].startswith(f"There is no upload {upload_id}: ")


@on_sqlite
def test_who_cannot_begin_an_upload_now_keeps_nobody_else_from_it(mortal: Installation) -> None:
    """As if a server on another machine were paused while it begins one of alice's."""
    it, who = mortal, mortal.alice
    begin(it, who, 1)
    wish = {"Upload_Length": "1", "Upload_Metadata": metadata(filename="a")}
    with (
        ThreadPoolExecutor(CROWD) as threads,
        (folder(it, who, "") / "lock").open("w") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = [threads.submit(ask, it, who, "POST", "", b"", **wish) for _ in range(CROWD)]
        for _ in range(CROWD // 2):  # surely some of them come after the others
            assert uploaded(it, it.bob, b"1")
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert {each.result().status_code for each in waiting} <= {201, 409}


@on_sqlite
def test_upload_is_good_for_one_parameter_of_one_start_of_its_owner(
    installation: Installation,
) -> None:
    it, who = installation, installation.alice
    one, two = uploaded(it, who, b"1", "one"), uploaded(it, who, b"", "two")
    assert problems(it, it.bob, one)[0].startswith(f"There is no upload {one}: ")
    assert problems(it, it.admin, one)[0].startswith(f"There is no upload {one}: ")
    assert "send the file once more" in problems(it, who, one, one, script="echo")[0]
    (wrong,) = problems(it, who, "x", script="echo")
    assert wrong.startswith("'x' is not an id")
    both = [{"name": "f", "upload": one, "value": "x"}]
    with pytest.raises(GraphQLRefusal, match="either a value or a file or an upload"):
        it.graphql(who, START, script="echo", parameters=both)
    with pytest.raises(GraphQLRefusal, match="takes a value, not a file"):
        it.graphql(who, START, script="echo", parameters=[{"name": "s", "upload": one}])
    # None of this has used them up; the parameters stay in their order.
    process = start(it, who, two, one, script="echo")
    assert [each["value"] for each in process["parameters"]] == ["two", "one"]
    assert [each["size"] for each in facts(it, who, process["id"], "uploads { size }")["uploads"]]
    assert start(it, who, two, one, script="echo")["id"] == process["id"]
    used = f"The process {process['id']} was started with this upload; send the file once more."
    assert problems(it, who, one, two, script="echo") == [used]
    assert problems(it, who, one, uploaded(it, who, b"3", "3"), script="echo") == [used]
    assert problems(it, it.bob, one, script="echo")[0].startswith(f"There is no upload {one}: ")


@on_sqlite
def test_start_with_a_whole_upload_waits_for_nobody_whose_sum_is_just_made(
    installation: Installation,
) -> None:
    it, who = installation, installation.alice
    ready = uploaded(it, who, b"1")
    arriving = [begin(it, it.bob, 1) for _ in range(2)]  # as many as are looked through at once
    contents = [enlarged(folder(it, it.bob, each)) for each in arriving]
    with ThreadPoolExecutor(len(arriving)) as threads:
        sent = [threads.submit(send, it, it.bob, each, HUGE - 1, b"x") for each in arriving]
        try:
            until(lambda: all(is_read(it, content) for content in contents))
            assert start(it, who, ready, script="echo")["uploads"][0]["size"] == 1
            assert not any(each.done() for each in sent)
        finally:
            for content in contents:
                os.truncate(content, 0)
    assert {each.result().status_code for each in sent} == {204}
    for each in arriving:
        assert ask(it, it.bob, "DELETE", each).status_code == 204


HUGE = 1 << 40  # bytes, to make the sum of which takes minutes


def enlarged(arrival: Path) -> Path:
    """The content of an arrival that now lacks the last of HUGE bytes, none of which are stored."""
    told, content = arrival / FACTS, arrival / "content"
    told.write_text(json.dumps(json.loads(told.read_text()) | {"size": HUGE}))
    os.truncate(content, HUGE - 1)
    return content


def is_read(it: Installation, content: Path) -> bool:
    """Whether the server is just reading all of this file."""
    assert it.server
    descriptors = Path(f"/proc/{it.server.pid}/fd")
    for each in descriptors.iterdir():
        with suppress(FileNotFoundError):
            if each.readlink() == content:
                at = (descriptors.with_name("fdinfo") / each.name).read_text()
                return 0 < int(at.split()[1]) < HUGE
    return False
