"""Downloads: whole, in part, and not at all if the client has the file already (RFC 9110)."""

import hashlib
import re
import shutil
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import BytesParser
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import pytest

from tests.database import on_sqlite
from tests.faces import GraphQL, Rest, check_error
from tests.installation import NOBODY, Installation, User, until
from tests.running import Gate, end_of, facts, run_python, start_python, until_running
from tests.subscription import GraphQLRefusal

CONTENT = bytes(range(100))
SIZE = len(CONTENT)
LONG = "9" * 5000  # a number that Python does not read
WRITE = f"""
import os, pathlib
out = pathlib.Path(os.environ["PROCESSION_OUTPUT_DIR"])
(out / "data.bin").write_bytes({CONTENT!r})
(out / "empty.txt").touch()
(out / "sub" / "folder").mkdir(parents=True)
(out / "sub" / "folder" / "a.csv").write_text("a")
(out / "link").symlink_to("/etc/passwd")
(out / "folder-link").symlink_to("/etc")
os.mkfifo(out / "pipe")
"""


@pytest.fixture(scope="module")
def written(installation: Installation) -> str:
    """A process that wrote files."""
    ended = run_python(installation, installation.alice, WRITE)
    assert ended.status == "COMPLETED", ended.text
    return ended.id


def fetch(
    it: Installation, process_id: str, method: str = "GET", name: str = "data.bin", **headers: str
) -> httpx.Response:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    path = f"/api/system/processes/{process_id}/files/{name}"
    return it.request(it.alice, method, path, headers=named)


@on_sqlite
def test_whole_file_is_an_attachment_with_a_strong_etag(
    installation: Installation, written: str
) -> None:
    answer = fetch(installation, written)
    headers = answer.headers
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert headers["content-disposition"] == 'attachment; filename="data.bin"'
    assert headers["content-length"] == str(SIZE)
    assert headers["accept-ranges"] == "bytes"
    assert re.fullmatch(r'"[^"]+"', headers["etag"])
    assert parsedate_to_datetime(headers["last-modified"]) <= datetime.now(UTC)
    assert headers["x-content-type-options"] == "nosniff"


@on_sqlite
def test_file_whose_bytes_are_gone_is_not_found(installation: Installation) -> None:
    it = installation
    process_id = run_python(it, it.alice, WRITE).id
    shutil.rmtree(it.data / "files" / process_id)
    for method in ("GET", "HEAD"):
        answer = fetch(it, process_id, method)
        assert answer.status_code == 404
    assert "data.bin" in fetch(it, process_id).json()["message"]


@on_sqlite
def test_download_that_fails_on_its_way_is_broken_off_and_told_in_a_line(
    installation: Installation,
) -> None:
    """As by a disk that fails: what is a folder by then cannot be read."""
    it = installation
    process_id = run_python(it, it.alice, WRITE).id
    for kept in (it.data / "files" / process_id).iterdir():
        kept.unlink()
        kept.mkdir()
    told = "An answer was broken off: [Errno 21]"
    before = it.log.read_text().count(told)
    with pytest.raises(httpx.RemoteProtocolError):
        fetch(it, process_id)
    until(lambda: it.log.read_text().count(told) == before + 1)


@on_sqlite
def test_head_says_what_get_would(installation: Installation, written: str) -> None:
    whole, head = fetch(installation, written), fetch(installation, written, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "etag", "last-modified", "accept-ranges", "content-type"):
        assert head.headers[name] == whole.headers[name]


RANGES = {
    "bytes=1-3": (1, 3),
    "bytes=0-0": (0, 0),
    "bytes=4-": (4, SIZE - 1),
    "bytes=-2": (SIZE - 2, SIZE - 1),
    "bytes=-1000": (0, SIZE - 1),
    "bytes=90-1000": (90, SIZE - 1),
    "bytes=0-99": (0, SIZE - 1),
    "bytes= 1-3": (1, 3),
    "bytes=99-": (99, 99),
    "Bytes=1-3": (1, 3),
    "bytes=,, 1-3 ,": (1, 3),
}


@on_sqlite
@pytest.mark.parametrize(("asked", "got"), RANGES.items(), ids=RANGES)
def test_one_range_is_answered_with_that_part(
    installation: Installation, written: str, asked: str, got: tuple[int, int]
) -> None:
    first, last = got
    answer = fetch(installation, written, Range=asked)
    assert (answer.status_code, answer.content) == (206, CONTENT[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["content-length"] == str(last - first + 1)
    assert answer.headers["etag"] == fetch(installation, written).headers["etag"]


@on_sqlite
def test_several_ranges_come_as_parts(installation: Installation, written: str) -> None:
    answer = fetch(installation, written, Range="bytes=0-1, 10-12,-1")
    assert answer.status_code == 206
    kind = answer.headers["content-type"]
    assert kind.startswith("multipart/byteranges; boundary=")
    message: Message = BytesParser().parsebytes(
        f"Content-Type: {kind}\r\n\r\n".encode() + answer.content
    )
    parts = [(part["content-range"], part.get_payload(decode=True)) for part in message.walk()][1:]
    assert parts == [
        (f"bytes 0-1/{SIZE}", CONTENT[0:2]),
        (f"bytes 10-12/{SIZE}", CONTENT[10:13]),
        (f"bytes 99-99/{SIZE}", CONTENT[99:]),
    ]


@on_sqlite
@pytest.mark.parametrize(
    "asked", ["bytes=100-", "bytes=1000-2000", "bytes=100-100", "bytes=-0", f"bytes={10**100}-"]
)
def test_range_beyond_the_end_is_refused_with_the_size(
    installation: Installation, written: str, asked: str
) -> None:
    answer = fetch(installation, written, Range=asked)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


@on_sqlite
@pytest.mark.parametrize(
    "asked",
    [
        *("bytes=3-1", "bytes=x-y", "bytes=", "bytes", "bytes=1-3,x", "bytes=1--3", ""),
        *("items=0-1", "bytes=-", "bytes 1-3", "bytes=1.5-2"),
        *(f"bytes={LONG}-", f"bytes=-{LONG}", f"bytes=0-{LONG}", f"bytes=0-1,{LONG}-"),
    ],
)
def test_malformed_range_and_other_units_are_ignored(
    installation: Installation, written: str, asked: str
) -> None:
    answer = fetch(installation, written, Range=asked)
    assert (answer.status_code, answer.content) == (200, CONTENT)


@on_sqlite
def test_download_that_was_cut_is_resumed(installation: Installation, written: str) -> None:
    first = fetch(installation, written, Range="bytes=0-49")
    rest = fetch(installation, written, Range="bytes=50-", If_Range=first.headers["etag"])
    assert rest.status_code == 206
    assert first.content + rest.content == CONTENT


@on_sqlite
def test_if_range_decides_between_the_part_and_the_whole(
    installation: Installation, written: str
) -> None:
    headers = fetch(installation, written).headers
    modified = parsedate_to_datetime(headers["last-modified"])
    earlier = format_datetime(modified - timedelta(days=1), usegmt=True)
    for condition, status in (
        (headers["etag"], 206),
        (headers["last-modified"], 206),
        ('"another"', 200),
        (f"W/{headers['etag']}", 200),
        (earlier, 200),
        ("nonsense", 200),
    ):
        answer = fetch(installation, written, Range="bytes=0-0", If_Range=condition)
        assert answer.status_code == status, condition


@on_sqlite
def test_client_that_has_the_file_gets_304(installation: Installation, written: str) -> None:
    headers = fetch(installation, written).headers
    etag = headers["etag"]
    for condition in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        answer = fetch(installation, written, If_None_Match=condition)
        assert (answer.status_code, answer.content) == (304, b""), condition
        for name in ("etag", "content-security-policy"):
            assert answer.headers[name] == headers[name]
    since = fetch(installation, written, If_Modified_Since=headers["last-modified"])
    assert since.status_code == 304


@on_sqlite
def test_client_that_has_another_file_gets_this_one(
    installation: Installation, written: str
) -> None:
    modified = parsedate_to_datetime(fetch(installation, written).headers["last-modified"])
    earlier = format_datetime(modified - timedelta(days=1), usegmt=True)
    for headers in (
        {"If_None_Match": '"another"'},
        {"If_Modified_Since": earlier},
        {"If_Modified_Since": "nonsense"},
        {"If_Modified_Since": f"Mon, 20 Nov {10**20} 10:00:00 GMT"},
        {"If_Modified_Since": f"Mon, 20 Nov 2017 10:00:00 +{10**20}"},
        {"If_Unmodified_Since": f"Mon, 20 Nov {10**20} 10:00:00 GMT"},
        {"If_Modified_Since": "Mon, 20 Nov 2017 10:00:00 -0000"},  # Python reads no zone from it
        # If-None-Match counts, If-Modified-Since beside it does not.
        {"If_None_Match": '"another"', "If_Modified_Since": format_datetime(modified)},
    ):
        assert fetch(installation, written, **headers).status_code == 200, headers


@on_sqlite
def test_condition_comes_before_the_range(installation: Installation, written: str) -> None:
    etag = fetch(installation, written).headers["etag"]
    assert fetch(installation, written, Range="bytes=0-0", If_None_Match=etag).status_code == 304


@on_sqlite
def test_empty_file_is_a_file(installation: Installation, written: str) -> None:
    answer = fetch(installation, written, name="empty.txt")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/plain")
    assert fetch(installation, written, name="empty.txt", Range="bytes=0-0").status_code == 416


NAMES = ["a b.txt", "Zoë & Söhne.csv", 'say "hi".txt', "50%.txt", "a;b,c.txt", "#?.txt", "'.txt"]


@on_sqlite
def test_any_name_can_be_downloaded(installation: Installation) -> None:
    alice = installation.alice
    program = f"""
import os
for name in {NAMES!r}:
    open(os.environ["PROCESSION_OUTPUT_DIR"] + "/" + name, "w").write(name)
"""
    ended = run_python(installation, alice, program)
    links = Rest(installation).files(alice, ended.id)
    assert list(links) == sorted(NAMES)
    assert links == GraphQL(installation).files(alice, ended.id)
    for name, href in links.items():
        answer = installation.get(alice, href)
        assert answer.text == name
        assert file_name(answer) == name


def file_name(answer: httpx.Response) -> str | None:
    """The name under which a browser would save it (RFC 6266)."""
    message = Message()
    message["Content-Disposition"] = answer.headers["content-disposition"]
    assert message.get_content_disposition() == "attachment"
    return message.get_filename()


@on_sqlite
def test_files_in_folders_are_found_and_links_are_not_followed(
    installation: Installation, written: str
) -> None:
    it, alice = installation, installation.alice
    links = Rest(it).files(alice, written)
    assert list(links) == ["data.bin", "empty.txt", "sub/folder/a.csv"]
    answer = it.get(alice, links["sub/folder/a.csv"])
    assert answer.text == "a"
    assert answer.headers["content-disposition"] == 'attachment; filename="a.csv"'
    for name in ("link", "folder-link", "folder-link/passwd", "pipe", "sub", "..", "../spool"):
        assert fetch(it, written, name=name.replace("..", "%2e%2e")).status_code == 404


@on_sqlite
def test_facts_of_a_file_are_true(installation: Installation, written: str) -> None:
    found = facts(installation, installation.alice, written, "files { name size sha256 mediaType }")
    assert found["files"][0] == {
        "name": "data.bin",
        "size": SIZE,
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "mediaType": "application/octet-stream",
    }
    assert found["files"][2]["mediaType"] == "text/csv"


@on_sqlite
def test_file_that_is_not_there_is_not_found(installation: Installation, written: str) -> None:
    answer = fetch(installation, written, name="nothing.txt")
    assert answer.status_code == 404
    check_error(answer)


@on_sqlite
def test_files_are_there_once_the_process_has_ended(installation: Installation) -> None:
    it, alice = installation, installation.alice
    gate = Gate(it)
    process_id = start_python(it, alice, f"{WRITE}; {gate.wait}".replace("\n;", ";"))
    until_running(it, alice, process_id)
    gate.reached()
    assert fetch(it, process_id).status_code == 404
    assert Rest(it).files(alice, process_id) == GraphQL(it).files(alice, process_id) == {}
    gate.open()
    end_of(it, alice, process_id)
    assert fetch(it, process_id).content == CONTENT


@on_sqlite
def test_failed_process_keeps_what_it_wrote(installation: Installation) -> None:
    ended = run_python(installation, installation.alice, f"{WRITE}\nraise SystemExit(1)")
    assert ended.status == "FAILED"
    assert fetch(installation, ended.id).content == CONTENT


SIGN = """query ($id: ID!, $for: Int!) {
  process(id: $id) { files { name temporaryUrl(seconds: $for) } }
}"""


def signed(it: Installation, who: User, process_id: str, seconds: int = 60) -> dict[str, str]:
    """The signed addresses of all output files, by name."""
    files = it.graphql(who, SIGN, id=process_id, **{"for": seconds})["process"]["files"]
    return {file["name"]: file["temporaryUrl"] for file in files}


@on_sqlite
def test_signed_address_is_good_for_one_file_without_a_token(
    installation: Installation, written: str
) -> None:
    it = installation
    addresses = signed(it, it.alice, written)
    answer = it.request(NOBODY, "GET", addresses["data.bin"], headers={"Range": "bytes=1-3"})
    assert (answer.status_code, answer.content) == (206, CONTENT[1:4])
    assert it.request(NOBODY, "GET", addresses["sub/folder/a.csv"]).text == "a"
    path, _, signature = addresses["data.bin"].partition("?")
    others = [
        addresses["empty.txt"].partition("?")[0] + f"?{signature}",
        path.replace(written, run_python(it, it.alice, WRITE).id) + f"?{signature}",
        *(f"{path}?signature={wrong}" for wrong in ("", "é", "AAAA", signature[14:])),
    ]
    for other in [*others, path, path.rpartition("/")[0] + f"?{signature}"]:
        assert it.request(NOBODY, "GET", other).status_code == 401, other


@on_sqlite
def test_signed_address_ends_with_its_time_and_with_what_it_was_asked_for_with(
    installation: Installation, written: str
) -> None:
    it = installation
    brief = signed(it, it.alice, written, 1)["data.bin"]
    until(lambda: it.request(NOBODY, "GET", brief).status_code == 401)
    program = it.add_token(it.alice)
    address = signed(it, program, written)["data.bin"]
    assert it.request(NOBODY, "GET", address).status_code == 200
    digest = hashlib.sha256(program.token.encode()).hexdigest()
    ((token,),) = it.rows(f"SELECT id FROM token WHERE digest = '{digest}'")  # noqa: S608
    it.graphql(it.alice, "mutation ($id: ID!) { revokeToken(id: $id) { id } }", id=str(token))
    until(lambda: it.request(NOBODY, "GET", address).status_code == 401)


@on_sqlite
@pytest.mark.parametrize("seconds", [0, -1, 3601])
def test_signed_address_is_for_minutes(
    installation: Installation, written: str, seconds: int
) -> None:
    with pytest.raises(GraphQLRefusal) as refused:
        signed(installation, installation.alice, written, seconds)
    assert refused.value.fields == {"seconds": ["This must be from 1 to 3600."]}
