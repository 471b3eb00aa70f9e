"""Searching in output: every line that matches, each line on its own, however evil the pattern."""

import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.database import on_sqlite
from tests.installation import Installation
from tests.rows import LONG_AGO, Row, insert
from tests.running import Gate, run_python, start_python
from tests.subscription import GraphQLRefusal

SEARCH = """query (
  $id: ID!, $pattern: String!, $regex: Boolean! = false, $ignoreCase: Boolean! = false,
  $context: Int! = 0, $after: Int! = 0, $first: Int! = 100, $from: DateTime, $to: DateTime
) {
  process(id: $id) {
    outputSearch(
      pattern: $pattern, regex: $regex, ignoreCase: $ignoreCase, context: $context,
      after: $after, first: $first, fromTime: $from, toTime: $to
    ) {
      matches { line { ...one } before { ...one } after { ...one } }
      searchedTo
      hasMore
    }
  }
}
fragment one on OutputLine { seq time text }"""


def search(it: Installation, process_id: str, pattern: str, **rest: object) -> Any:
    found = it.graphql(it.alice, SEARCH, id=process_id, pattern=pattern, **rest)
    return found["process"]["outputSearch"]


def seqs(page: Any) -> list[int]:
    return [match["line"]["seq"] for match in page["matches"]]


def stored(it: Installation, *lines: str) -> str:
    """An ended process of alice's with these lines, one a second."""
    timed = [(LONG_AGO + timedelta(seconds=n), text) for n, text in enumerate(lines)]
    return insert(it, [Row(it.alice.id, lines=timed)])[0]


LINES = [
    "Error: disk full",  # 1
    "no error here",
    "",  # 3
    "a+b=c (maybe)",
    "STRASSE Straße ÄÖÜ äöü",  # 5
    "x\ttab and \0 NUL",
    "\x1b[31mred\x1b[0m alert",  # 7
    "abc",
    "",  # 9
    "end of it",
]


@pytest.fixture(scope="module")
def ten(installation: Installation) -> str:
    """A process with the LINES."""
    return stored(installation, *LINES)


TEXTS: dict[str, tuple[str, list[int]]] = {
    "a word": ("error", [2]),
    "part of a word": ("rro", [1, 2]),
    "case matters": ("Error", [1]),
    "not a regular expression": ("a+b", [4]),
    "brackets": ("(maybe)", [4]),
    "a dot is a dot": (".", []),
    "spaces": (" ", [1, 2, 4, 5, 6, 7, 10]),
    "beyond ASCII": ("straße", []),
    "NUL": ("\0", [6]),
    "tab": ("\t", [6]),
    "not control sequences": ("[31m", []),
    "across control sequences": ("red alert", [7]),
    "at the beginning": ("Err", [1]),
    "at the end": ("of it", [10]),
    "backslash": ("\\", []),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.values(), ids=TEXTS)
def test_plain_text_is_found(
    installation: Installation, ten: str, text: str, expected: list[int]
) -> None:
    page = search(installation, ten, text)
    assert (seqs(page), page["searchedTo"], page["hasMore"]) == (expected, 10, False)


@pytest.mark.parametrize(
    ("text", "expected"), [("ERROR", [1, 2]), ("äÖü", [5]), ("RED ALERT", [7]), ("A+B", [4])]
)
def test_case_is_ignored_on_demand(
    installation: Installation, ten: str, text: str, expected: list[int]
) -> None:
    assert seqs(search(installation, ten, text, ignoreCase=True)) == expected
    assert seqs(search(installation, ten, re.escape(text), regex=True, ignoreCase=True)) == expected


# Each line is matched as if it were all there is.
EXPRESSIONS: dict[str, tuple[str, list[int]]] = {
    "begins with": ("^e", [10]),
    "ends with": ("l$", [1]),
    "whole line": ("^abc$", [8]),
    "empty lines": ("^$", [3, 9]),
    "every line": ("^", list(range(1, 11))),
    "every line again": ("x*", list(range(1, 11))),
    "any character": ("^.bc$", [8]),
    "alternatives": ("disk|tab", [1, 6]),
    "classes": (r"\bof\b", [10]),
    "Unicode classes": (r"\p{Lu}{7}", [5]),
    "flags": ("(?i)ERROR", [1, 2]),
    "groups": ("(?P<what>err)or (here)", [2]),
    "begin of the text": (r"\Aend", [10]),
    "end of the text": (r"full\z", [1]),
    "flag for one line": ("(?-m)^abc$", [8]),
    "raw bytes": (r"a\Cc", [8]),
    "dot that takes newlines": ("(?s)full.no", []),
    "newline": (r"full\nno", []),
    "newline by its number": (r"full\x0ano", []),
    "newline in a class": (r"full[\n]no", []),
    "newline as a space": (r"full\sno", []),
    "newline as no letter": ("full[^a-z]no", []),
    "newline as a control": ("full[[:cntrl:]]no", []),
    "newline as a byte": (r"full\Cno", []),
    "optional newline": (r"full\n?$", [1]),
    "nothing": ("[^\x00-\U0010ffff]", []),
}


@pytest.mark.parametrize(("pattern", "expected"), EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_regular_expression_is_matched_with_each_line_on_its_own(
    installation: Installation, ten: str, pattern: str, expected: list[int]
) -> None:
    page = search(installation, ten, pattern, regex=True)
    assert (seqs(page), page["searchedTo"], page["hasMore"]) == (expected, 10, False)


BAD: dict[str, tuple[str, str]] = {
    "look-ahead": ("ab(?=c)", "It has no look-around"),
    "negative look-behind": ("(?<!a)b", "It has no look-around"),
    "back-reference": (r"(a)\1", "It has no back-references"),
    "named back-reference": ("(?P<x>a)(?P=x)", "It has no back-references"),
    "possessive": ("a++", "no possessive repetitions"),
    "atomic": ("(?>a)", "It has no atomic groups"),
    "unclosed group": ("(a", "missing )"),
    "unclosed class": ("x[a", "missing ] `[a` at character 2"),
    "nothing to repeat": ("*a", "no argument for repetition operator `*` at character 1"),
    "place beyond ASCII": ("äö(?=x)", "`(?=` at character 3"),
    "escaped place": (r"\\1 (a)\1", r"`\1` at character 8"),
    "wrong range": ("[z-a]", "`z-a` at character 2"),
    "escape": (r"a\Z", r"`\Z` at character 2"),
    "far too often": ("a{1001}", "invalid repetition size"),
    "too often in all": ("(a{1000}){1000}", "invalid repetition size"),
    "too complex": (r"\pL{1000}", "This is too complex"),
    "too complex to run": (r"\pL{10}", "This is too complex"),
    "too long": ("a" * 1001, "1000 characters at most"),
    "empty": ("", "must not be empty"),
    "newline": ("a\nb", "leave the newline out"),
}


@pytest.mark.parametrize(("pattern", "words"), BAD.values(), ids=BAD)
def test_pattern_that_cannot_be_searched_for_is_explained(
    installation: Installation, ten: str, pattern: str, words: str
) -> None:
    with pytest.raises(GraphQLRefusal) as refused:
        search(installation, ten, pattern, regex=True)
    assert refused.value.code == "BAD_INPUT"
    (message,) = refused.value.fields["pattern"]
    assert words in message


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("first", {"first": number}) for number in (-1, 0, 1001)),
        *(("context", {"context": number}) for number in (-1, 51)),
        ("after", {"after": -1}),
        ("toTime", {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}),
    ],
)
def test_wrong_number_is_named(
    installation: Installation, ten: str, name: str, wrong: dict[str, object]
) -> None:
    with pytest.raises(GraphQLRefusal) as refused:
        search(installation, ten, "x", **wrong)
    assert (refused.value.code, list(refused.value.fields)) == ("BAD_INPUT", [name])


def test_match_has_its_number_its_time_and_its_text_unchanged(
    installation: Installation, ten: str
) -> None:
    (match,) = search(installation, ten, "red alert")["matches"]
    line = {"seq": 7, "time": "2017-11-22T10:29:17.000000Z", "text": LINES[6]}
    assert match == {"line": line, "before": [], "after": []}


@pytest.mark.parametrize(
    ("pattern", "context", "before", "after"),
    [
        ("abc", 0, [], []),
        ("abc", 2, [6, 7], [9, 10]),
        ("abc", 50, [1, 2, 3, 4, 5, 6, 7], [9, 10]),
        ("disk", 2, [], [2, 3]),
        ("end", 1, [9], []),
    ],
)
def test_context_ends_where_the_output_ends(
    installation: Installation,
    ten: str,
    pattern: str,
    context: int,
    before: list[int],
    after: list[int],
) -> None:
    (match,) = search(installation, ten, pattern, context=context)["matches"]
    for place, expected in (("before", before), ("after", after)):
        assert [line["seq"] for line in match[place]] == expected
        assert [line["text"] for line in match[place]] == [LINES[seq - 1] for seq in expected]


def test_window_bounds_the_matches_but_not_their_context(
    installation: Installation, ten: str
) -> None:
    times = {"from": "2017-11-22T10:29:12Z", "to": "2017-11-22T10:29:13Z"}  # of the lines 2 and 3
    page = search(installation, ten, "^", regex=True, context=1, **times)
    assert (seqs(page), page["searchedTo"], page["hasMore"]) == ([2, 3], 3, False)
    assert page["matches"][0]["before"][0]["seq"] == 1
    assert page["matches"][1]["after"][0]["seq"] == 4
    page = search(installation, ten, "^", regex=True, context=1, after=9)
    assert [line["seq"] for line in page["matches"][0]["before"]] == [9]


@pytest.mark.parametrize("after", [10, 1000])
def test_where_no_line_is_searched_none_is_named(
    installation: Installation, ten: str, after: int
) -> None:
    nothing: dict[str, object] = {"matches": [], "searchedTo": None, "hasMore": False}
    assert search(installation, ten, "x", after=after) == nothing
    assert search(installation, stored(installation), "x") == nothing


def test_pages_put_together_are_all_matches(installation: Installation) -> None:
    """Over many chunks, some of them of long lines, and more text than is read at once."""
    it = installation
    text = "n % 3 * 'x' + str(n) + (n % 500 == 0) * 15000 * 'long'"
    ended = run_python(it, it.alice, f"for n in range(40000): print({text})")
    pattern = r"^x[0-9]*7$|long$"
    expected = [seq for seq, line in enumerate(ended.lines, 1) if re.search(pattern, line)]
    found: list[int] = []
    after, more = 0, True
    while more:
        page = search(it, ended.id, pattern, regex=True, context=2, after=after, first=300)
        for match in page["matches"]:
            around = [*match["before"], match["line"], *match["after"]]
            numbers = [line["seq"] for line in around]
            seq = match["line"]["seq"]
            assert numbers == list(range(max(1, seq - 2), min(40000, seq + 2) + 1))
            assert [line["text"] for line in around] == [ended.lines[n - 1] for n in numbers]
        found += seqs(page)
        after, more = page["searchedTo"], page["hasMore"]
    assert found == expected
    assert after == 40000


@pytest.mark.parametrize(("first", "more"), [(1, True), (2, True), (3, False)])
def test_full_page_says_whether_lines_are_left(
    installation: Installation, first: int, more: bool
) -> None:
    process_id = stored(installation, "x1", "y", "x2", "x3")
    page = search(installation, process_id, "x", first=first)
    assert seqs(page) == [1, 3, 4][:first]
    assert (page["searchedTo"], page["hasMore"]) == ([1, 3, 4][first - 1], more)


def test_search_of_a_running_process_sees_what_is_stored(installation: Installation) -> None:
    it = installation
    gates = [Gate(it), Gate(it)]
    program = f"print('x1\\ny'); {gates[0].wait}; print('x2'); {gates[1].wait}"
    process_id = start_python(it, it.alice, program)
    document = "subscription ($id: ID!) { processOutput(id: $id) { ... on OutputBatch { text } } }"
    with it.subscribe(it.alice, document, id=process_id) as events:
        heard = iter(events)
        while next(heard)["processOutput"]["text"][-1] != "y":
            pass
        page = search(it, process_id, "x", context=3)
        assert (seqs(page), page["searchedTo"], page["hasMore"]) == ([1], 2, False)
        assert [line["seq"] for line in page["matches"][0]["after"]] == [2]
        gates[0].open()
        next(heard)
        assert seqs(search(it, process_id, "x", after=2)) == [3]
        gates[1].open()
        list(heard)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)+$", "(x+x+)+y", "(.*)*b", "(a?){100}a{100}b"]
)
def test_pattern_that_would_take_others_for_ever_is_answered(
    installation: Installation, pattern: str
) -> None:
    process_id = stored(installation, "a" * 5000 + "!", "x" * 5000)
    assert not seqs(search(installation, process_id, pattern, regex=True))


# What no database has a part in is tested with one.

# RE2 needs a microsecond or more for each of these characters.
SLOW = "(?:a?){{{}}}a{{1000}}b"


@pytest.fixture(scope="module")
def slow(installation: Installation) -> str:
    """A process whose output takes minutes to be searched for what is SLOW."""
    program = "for _ in range(200): print(60000 * 'a')"
    return run_python(installation, installation.alice, program).id


@on_sqlite
def test_search_that_takes_long_says_how_far_it_came(installation: Installation, slow: str) -> None:
    it = installation
    pages: list[Any] = []
    searching = threading.Thread(
        target=lambda: pages.append(search(it, slow, SLOW.format(990), regex=True))
    )
    searching.start()
    answered = 0
    while searching.is_alive() and answered < 10:
        assert it.graphql(it.bob, "{ viewer { name } }")["viewer"]["name"] == "bob"
        answered += 1
    searching.join()
    (page,) = pages
    assert answered == 10, "others must be answered meanwhile"
    assert page["hasMore"] and 1 <= page["searchedTo"] < 200
    further = search(it, slow, SLOW.format(990), regex=True, after=page["searchedTo"])
    assert further["searchedTo"] > page["searchedTo"]


@on_sqlite
def test_searches_of_clients_that_have_left_do_not_hold_up_others(
    installation: Installation, slow: str
) -> None:
    it = installation
    for number in range(40):
        variables = {"id": slow, "pattern": SLOW.format(900 + number), "regex": True}
        with pytest.raises(httpx.TimeoutException):
            it.http.post(
                f"{it.url}/graphql",
                json={"query": SEARCH, "variables": variables},
                headers=it.alice.headers,
                timeout=0.05,
            )
    assert seqs(search(it, slow, "a", first=1)) == [1]


@on_sqlite
@pytest.mark.parametrize(
    "question", ["output(after: 0) { text hasMore }", 'outputSearch(pattern: "a") { hasMore }']
)
def test_output_that_is_deleted_while_somebody_looks_is_not_taken_for_an_empty_one(
    installation: Installation, question: str
) -> None:
    it, admin = installation, installation.admin
    process_id = stored(it, "a", "b")
    document = f"query ($id: ID!) {{ process(id: $id) {{ {question} }} }}"
    database = sqlite3.connect(it.data / "procession.sqlite3", isolation_level=None)
    with closing(database), ThreadPoolExecutor() as pool:
        # What an administrator looks at is noted first, and for that they have to wait.
        database.execute("BEGIN IMMEDIATE")
        looking = pool.submit(it.graphql, admin, document, id=process_id)
        for _ in range(100):  # until it has looked whether the process is there
            it.http.get(f"{it.url}/healthz")
        database.execute("DELETE FROM output_chunk WHERE process_id = ?", [process_id])
        database.execute("DELETE FROM process WHERE id = ?", [process_id])
        database.execute("COMMIT")
        with pytest.raises(GraphQLRefusal) as refusal:
            looking.result()
    assert refusal.value.code == "NOT_FOUND"
