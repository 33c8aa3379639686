"""Rows are sorted to be counted.

**What.** `select(func.count()).select_from(query.subquery())`, or `query.count()`, where `query` has an `order_by`.

**Why it costs.** The database puts all matching rows in order and then counts them: on PostgreSQL a subquery with ORDER BY cannot be merged
into the count, so all its columns are read and sorted, on disk when they are many. A page of 20 rows then costs as much as the table.

**How it is found.** A count around a query that was given its order before, in the same function, without `order_by(None)` between.

**How to fix it.** Count first, and add order, limit and offset afterwards; or `query.order_by(None)` for the count.

**When it is no problem.** The query has a limit: what is counted is one page. It groups (`group_by`): all rows are read for the groups
anyway, and only those are sorted. MySQL and SQLite leave the order out by themselves. It is a note where the order is added under a
condition, so that the usual request sorts nothing. More than three of them are a habit, told once.

**Sources.** https://docs.sqlalchemy.org/en/20/orm/queryguide/query.html#sqlalchemy.orm.Query.count ;
https://www.postgresql.org/docs/current/queries-order.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.told import marks, tell, ways_to

RULE = Rule("DB026", "sorted-count", "database", "warning", "Rows are sorted to be counted", static=True)
WORDS = ("order_by",)
_LIMITS = regex(r"\.(limit|offset|slice|distinct|fetch|select_from|group_by)\(")
_WRAPS = ("subquery", "alias", "cte")
HABIT = 3  # findings of one project that are told one by one


def notice(body: Body) -> Iterator[Mark]:
    """Counts of something sorted."""
    for call in body.calls("select_from", "count"):
        query = _counted(body, call)
        if query is None:
            continue
        text = _history(body, query, call.lineno)
        if (
            ".order_by(" in text
            and not _LIMITS.search(text)
            and "order_by(None)" not in f"{text}{body.text(call)}"
        ):
            chosen = not _is_always_sorted(body, query, call.lineno)
            yield body.mark(
                RULE.code, call, text=body.brief(call, 90), query=body.brief(query, 40), chosen=chosen
            )


def _counted(body: Body, call: ast.Call) -> ast.expr | None:
    """The query of `select(func.count()).select_from(query.subquery())` and of `query.count()`."""
    match call:
        case ast.Call(
            func=ast.Attribute(attr="select_from", value=ast.Call() as selected),
            args=[ast.Call(func=ast.Attribute(value=query, attr=attr))],
        ) if attr in _WRAPS and "count(" in body.text(selected):
            return query
        case ast.Call(
            func=ast.Attribute(attr="select_from", value=ast.Call() as selected), args=[ast.Name() as name]
        ) if "count(" in body.text(selected):
            made = body.value(name)
            if (
                isinstance(made, ast.Call)
                and isinstance(made.func, ast.Attribute)
                and made.func.attr in _WRAPS
            ):
                return made.func.value
        case ast.Call(func=ast.Attribute(attr="count", value=query), args=[], keywords=[]):
            return query if body.instance(query) in _QUERIES else None
    return None


_QUERIES = ("sqlalchemy.orm.Query", "sqlalchemy.orm.query.Query", "sqlalchemy.orm.session.Query")


def _history(body: Body, query: ast.expr, line: int) -> str:
    """How a query was made before this line, as one text."""
    return " ".join(f"{body.text(e)};" for e in _made(body, query, line))


def _made(body: Body, query: ast.expr, line: int) -> list[ast.expr]:
    """What a query was before this line, from value to value."""
    if not isinstance(query, ast.Name):
        return [query]
    known = body.scope.names.get(query.id, ())
    return [b.expr for b in known if b.how == "value" and b.expr is not None and b.line < line]


def _is_always_sorted(body: Body, query: ast.expr, line: int) -> bool:
    """Whether the order is given under no condition, or under one that the count stands behind too."""
    sorting = [e for e in _made(body, query, line) if ".order_by(" in body.text(e)]
    return any(not any(body.conditions(each)) for each in sorting)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each count that a request waits for; one for all where they are many."""
    found = [
        _finding(mark, ways) for mark in marks(project, RULE) if (ways := ways_to(project, mark.function))
    ]
    loud = [finding for finding in found if finding.severity != "note"]
    if len(loud) <= HABIT:
        yield from found
        return
    routes = sorted({route for each in loud for route in each.routes})
    yield replace(loud[0], places=tuple(each.span for each in loud[1:]), routes=tuple(routes))
    yield from (each for each in found if each.severity == "note")


def _finding(mark: Mark, ways: Sequence[Reach]) -> Finding:
    return tell(
        RULE,
        mark,
        ways,
        message=f"{mark.fact('query')} is put in order before its rows are counted",
        impact="the database sorts all matching rows for a number; a page costs as much as the table",
        solution="count with .order_by(None), or add the order after the count",
        confidence=0.8,
        severity="note" if mark.fact("chosen") else None,
    )


_LIST = """
@app.get("/orders/search")
def search(word: str, limit: int = 20, session: Session = Depends(get_session)):
    query = select(Order).where(Order.number.contains(word)){before}
    total = session.scalar(select(func.count()).select_from(query.subquery()))
    rows = session.scalars(query{after}.limit(min(limit, 50))).all()
    return {{"total": total, "rows": [row.number for row in rows]}}
"""
_CHOSEN = """
    if word:
        query = query.order_by(Order.number)"""
EXAMPLES = (
    Example(
        "sorted where somebody asks for it: a note", shop(_LIST.format(before=_CHOSEN, after="")), bad=True
    ),
    Example(
        "ordered, then counted", shop(_LIST.format(before=".order_by(Order.number)", after="")), bad=True
    ),
    Example(
        "counted, then ordered",
        shop(_LIST.format(before="", after=".order_by(Order.number)")),
        bad=False,
        mends="ordered, then counted",
    ),
    Example(
        "the order is taken off for the count",
        shop(
            _LIST.format(before=".order_by(Order.number)", after="").replace(
                "(query.sub", "(query.order_by(None).sub"
            )
        ),
        bad=False,
    ),
    Example(
        "the best ten are counted",
        shop(_LIST.format(before=".order_by(Order.number).limit(10)", after="")),
        bad=False,
    ),
    Example(
        "groups are sorted, and counted",
        shop("""
@app.get("/orders/states")
def states(session: Session = Depends(get_session)):
    grouped = select(Order.status, func.count(Order.id).label("held")).group_by(Order.status)
    grouped = grouped.order_by(func.count(Order.id).desc())
    total = session.scalar(select(func.count()).select_from(grouped.subquery()))
    return {"total": total, "rows": [row.status for row in session.execute(grouped.limit(20))]}
"""),
        bad=False,
    ),
)
