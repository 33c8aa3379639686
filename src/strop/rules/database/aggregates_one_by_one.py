"""Several numbers of one table, each by a statement of its own.

**What.** A count, then a count of the failed, then an average, in four statements over the same rows.

**Why it costs.** The table is read once for each number, and each is a round trip; the numbers may belong to
different moments.

**How it is found.** Three statements or more in one function that each fetch one aggregate of the same model.

**How to fix it.** One statement with conditional aggregates: `select(func.count(), func.count().filter(...),
func.avg(...))`.

**When it is no problem.** Aggregates that different indexes answer without reading the table (a count of an indexed
flag); code that runs once a day.

**Sources.** PostgreSQL, "Aggregate Expressions": https://www.postgresql.org/docs/current/sql-expressions.html#SYNTAX-AGGREGATES ;
SQLAlchemy, "FILTER": https://docs.sqlalchemy.org/en/20/tutorial/data_select.html
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.loading import Load, loads
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.wording import many

RULE = Rule(
    "DB024",
    "aggregates-one-by-one",
    "database",
    "warning",
    "A statement for each number of a table",
    static=True,
)
WORDS = frozenset({"func", "count"})
LEAST = 3  # two numbers are seldom worth a harder statement
_NUMBERS = ("count", "sum", "avg", "min", "max")


def notice(body: Body) -> Iterator[Mark]:
    """Tables of which this function asks several numbers, one by one."""
    found: dict[str, list[Load]] = defaultdict(list)
    for load in loads(body):
        table = _number_of(body, load)
        if table:
            found[table].append(load)
    for table, several in found.items():
        ordered = sorted(several, key=lambda load: load.executed.lineno)
        if len(ordered) >= LEAST:
            yield body.mark(RULE.code, ordered[0].executed, table=table, times=len(ordered))


def _number_of(body: Body, load: Load) -> str:
    """The model of which a statement fetches one plain aggregate."""
    statement = load.statement
    if statement.has("group_by", "join", "outerjoin", "select_from_subquery") or body.loop(load.executed):
        return ""
    if (statement.legacy and load.fetch == "count") or statement.has("count"):
        return statement.entities[0].rpartition(".")[2] if len(statement.entities) == 1 else ""
    if statement.entities or len(statement.columns) != 1 or not _is_aggregate(statement.columns[0]):
        return ""
    named = [statement.columns[0], *(a for c in statement.calls("select_from") for a in c.args)]
    owners = {
        ref.name.rpartition(".")[2]
        for expr in named
        for node in ast.walk(expr)
        if isinstance(node, ast.Name)
        and (ref := body.ref(node)) is not None
        and ref.kind == "class"
        and ref.name in body.types.found.classes
    }
    return min(owners) if len(owners) == 1 else ""


def _is_aggregate(expr: ast.expr) -> bool:
    if (
        isinstance(expr, ast.Call)
        and isinstance(expr.func, ast.Attribute)
        and expr.func.attr in ("label", "filter", "coalesce")
    ):
        inner = (
            expr.func.value
            if expr.func.attr != "coalesce"
            else (expr.args[0] if expr.args else expr.func.value)
        )
        return _is_aggregate(inner)
    return isinstance(expr, ast.Call) and isinstance(expr.func, ast.Attribute) and expr.func.attr in _NUMBERS


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function and table."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread"))
        if ways:
            times = int(mark.fact("times"))
            yield draft(
                RULE,
                mark.span,
                {w.route for w in ways},
                message=f"{many(times, 'number')} of {mark.fact('table')}, each by a statement of its own",
                impact=f"the rows are read {many(times, 'time')}, in as many round trips",
                solution="one statement with conditional aggregates: func.count().filter(...)",
                known="static",
                confidence=0.75,
                chain=ways[0].chain,
                facts={"table": mark.fact("table"), "function": mark.function},
            )


EXAMPLES = (
    Example(
        "three counts",
        shop("""
@app.get("/stats")
def read_stats(session: Session = Depends(get_session)):
    total = session.scalar(select(func.count(Order.id)))
    unpaid = session.scalar(select(func.count(Order.id)).where(Order.status == "open"))
    last = session.execute(select(func.max(Order.id)).where(Order.status == "paid")).scalar_one()
    return {"total": total, "unpaid": unpaid, "last": last}
"""),
        bad=True,
    ),
    Example(
        "one statement",
        shop("""
@app.get("/stats")
def read_stats(session: Session = Depends(get_session)):
    asked = select(func.count(Order.id), func.count(Order.id).filter(Order.status == "open"), func.max(Order.id))
    total, unpaid, last = session.execute(asked).one()
    return {"total": total, "unpaid": unpaid, "last": last}
"""),
        bad=False,
        mends="three counts",
    ),
    Example(
        "numbers of different tables",
        shop("""
@app.get("/stats")
def read_stats(session: Session = Depends(get_session)):
    orders = session.scalar(select(func.count(Order.id)))
    items = session.scalar(select(func.count(Item.id)))
    payments = session.scalar(select(func.sum(Payment.cents)))
    return {"orders": orders, "items": items, "payments": payments}
"""),
        bad=False,
    ),
)
