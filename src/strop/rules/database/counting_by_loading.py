"""All rows are loaded and only counted.

**What.** `len(session.scalars(select(Customer)).all())`: every row crosses the wire, becomes an object, and
is forgotten; only the number was wanted.

**Why it costs.** Time and memory grow with the table. `SELECT count(*)` answers with one row.

**How it is found.** In the source: rows that are fetched, and appear nowhere but in `len(...)`. In the run:
the statement of that line and how many rows it fetched.

**How to fix it.** `session.scalar(select(func.count()).select_from(...))` with the same conditions.

**When it is no problem.** Rows that are used besides being counted are not reported.

**Sources.** SQLAlchemy, "Aggregate Functions":
https://docs.sqlalchemy.org/en/20/tutorial/data_select.html
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

from strop.evidence import Evidence
from strop.finding import Cost, Finding
from strop.project.body import Body
from strop.project.function import Call, Function, Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.rules.code import reaches, steps
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.loading import is_mapped, load_of
from strop.rules.rule import Rule
from strop.rules.sample import SHOP, shop
from strop.rules.seldom import is_seldom
from strop.rules.served import Seen, answered, place, requests, statements
from strop.rules.syntax import counted_lines
from strop.rules.wording import number, time
from strop.span import Span
from strop.sql.statement import read_statement

WORDS = frozenset({"len"})
RULE = Rule("DB006", "counting-by-loading", "database", "warning", "Rows are loaded to be counted")

MANY_ROWS = 10  # below it the load may be small by design: it is said with less confidence


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each line that loads rows to count them."""
    if evidence is None:
        yield from _unserved(project)
        return
    executed: dict[tuple[str, int], list[Seen]] = defaultdict(list)
    for seen in statements(evidence) if evidence is not None else ():
        if seen.query.span is not None and not seen.query.relationship:
            executed[place(seen.query.span)].append(seen)
    for function, lines in _counting(project):
        loads = [s for line in lines for s in executed.get((function.span.file, line), ())]
        loads = [s for s in loads if not read_statement(s.query.statement).aggregated]
        if loads and evidence is not None:
            yield _measured(project, evidence, function, loads)
        elif evidence is None or not _ran(project, evidence, function):
            yield from _static(project, function, lines)


def _counting(project: Project) -> Iterator[tuple[Function, list[int]]]:
    """Each load whose rows are only counted: its function and its lines."""
    for function in project.source.functions.values():
        if any(call.name == "len" or call.text.startswith("len(") for call in function.calls):
            spans = list(counted_lines(project, function))
            for lines in _joined(spans):
                yield function, lines


def _joined(spans: Iterable[range]) -> Iterator[list[int]]:
    """Lines by load, each line once: a load and the statement that it fetches from may share lines."""
    seen: set[int] = set()
    for span in spans:
        fresh = [line for line in span if line not in seen]
        seen.update(fresh)
        if fresh:
            yield fresh


def _ran(project: Project, evidence: Evidence, function: Function) -> bool:
    ran = answered(evidence)
    return any(ran[r.route] for r in reaches(project, function.id, ("loop", "thread")))


def _measured(project: Project, evidence: Evidence, function: Function, loads: list[Seen]) -> Finding:
    routes = {s.exchange.route for s in loads if s.exchange.route}
    count = requests(evidence, routes)
    rows = sum(max(s.query.rows - 1, 0) for s in loads) / count
    total = float(sum(s.elapsed for s in loads))
    dearest = max(loads, key=lambda s: s.query.rows)
    query = dearest.query
    span = query.span or function.span
    table = read_statement(query.statement).table or "rows"
    return draft(
        RULE,
        Span(span.file, span.line, span.symbol),
        routes,
        message=f"{number(query.rows)} rows of {table} are loaded to be counted",
        impact=f"{number(rows)} rows a request too many, {time(total / count)} a request",
        solution=f"let the database count: select(func.count()) from {table} with the same conditions",
        known="measured",
        confidence=0.95 if query.rows >= MANY_ROWS else 0.6,
        chain=steps(query.stack or (span,), project),
        cost=Cost(rows=rows, total=total),
        facts={"statement": query.statement},
    )


def _static(project: Project, function: Function, lines: list[int]) -> Iterator[Finding]:
    call = _query(function, lines)
    ways = reaches(project, function.id, ("loop", "thread"))
    if call is None or not ways:
        return
    yield draft(
        RULE,
        Span(call.span.file, call.span.line, function.span.symbol),
        (r.route for r in ways),
        message="rows are loaded to be counted",
        impact="every row is fetched for one number; how many was not measured",
        solution="let the database count: select(func.count()) with the same conditions",
        known="static",
        confidence=0.6,
        chain=ways[0].chain,
    )


def _query(function: Function, lines: list[int]) -> Call | None:
    asks = (c for c in function.calls if c.effect is not None and c.effect.kind in ("queries", "blocks"))
    return next((c for c in asks if c.span.line in lines), None)


def notice(body: Body) -> Iterator[Mark]:
    """Rows that are fetched and only counted; collections of a model that its own code counts."""
    for call in body.calls("len"):
        if len(call.args) != 1:
            continue
        given = call.args[0]
        key = _own_collection(body, given)
        if key and not _is_asked_first(body, call):
            yield body.mark(RULE.code, call, kind="collection", key=key)
        elif (
            not key
            and _only_counted_here(body, given)
            and (load := load_of(body, given)) is not None
            and load.many
        ):
            entity = next((e.rpartition(".")[2] for e in load.statement.entities), "rows")
            if not load.statement.has("limit"):
                named = any(_asks_for_ids(call) for call in load.statement.calls("where", "filter"))
                yield body.mark(RULE.code, load.executed, kind="rows", entity=entity, named=named)


def _own_collection(body: Body, expr: ast.expr) -> str:
    """ "Tool.metrics" of `self.metrics` in a class that maps a table, where nothing else is done with it here."""
    if body.owner is None or not isinstance(expr, ast.Attribute) or not is_mapped(body, body.owner.name):
        return ""
    if not isinstance(expr.value, ast.Name) or expr.value.id != "self":
        return ""
    reads = [a for a in body.of(ast.Attribute) if ast.dump(a) == ast.dump(expr)]
    others = [r for r in reads if not _in_len(body, r)]
    return "" if others else f"{body.owner.name.rpartition('.')[2]}.{expr.attr}"


def _is_asked_first(body: Body, count: ast.Call) -> bool:
    """Whether the function returns before it counts, where something says so: that it isn't loaded, say."""
    return any(
        isinstance(test.body[-1], ast.Return) and test.lineno < count.lineno and not test.orelse
        for test in body.of(ast.If)
    )


def _asks_for_ids(condition: ast.Call) -> bool:
    """Whether a condition is met by no more rows than were asked for: `Order.id.in_(ids)`."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "in_"
        and last_name(node.value).endswith(("id", "key"))
        for node in ast.walk(ast.Tuple(condition.args, ast.Load()))
    )


def _in_len(body: Body, node: ast.AST) -> bool:
    above = body.parent(node)
    return isinstance(above, ast.Call) and isinstance(above.func, ast.Name) and above.func.id == "len"


def _only_counted_here(body: Body, expr: ast.expr) -> bool:
    """Whether the rows are used nowhere but in `len(...)`."""
    if not isinstance(expr, ast.Name):
        return True
    reads = [n for n in body.of(ast.Name) if n.id == expr.id and isinstance(n.ctx, ast.Load)]
    return all(_in_len(body, n) for n in reads)


def _unserved(project: Project) -> Iterator[Finding]:
    """What the source alone says."""
    known = {r.key for r in project.imported.relationships if r.uselist}
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread", "serialization", "background"))
        if mark.fact("kind") == "collection":
            key = mark.fact("key")
            if key in known:
                yield _counted(mark, ways, f"{key} is loaded to be counted", key, 0.65)
        elif ways:
            entity = mark.fact("entity")
            little = bool(mark.fact("named")) or is_seldom(project, ways)
            yield _counted(
                mark, ways, f"{entity} is loaded row by row to be counted", entity, 0.8, little=little
            )


def _counted(
    mark: Mark, ways: list[Reach], message: str, what: str, confidence: float, *, little: bool = False
) -> Finding:
    return draft(
        RULE,
        mark.span,
        {w.route for w in ways},
        message=message,
        impact="every row is fetched and made an object for one number; how many was not measured",
        solution="let the database count: select(func.count()) with the same conditions"
        if mark.fact("kind") == "rows"
        else f"a column_property or a statement that counts {what}",
        known="static",
        severity="note" if little else None,
        confidence=confidence,
        chain=ways[0].chain if ways else (),
    )


EXAMPLES = (
    Example(
        "a property that counts a collection, by the source alone",
        {
            "main.py": SHOP.replace(
                "    @property\n    def quantity(self):",
                "    @property\n    def lines(self):\n        return len(self.items)\n\n"
                "    @property\n    def quantity(self):",
            )
            + """
@app.get("/orders/{order_id}/lines")
def read_lines(order_id: int, session: Session = Depends(get_session)):
    return session.get(Order, order_id).lines
"""
        },
        bad=True,
    ),
    Example(
        "counted and used, or limited, by the source alone",
        shop("""
@app.get("/orders")
def list_orders(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).where(Order.status == "open")).all()
    has_more = len(session.scalars(select(Order.id).limit(21)).all()) > 20
    return {"count": len(orders), "more": has_more, "orders": [o.number for o in orders]}
"""),
        bad=False,
    ),
    Example(
        "the total of a page",
        shop("""
@app.get("/orders")
def list_orders(session: Session = Depends(get_session)):
    asked = select(Order).order_by(Order.id)
    total = len(session.scalars(asked).all())
    return {"total": total, "orders": [o.number for o in session.scalars(asked.limit(20))]}
"""),
        get("/orders"),
        bad=True,
    ),
    Example(
        "counted further down, on the asynchronous engine",
        shop("""
@app.get("/stats")
async def read_stats(session: AsyncSession = Depends(get_async_session)):
    orders = await session.execute(select(Order.id))
    return {"orders": len(orders.all())}
"""),
        get("/stats"),
        bad=True,
    ),
    Example(
        "counted and used",
        shop("""
@app.get("/open")
def list_open(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).where(Order.status == "open").limit(50)).all()
    return {"count": len(orders), "orders": [order.number for order in orders]}
"""),
        get("/open"),
        bad=False,
    ),
    Example(
        "the database counts",
        shop("""
@app.get("/stats")
def read_stats(session: Session = Depends(get_session)):
    return {"orders": session.scalar(select(func.count(Order.id)))}
"""),
        get("/stats"),
        bad=False,
    ),
)
