"""Output by REST in each of its forms: the contract's JSON, bare lines, and a live feed."""

import gzip
import json
import random
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Install
from tests.database import on_sqlite
from tests.event_source import EVENTS, Event, listening, opening
from tests.faces import Rest, check_error
from tests.installation import Installation, User, installed, until
from tests.rows import Row, insert
from tests.running import Gate, check_sums, end_of, run_python, start_python, until_lines

HAL = "application/hal+json;charset=UTF-8"
TEXT = "text/plain;charset=UTF-8"
PLAIN = {"Accept": "text/plain"}
LIVE = {"Accept": EVENTS}
IDENTITY = {"Accept-Encoding": "identity"}
GZIP = {"Accept-Encoding": "gzip"}
# What no database has a part in is tested with one.
MUCH = 40_000  # lines of the following, more than a connection holds whose client does not read
PRINT_MUCH = f"print(*['x' * 600] * {MUCH}, sep='\\n', flush=True)"
NOON = datetime(2017, 11, 21, 12, 0, 0, tzinfo=UTC)

ODD = [
    "",
    "plain",
    "  two spaces before and after  ",
    "\ttab",
    'quotes "" and "," and "},{"',
    'it ends in a quote and a comma",',
    "C:\\new\\table \\\\n \\",
    "\\n",
    "\\\\n",
    "a backslash at the end\\",
    "NUL \0 and \0n",
    "escape \x1b[1;31mred\x1b[m, bell \a, backspace \b, form feed \f, DEL \x7f",
    "line and paragraph separators \u2028 \u2029 \x85 \x0b \x1c",
    "\ufeffBOM",
    "Zoë 漢字 \U0001f600 \ufffd",
    "data: not a field",
    "id: 99",
    ": not a comment",
    "event: end",
    "a carriage \r return, \r\r two, and one at the end\r",
    "\rid: 99",
    "",
    "",
]


def path_of(process_id: str) -> str:
    return f"/api/system/processes/{process_id}/output"


def fetch(it: Installation, process_id: str, query: str = "", **headers: str) -> httpx.Response:
    """Whatever alice gets; without gzip unless it is asked for."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return it.get(it.alice, f"{path_of(process_id)}?{query}", headers={**IDENTITY, **named})


def heard(it: Installation, process_id: str, query: str = "", seen: str = "") -> list[Event]:
    """A feed up to its end."""
    with listening(it, it.alice, process_id, seen, query) as events:
        found = list(events)
    assert found[-1].name == "end"
    assert [event.name for event in found[:-1]] == ["message"] * (len(found) - 1)
    return found


def texts(events: list[Event]) -> list[str]:
    """The lines of a feed: a newline in one was a carriage return."""
    return [event.data.replace("\n", "\r") for event in events if event.name == "message"]


def seqs(events: list[Event]) -> list[int]:
    return [int(event.id) for event in events if event.name == "message"]


def timed(lines: list[str], apart: int = 300_000) -> list[tuple[datetime, str]]:
    """Lines that came so many microseconds one after the other."""
    return [(NOON + timedelta(microseconds=apart * n), line) for n, line in enumerate(lines)]


# --- what is in it --------------------------------------------------------------------------------


def check_every_form(it: Installation, process_id: str, lines: list[str]) -> None:
    """Each has exactly these lines, which are those of GraphQL."""
    assert end_of(it, it.alice, process_id).lines == lines
    assert [entry["line"] for entry in fetch(it, process_id).json()] == lines
    text = "".join(f"{line}\n" for line in lines).encode()
    assert fetch(it, process_id, **PLAIN).content == text
    for headers in ({}, PLAIN):
        plain = fetch(it, process_id, **headers).content
        assert gzip.decompress(raw(it, process_id, {**GZIP, **headers})) == plain
    events = heard(it, process_id)
    assert (texts(events), seqs(events)) == (lines, list(range(1, len(lines) + 1)))
    end = events[-1].document
    check_sums(lines, seqs(events), {"endSeq": end.pop("lastSeq"), **end})


def raw(it: Installation, process_id: str, headers: dict[str, str]) -> bytes:
    """The body as it was sent."""
    address = f"{it.url}{path_of(process_id)}"
    with it.http.stream("GET", address, headers={**it.alice.headers, **headers}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        return b"".join(answer.iter_raw())


def test_odd_lines_are_the_same_in_every_form(installation: Installation) -> None:
    (process_id,) = insert(installation, [Row(installation.alice.id, lines=timed(ODD))])
    check_every_form(installation, process_id, ODD)


def test_json_is_written_to_the_letter(installation: Installation) -> None:
    lines = timed(ODD)
    (process_id,) = insert(installation, [Row(installation.alice.id, lines=lines)])
    entries = [
        {"time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "line": line} for moment, line in lines
    ]
    expected = json.dumps(entries, separators=(",", ":"), ensure_ascii=False)
    assert fetch(installation, process_id).text == expected


@given(
    st.lists(
        st.text(st.sampled_from('\\n"\r\0,{}: a\x1fä\u2028\U0001f600'), max_size=8), max_size=12
    ),
    st.integers(0, 1_200_000),
)
@settings(
    max_examples=30,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_lines_are_the_same_in_every_form(
    installation: Installation, lines: list[str], apart: int
) -> None:
    row = Row(installation.alice.id, lines=timed(lines, apart))
    check_every_form(installation, insert(installation, [row])[0], lines)


def test_long_output_is_the_same_in_every_form(installation: Installation) -> None:
    program = "for n in range(30_000): print('\\\\n', n, '\\\\' * (n % 5), '\"' * (n % 3))"
    ended = run_python(installation, installation.alice, program)
    assert len(ended.lines) == 30_000
    check_every_form(installation, ended.id, ended.lines)


@on_sqlite
def test_very_many_empty_lines_are_the_same_in_every_form(installation: Installation) -> None:
    ended = run_python(installation, installation.alice, "print('\\n' * 49_999)")
    check_every_form(installation, ended.id, [""] * 50_000)


def test_no_output_is_nothing_in_every_form(installation: Installation) -> None:
    (process_id,) = insert(installation, [Row(installation.alice.id)])
    assert fetch(installation, process_id).content == b"[]"
    assert fetch(installation, process_id, **PLAIN).content == b""
    (end,) = heard(installation, process_id)
    assert (end.id, end.document["lastSeq"], end.document["sha256"]) == ("1", 0, None)


def test_output_of_a_running_process_is_what_is_stored_by_now(installation: Installation) -> None:
    it = installation
    gate = Gate(it)
    process_id = start_python(it, it.alice, f"print(1); {gate.wait}; print(2)")
    with listening(it, it.alice, process_id) as events:
        assert next(events).data == "1"
        assert fetch(it, process_id, **PLAIN).content == b"1\n"
        assert [entry["line"] for entry in fetch(it, process_id).json()] == ["1"]
        gate.open()
        assert [event.name for event in events] == ["message", "end"]
    assert fetch(it, process_id, **PLAIN).content == b"1\n2\n"


@on_sqlite
@pytest.mark.parametrize("form", [{}, PLAIN], ids=str)
def test_lines_that_come_while_it_is_read_are_not_in_it(
    installation: Installation, form: dict[str, str]
) -> None:
    it, gate = installation, Gate(installation)
    program = f"{PRINT_MUCH}; {gate.wait}; {PRINT_MUCH}"
    process_id = start_python(it, it.alice, program)
    until_lines(it, it.alice, process_id, MUCH)
    headers = {**it.alice.headers, **IDENTITY, **form}
    address = f"{it.url}{path_of(process_id)}"
    with it.http.stream("GET", address, headers=headers) as answer:
        content = answer.iter_raw()
        begun = next(content)  # the server waits for this client, far from the end
        gate.open()
        assert len(end_of(it, it.alice, process_id, after=MUCH).lines) == MUCH
        whole = begun + b"".join(content)
    assert whole.count(b"x" * 600) == MUCH


# --- which form, and which lines ------------------------------------------------------------------


@pytest.fixture(scope="module")
def ten(installation: Installation) -> str:
    """An ended process with the lines 1 to 10, each a second after the other."""
    lines = timed([str(n) for n in range(1, 11)], 1_000_000)
    return insert(installation, [Row(installation.alice.id, lines=lines)])[0]


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
ACCEPTED = {
    "": HAL,
    "*/*": HAL,
    "application/json": HAL,
    "application/hal+json": HAL,
    "application/json, text/plain, */*": HAL,  # axios
    "text/html, image/gif, *; q=.2, */*; q=.2": HAL,  # Java
    BROWSER: HAL,
    "text/html": HAL,
    "nonsense": HAL,
    "text/plain;q=0": HAL,
    "text/plain;q=x": HAL,
    "text/plain, application/hal+json": HAL,
    "text/plain;q=0.5, application/*;q=0.6": HAL,
    "*/*, text/plain;q=0.9": HAL,
    "text/plain": TEXT,
    "TEXT/Plain; charset=utf-8": TEXT,
    "text/*": TEXT,
    "text/plain, */*; q=0.01": TEXT,  # jQuery
    "application/json;q=0.5,text/plain;q=0.6": TEXT,
    "application/hal+json;q=0.1, text/plain;q=0.5, */*;q=0.8": EVENTS,
    "text/event-stream": EVENTS,
    "text/plain;q=0.1, text/event-stream;q=0.2": EVENTS,
}


@pytest.mark.parametrize(("accept", "form"), ACCEPTED.items(), ids=ACCEPTED)
def test_client_gets_the_form_that_it_prefers(
    installation: Installation, ten: str, accept: str, form: str
) -> None:
    answer = fetch(installation, ten, Accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, form)
    assert answer.headers["vary"] == "Accept, Accept-Encoding"


ENCODINGS = {
    "": False,
    "identity": False,
    "br, deflate": False,
    "gzip;q=0": False,
    "gzip;q=0, *": False,
    "gzip;q=0.5, identity": False,
    "*;q=0": False,
    "gzip": True,
    "GZIP": True,
    "gzip, deflate, br, zstd": True,
    "br;q=1, gzip;q=0.2": True,
    "gzip, identity;q=0.5": True,
    "identity;q=0, *": True,
    "*": True,
}


@pytest.mark.parametrize(("encodings", "packed"), ENCODINGS.items(), ids=ENCODINGS)
def test_gzip_is_used_where_it_is_asked_for(
    installation: Installation, ten: str, encodings: str, packed: bool
) -> None:
    for accept in ("*/*", "text/plain"):
        answer = fetch(installation, ten, Accept=accept, Accept_Encoding=encodings)
        assert answer.headers.get("content-encoding") == ("gzip" if packed else None)
        assert answer.content == fetch(installation, ten, Accept=accept).content


def test_live_feed_is_never_compressed(installation: Installation, ten: str) -> None:
    assert "content-encoding" not in fetch(installation, ten, **LIVE, **GZIP).headers


PLACES: dict[str, tuple[str, range]] = {
    "all": ("", range(1, 11)),
    "after": ("after=4", range(5, 11)),
    "after the end": ("after=10", range(0)),
    "far after the end": (f"after={10**30}", range(0)),
    "last": ("last=3", range(8, 11)),
    "none": ("last=0", range(0)),
    "more than there are": ("last=11", range(1, 11)),
    "last of which some are known": ("after=9&last=3", range(10, 11)),
    "from a time": ("fromTime=2017-11-21T12:00:04Z", range(5, 11)),
    "to a time": ("toTime=2017-11-21T12:00:04Z", range(1, 6)),
    "between times": ("fromTime=2017-11-21T12:00:04Z&toTime=2017-11-21T12:00:05Z", range(5, 7)),
    "between times, after": ("fromTime=2017-11-21T12:00:04Z&after=6", range(7, 11)),
    "between times, last": ("toTime=2017-11-21T12:00:08Z&last=3", range(8, 10)),
    "after all times": ("fromTime=2018-01-01", range(0)),
}


@pytest.mark.parametrize(("query", "numbers"), PLACES.values(), ids=PLACES)
def test_new_forms_give_the_lines_that_are_asked_for(
    installation: Installation, ten: str, query: str, numbers: range
) -> None:
    lines = [str(number) for number in numbers]
    assert fetch(installation, ten, query, **PLAIN).text.splitlines() == lines
    events = heard(installation, ten, query)
    assert (texts(events), seqs(events)) == (lines, list(numbers))


def test_contract_takes_no_notice_of_what_only_the_new_forms_know(
    installation: Installation, ten: str
) -> None:
    whole = fetch(installation, ten).content
    for query in ("after=4", "last=1", "after=-1", "last=x", "after=1&after=2"):
        assert fetch(installation, ten, query).content == whole
    assert fetch(installation, ten, Last_Event_ID="4").content == whole


WRONG = ["after=-1", "after=x", "after=", "last=1.5", "last=-2", "after=1&after=2", "fromTime=x"]


@pytest.mark.parametrize("query", WRONG)
def test_wrong_parameter_is_refused_by_name(
    installation: Installation, ten: str, query: str
) -> None:
    for form in (PLAIN, LIVE):
        answer = fetch(installation, ten, query, **form)
        assert answer.status_code == 400
        check_error(answer)
        assert answer.json()["message"].startswith(f"{query.partition('=')[0]}: ")


def test_times_the_wrong_way_round_are_refused_in_every_form(installation: Installation) -> None:
    query = "fromTime=2017-11-21T12:00:01Z&toTime=2017-11-21T12:00:00Z"
    for status in ("COMPLETED", "SCHEDULED"):
        far = datetime(2030, 1, 1, tzinfo=UTC)
        row = Row(installation.alice.id, status=status, start_time=far)
        (process_id,) = insert(installation, [row])
        for form in ({}, PLAIN, LIVE):
            assert fetch(installation, process_id, query, **form).status_code == 400


# --- what need not be sent again ------------------------------------------------------------------


def test_finished_output_has_an_etag_for_each_way_in_which_it_is_sent(
    installation: Installation, ten: str
) -> None:
    ways = [
        (query, {**form, **encoding})
        for query in ("", "toTime=2017-11-21T12:00:04Z")
        for form in ({}, PLAIN)
        for encoding in (IDENTITY, GZIP)
    ]
    answers = [fetch(installation, ten, query, **headers) for query, headers in ways]
    etags = [answer.headers["etag"] for answer in answers]
    assert len(set(etags)) == len(ways)
    assert all(etag.startswith('"') and etag.endswith('"') for etag in etags)
    for (query, headers), answer in zip(ways, answers, strict=True):
        assert answer.headers["cache-control"] == "private, no-cache"
        again = fetch(installation, ten, query, **headers)
        assert (again.headers["etag"], again.content) == (answer.headers["etag"], answer.content)


def test_client_that_has_it_gets_304_and_one_that_has_another_form_gets_this(
    installation: Installation, ten: str
) -> None:
    etag = fetch(installation, ten).headers["etag"]
    for condition in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        answer = fetch(installation, ten, If_None_Match=condition)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert answer.headers["vary"] == "Accept, Accept-Encoding"
    for headers in (PLAIN, GZIP):
        assert fetch(installation, ten, **headers, If_None_Match=etag).status_code == 200
    other = fetch(installation, ten, "after=1", **PLAIN).headers["etag"]
    assert fetch(installation, ten, **PLAIN, If_None_Match=other).status_code == 200
    assert fetch(installation, ten, **LIVE, If_None_Match="*").status_code == 200


def test_client_that_wants_only_what_it_knows_is_refused_what_is_not(
    installation: Installation, ten: str
) -> None:
    etag = fetch(installation, ten).headers["etag"]
    assert fetch(installation, ten, If_Match=etag).status_code == 200
    refused = fetch(installation, ten, If_Match=f'W/{etag}, "another"')
    assert refused.status_code == 412
    check_error(refused)


@on_sqlite
@pytest.mark.parametrize(("name", "status"), [("If-Match", 200), ("If-None-Match", 304)])
def test_condition_may_come_in_several_lines(
    installation: Installation, ten: str, name: str, status: int
) -> None:
    known = ('"another"', fetch(installation, ten).headers["etag"])
    headers = [*{**installation.alice.headers, **IDENTITY}.items(), *((name, tag) for tag in known)]
    answer = installation.http.get(f"{installation.url}{path_of(ten)}", headers=headers)
    assert answer.status_code == status


def test_output_that_may_still_grow_is_not_to_be_stored(installation: Installation) -> None:
    far = datetime(2030, 1, 1, tzinfo=UTC)
    row = Row(installation.alice.id, status="SCHEDULED", start_time=far)
    (process_id,) = insert(installation, [row])
    for headers in ({}, PLAIN, GZIP):
        answer = fetch(installation, process_id, **headers)
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


def test_head_is_answered_like_get_without_a_body(installation: Installation, ten: str) -> None:
    it = installation
    for headers in ({}, PLAIN, {**PLAIN, **GZIP}, LIVE):
        shown = fetch(it, ten, **headers)
        given = {**IDENTITY, **headers}
        head = it.request(it.alice, "HEAD", path_of(ten), headers=given)
        assert (head.status_code, head.content) == (200, b"")
        framing = {"transfer-encoding", "date"}
        assert dict(head.headers.items()).keys() == shown.headers.keys() - framing | {"date"}
        assert head.headers.get("etag") == shown.headers.get("etag")
    etag = fetch(it, ten).headers["etag"]
    head = it.request(it.alice, "HEAD", path_of(ten), headers={**IDENTITY, "If-None-Match": etag})
    assert head.status_code == 304


# --- the live feed --------------------------------------------------------------------------------


def test_line_is_told_while_the_script_runs(installation: Installation) -> None:
    it = installation
    gates = [Gate(it) for _ in range(3)]
    program = "; ".join(f"{gate.wait}; print({n})" for n, gate in enumerate(gates))
    process_id = start_python(it, it.alice, program)
    with listening(it, it.alice, process_id) as events:
        for number, gate in enumerate(gates):
            gate.open()
            event = next(events)
            assert (event.id, event.name, event.data) == (str(number + 1), "message", str(number))
        end = next(events)
        assert (end.id, end.name) == ("4", "end")
        assert (end.document["status"], end.document["exitCode"]) == ("STOPPED", 0)
        assert list(events) == []


def test_feed_can_be_joined_before_the_process_starts(installation: Installation) -> None:
    it = installation
    gate = Gate(it)
    first = start_python(it, it.alice, gate.wait, "single")
    second = start_python(it, it.alice, "print('at last')", "single")
    with listening(it, it.alice, second) as events:
        gate.open()
        assert [event.data for event in events if event.name == "message"] == ["at last"]
    end_of(it, it.alice, first)


def test_end_tells_how_it_ended(installation: Installation) -> None:
    ended = run_python(installation, installation.alice, "print('x'); raise SystemExit(3)")
    end = heard(installation, ended.id)[-1].document
    assert (end["status"], end["exitCode"], end["lastSeq"]) == ("FAILED", 3, 1)


def test_feed_goes_on_after_the_last_event_that_was_seen(
    installation: Installation, ten: str
) -> None:
    for seen in range(11):
        for query in ("", "after=3", "last=2"):
            assert seqs(heard(installation, ten, query, str(seen))) == list(range(seen + 1, 11))


def test_feed_that_is_cut_before_its_first_line_goes_on_where_it_began(
    installation: Installation,
) -> None:
    it, gate = installation, Gate(installation)
    process_id = start_python(it, it.alice, f"print(1); {gate.wait}; print(2)")
    until_lines(it, it.alice, process_id, 1)
    seen = opening(it, it.alice, process_id, "last=0")
    gate.open()
    end_of(it, it.alice, process_id)
    assert texts(heard(it, process_id, "last=0", seen)) == ["2"]


@pytest.mark.parametrize(("query", "numbers"), PLACES.values(), ids=PLACES)
def test_feed_that_is_cut_before_its_first_line_loses_none(
    installation: Installation, ten: str, query: str, numbers: range
) -> None:
    seen = opening(installation, installation.alice, ten, query)
    assert seqs(heard(installation, ten, query, seen)) == list(numbers)


def test_client_that_is_cut_off_again_and_again_gets_each_line_once(
    installation: Installation,
) -> None:
    it, chance = installation, random.Random(1)  # noqa: S311 (the same cuts every time)
    program = """
import random, time
for n in range(3000):
    print("line", n, flush=True)
    if random.random() < 0.02: time.sleep(0.01)
"""
    process_id = start_python(it, it.alice, program)
    found: list[Event] = []
    while not found or found[-1].name != "end":
        with listening(it, it.alice, process_id, found[-1].id if found else "") as events:
            cut = chance.randrange(1, 400)
            found += [event for _, event in zip(range(cut), events, strict=False)]
    assert texts(found) == [f"line {n}" for n in range(3000)]
    check_sums(texts(found), seqs(found), {"endSeq": 3000, **found[-1].document})


def test_client_that_comes_back_after_the_end_is_told_to_stay_away(
    installation: Installation, ten: str
) -> None:
    end = heard(installation, ten)[-1]
    answer = fetch(installation, ten, **LIVE, Last_Event_ID=end.id)
    assert (answer.status_code, answer.content) == (204, b"")
    assert [event.name for event in heard(installation, ten, seen="10")] == ["end"]


@pytest.mark.parametrize("seen", ["x", "-1", "1.5", "end"])
def test_last_event_that_cannot_have_been_seen_is_refused(
    installation: Installation, ten: str, seen: str
) -> None:
    answer = fetch(installation, ten, **LIVE, Last_Event_ID=seen)
    assert answer.status_code == 400
    check_error(answer)
    assert answer.json()["message"].startswith("Last-Event-ID: ")


def test_what_is_wrong_before_the_first_event_is_answered_as_ever(
    installation: Installation, ten: str
) -> None:
    it = installation
    for who, path, status in (
        (User("", "", "psn_wrong"), path_of(ten), 401),
        (it.bob, path_of(ten), 403),
        (it.alice, path_of(ten.replace(ten[:8], "00000000")), 404),
    ):
        for form in (PLAIN, LIVE):
            answer = it.get(who, path, headers=form)
            assert answer.status_code == status
            check_error(answer)


@on_sqlite
def test_client_that_leaves_leaves_nothing_behind(install: Install) -> None:
    it = install()
    it.start()
    process_id = start_python(it, it.alice, "print(1); import time; time.sleep(600)")
    before = connections(it)
    with ExitStack() as stack:
        feeds = [stack.enter_context(listening(it, it.alice, process_id)) for _ in range(20)]
        assert [next(feed).data for feed in feeds] == ["1"] * 20
        assert connections(it) >= 20
    until(lambda: connections(it) <= before, lambda: f"{connections(it)}, not {before}")
    assert it.end() == 0
    assert "running task" not in it.log.read_text()  # which a server has to cancel at its end


def connections(it: Installation) -> int:
    """How many the server has open, those that their clients have closed included."""
    port = f":{urlsplit(it.url).port:04X}"
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    states = [row[3] for row in map(str.split, rows) if row[1].endswith(port)]
    return states.count("01") + states.count("08")  # ESTABLISHED, CLOSE_WAIT


def test_quiet_feed_shows_that_it_lives() -> None:
    with installed() as it:
        it.start()
        gate = Gate(it)
        process_id = start_python(it, it.admin, gate.wait)
        headers = {**it.admin.headers, **LIVE}
        with it.http.stream("GET", f"{it.url}{path_of(process_id)}", headers=headers) as answer:
            lines = answer.iter_lines()
            opened = ["retry: 1000", "id: 0", "", ": keep-alive", ""]
            assert [next(lines) for _ in opened] == opened
            gate.open()
            assert "event: end" in list(lines)


@on_sqlite
def test_slow_client_gets_everything(installation: Installation) -> None:
    it = installation
    gate = Gate(it)
    program = f"{gate.wait}\nfor n in range(15_000): print(n, 'x' * 900)"
    process_id = start_python(it, it.alice, program)
    with listening(it, it.alice, process_id) as events:
        gate.open()
        end_of(it, it.alice, process_id)  # of which this client has read nothing yet
        found = list(events)
    assert texts(found) == [f"{n} {'x' * 900}" for n in range(15_000)]
    assert seqs(found) == list(range(1, 15_001))


# --- what breaks off ------------------------------------------------------------------------------


def test_feed_of_a_process_that_is_deleted_says_so(installation: Installation) -> None:
    it = installation
    process_id = start_python(it, it.alice, "print(1); import time; time.sleep(600)")
    with listening(it, it.alice, process_id) as events:
        assert next(events).data == "1"
        Rest(it).delete(it.alice, process_id)
        (error,) = events
    assert (error.name, error.id, error.document["status"]) == ("error", "1", 404)
    assert list(error.document) == ["timestamp", "status", "error", "message", "path"]


@on_sqlite
def test_feed_ends_when_its_reader_may_not_see_it_any_more(installation: Installation) -> None:
    it = installation
    assert it.bob.name == "bob"
    it.cli("user", "add", "frank")
    disabled = it.cli("token", "create", "frank").strip()
    revoked = it.cli("token", "create", "bob", "--name", "withdrawn").strip()
    listed = it.cli("token", "list", "bob").splitlines()
    (token_id,) = (line.split("\t")[0] for line in listed if "\twithdrawn\t" in line)
    expiring = it.cli("token", "create", "bob", "--name", "expiring").strip()
    with ExitStack() as stack:
        feeds = []
        for who in map(it.sign_in, (expiring, revoked, disabled)):
            process_id = start_python(it, who, "print(1); import time; time.sleep(600)")
            stack.callback(Rest(it).delete, it.admin, process_id)
            feeds.append(stack.enter_context(listening(it, who, process_id)))
            assert next(feeds[-1]).data == "1"
        it.cli("token", "revoke", token_id)
        it.cli("user", "disable", "frank")
        it.execute("UPDATE token SET expires_at = 1 WHERE name = 'expiring'")
        for feed in feeds:
            (event,) = feed
            assert (event.name, event.document["status"]) == ("error", 401)


@on_sqlite
@pytest.mark.parametrize("form", [{}, PLAIN, GZIP, {**PLAIN, **GZIP}], ids=str)
def test_answer_that_breaks_off_does_not_look_whole(
    installation: Installation, form: dict[str, str]
) -> None:
    it = installation
    noise = "import random; noise = random.randbytes(10_000_000).hex()"
    program = f"{noise}\nfor n in range(0, len(noise), 600): print(noise[n:n + 600])"
    process_id = run_python(it, it.alice, program).id
    headers = {**it.alice.headers, **IDENTITY, **form}
    address = f"{it.url}{path_of(process_id)}"
    with it.http.stream("GET", address, headers=headers) as answer:
        content = answer.iter_raw()
        next(content)  # the server waits for this client, far from the end
        Rest(it).delete(it.alice, process_id)
        with pytest.raises(httpx.RemoteProtocolError):
            list(content)
