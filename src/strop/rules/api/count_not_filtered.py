"""The total of a list is counted over rows that the list leaves out.

**What.** `select(func.count()).select_from(Item)` beside `select(Item).where(Item.owner_id == user.id).limit(...)`.

**Why it costs.** Pages are wrong: the client is told of 900 items and can see 12. And it learns how many there are of everybody.

**How it is found.** In one function: a count of a table without any condition, and a page (with limit or offset) of the same table
with a condition.

**How to fix it.** The same `where` on both statements.

**When it is no problem.** A total that is meant, beside the filtered one.

**Sources.** https://github.com/fastapi/full-stack-fastapi-template/pull/1169
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "API017", "count-not-filtered", "api", "warning", "A total over what the list leaves out", static=True
)
WORDS = ("count",)
_FILTERS = frozenset({"where", "filter", "filter_by", "having"})
_PAGES = frozenset({"limit", "offset", "slice"})
_JOINS = frozenset({"join", "outerjoin"})


def notice(body: Body) -> Iterator[Mark]:
    """Counts without a condition beside pages with one."""
    counts: dict[str, ast.Call] = {}
    pages: list[tuple[str, set[str]]] = []
    filtered: set[str] = set()
    for call in (*body.calls("select"), *body.calls("query")):
        names, top = _chain(body, call)
        counted = next(
            (a for a in call.args if isinstance(a, ast.Call) and last_name(a.func) == "count"), None
        )
        entity = _entity(body, top) if counted is not None else _first(body, call)
        filters = names & _FILTERS
        if counted is not None or "count" in names:
            if entity and not filters and not names & _JOINS and not _goes_on(body, top):
                counts.setdefault(entity, call)
            else:
                filtered.add(entity)  # a branch of its own: each count has its list
        elif entity and names & _PAGES:
            pages.append((entity, filters))
    for entity, filters in pages:
        if filters and entity in counts and entity not in filtered:
            call = counts.pop(entity)
            yield body.mark(RULE.code, call, text=body.brief(_chain(body, call)[1], 90), entity=entity)


def _chain(body: Body, call: ast.Call) -> tuple[set[str], ast.expr]:
    """The methods that are called on a statement one after the other, and the last call."""
    names: set[str] = set()
    here: ast.expr = call
    while isinstance(parent := body.parent(here), ast.Attribute):
        outer = body.parent(parent)
        if not isinstance(outer, ast.Call):
            break
        names.add(parent.attr)
        here = outer
    return names, here


def _entity(body: Body, top: ast.expr) -> str:
    """What is counted: `select_from(X)`, or X in `count(X.id)`."""
    for node in ast.walk(top):
        if isinstance(node, ast.Call) and last_name(node.func) == "select_from" and node.args:
            return body.text(node.args[0])
    for node in ast.walk(top):
        if isinstance(node, ast.Call) and last_name(node.func) == "count" and node.args:
            return body.text(node.args[0]).partition(".")[0]
    return ""


def _first(body: Body, call: ast.Call) -> str:
    given = call.args[0] if call.args else None
    return body.text(given) if isinstance(given, ast.Name | ast.Attribute) else ""


def _goes_on(body: Body, top: ast.expr) -> bool:
    """Whether the statement is kept under a name that is given conditions later."""
    parent = body.parent(top)
    if not isinstance(parent, ast.Assign) or not isinstance(parent.targets[0], ast.Name):
        return False
    name = parent.targets[0].id
    return any(
        isinstance(a.value, ast.Name) and a.value.id == name and a.attr in _FILTERS
        for a in body.of(ast.Attribute)
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each count."""
    for mark in marks(project, RULE):
        ways = ways_to(project, mark.function)
        yield tell(
            RULE,
            mark,
            ways,
            message=f"{mark.fact('text')} counts every {mark.fact('entity')}, the list shows some",
            impact="pages are wrong, and the client learns how many there are of everybody",
            solution="the same where() on both statements",
            confidence=0.85,
        )


_LIST = """
@app.get("/orders")
def list_orders(customer_id: int, offset: int = 0, session: Session = Depends(get_session)):
    count = session.scalar(select(func.count()).select_from(Order){condition})
    found = session.scalars(
        select(Order).where(Order.customer_id == customer_id).offset(offset).limit(20)
    ).all()
    return {{"count": count, "orders": [order.number for order in found]}}
"""

EXAMPLES = (
    Example("everybody's orders", shop(_LIST.format(condition="")), bad=True),
    Example(
        "mine",
        shop(_LIST.format(condition=".where(Order.customer_id == customer_id)")),
        mends="everybody's orders",
    ),
    Example(
        "a condition that comes later",
        shop("""
@app.get("/orders")
def list_orders(customer_id: int, session: Session = Depends(get_session)):
    statement = select(func.count()).select_from(Order)
    statement = statement.where(Order.customer_id == customer_id)
    found = session.scalars(select(Order).where(Order.customer_id == customer_id).limit(20)).all()
    return {"count": session.scalar(statement), "orders": [order.number for order in found]}
"""),
    ),
)
