"""The older REST contract, to the letter: its documents, its queries, and its errors."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.archives import EXAMPLE_CONSOLE, build_example
from tests.database import on_sqlite
from tests.faces import Refused, Rest, Upload, check_error, form
from tests.installation import SHIPPED, Installation, User, installed
from tests.rows import LONG_AGO, Row, insert
from tests.running import end_of, run_python, start

GOLDEN = Path(__file__).with_name("golden")
HAL = "application/hal+json;charset=UTF-8"
PROCESSES = "/api/system/processes"
COLLECTION = "954e5cfa-6990-4c85-ae42-f30d8c7888e2"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def golden(name: str, **put_in: str) -> bytes:
    """A document of the contract as it is served: without spaces, with our own ids and times."""
    text = (GOLDEN / f"{name}.json").read_text()
    for theirs, ours in put_in.items():
        text = text.replace(theirs, ours)
    # strict=False: the contract prints tabs as they are.
    document = json.loads(text, strict=False)
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def check_hal(answer: httpx.Response) -> None:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == HAL


@pytest.fixture(scope="module")
def tom(installation: Installation) -> User:
    """Somebody who owns the contract's example and nothing else."""
    return installation.add_user("tom")


@pytest.fixture(scope="module")
def example(installation: Installation, tom: User) -> Iterator[tuple[str, str]]:
    """The two processes of the contract's list."""
    first = Row(
        tom.id,
        "import",
        "RUNNING",
        parameters=[("c", COLLECTION), ("n", "true")],
        files=["mapfile", "zipfile"],
    )
    second = Row(
        tom.id,
        "metadata-export",
        "FAILED",
        start_time=LONG_AGO - timedelta(days=2),
        parameters=[("i", "c70893a6-ac55-48c7-9447-61e026b62929")],
    )
    insert(installation, [first, second])
    yield first.id, second.id
    for process_id in (first.id, second.id):  # a RUNNING import keeps others from their turn
        Rest(installation).delete(installation.admin, process_id)


def ids_of(example: tuple[str, str], tom: User) -> dict[str, str]:
    """Our ids by those of the contract."""
    return {
        "000003f1-a850-49de-af03-997272d834c9": example[0],
        "d3007ea8-1cc0-481d-914a-06720a200edf": example[1],
        "aa0263e2-b90a-4528-89fa-116ea4859de1": tom.id,
        "c7d85e7f-63e5-4bc0-96cb-5d80be48d62e": tom.id,
    }


def test_value_of_a_parameter_is_no_option_of_the_script(installation: Installation) -> None:
    started = Rest(installation).start(installation.admin, "import", ("p", "--delete=/etc/passwd"))
    ended = end_of(installation, installation.admin, started.id)
    assert (ended.status, ended.exit_code) == ("FAILED", 2)
    assert "Say what to do: -a adds items" in ended.text


def test_import_of_the_example_prints_its_console_line_for_line(
    installation: Installation, tmp_path: Path
) -> None:
    it, admin = installation, installation.admin
    archive = Upload("saf.zip", build_example(tmp_path / "saf.zip").read_bytes())
    started = Rest(it).start(admin, "import", ("a", "true"), ("c", str(uuid4())), ("z", archive))
    ended = end_of(it, admin, started.id)
    assert ended.status == "COMPLETED", ended.text
    path = ended.lines[0].partition(": ")[2]
    assert path.endswith("/saf.zip")
    answer = it.get(admin, f"{PROCESSES}/{started.id}/output")
    check_hal(answer)
    served = answer.json()
    times = [entry["time"] for entry in served]
    assert all(map(TIME.fullmatch, times))
    theirs = json.loads(golden("output"))
    theirs_path = theirs[0]["line"].partition(": ")[2]
    put_in = {theirs_path: path}
    put_in |= {old["time"]: f"TIME {number}" for number, old in enumerate(theirs)}
    put_in |= {f"TIME {number}": new for number, new in enumerate(times)}
    assert answer.content == golden("output", **put_in)
    assert ended.lines == EXAMPLE_CONSOLE.format(zip=path).splitlines()
    assert list(Rest(it).files(admin, started.id)) == ["mapfile"]


# --- documents ------------------------------------------------------------------------------------


def test_execution_list(installation: Installation, tom: User, example: tuple[str, str]) -> None:
    answer = installation.get(tom, PROCESSES, params={"size": "5", "sort": "script,asc"})
    check_hal(answer)
    totals = {
        '"totalElements": 14': '"totalElements": 2',
        '"totalPages": 3': '"totalPages": 1',
    }
    assert answer.content == golden("list", **ids_of(example, tom), **totals)


def test_execution_details(installation: Installation, tom: User, example: tuple[str, str]) -> None:
    answer = installation.get(tom, f"{PROCESSES}/{example[0]}")
    check_hal(answer)
    assert answer.content == golden("details", **ids_of(example, tom))


def test_script_invocation(installation: Installation) -> None:
    alice = installation.alice
    body, kind = form([("c", COLLECTION), ("n", "true")])
    address = "/api/system/scripts/waiting/processes"
    while True:
        answer = installation.request(
            alice, "POST", address, content=body, headers={"Content-Type": kind}
        )
        started = answer.json()
        Rest(installation).delete(alice, started["processId"])
        if started["status"] != "SCHEDULED":  # by the time for which an answer waits
            break
    assert (answer.status_code, answer.headers["content-type"]) == (202, HAL)
    assert answer.headers["location"] == f"{PROCESSES}/{started['processId']}"
    assert TIME.fullmatch(started["startTime"])
    assert answer.content == golden(
        "started",
        **{
            "000003f1-a850-49de-af03-997272d834c9": started["processId"],
            "aa0263e2-b90a-4528-89fa-116ea4859de1": alice.id,
            "2017-11-22T10:29:11Z": started["startTime"],
            "scripts/import": "scripts/waiting",
        },
    )


def test_execution_files(installation: Installation, tom: User, example: tuple[str, str]) -> None:
    answer = installation.get(tom, f"{PROCESSES}/{example[0]}/files")
    check_hal(answer)
    assert answer.content == golden("files", **ids_of(example, tom))


def test_execution_files_of_a_process_without_any(
    installation: Installation, tom: User, example: tuple[str, str]
) -> None:
    answer = installation.get(tom, f"{PROCESSES}/{example[1]}/files")
    self_link = {"self": {"href": f"{PROCESSES}/{example[1]}/files"}}
    assert answer.json() == {"processId": example[1], "_links": self_link}


def description_of(script: str) -> str:
    """As its manifest says."""
    found = re.search(r'^description = "(.*)"', (SHIPPED / f"{script}.toml").read_text(), re.M)
    assert found
    return found[1]


def test_script_with_the_parameters_that_the_contract_lists(installation: Installation) -> None:
    answer = installation.get(installation.admin, "/api/system/scripts/import")
    check_hal(answer)
    assert answer.content == golden("script", DESCRIPTION=description_of("import"))


def test_script_shows_only_the_types_of_the_contract(installation: Installation) -> None:
    shown = installation.get(installation.alice, "/api/system/scripts/echo").json()
    types = {each["name"]: each["type"] for each in shown["parameters"]}
    assert types == {
        "s": "string",
        "n": "boolean",
        "i": "string",
        "long-name": "string",
        "both": "string",
        "f": "file",
        "o": "output",
        "x": "string",
        "c": "string",
        "d": "string",
    }


@pytest.fixture(scope="module")
def as_shipped() -> Iterator[Installation]:
    """A server with the scripts that ship, and another address to the outside."""
    with installed(
        PROCESSION_SCRIPTS=str(SHIPPED), PROCESSION_REST_BASE_URL="https://example.org/p/"
    ) as it:
        it.start()
        yield it


def test_script_list(as_shipped: Installation) -> None:
    answer = as_shipped.get(as_shipped.admin, "/api/system/scripts")
    check_hal(answer)
    relative = answer.content.replace(b"https://example.org/p/", b"/")
    assert relative == golden("scripts", DESCRIPTION=description_of("import"))


def test_base_address_makes_every_link_absolute(as_shipped: Installation) -> None:
    it, admin = as_shipped, as_shipped.admin
    started = Rest(it).start(admin, "metadata-export", start_time="2030-01-01T00:00:00Z")
    documents = [
        it.get(admin, path).text
        for path in (
            "/api",
            PROCESSES,
            f"{PROCESSES}/{started.id}",
            f"{PROCESSES}/{started.id}/files",
            "/api/system/scripts",
        )
    ]
    hrefs = [href for text in documents for href in re.findall(r'"href":"([^"]*)"', text)]
    assert len(hrefs) > 10
    assert all(href.startswith("https://example.org/p/api") for href in hrefs)


def test_script_list_has_pages_and_an_order(installation: Installation) -> None:
    it, alice = installation, installation.alice
    names = Rest(it).scripts(alice)
    assert names == sorted(names)
    assert "hidden" not in names
    answer = it.get(alice, "/api/system/scripts", params={"size": 2, "sort": "name,desc"}).json()
    assert [each["name"] for each in answer["_embedded"]["scripts"]] == names[:-3:-1]
    assert answer["sort"] == {"by": "name", "order": "desc"}
    assert answer["page"]["totalElements"] == len(names)


def test_root_says_where_to_begin(installation: Installation) -> None:
    answer = installation.get(installation.alice, "/api")
    check_hal(answer)
    links = {name: link["href"] for name, link in answer.json()["_links"].items()}
    assert links == {
        "self": "/api",
        "scripts": "/api/system/scripts",
        "processes": PROCESSES,
    }


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("SCHEDULED", "SCHEDULED"),
        ("RUNNING", "RUNNING"),
        ("COMPLETED", "STOPPED"),
        ("FAILED", "FAILED"),
        ("STOPPED", "STOPPED"),
    ],
)
def test_status_is_one_of_the_contracts_four(
    installation: Installation, status: str, shown: str
) -> None:
    it, alice = installation, installation.alice
    far = datetime(2030, 1, 1, tzinfo=UTC)
    (process_id,) = insert(it, [Row(alice.id, status=status, start_time=far)])
    assert it.get(alice, f"{PROCESSES}/{process_id}").json()["status"] == shown


def test_accept_header_changes_nothing(
    installation: Installation, tom: User, example: tuple[str, str]
) -> None:
    for accept in ("text/html", "application/xml", "*/*"):
        answer = installation.get(tom, f"{PROCESSES}/{example[0]}", headers={"Accept": accept})
        check_hal(answer)


def test_names_in_links_are_escaped(installation: Installation) -> None:
    alice = installation.alice
    program = """
import os
for name in ("a b%.txt", "ä&?#.csv"):
    open(os.environ["PROCESSION_OUTPUT_DIR"] + "/" + name, "w").write(name)
"""
    ended = run_python(installation, alice, program)
    links = Rest(installation).files(alice, ended.id)
    assert list(links) == ["a b%.txt", "ä&?#.csv"]
    for name, href in links.items():
        assert installation.get(alice, href).text == name


# --- the list: pages, order, filters --------------------------------------------------------------


@pytest.fixture(scope="module")
def uma(installation: Installation) -> User:
    """Somebody with seven processes, the first of which is the oldest."""
    user = installation.add_user("uma")
    scripts = ("b", "a", "b", "a", "b", "a", "b")
    statuses = ("COMPLETED", "STOPPED", "FAILED", "RUNNING", "SCHEDULED", "COMPLETED", "FAILED")
    start = datetime(2030, 1, 1, tzinfo=UTC)
    rows = [
        Row(
            user.id,
            script,
            status,
            start_time=start + timedelta(hours=number),
            parameters=[("n", str(number)), ("parity", str(number % 2))],
        )
        for number, (script, status) in enumerate(zip(scripts, statuses, strict=True))
    ]
    insert(installation, rows)
    return user


def numbers(it: Installation, user: User, **query: str) -> list[int]:
    """Which of uma's seven a list shows, in its order."""
    answer = it.get(user, PROCESSES, params=query)
    check_hal(answer)
    shown = answer.json()["_embedded"]["processes"]
    return [int(each["parameters"][0]["value"]) for each in shown]


def test_newest_come_first(installation: Installation, uma: User) -> None:
    assert numbers(installation, uma) == [6, 5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("startTime,asc", [0, 1, 2, 3, 4, 5, 6]),
        ("startTime,desc", [6, 5, 4, 3, 2, 1, 0]),
        ("startTime", [0, 1, 2, 3, 4, 5, 6]),
        ("startTime,DESC", [6, 5, 4, 3, 2, 1, 0]),
        ("script,Asc", [1, 3, 5, 0, 2, 4, 6]),
        ("script,asc", [1, 3, 5, 0, 2, 4, 6]),
        ("script,desc", [6, 4, 2, 0, 5, 3, 1]),
        ("script", [1, 3, 5, 0, 2, 4, 6]),
    ],
)
def test_list_is_sorted(
    installation: Installation, uma: User, sort: str, expected: list[int]
) -> None:
    assert numbers(installation, uma, sort=sort) == expected
    by, _, order = sort.partition(",")
    shown = installation.get(uma, PROCESSES, params={"sort": sort}).json()["sort"]
    assert shown == {"by": by, "order": order.lower() or "asc"}


FILTERS: dict[str, tuple[dict[str, str], list[int]]] = {
    "script": ({"script": "a"}, [5, 3, 1]),
    "unknown script": ({"script": "c"}, []),
    "RUNNING": ({"status": "RUNNING"}, [3]),
    "SCHEDULED": ({"status": "SCHEDULED"}, [4]),
    "FAILED": ({"status": "FAILED"}, [6, 2]),
    "STOPPED finds what completed too": ({"status": "STOPPED"}, [5, 1, 0]),
    "parameter": ({"parameter.parity": "1"}, [5, 3, 1]),
    "another value of it": ({"parameter.parity": "2"}, []),
    "two parameters": ({"parameter.parity": "1", "parameter.n": "3"}, [3]),
    "all at once": ({"script": "b", "status": "STOPPED", "parameter.n": "0"}, [0]),
    "all at once, but one": ({"script": "b", "status": "RUNNING", "parameter.n": "0"}, []),
}


@pytest.mark.parametrize(("query", "expected"), FILTERS.values(), ids=FILTERS)
def test_filters_are_joined_by_and(
    installation: Installation, uma: User, query: dict[str, str], expected: list[int]
) -> None:
    assert numbers(installation, uma, **query) == expected
    assert numbers(installation, installation.admin, userId=uma.id, **query) == expected
    answer = installation.get(uma, PROCESSES, params=query)
    assert answer.json()["page"]["totalElements"] == len(expected)


def test_own_user_id_may_be_asked_for_and_others_only_by_administrators(
    installation: Installation, uma: User
) -> None:
    assert len(numbers(installation, uma, userId=uma.id)) == 7
    answer = installation.get(installation.alice, PROCESSES, params={"userId": uma.id})
    assert answer.status_code == 403
    check_error(answer)
    nobody = installation.get(installation.admin, PROCESSES, params={"userId": str(uuid4())})
    assert nobody.json()["_embedded"] == {"processes": []}


PAGES: dict[str, tuple[dict[str, str], list[int], dict[str, int]]] = {
    "default": (
        {},
        [6, 5, 4, 3, 2, 1, 0],
        {"size": 20, "totalElements": 7, "totalPages": 1, "number": 0},
    ),
    "first": (
        {"size": "3"},
        [6, 5, 4],
        {"size": 3, "totalElements": 7, "totalPages": 3, "number": 0},
    ),
    "last": (
        {"size": "3", "page": "2"},
        [0],
        {"size": 3, "totalElements": 7, "totalPages": 3, "number": 2},
    ),
    "past the end": (
        {"size": "3", "page": "3"},
        [],
        {"size": 3, "totalElements": 7, "totalPages": 3, "number": 3},
    ),
    "far past the end": (
        {"size": "3", "page": "1000000"},
        [],
        {"size": 3, "totalElements": 7, "totalPages": 3, "number": 1000000},
    ),
    "above the maximum": (
        {"size": "100000"},
        [6, 5, 4, 3, 2, 1, 0],
        {"size": 1000, "totalElements": 7, "totalPages": 1, "number": 0},
    ),
    "nothing found": (
        {"script": "none"},
        [],
        {"size": 20, "totalElements": 0, "totalPages": 0, "number": 0},
    ),
}


@pytest.mark.parametrize(("query", "expected", "head"), PAGES.values(), ids=PAGES)
def test_list_has_pages(
    installation: Installation,
    uma: User,
    query: dict[str, str],
    expected: list[int],
    head: dict[str, int],
) -> None:
    assert numbers(installation, uma, **query) == expected
    document = installation.get(uma, PROCESSES, params=query).json()
    assert list(document) == ["page", "sort", "_embedded"]
    assert list(document["page"].items()) == list(head.items())
    assert list(document["_embedded"]) == ["processes"]


def links_of(answer: httpx.Response) -> dict[str, dict[str, str]]:
    """The query of each address in the Link header."""
    found = re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers["link"])
    return {rel: dict(parse_qsl(urlsplit(href).query)) for href, rel in found}


def test_link_header_leads_to_the_other_pages(installation: Installation, uma: User) -> None:
    query = {"size": "2", "page": "1", "script": "b", "sort": "script,asc"}
    answer = installation.get(uma, PROCESSES, params=query)
    others = {"script": "b", "sort": "script,asc", "size": "2"}
    assert links_of(answer) == {
        "first": {**others, "page": "0"},
        "prev": {**others, "page": "0"},
        "last": {**others, "page": "1"},
    }
    first = installation.get(uma, PROCESSES, params={**query, "page": "0"})
    assert list(links_of(first)) == ["first", "next", "last"]


WRONG_QUERIES = {
    "page": ["-1", "x", "", "1.5", "٣"],
    "size": ["0", "-1", "x", "", "1e3"],
    "sort": ["color", "script,up", "startTime,desc,x", "", ",asc", "status,asc"],
    "status": ["COMPLETED", "running", "", "STOPPED "],
    "userId": ["1", "", "not-a-uuid"],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG_QUERIES.items() for value in values],
)
def test_wrong_query_is_refused_by_name(installation: Installation, name: str, value: str) -> None:
    answer = installation.get(installation.alice, PROCESSES, params={name: value})
    assert answer.status_code == 400
    check_error(answer)
    assert answer.json()["message"].startswith(f"{name}: ")


def test_all_that_is_wrong_in_a_query_is_told_at_once(installation: Installation) -> None:
    query = "?page=-1&size=0&sort=x&page=1"
    message = installation.get(installation.alice, PROCESSES + query).json()["message"]
    assert all(f"{name}: " in message for name in ("page", "size", "sort"))


# --- output between two times ---------------------------------------------------------------------

NOON = datetime(2017, 11, 21, 12, 0, 0, tzinfo=UTC)
MOMENTS = [
    NOON,
    NOON + timedelta(microseconds=1),
    NOON + timedelta(milliseconds=999, microseconds=999),
    NOON + timedelta(seconds=1),
    NOON + timedelta(seconds=59, milliseconds=500),
    NOON + timedelta(minutes=1),
]


@pytest.fixture(scope="module")
def timed(installation: Installation) -> str:
    """A process with lines 0 to 5, each printed at its moment."""
    lines = [(moment, str(number)) for number, moment in enumerate(MOMENTS)]
    (process_id,) = insert(installation, [Row(installation.alice.id, lines=lines)])
    return process_id


TIMES: dict[str, tuple[str, str]] = {
    "none": ("", "012345"),
    "from a second": ("fromTime=2017-11-21T12:00:01Z", "345"),
    "to a second, the whole of it": ("toTime=2017-11-21T12:00:00Z", "012"),
    "one second": ("fromTime=2017-11-21T12:00:00Z&toTime=2017-11-21T12:00:00Z", "012"),
    "to a millisecond": ("toTime=2017-11-21T12:00:00.000Z", "01"),
    "to a microsecond": ("toTime=2017-11-21T12:00:00.000000Z", "0"),
    "to a tenth": ("toTime=2017-11-21T12:00:59.5Z", "01234"),
    "to a nanosecond": ("toTime=2017-11-21T12:00:00.000001000Z", "01"),
    "to a minute": ("toTime=2017-11-21T12:00Z", "01234"),
    "from a minute": ("fromTime=2017-11-21T12:01Z", "5"),
    "to a day": ("toTime=2017-11-21", "012345"),
    "from the next day": ("fromTime=2017-11-22", ""),
    "to the day before": ("toTime=2017-11-20", ""),
    "no zone is UTC": ("fromTime=2017-11-21T12:00:01", "345"),
    "offset": ("fromTime=2017-11-21T14:00:01%2B02:00", "345"),
    "offset without a colon": ("fromTime=2017-11-21T14:00:01%2B0200", "345"),
    "plus sign that is not escaped": ("fromTime=2017-11-21T14:00:01+02:00", "345"),
    "the same behind a space": ("fromTime=2017-11-21%2014:00:01+02:00", "345"),
    "the same without seconds": ("fromTime=2017-11-21T14:01+0200", "5"),
    "space, to a minute": ("toTime=2017-11-21%2012:00", "01234"),
    "space, to a minute long before": ("toTime=2017-11-20%2012:00", ""),
    "small letters": ("fromTime=2017-11-21t12:00:01z", "345"),
    "negative offset": ("toTime=2017-11-21T07:30:00-04:30", "012"),
    "end before the beginning of output": ("toTime=2001-01-01T00:00:00Z", ""),
    "from the first moment to the last": ("fromTime=0001-01-01&toTime=9999-12-31", "012345"),
    "from before the first moment": ("fromTime=0001-01-01T00:00:00%2B02:00", "012345"),
    "from the last day": ("fromTime=9999-12-31", ""),
}


@pytest.mark.parametrize(("query", "lines"), TIMES.values(), ids=TIMES)
def test_output_between_two_times_at_the_precision_given(
    installation: Installation, timed: str, query: str, lines: str
) -> None:
    answer = installation.get(installation.alice, f"{PROCESSES}/{timed}/output?{query}")
    check_hal(answer)
    assert "".join(entry["line"] for entry in answer.json()) == lines


def test_client_that_polls_with_the_last_time_it_was_shown_misses_nothing(
    installation: Installation, timed: str
) -> None:
    path = f"{PROCESSES}/{timed}/output"
    shown = installation.get(installation.alice, path).json()
    assert shown[0] == {"time": "2017-11-21T12:00:00Z", "line": "0"}
    for number, entry in enumerate(shown):
        query = {"fromTime": entry["time"]}
        later = installation.get(installation.alice, path, params=query).json()
        assert later[-len(shown[number:]) :] == shown[number:]


@pytest.mark.parametrize("name", ["fromTime", "toTime"])
@pytest.mark.parametrize(
    "value",
    [
        *("", "yesterday", "12", "2017-13-01", "2017-02-29", "2017-11-21T25:00:00Z"),
        *("2017-11-21T12:00:00Q", "2017-11-21T12:00:00.Z", "1511265600", "2017-W47-2"),
        *("2017-11-21+02:00", "2017-11-21-02:00", "2017-11-21Z", "2017-11-21 +02:00"),
        *("2017-11-21_12:00", "2017-11-21T12:00 Z", "2017-11-21T12:00:00 +02:00"),
    ],
)
def test_wrong_time_is_refused_by_name(
    installation: Installation, timed: str, name: str, value: str
) -> None:
    answer = installation.get(
        installation.alice, f"{PROCESSES}/{timed}/output", params={name: value}
    )
    assert answer.status_code == 400
    check_error(answer)
    assert answer.json()["message"].startswith(f"{name}: ")


def test_times_the_wrong_way_round_are_refused(installation: Installation, timed: str) -> None:
    query = "fromTime=2017-11-21T12:00:01Z&toTime=2017-11-21T12:00:00Z"
    answer = installation.get(installation.alice, f"{PROCESSES}/{timed}/output?{query}")
    assert answer.status_code == 400


# --- errors ---------------------------------------------------------------------------------------


def test_unknown_script_is_not_found_even_if_the_body_is_wrong_too(
    installation: Installation,
) -> None:
    answer = installation.request(
        installation.alice, "POST", "/api/system/scripts/unknown/processes", content=b"?"
    )
    assert answer.status_code == 404
    check_error(answer)


ROUTES = {
    "/api": "GET",
    "/api/openapi.json": "GET",
    PROCESSES: "GET",
    f"{PROCESSES}/ID": "GET, DELETE",
    f"{PROCESSES}/ID/output": "GET",
    f"{PROCESSES}/ID/files": "GET",
    f"{PROCESSES}/ID/files/x": "GET",
    "/api/system/scripts": "GET",
    "/api/system/scripts/echo": "GET",
    "/api/system/scripts/echo/processes": "POST",
}


@pytest.mark.parametrize(("path", "allowed"), ROUTES.items(), ids=ROUTES)
def test_other_methods_are_refused_with_those_that_are_allowed(
    installation: Installation, path: str, allowed: str
) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        if method in allowed:
            continue
        path = path.replace("ID", str(uuid4()))
        answer = installation.request(installation.alice, method, path)
        assert answer.status_code == 405, method
        check_error(answer)
        named = {each.strip() for each in answer.headers["allow"].split(",")} - {"HEAD", "OPTIONS"}
        assert named == set(allowed.split(", "))


SLASHED = [PROCESSES, f"{PROCESSES}/ID", f"{PROCESSES}/ID/files", "/graphql", "/uploads"]


@pytest.mark.parametrize("path", SLASHED)
def test_slash_at_the_end_leads_to_the_address_without(
    installation: Installation, example: tuple[str, str], path: str
) -> None:
    path = path.replace("ID", example[0])
    answer = installation.get(installation.admin, f"{path}/?size=1")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{path}?size=1"


def test_slash_at_the_end_leads_below_the_base_address(as_shipped: Installation) -> None:
    for path in (PROCESSES, "/graphql"):
        answer = as_shipped.get(as_shipped.admin, f"{path}/?size=1")
        assert answer.headers["location"] == f"https://example.org/p{path}?size=1"


@pytest.mark.parametrize("path", ["/api/nothing", "/api/system", "/api/system/processes/1/2/3"])
def test_unknown_address_is_not_found(installation: Installation, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = installation.request(installation.alice, method, path)
        assert answer.status_code == 404
        check_error(answer)


@on_sqlite
def test_nobody_keeps_what_may_be_another_the_next_time(installation: Installation) -> None:
    process = f"{PROCESSES}/{start(installation, installation.alice, 'echo')}"
    graphql = ("/graphql?query={viewer{id}}", "/graphql?query={")
    for path in (PROCESSES, process, f"{process}/files", f"{process}/files/x", "/api", *graphql):
        answer = installation.get(installation.alice, path)
        assert answer.headers["cache-control"] == "no-store", path


@on_sqlite
def test_error_has_the_path_with_all_of_its_signs(installation: Installation) -> None:
    answer = installation.get(installation.alice, "/api/system/scripts/a%3Fb%23c%20d%25")
    assert answer.status_code == 404
    check_error(answer)


@pytest.mark.parametrize("rest", ["", "/output", "/files", "/files/x"])
def test_process_that_is_not_there_is_not_found(installation: Installation, rest: str) -> None:
    answer = installation.get(installation.alice, f"{PROCESSES}/{uuid4()}{rest}")
    assert answer.status_code == 404
    check_error(answer)


@pytest.mark.parametrize("rest", ["", "/output", "/files", "/files/x"])
def test_id_that_is_none_is_refused(installation: Installation, rest: str) -> None:
    for wrong in ("x", "1", "%00"):
        answer = installation.get(installation.alice, f"{PROCESSES}/{wrong}{rest}")
        assert answer.status_code == 400
        check_error(answer)


def test_start_through_this_face_that_is_refused_names_every_parameter(
    installation: Installation,
) -> None:
    with pytest.raises(Refused) as refused:
        Rest(installation).start(installation.alice, "strict", ("i", "x"), ("b", "yes"))
    named = [part.partition(":")[0] for part in refused.value.message.split("; ")]
    assert named == ["i", "b", "m"]


def test_head_is_answered_like_get_without_a_body(
    installation: Installation, tom: User, example: tuple[str, str]
) -> None:
    path = f"{PROCESSES}/{example[0]}"
    shown, head = (installation.request(tom, method, path) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(shown.content))


def test_process_list_shows_a_start_at_once(installation: Installation) -> None:
    it, alice = installation, installation.alice
    process_id = start(it, alice, "python", ("c", "print(1)"), at="2030-06-01T00:00:00Z")
    document: dict[str, Any] = it.get(alice, PROCESSES, params={"size": "1"}).json()
    assert document["_embedded"]["processes"][0]["processId"] == process_id
