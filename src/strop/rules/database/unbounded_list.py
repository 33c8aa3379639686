"""A list without a limit: the answer grows with the table.

**What.** A GET that answers with every row of a table. It is quick in development and grows every day.

**Why it costs.** Time, memory and bytes are in proportion to the table, for each request, on the event loop
while the answer is serialized.

**How it is found.** A statement without LIMIT that fetched more than 500 rows which were then sent: the
answer has at least a few bytes for each.

**How to fix it.** A page (`limit` and `offset`, or keyset pagination for long lists), a maximum that is
enforced, or a streamed answer. Each of these changes what clients see, so it is your choice.

**When it is no problem.** Aggregates, rows that are used but not sent, small tables, exports that are meant
to be whole (then stream them).

**Sources.** "Paging Through Results": https://use-the-index-luke.com/no-offset
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Cost, Finding
from strop.project.project import Project
from strop.rules.code import steps
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.served import Seen, requests, statements
from strop.rules.wording import number, time
from strop.span import Span
from strop.sql.statement import read_statement

RULE = Rule("DB008", "unbounded-list", "database", "warning", "A list without a limit")

MOST_ROWS = 500  # rows of one answer that a client may well want at once
BYTES_A_ROW = 8  # below it the rows were not sent one by one: `{"id":1},` has nine
PAGE = 100  # rows of a page, to say what a limit would leave


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each line whose statement answers with a growing list."""
    if evidence is None:
        return
    found: dict[Span, list[Seen]] = defaultdict(list)
    for seen in statements(evidence):
        if seen.query.span is not None and _is_unbounded(seen):
            span = seen.query.span
            found[Span(span.file, span.line, span.symbol)].append(seen)
    for place, loads in found.items():
        yield _finding(project, evidence, place, loads)


def _is_unbounded(seen: Seen) -> bool:
    exchange, query = seen.exchange, seen.query
    if query.rows <= MOST_ROWS or query.relationship or exchange.method != "GET" or exchange.status >= 400:
        return False
    if exchange.response_bytes < query.rows * BYTES_A_ROW:
        return False
    statement = read_statement(query.statement)
    if statement.kind != "select" or statement.limited or statement.limited_inside:
        return False
    # joined rows say nothing of how many objects were sent; selectin loading asks for given parents
    whole = not statement.aggregated and len(statement.selected) <= 1
    return whole and "POSTCOMPILE" not in query.statement


def _finding(project: Project, evidence: Evidence, place: Span, loads: list[Seen]) -> Finding:
    routes = {s.exchange.route for s in loads if s.exchange.route}
    count = requests(evidence, routes)
    largest = max(loads, key=lambda s: s.query.rows)
    rows, sent = largest.query.rows, largest.exchange.response_bytes
    total = sum(s.elapsed * (1 - PAGE / s.query.rows) for s in loads)
    table = read_statement(largest.query.statement).table
    return draft(
        RULE,
        place,
        routes,
        message=f"the list of {table} has no limit: {number(rows)} rows, {number(sent / 1000)} kB in one answer",
        impact=f"grows with the table; {time(total / count)} a request more than a page of {PAGE}",
        solution="a page with an enforced maximum, keyset pagination, or a streamed answer: your choice",
        known="measured",
        confidence=0.85,
        chain=steps(largest.query.stack or (place,), project),
        cost=Cost(rows=sum(s.query.rows - PAGE for s in loads) / count, total=total),
        facts={"table": table, "rows": rows, "bytes": sent},
    )


EXAMPLES = (
    Example(
        "every row is sent",
        shop("""
@app.get("/orders", response_model=list[OrderRow])
def list_orders(session: Session = Depends(get_session)):
    return session.scalars(select(Order).order_by(Order.id)).all()
"""),
        get("/orders"),
        bad=True,
    ),
    Example(
        "a page",
        shop("""
@app.get("/orders", response_model=list[OrderRow])
def list_orders(limit: int = 50, session: Session = Depends(get_session)):
    return session.scalars(select(Order).order_by(Order.id).limit(limit)).all()
"""),
        get("/orders?limit=600"),
        bad=False,
    ),
    Example(
        "all rows are read, one number is sent",
        shop("""
@app.get("/longest")
def read_longest(session: Session = Depends(get_session)):
    return max(len(number) for number in session.scalars(select(Order.number)))
"""),
        get("/longest"),
        bad=False,
    ),
    Example(
        "a small table",
        shop("""
@app.get("/customers")
def list_customers(session: Session = Depends(get_session)):
    return list(session.scalars(select(Customer.name)))
"""),
        get("/customers"),
        bad=False,
    ),
)
