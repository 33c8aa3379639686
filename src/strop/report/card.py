"""What does the page show of one finding? Its state, evidence, source, diff, proof and the way back."""

from __future__ import annotations

from dataclasses import dataclass

from strop.finding import Cost, Finding
from strop.plan import Item
from strop.report.code import CodeLine, Diff, read_diff, read_excerpt
from strop.report.headline import COUNTED, Figure, figure, is_proved
from strop.report.quantity import count, duration
from strop.report.result import Attempt, Change, Choice, Entry, Excerpt, Proposed
from strop.verdict import Verdict

STATES = {"kept": "Kept", "proposed": "Not kept", "choice": "Your choice"}


@dataclass(frozen=True, slots=True)
class GainRow:
    """A measured cost of a verdict, and whether it is proved."""

    figure: Figure
    proved: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """An alternative that is not on the branch."""

    attempt: Attempt
    diff: Diff | None
    gains: tuple[GainRow, ...]


@dataclass(frozen=True, slots=True)
class Best:
    """A cost before and after in words; the noun where the number alone would not tell what it counts."""

    before: str
    after: str
    noun: str


@dataclass(frozen=True, slots=True)
class Card:
    """One finding, ready for the template."""

    number: int
    state: str
    item: Item
    finding: Finding
    costs: tuple[tuple[str, str], ...]  # a number, and what it counts
    source: tuple[CodeLine, ...]
    excerpt: Excerpt | None
    verdict: Verdict | None
    gains: tuple[GainRow, ...]
    diff: Diff | None
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
        proved = [row.figure for row in self.gains if row.proved]
        counted = [shown for shown in proved if shown.instrument == COUNTED] or proved
        return Best(counted[0].before, counted[0].after, _noun(counted[0])) if counted else None

    @property
    def label(self) -> str:
        """The state in words."""
        return STATES[self.state]


def build_card(number: int, entry: Entry) -> Card:
    """The card of an entry; `number` counts from 1 in the order of the report."""
    change = entry if isinstance(entry, Change) else None
    proposed = entry if isinstance(entry, Proposed) else None
    choice = entry if isinstance(entry, Choice) else None
    attempts = () if isinstance(entry, Choice) else entry.attempts
    return Card(
        number=number,
        state="kept" if change else "choice" if choice else "proposed",
        item=entry.item,
        finding=entry.finding,
        costs=tuple(cost_texts(entry.finding.cost)),
        source=read_excerpt(entry.excerpt) if entry.excerpt else (),
        excerpt=entry.excerpt,
        verdict=change.verdict if change else None,
        gains=gain_rows(change.verdict) if change else (),
        diff=read_diff(change.diff) if change else None,
        commit=change.commit if change else "",
        title=change.patch.title if change else "",
        reason=proposed.reason if proposed else "",
        question=choice.question if choice else "",
        default=choice.default if choice else "",
        record=choice.record if choice else False,
        preserves=change.patch.preserves if change else "",
        tried=tuple(map(_tried, attempts)),
    )


def gain_rows(verdict: Verdict) -> tuple[GainRow, ...]:
    """Every measured cost of a verdict, proved ones first."""
    rows = [GainRow(figure(gain), is_proved(gain)) for gain in verdict.gains]
    return tuple(sorted(rows, key=lambda row: not row.proved))


def _noun(shown: Figure) -> str:
    return shown.name.lower().removesuffix(" fetched") if shown.instrument == COUNTED else ""


def _tried(attempt: Attempt) -> Tried:
    diff = read_diff(attempt.diff) if attempt.diff else None
    return Tried(attempt, diff, gain_rows(attempt.verdict) if attempt.verdict else ())


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
