"""The console: how it is served, and each of its pages in a real browser."""

import os
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from server.console import BUILT, PAGES
from tests.archives import build_example
from tests.browser import PICTURES, run_in_browser
from tests.history import furnish
from tests.installation import NOBODY, Installation, installed

PASSWORD = "correct horse battery"
BUDGET = 150_000  # bytes of the first view as they are sent
CHAPTERS = (
    *("firstView", "signIn", "session", "list", "phone", "live", "report", "colours"),
    *("longOutput", "memory", "mending", "unread", "wide", "ends"),
    *("start", "carefully", "upload", "pause"),
    *("telling", "tellingWithout", "elsewhere"),
    *("timeline", "timelineDark", "users"),
)
PAGE = {"Accept": "text/html"}

pytestmark = pytest.mark.skipif(
    not (BUILT / "index.html").exists(), reason="the console is not built: `make page` builds it"
)


@pytest.fixture(scope="module")
def it() -> Iterator[Installation]:
    with installed() as made:
        made.start()
        yield made


@pytest.fixture(scope="module")
def visited(it: Installation, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What came of a visit to all pages, each in a chapter of its own."""
    it.cli("user", "password", "admin", stdin=f"{PASSWORD}\n")
    chapters = {"CHAPTERS": os.environ["CHAPTERS"]} if "CHAPTERS" in os.environ else {}
    return run_in_browser(
        "console.mjs",
        300,  # on a machine that has much else to do
        URL=it.url,
        TOKEN=it.admin.token,
        PASSWORD=PASSWORD,
        LONG=furnish(it),
        ARCHIVE=str(build_example(tmp_path_factory.mktemp("console") / "saf.zip")),
        PICTURES=str(PICTURES),
        **chapters,
    )


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_page_works_in_a_browser(visited: Any, chapter: str) -> None:
    told = visited["chapters"][chapter]
    assert "failed" not in told, told["failed"]


def test_pages_ask_nothing_of_others_and_complain_of_nothing(visited: Any) -> None:
    assert visited["outside"] == []
    assert visited["problems"] == []


def test_first_view_is_light(visited: Any) -> None:
    assert visited["chapters"]["firstView"]["answer"]["bytes"] < BUDGET


# --- how it is served -----------------------------------------------------------------------------


def test_every_page_has_an_address(it: Installation) -> None:
    document = it.get(NOBODY, "/", headers=PAGE)
    assert document.headers["content-type"] == "text/html; charset=utf-8"
    assert document.headers["cache-control"] == "no-cache"
    assert "unsafe" not in document.headers["content-security-policy"]
    for path in (*PAGES, "processes/x", "start/import", "processes/x/y"):
        assert it.get(NOBODY, f"/{path}", headers=PAGE).content == document.content


def test_address_of_nothing_gives_the_page_to_people_and_an_error_to_programs(
    it: Installation,
) -> None:
    shown = it.get(NOBODY, "/nothing", headers=PAGE)
    assert (shown.status_code, shown.content) == (404, it.get(NOBODY, "/").content)
    for path, headers in (
        ("/nothing", {}),
        ("/api/nothing", PAGE),
        ("/assets/none.js", PAGE),
        ("/assets/..%2findex.html", PAGE),
        ("/assets/.hidden", PAGE),
    ):
        answer = it.get(NOBODY, path, headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (404, 404)
    for path in ("/healthz", "/readyz", "/session", "/api"):
        assert it.get(NOBODY, path, headers=PAGE).headers["content-type"] != "text/html"


ENDINGS = {"br": ".br", "gzip": ".gz", "identity": ""}


def test_page_that_a_browser_has_is_not_sent_again(it: Installation) -> None:
    tags = []
    for encoding in ENDINGS:
        wanted = {**PAGE, "Accept-Encoding": encoding}
        shown = it.get(NOBODY, "/", headers=wanted)
        tags.append(shown.headers["etag"])
        name = f"index.html{ENDINGS[encoding]}"
        assert tags[-1] == f'"{sha256((BUILT / name).read_bytes()).hexdigest()[:32]}"'
        has = {**wanted, "If-None-Match": tags[-1]}
        again = it.get(NOBODY, "/", headers=has)
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "cache-control", "vary", "content-security-policy"):
            assert again.headers[name] == shown.headers[name]
        assert it.get(NOBODY, "/nothing", headers=has).status_code == 404
        other = it.get(NOBODY, "/", headers={**wanted, "If-Match": '"another"'})
        assert other.status_code == 412
    assert len(set(tags)) == len(tags)
    assert it.get(NOBODY, "/", headers={**PAGE, "If-None-Match": tags[-1]}).status_code == 200


ENCODINGS = {
    "": None,
    "gzip, deflate, br, zstd": "br",
    "GZIP": "gzip",
    "*": "br",
    "br;q=0.000, gzip": "gzip",
    "br;q=0.1, gzip;q=0.2": "gzip",
    "br; q=0, *": "gzip",
    "br;q=0.5, identity": None,
    "*;q=0": None,
    "deflate": None,
}


@pytest.mark.parametrize(("accepted", "encoding"), ENCODINGS.items(), ids=ENCODINGS)
def test_page_is_packed_as_the_browser_likes_best(
    it: Installation, accepted: str, encoding: str | None
) -> None:
    address = f"{it.url}/"
    with it.http.stream("GET", address, headers={**PAGE, "Accept-Encoding": accepted}) as answer:
        assert answer.headers.get("content-encoding") == encoding


@pytest.mark.parametrize("accepted", ["*", "", "br"])
def test_asset_that_is_too_small_to_be_packed_is_sent_as_it_is(
    it: Installation, accepted: str
) -> None:
    (path, *_) = BUILT.glob("assets/*.svg")
    answer = it.get(NOBODY, f"/assets/{path.name}", headers={"Accept-Encoding": accepted})
    assert (answer.status_code, answer.content) == (200, path.read_bytes())
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("encoding", ["br", "gzip", None])
def test_assets_are_sent_packed_and_kept_for_ever(it: Installation, encoding: str | None) -> None:
    largest = max(BUILT.glob("assets/*.js"), key=lambda path: path.stat().st_size)
    headers = {"Accept-Encoding": f"x, {encoding}" if encoding else "br;q=0"}
    with it.http.stream("GET", f"{it.url}/assets/{largest.name}", headers=headers) as answer:
        sent = sum(map(len, answer.iter_raw()))
    assert answer.headers.get("content-encoding") == encoding
    assert sent < largest.stat().st_size / 2 if encoding else sent == largest.stat().st_size
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert it.get(NOBODY, f"/assets/{largest.name}.br").status_code == 404
