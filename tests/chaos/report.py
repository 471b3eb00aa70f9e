"""The report of a round: what was done, what each check has counted, and what is not as it should
be, with its evidence."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.chaos.case import Case, cases
from tests.chaos.census import CENSUS
from tests.chaos.checks import CHECKS
from tests.chaos.house import House
from tests.chaos.plan import KILLS, Plan
from tests.chaos.round import Outcome

SHOWN = 12  # lines of evidence of each kind


@dataclass
class Report:
    """`found` has for each check how much it has looked at, `wrong` what was not right."""

    plan: Plan
    outcome: Outcome
    found: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    def written(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        plan, outcome = self.plan, self.outcome
        kills = sum(count for kind, count in outcome.troubles.items() if kind in KILLS)
        lost = sum(each.lost for each in outcome.records)
        yield f"{plan.topology}, seed {plan.seed}, {outcome.seconds:.0f} s"
        yield f"  {len(outcome.records)} starts answered, {lost} not; {kills} kills"
        for title, counts in (
            ("troubles", outcome.troubles),
            ("statuses", self.statuses),
            ("failed by no fault of the script", self.excused),
            ("errors in the logs", self.errors),
        ):
            yield f"  {title}: {told(counts)}"
        yield f"  {outcome.seen:>9,} statuses seen by watchers, none after an end"
        yield from (f"  {self.found[name]:>9,} {name}" for name in CHECKS)
        yield from (f"WRONG: {each}" for each in self.wrong)
        yield f"  {len(self.wrong)} things are wrong" if self.wrong else "  nothing is wrong"


def told(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "none"


def judge(house: House, plan: Plan, outcome: Outcome) -> Report:
    """Looks at everything."""
    report = Report(plan, outcome, wrong=list(outcome.complaints))
    known = cases(house, outcome)
    for case in known:
        judge_case(case, report)
    report.wrong += [*unfounded(report)]
    for name, census in CENSUS.items():
        report.wrong += [f"{name}: {each}" for each in census(house, known)]
    report.errors = errors_of(house)
    return report


def unfounded(report: Report) -> Iterator[str]:
    """Processes FAILED for what has not been done to them so often."""
    for part, most in allowed(report.plan, report.outcome.troubles).items():
        count = sum(number for reason, number in report.excused.items() if part in reason)
        if count > most:
            yield f"{count} processes failed because {part!r}, where {most} could have"


def allowed(plan: Plan, troubles: Counter[str]) -> dict[str, int]:
    """How many may have FAILED for a reason with these words."""
    lost = troubles["worker paused"] + troubles["worker lost"] if plan.topology == "shared" else 0
    return {
        "supervisor of the script": troubles["supervisor killed"],
        "lost": lost * len(plan.runs),
        "could not be started": troubles["disk full"] * len(plan.runs),
    }


def judge_case(case: Case, report: Report) -> None:
    report.statuses[case.row.status if case.row else "deleted"] += 1
    for name, check in CHECKS.items():
        try:
            report.found[name] += check(case)
        except AssertionError as error:
            report.wrong.append(f"{name}: process {case.id}: {error}\n{evidence(case)}")
    if case.row and case.row.status == "FAILED" and case.row.exit_code is None:
        report.excused[re.sub(r"[0-9a-f-]{36}|\d[\d: -]+", "…", case.reason)] += 1


def evidence(case: Case) -> str:
    """What is known of a process, in few lines."""
    told, record = case.told, case.record
    lines = [f"{line[:100]!r}" for line in case.lines[-SHOWN:]]
    return "\n".join(
        (
            f"    run: {record and record.run}",
            f"    row: {case.row}",
            f"    script: tokens {told.tokens}, lines {told.count}, ends {told.ends}",
            f"    files: told {sorted(told.files)}, found {sorted(case.files or {})}",
            f"    last lines: {lines}",
        )
    )


def errors_of(house: House) -> Counter[str]:
    """The last line of each traceback in the logs, which say what nobody had expected."""
    counts: Counter[str] = Counter()
    for log in house.logs:
        entries = re.split(r"^(?=\d{4}-\d\d-\d\d )", log.read_text(errors="replace"), flags=re.M)
        for entry in entries:
            if "Traceback" in entry:
                counts[in_short(entry)] += 1
    return counts


def in_short(entry: str) -> str:
    """What was raised, and where."""
    *_, place = re.findall(r'File "[^"]*/(\w+/\w+\.py)", line (\d+)', entry)
    return f"{entry.strip().rpartition(chr(10))[2][:90]} (in {':'.join(place)})"
