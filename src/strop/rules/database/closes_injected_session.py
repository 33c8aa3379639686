"""A handler closes the session that its dependency owns.

**What.** `await db.close()` in a handler, where `db` comes from a dependency with `yield`, which closes it itself.

**Why it costs.** What was loaded is detached: reading an attribute that was not loaded fails, and a later statement
opens a new transaction that nobody expects. Who owns the session can't be told from the code any more.

**How it is found.** A `close()` of a parameter that a generator dependency gives to the handler.

**How to fix it.** Take the line out: the dependency closes. To give the connection back before something slow,
`commit()` or `rollback()` does it.

**When it is no problem.** A session that the function made itself. A close right before a slow call, with nothing
asked afterwards, works; ending the transaction says the same without taking the session away.

**Sources.** SQLAlchemy, "Closing": https://docs.sqlalchemy.org/en/20/orm/session_basics.html#closing
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Route
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.sessions import depends_on, injected, parameters, served_by
from strop.rules.wording import many
from strop.span import Step

RULE = Rule(
    "DB015",
    "closes-injected-session",
    "database",
    "warning",
    "A handler closes the session of its dependency",
    static=True,
)
WORDS = frozenset({"close"})


def notice(body: Body) -> Iterator[Mark]:
    """The first close of each session that is a parameter."""
    told: set[str] = set()
    for call in body.calls("close"):
        match call.func:
            case ast.Attribute(value=ast.Name(id=name)) if name not in told and name in parameters(body):
                told.add(name)
                if not _ended(body, call, name):
                    yield body.mark(RULE.code, call, session=name, given=depends_on(body, name))


def _ended(body: Body, call: ast.Call, name: str) -> bool:
    """Whether the transaction was ended right before: then the close gives the connection back on purpose."""
    statement = body.within(call, ast.Expr)
    if statement is None:
        return False
    ends = (f"{name}.commit()", f"{name}.rollback()", f"await {name}.commit()", f"await {name}.rollback()")
    above = body.parent(statement)
    for block in (getattr(above, part, None) for part in ("body", "orelse", "finalbody")):
        if isinstance(block, list) and statement in block:
            place = block.index(statement)
            return place > 0 and ast.unparse(block[place - 1]) in ends
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each file and dependency: who does it once mostly does it everywhere."""
    found: dict[tuple[str, str], list[tuple[Mark, list[Route]]]] = {}
    for mark in project.source.marks.get(RULE.code, ()):
        name, given = mark.fact("session"), mark.fact("given")
        routes = [r for r in served_by(project, mark.function) if injected(r, name, given) is not None]
        owner = injected(routes[0], name, given) if routes else None
        if owner is not None:
            found.setdefault((mark.span.file, owner.name), []).append((mark, routes))
    for (_, owner_name), cases in found.items():
        yield _finding(owner_name.partition(":")[2], cases)


def _finding(owner: str, cases: list[tuple[Mark, list[Route]]]) -> Finding:
    mark, routes = cases[0]
    more = f", as {many(len(cases) - 1, 'other handler')} of the file" if len(cases) > 1 else ""
    return draft(
        RULE,
        mark.span,
        {r.key for _, group in cases for r in group},
        message=f"{mark.span.symbol} closes {mark.fact('session')}, which {owner} owns and closes{more}",
        impact="what was loaded is detached, and a later statement opens a transaction nobody expects",
        solution="take the line out; to give the connection back early, end the transaction",
        known="static",
        confidence=0.85,
        chain=(Step(routes[0].key, mark.span),),
    )


EXAMPLES = (
    Example(
        "closed before the answer",
        shop("""
@app.get("/orders/{order_id}", response_model=OrderRow)
async def read_order(order_id: int, session: AsyncSession = Depends(get_async_session)):
    order = await session.get(Order, order_id)
    await session.close()
    return order
"""),
        bad=True,
    ),
    Example(
        "left to the dependency",
        shop("""
@app.get("/orders/{order_id}", response_model=OrderRow)
async def read_order(order_id: int, session: AsyncSession = Depends(get_async_session)):
    return await session.get(Order, order_id)
"""),
        bad=False,
        mends="closed before the answer",
    ),
    Example(
        "the transaction is ended and the connection given back on purpose",
        shop("""
@app.post("/orders/{order_id}")
def pay_order(order_id: int, session: Session = Depends(get_session)):
    session.get(Order, order_id).status = "paid"
    session.commit()
    session.close()
    return {"id": order_id}
"""),
        bad=False,
    ),
    Example(
        "a session that the handler made",
        shop("""
@app.get("/orders/{order_id}")
def read_order(order_id: int):
    session = Session(engine)
    try:
        return {"number": session.get(Order, order_id).number}
    finally:
        session.close()
"""),
        bad=False,
    ),
)
