"""Every face that is asked again and again: adds the lines that are new since the last time.

A face is a row of the table POLLS. Each looks at the status first; where that is a terminal one it
says so as the end, and nothing may be missing then.
"""

from collections.abc import Callable
from functools import partial

from tests.exactness.graphql import ask, batch_of, subscribed
from tests.exactness.heard import ALIVE, Batch, Facts, Heard, lines_of
from tests.installation import Installation, User
from tests.running import CHANGES

Poll = Callable[[Installation, User, str, Heard], None]


def pages(first: int | None, it: Installation, who: User, process_id: str, heard: Heard) -> None:
    """Page after page, as long as there are more."""
    facts, page = ask(it, who, process_id, after=heard.after, first=first)
    while page["lines"]:
        heard.add(batch_of(page))
        if not page["hasMore"]:
            break
        _, page = ask(it, who, process_id, after=heard.after, first=first)
    heard.see(facts)


def the_last(count: int, it: Installation, who: User, process_id: str, heard: Heard) -> None:
    """The last lines first, and then those that were missing."""
    facts, page = ask(it, who, process_id, last=count)
    pages(None, it, who, process_id, heard)
    if page["lines"]:
        end = batch_of(page)
        assert lines_of([end]) == heard.lines[end.first_seq - 1 : end.last_seq]
    if facts["status"] not in ALIVE:
        assert (page["lastSeq"] or 0) == facts["lastSeq"]


def woken(it: Installation, who: User, process_id: str, heard: Heard) -> None:
    """Everything, as soon as the news comes that the process has ended."""
    with subscribed(it, who, CHANGES, id=process_id) as events:
        for event in events:
            if event["processChanges"]["process"]["status"] not in ALIVE:
                break
    pages(None, it, who, process_id, heard)
    assert heard.end, "it had ended already"


def rest(it: Installation, who: User, process_id: str, heard: Heard) -> None:
    """From the time of the last known line on, which brings the known lines of that time again."""
    status = rest_status(it, who, process_id)
    since = heard.times[-1:]
    answer = it.get(who, output_of(process_id), params={"fromTime": since} if since else {})
    entries = answer.raise_for_status().json()
    known = heard.lines[len(heard.times) - heard.times.count(*since) :] if since else []
    texts = [entry["line"] for entry in entries]
    assert texts[: len(known)] == known
    if new := entries[len(known) :]:
        text = "\n".join(texts[len(known) :])
        heard.add(Batch(heard.after + 1, text, tuple(entry["time"] for entry in new)))
    heard.see(status)


def rest_text(it: Installation, who: User, process_id: str, heard: Heard) -> None:
    """The bare lines, from the last known one on."""
    status = rest_status(it, who, process_id)
    after, plain = {"after": heard.after}, {"Accept": "text/plain"}
    answer = it.get(who, output_of(process_id), params=after, headers=plain)
    if content := answer.raise_for_status().content:
        assert content.endswith(b"\n")
        heard.add(Batch(heard.after + 1, content[:-1].decode()))
    heard.see(status)


def rest_status(it: Installation, who: User, process_id: str) -> Facts:
    answer = it.get(who, f"/api/system/processes/{process_id}")
    return {"legacyStatus": answer.raise_for_status().json()["status"]}


def output_of(process_id: str) -> str:
    return f"/api/system/processes/{process_id}/output"


POLLS: dict[str, Poll] = {
    "pages": partial(pages, None),
    "small pages": partial(pages, 97),
    "the last": partial(the_last, 10),
    "woken": woken,
    "rest": rest,
    "rest text": rest_text,
}
