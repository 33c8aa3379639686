"""How does the database run a statement? The plans of SQLite and PostgreSQL as one kind of step."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from strop.regex import regex

StepKind = Literal["scan", "search", "sort"]
Role = Literal[
    "outer", "loop", "hash"
]  # read once; read again for each row before it; read whole to be joined

_SQLITE = regex(
    r"(?P<verb>SCAN|SEARCH)\s+(?:TABLE\s+)?(?P<name>.+?)(?:\s+AS\s+(?P<alias>\S+))?"
    r"(?:\s+USING\s+(?P<using>.+?))?(?:\s+\((?P<terms>[^()]*)\))?(?:\s+LEFT-JOIN)?$"
)
_SORT = regex(r"USE TEMP B-TREE FOR (?:[\w ]+ OF |LAST TERM OF )?(?P<what>ORDER BY|GROUP BY|DISTINCT)")
_TERM = regex(r"(\w+)\s*(?:=|>|<|IS)")
_INDEX = regex(r"INDEX\s+(\S+)")
_NOT_A_TABLE = regex(r"SUBQUERY \d|\(|\d+ CONSTANT ROW|\d+-ROW")
_POSTGRES_SCANS = {"Seq Scan", "Parallel Seq Scan"}
_POSTGRES_SEARCHES = {"Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Scan"}


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step of a plan that touches a table or sorts.

    `table` is the name that the plan shows: in SQLite the alias where there is one. `index` is "" where
    none is used and "automatic" where SQLite builds one for this run alone. `rows` is the planner's
    estimate, 0 if it gives none.
    """

    kind: StepKind
    table: str
    index: str = ""
    columns: tuple[str, ...] = ()  # terms that an index search uses, or sort keys
    rows: int = 0
    use: str = ""  # of a sort: order, group, distinct
    detail: str = ""
    role: Role = "outer"


def parse_sqlite(rows: Iterable[Sequence[object]]) -> tuple[PlanStep, ...]:
    """Steps of `EXPLAIN QUERY PLAN`, whose rows are (id, parent, unused, detail)."""
    steps: list[PlanStep] = []
    repeated: set[object] = set()  # ids below which a table is read again and again
    for identity, parent, *_, detail in rows:
        text = str(detail)
        if text.startswith("CORRELATED"):
            repeated.add(identity)
        step = _sqlite_step(text, "loop" if parent in repeated else "outer")
        if step is None:
            continue
        if step.kind != "sort":
            repeated.add(parent)  # later tables of the same level are inner loops of this one
        steps.append(step)
    return tuple(steps)


def _sqlite_step(detail: str, role: Role) -> PlanStep | None:
    if sort := _SORT.match(detail):
        use = sort["what"].split()[0].lower()
        return PlanStep("sort", "", use=use, detail=detail)
    match = _SQLITE.match(detail)
    if match is None or _NOT_A_TABLE.match(match["name"]):
        return None
    using = match["using"] or ""
    terms = tuple(_TERM.findall(match["terms"] or ""))
    return PlanStep(
        kind="scan" if match["verb"] == "SCAN" else "search",
        table=match["alias"] or match["name"].strip(),
        index=_sqlite_index(using),
        columns=terms,
        detail=detail,
        role=role,
    )


def _sqlite_index(using: str) -> str:
    if "AUTOMATIC" in using:
        return "automatic"
    if "PRIMARY KEY" in using:
        return "primary key"
    match = _INDEX.search(using)
    return match[1] if match else ""


def parse_postgres(answer: object) -> tuple[PlanStep, ...]:
    """Steps of `EXPLAIN (FORMAT JSON)`: the decoded value, its text, or one row that holds either."""
    while isinstance(answer, str | bytes):
        answer = json.loads(answer)
    if isinstance(answer, Sequence) and answer:
        return parse_postgres(answer[0])
    if isinstance(answer, Mapping) and isinstance(answer.get("Plan"), Mapping):
        return tuple(_postgres_steps(answer["Plan"], "outer"))
    return ()


def _postgres_steps(node: Mapping[str, Any], role: Role) -> Iterator[PlanStep]:
    step = _postgres_step(node, role)
    if step is not None:
        yield step
    for position, child in enumerate(node.get("Plans") or ()):
        yield from _postgres_steps(child, _role_below(node, position, child, role))


def _role_below(node: Mapping[str, Any], position: int, child: Mapping[str, Any], role: Role) -> Role:
    kind = str(node.get("Node Type", ""))
    if role == "loop" or (kind == "Nested Loop" and position > 0) or _is_correlated(child):
        return "loop"
    return "hash" if kind in {"Hash Join", "Merge Join"} else role


def _is_correlated(child: Mapping[str, Any]) -> bool:
    return child.get("Parent Relationship") == "SubPlan"


def _postgres_step(node: Mapping[str, Any], role: Role) -> PlanStep | None:
    kind = str(node.get("Node Type", ""))
    rows = int(node.get("Plan Rows") or 0)
    table = str(node.get("Alias") or node.get("Relation Name") or "")
    if kind in _POSTGRES_SCANS and table:
        condition = str(node.get("Filter") or "")
        detail = f"{kind} on {node.get('Relation Name', table)}" + (
            f" filter {condition}" if condition else ""
        )
        return PlanStep("scan", table, rows=rows, detail=detail, role=role)
    if kind in _POSTGRES_SEARCHES and table:
        return _postgres_search(node, table, rows, role)
    if kind in {"Sort", "Incremental Sort"}:
        keys = tuple(str(k) for k in node.get("Sort Key") or ())
        return PlanStep("sort", "", "", keys, rows, "order", f"{kind} by {', '.join(keys)}")
    return None


def _postgres_search(node: Mapping[str, Any], table: str, rows: int, role: Role) -> PlanStep:
    condition = str(node.get("Index Cond") or node.get("Recheck Cond") or "")
    names = (node, *(node.get("Plans") or ()))
    index = next((str(n["Index Name"]) for n in names if n.get("Index Name")), "")
    terms = tuple(dict.fromkeys(_TERM.findall(condition)))
    detail = f"{node['Node Type']} using {index} {condition}"
    return PlanStep("search", table, index, terms, rows, "", detail, role)
