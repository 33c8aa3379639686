"""Which index would serve a full scan? Columns from the statement, where its plan says one is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from strop.evidence import ScanStep
from strop.sql.plan import PlanStep
from strop.sql.statement import Statement, Use

Indexes = Mapping[str, Sequence[Sequence[str]]]
_MOST_COLUMNS = 3  # a wider index costs every write more than it spares a read


def missing_index(
    statement: Statement, steps: Iterable[PlanStep], indexes: Indexes, rows: Mapping[str, int]
) -> tuple[ScanStep, ...]:
    """Scans of the plan that an index would turn into a search, each with the columns that it would have.

    `indexes` are the columns of each table's indexes, unique constraints and primary key, in order; `rows`
    how many rows each table holds. A scan without a use for an index (the whole table is asked for, or the
    condition is one that no plain index serves: LIKE, OR, a function, NULL, a flag) is not reported.
    """
    steps = tuple(steps)
    found: dict[tuple[str, tuple[str, ...]], ScanStep] = {}
    for step in steps:
        table = statement.real(step.table)
        columns, use = _candidate(statement, step, steps, table)
        if not columns or _served(columns, indexes.get(table, ())):
            continue
        scan = ScanStep(statement.text, table, columns, use, rows.get(table, step.rows), step.detail)
        found.setdefault((table, columns), scan)
    return tuple(found.values())


def _candidate(
    statement: Statement, step: PlanStep, steps: tuple[PlanStep, ...], table: str
) -> tuple[tuple[str, ...], str]:
    if step.kind == "search" and step.index == "automatic":
        return step.columns[:_MOST_COLUMNS], "join"
    if step.kind != "scan":
        return (), ""
    equal = _columns(statement.filters, table, "equal")
    joined = _columns(statement.joins, table, "equal")
    if joined and (step.role == "loop" or (step.role == "hash" and _selective(statement, table))):
        return joined[:1], "join"
    if equal:
        return equal[:_MOST_COLUMNS], "filter"
    if ranged := _columns(statement.filters, table, "range"):
        return ranged[:1], "filter"
    if statement.limited and _sorted(steps) and (sort := _sort_of(statement, table)):
        return sort[:_MOST_COLUMNS], "sort"
    return (), ""


def _columns(uses: Iterable[Use], table: str, comparison: str) -> tuple[str, ...]:
    names = (u.column for u in uses if u.table == table and u.comparison == comparison)
    return tuple(dict.fromkeys(names))


def _selective(statement: Statement, table: str) -> bool:
    """Whether the other side of the join is narrowed, so that not all of `table` is wanted anyway."""
    if statement.limited or statement.limited_inside:
        return True
    return any(f.table != table and f.comparison in ("equal", "range") for f in statement.filters)


def _sorted(steps: Iterable[PlanStep]) -> bool:
    return any(step.kind == "sort" and step.use == "order" for step in steps)


def _sort_of(statement: Statement, table: str) -> tuple[str, ...]:
    """The sort columns, when this table alone is sorted and an index could give the first rows."""
    if any(s.table != table for s in statement.sorts) or statement.groups or statement.distinct:
        return ()
    if any(f.table == table for f in statement.filters):
        return ()  # what passes the filter is sorted: an index on the sort alone can make it worse
    return tuple(dict.fromkeys(s.column for s in statement.sorts))


def _served(columns: tuple[str, ...], indexes: Iterable[Sequence[str]]) -> bool:
    """Whether an index already begins with these columns, in any order among them."""
    return any(set(index[: len(columns)]) == set(columns) for index in indexes)
