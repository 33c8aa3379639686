"""Which statements did the requests of a run repeat from one line, and which loop of the source repeats them?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

from msgspec import Struct

from strop.evidence import Evidence, Exchange
from strop.finding import Cost, Finding
from strop.project.project import Project
from strop.rules.asking import ASKS, FLUSHES
from strop.rules.code import Loop, calls_at, function_at, loops, steps
from strop.rules.draft import draft
from strop.rules.looped import is_finite
from strop.rules.rule import Rule
from strop.rules.served import Seen, requests, statements_of
from strop.rules.wording import many, number, time
from strop.span import Span
from strop.sql.placeholder import normal
from strop.sql.statement import read_statement

LEAST = 4  # repetitions in one request: three can be three questions, four of the same are a loop
BLIND_LEAST = 10  # where no loop is seen in the source, so that only real repetition is reported
_SELECTIN = "POSTCOMPILE_primary_keys"  # selectin loading asks for 500 parents at a time
_CATALOGUES = ("sqlite_", "pg_", "information_schema")  # reflection asks for each table, as it must


class _Group(Struct, frozen=True):
    """The repetitions of one statement from one line in one request."""

    exchange: Exchange
    seen: tuple[Seen, ...]

    @property
    def stack(self) -> tuple[Span, ...]:
        """The longest stack that was kept, innermost first."""
        stacks = [s.query.stack for s in self.seen]
        own = self.seen[0].query.span
        return max(stacks, key=len, default=()) or ((own,) if own is not None else ())

    @property
    def saved(self) -> float:
        """What one statement for all would save, in us."""
        return median(s.elapsed for s in self.seen) * (len(self.seen) - 1)


def repeated(project: Project, evidence: Evidence, rule: Rule) -> Iterator[Finding]:
    """One finding for each statement and line that a loop repeats."""
    found: dict[tuple[str, Span], list[_Group]] = defaultdict(list)
    for exchange in evidence.exchanges:
        for (text, place), seen in _repeated(exchange).items():
            found[text, place].append(_Group(exchange, tuple(seen)))
    for (_, place), groups in found.items():
        worst = max(groups, key=lambda g: len(g.seen))
        if len(worst.seen) >= LEAST:
            around = list(loops(project, worst.stack))
            open_ended = [loop for loop in around if not is_finite(project, loop)]
            if _is_cause(project, place, worst, around, open_ended):
                yield _finding(project, evidence, rule, place, groups, next(iter(open_ended), None))


def _repeated(exchange: Exchange) -> dict[tuple[str, Span], list[Seen]]:
    found: dict[tuple[str, Span], list[Seen]] = defaultdict(list)
    if len(exchange.queries) < LEAST:
        return found
    for seen in statements_of(exchange):
        query = seen.query
        if query.span is None or query.relationship or query.many > 1 or _SELECTIN in query.statement:
            continue
        if read_statement(query.statement).table.startswith(_CATALOGUES):
            continue
        place = Span(query.span.file, query.span.line, query.span.symbol)
        found[normal(query.statement), place].append(seen)
    return {key: seen for key, seen in found.items() if len(seen) >= 2}


def _is_cause(
    project: Project, place: Span, worst: _Group, around: list[Loop], open_ended: list[Loop]
) -> bool:
    writes = read_statement(worst.seen[0].query.statement).kind != "select"
    if writes and (not around or _flushes(project, place)):
        return False  # a flush sends what was added, a statement for each object where it must
    if not around:
        return len(worst.seen) >= BLIND_LEAST
    return bool(open_ended)


def _flushes(project: Project, place: Span) -> bool:
    function = function_at(project, place)
    calls = calls_at(function, place.line) if function is not None else []
    return any(c.name.rpartition(".")[2] in FLUSHES for c in calls)


def _finding(
    project: Project,
    evidence: Evidence,
    rule: Rule,
    place: Span,
    groups: list[_Group],
    loop: Loop | None,
) -> Finding:
    worst = max(groups, key=lambda g: len(g.seen))
    routes = {g.exchange.route for g in groups if g.exchange.route}
    count = requests(evidence, routes)
    saved = sum(g.saved for g in groups)
    queries = sum(len(g.seen) - 1 for g in groups) / count
    statement = worst.seen[0].query.statement
    table = read_statement(statement).table or "the database"
    where = f"by the loop at {loop.span}" if loop is not None else "in one request"
    return draft(
        rule,
        place,
        routes,
        message=f"{table} is asked {many(len(worst.seen), 'time')} {where}",
        impact=f"{number(queries)} statements a request too many, {time(saved / count)} a request",
        solution=_solution(project, place, table, worst),
        known="measured",
        confidence=0.95 if loop is not None else 0.7,
        chain=steps(worst.stack, project),
        cost=Cost(queries=queries, total=saved),
        facts={
            "statement": statement,
            "loop_line": loop.span.line if loop is not None else "",
            "loop_file": loop.span.file if loop is not None else "",
        },
    )


def _solution(project: Project, place: Span, table: str, worst: _Group) -> str:
    """What to do about it: rows that were just written can't be asked for before the loop."""
    function = function_at(project, place)
    calls = calls_at(function, place.line) if function is not None else []
    names = {c.name.rpartition(".")[2] for c in calls}
    if "refresh" in names:
        return f"write first and read {table} back once for all keys, or leave out the refresh where the database fills in nothing"
    if not names & ASKS and worst.exchange.commits and all(s.query.rows <= 1 for s in worst.seen):
        stale = "a commit makes what is loaded stale, so that reading it loads each object again"
        if worst.exchange.commits * 2 >= len(worst.seen):
            return f"commit once, after the loop: {stale}"
        return f"read {table} again with one statement, or use it before the commit: {stale}"
    return f"ask {table} once for all keys, before the loop"
