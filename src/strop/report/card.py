"""What does the page show of one finding? Its state, evidence, source, diff, proof and the way back."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from strop.finding import Cost, Finding
from strop.plan import Item
from strop.report.code import CodeLine, Diff, covers, read_diff, read_excerpt
from strop.report.comparison import RouteChange, solved, unmoved
from strop.report.excerpt import Excerpt
from strop.report.headline import COUNTED, Figure, figure, is_proved, telling
from strop.report.quantity import count, duration
from strop.report.result import Attempt, Change, Choice, Entry, Proposed
from strop.span import Step
from strop.verdict import Verdict

COMMIT = 10  # digits of a commit that is shown
STATES = {"kept": "Kept", "proposed": "Not kept", "choice": "Your choice"}
SOLVED = "Solved elsewhere"


class GainRow(Struct, frozen=True):
    """A measured cost of a verdict, and whether it is proved."""

    figure: Figure
    proved: bool


class Tried(Struct, frozen=True):
    """An alternative that is not on the branch."""

    attempt: Attempt
    diff: Diff | None
    gains: tuple[GainRow, ...]


class Best(Struct, frozen=True):
    """A cost before and after in words; the noun where the number alone would not tell what it counts."""

    before: str
    after: str
    noun: str


class Card(Struct, frozen=True):
    """One finding, ready for the template."""

    number: int
    state: str
    item: Item
    finding: Finding
    problem: str  # "" where the title says it
    impact: str
    chain: tuple[Step, ...]
    source: tuple[CodeLine, ...]
    excerpt: Excerpt | None
    verdict: Verdict | None
    gains: tuple[GainRow, ...]
    diff: Diff | None
    tests: Diff | None  # the test that comes with the change
    relaxed: tuple[str, ...]  # what was relaxed for this change alone
    doubt: str  # what its routes cost as before, though it is on the branch
    solved: str  # what its routes cost before and after, where another change solved it
    commit: str
    title: str  # the commit's subject
    reason: str
    question: str
    default: str
    record: bool
    preserves: str
    tried: tuple[Tried, ...]

    @property
    def best(self) -> Best | None:
        """The most exact proved cost, for the overview."""
        gain = telling(self.verdict) if self.verdict else None
        shown = figure(gain) if gain else None
        return Best(shown.before, shown.after, _noun(shown)) if shown else None

    @property
    def label(self) -> str:
        """The state in words."""
        return SOLVED if self.solved else STATES[self.state]


def build_card(
    number: int, entry: Entry, relaxed: Collection[str] = (), routes: Mapping[str, RouteChange] | None = None
) -> Card:
    """The card of an entry; `number` counts from 1 in the order of the report.

    What is `relaxed` for the whole branch is said once for all; `routes` are those of the branch.
    """
    change = entry if isinstance(entry, Change) else None
    proposed = entry if isinstance(entry, Proposed) else None
    choice = entry if isinstance(entry, Choice) else None
    attempts = () if isinstance(entry, Choice) else entry.attempts
    tests = {edit.file for edit in change.patch.tests} if change else set()
    excerpt = None if change and entry.excerpt and covers(change.diff, entry.excerpt) else entry.excerpt
    reasons = {proposed.reason} if proposed else set()
    finding, item = entry.finding, entry.item
    return Card(
        number=number,
        state="kept" if change else "choice" if choice else "proposed",
        item=item,
        finding=finding,
        problem="" if item.problem.startswith(finding.message.rstrip(".")) else item.problem,
        impact=impact(finding),
        chain=tuple({(step.text, str(step.span)): step for step in finding.chain}.values()),
        source=read_excerpt(excerpt) if excerpt else (),
        excerpt=excerpt,
        verdict=change.verdict if change else None,
        gains=gain_rows(change.verdict) if change else (),
        diff=read_diff(change.diff, lambda file: file not in tests) if change else None,
        tests=read_diff(change.diff, tests.__contains__) if tests and change else None,
        relaxed=tuple(place for place in change.verdict.relaxed if place not in relaxed) if change else (),
        doubt=unmoved(change, routes or {}) if change else "",
        solved=solved(proposed, routes or {}) if proposed else "",
        commit=change.commit[:COMMIT] if change else "",
        title=change.patch.title if change else "",
        reason=proposed.reason if proposed else "",
        question=question(choice) if choice else "",
        default=choice.default if choice else "",
        record=choice.record if choice else False,
        preserves=change.patch.preserves if change else "",
        tried=tuple(_tried(a, tests) for a in attempts if a.diff or a.verdict or a.reason not in reasons),
    )


def gain_rows(verdict: Verdict) -> tuple[GainRow, ...]:
    """Every measured cost of a verdict, proved ones first."""
    rows = [GainRow(figure(gain), is_proved(gain)) for gain in verdict.gains]
    return tuple(sorted(rows, key=lambda row: not row.proved))


def _noun(shown: Figure) -> str:
    return shown.name.lower().removesuffix(" fetched") if shown.instrument == COUNTED else ""


def question(choice: Choice) -> str:
    """The question without the finding's message, which stands above it."""
    asked = choice.question.removeprefix(choice.finding.message).lstrip(" :")
    return asked[:1].upper() + asked[1:]


def _tried(attempt: Attempt, tests: Collection[str]) -> Tried:
    diff = read_diff(attempt.diff, lambda file: file not in tests) if attempt.diff else None
    return Tried(attempt, diff, gain_rows(attempt.verdict) if attempt.verdict else ())


def impact(finding: Finding) -> str:
    """What the cause does, and what it cost in the whole run."""
    total = f"{duration(finding.cost.total)} in this run" if finding.cost.total else ""
    return "; ".join(part for part in (finding.impact, total) if part)


def cost_texts(cost: Cost) -> list[tuple[str, str]]:
    """What the cause costs, as far as it was measured: a number, and what it counts."""
    measured = (
        (cost.queries, count, "needless queries a request"),
        (cost.rows, count, "needless rows a request"),
        (cost.cpu, duration, "CPU a request"),
        (cost.blocked, duration, "of blocked loop a request"),
        (cost.threads, count, "thread hops a request"),
        (cost.total, duration, "in this run"),
    )
    return [(write(value), name) for value, write, name in measured if value]
