"""What must be true of each process, whatever has happened; each check is a row of CHECKS.

A check raises AssertionError, or answers how much it has looked at (nothing: it does not apply).
"""

import re
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from tests.chaos.case import OF_OURS, Case, Row
from tests.chaos.journal import Told
from tests.chaos.plan import FOR_EVER
from tests.exactness.heard import Heard

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
LATE = 5_000_000  # microseconds from a write to its time, at most, on a machine with much to do
ENDED = {"COMPLETED", "FAILED", "STOPPED"}
NOT_KEPT = re.compile(r"\d+ bytes of output were not kept|There is no room for output")
CUT = "[cut]"
# What a process may be FAILED for without its script's doing, if such a thing has been done to it.
LOST = re.compile(r"lost|not this worker's|supervisor of the script was killed")
NO_ROOM = re.compile(r"could not be started: .*(No space left|too large)")


def ended_once(case: Case) -> int:
    """One terminal status, the same for everybody and at any time."""
    if case.row is None:
        return 0
    assert case.row.status in ENDED, f"it is still {case.row.status}"
    assert case.row.ended_at, "it has ended, but at no time"
    assert case.end in (None, case.row.status), f"a watcher saw {case.end}"
    return 1


def ran_at_most_once(case: Case) -> int:
    assert len(case.told.tokens) <= 1, f"it ran {len(case.told.tokens)} times"
    assert case.row or case.record or not case.told.tokens, "nobody knows of it, but it ran"
    return len(case.told.tokens)


def ran_if_accepted(case: Case) -> int:
    """Unless it was stopped or deleted before, or could not be started and says so."""
    if case.row is None or case.row.status == "STOPPED":
        return 0
    assert case.told.tokens or is_excused(case), f"it never ran: {case.reason}"
    return 1


def is_excused(case: Case) -> bool:
    """Whether it FAILED by no fault of its script, and says so in its last line too."""
    found = LOST.search(case.reason) or NO_ROOM.search(case.reason)
    if not found or case.row is None or case.row.status != "FAILED":
        return False
    last = case.system_lines[-1:] or [""]
    assert case.reason in last[0], f"its last line does not say why: {last}"
    return True


def tells_its_end(case: Case) -> int:
    """Status and exit code are those of the script, or of who stopped it."""
    row, ends = case.row, case.told.ends
    if row is None:
        return 0
    if row.exit_code is not None and row.status != "STOPPED":
        assert ends == row.exit_code, f"the script says {ends}, not {row.exit_code}"
        assert row.status == ("FAILED" if ends else "COMPLETED")
    elif row.status == "STOPPED":
        assert case.reason == "Stopped by admin", "nobody has stopped it"
    else:
        assert is_excused(case), f"it is {row.status} without an exit code: {case.reason!r}"
    return 1


def stopped_when_asked(case: Case) -> int:
    record = case.record
    if not record or not record.stopped or case.row is None:
        return 0
    endless = record.run.recipe.lasts == FOR_EVER
    assert not endless or case.row.status == "STOPPED" or is_excused(case), "it was not stopped"
    if case.row.status == "STOPPED" and case.told.tokens:
        told = f"{OF_OURS}Stopped by admin; SIGTERM sent"
        assert case.system_lines.count(told) == 1, "its output does not say who stopped it"
    return 1


def has_its_lines(case: Case) -> int:
    """Each line that the script wrote, once, in order; nothing else but what we say."""
    if case.whole is None or not case.told.tokens:
        return 0
    own = [line for line in case.lines if not line.startswith(OF_OURS)]
    if any(NOT_KEPT.search(line) for line in case.system_lines):
        check_order(case.told, own)
        return len(own)
    least = 0 if is_excused(case) else case.told.count
    whole = own if len(own) <= least else own[:-1]  # the last one of a killed script may be torn
    for number, line in enumerate(whole):
        assert line == case.told.line(number), f"line {number} is {line[:60]!r}"
    torn = own[len(whole) :]
    assert not torn or case.told.line(len(whole)).startswith(torn[0]), f"the last is {torn}"
    most = case.told.most
    assert least <= len(own) <= most, f"{len(own)} lines, where {least} to {most} were written"
    return len(own)


def check_order(told: Told, own: list[str]) -> None:
    """Where a gap was told: what there is, is there once and in order."""
    expected = map(told.line, range(told.most))
    for line in own:
        if CUT not in line:
            assert line in expected, f"{line[:60]!r} is there twice, or not in order"


def adds_up(case: Case) -> int:
    """Counts and sums are those of the lines; whoever heard it all heard the same."""
    if case.whole is None or case.row is None:
        return 0
    check_sums(case.row, case.lines)
    heard = case.record.heard if case.record else None
    for each in filter(None, (case.whole, heard)):
        assert each.lines == case.lines, "a client has heard other lines"
        check_end(case.row, each)
    return 1


def check_sums(row: Row, lines: list[str]) -> None:
    content = "".join(f"{line}\n" for line in lines).encode()
    digest = sha256(content).hexdigest() if lines else None
    found = (row.last_seq, row.output_bytes, row.output_sha256)
    assert found == (len(lines), len(content), digest), f"its sums are {found}"


def check_end(row: Row, heard: Heard) -> None:
    end = heard.end or {}
    if "status" in end:
        assert end["status"] == row.status, f"a client was told that it is {end['status']}"
        assert end["exitCode"] == row.exit_code


def keeps_time(case: Case) -> int:
    """The time of each line is that of its writing."""
    if case.whole is None or not case.told.tokens:
        return 0
    written = {number: at for first, end, *at in case.told.wrote for number in range(first, end)}
    count = 0
    for text, time in zip(case.lines, case.whole.times, strict=True):
        if text.startswith(f"{case.told.tokens[0]} ") and CUT not in text:
            begun, done = written.get(int(text.split()[1]), (0, 1 << 62))
            micros = to_micros(time)
            assert begun <= micros <= done + LATE, f"{text[:30]!r} was written {begun} to {done} µs"
            count += 1
    return count


def to_micros(time: str) -> int:
    return round((datetime.fromisoformat(time) - EPOCH).total_seconds() * 1_000_000)


def has_its_files(case: Case) -> int:
    """Each with its SHA-256; whoever was killed may have left one that is not whole."""
    if case.files is None or not case.told.tokens or is_excused(case):
        return 0
    missing = case.told.files.items() - case.files.items()
    assert not missing, f"missing or damaged: {missing}"
    return len(case.files)


def got_its_upload(case: Case) -> int:
    if not case.told.tokens or not case.record or case.record.upload is None:
        return 0
    wrote_or_ended = case.told.wrote or case.told.ends is not None
    assert case.told.read == case.record.upload or not wrote_or_ended, "its upload was damaged"
    return 1


def is_gone(case: Case) -> int:
    if case.record is None or not case.record.deleted:
        assert case.row or not case.record, "it is gone, but nobody deleted it"
        return 0
    assert case.row is None, "it was deleted, but is still there"
    return 1


def had_a_happy_client(case: Case) -> int:
    assert not case.record or not case.record.complaint, case.record.complaint
    return 1 if case.record else 0


CHECKS: dict[str, Callable[[Case], int]] = {
    "clients answered as promised": had_a_happy_client,
    "ended in one terminal status": ended_once,
    "runs, none of a process twice": ran_at_most_once,
    "accepted and run": ran_if_accepted,
    "ends told truthfully": tells_its_end,
    "stops obeyed": stopped_when_asked,
    "lines, each once and in order": has_its_lines,
    "outputs with true sums": adds_up,
    "lines with their own time": keeps_time,
    "files with their SHA-256": has_its_files,
    "uploads read whole": got_its_upload,
    "deleted and gone": is_gone,
}
