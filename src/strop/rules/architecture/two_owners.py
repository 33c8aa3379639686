"""A dependency commits on one way and leaves it to somebody else on the other.

**What.** A `yield` dependency gives a session of its own, which it commits, or one that something else opened (a middleware,
the request's state), which it doesn't.

**Why it costs.** Whether and when work is committed depends on how the application is put together. On the second way the
commit comes after the answer was sent, or not at all: the client reads 200 and the rows are not there, and an error
of the commit reaches nobody.

**How it is found.** A generator with two `yield`s, of which one is followed by a commit on its way out and the other
is not, while it yields a session that it didn't make.

**How to fix it.** One owner: the dependency commits and rolls back in both cases, and who opened the session only
closes it.

**When it is no problem.** A nested unit of work that joins an outer one on purpose, and whose outer owner commits before the
answer.

**Sources.** FastAPI, "Dependencies with yield": https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/ ;
SQLAlchemy, "When do I construct a Session, when do I commit it": https://docs.sqlalchemy.org/en/20/orm/session_basics.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.span import Step

RULE = Rule("ARC005", "two-owners", "architecture", "warning", "Two owners of a transaction", static=True)
WORDS = ("commit",)


def notice(body: Body) -> Iterator[Mark]:
    """A yield whose branch ends without a commit, in a generator that commits after another yield."""
    pauses = list(body.of(ast.Yield))
    commits = [c for c in body.calls("commit") if not c.args]
    if (
        len(pauses) < 2
        or not commits
        or not all(isinstance(p.value, ast.Name | ast.Attribute) for p in pauses)
    ):
        return  # what yields texts and events is a stream, no dependency
    for pause in pauses:
        branch = body.within(pause, ast.If)
        if branch is None or pause.value is None or not _ends(body, pause):
            continue
        inside = range(branch.lineno, (branch.end_lineno or branch.lineno) + 1)
        elsewhere = [p for p in pauses if p is not pause and any(c.lineno > p.lineno for c in commits)]
        if elsewhere and not any(c.lineno in inside for c in commits):
            yield body.mark(RULE.code, pause, gives=body.brief(pause.value, 40))


def _ends(body: Body, pause: ast.Yield) -> bool:
    """Whether the generator returns right after this yield."""
    branch = body.within(pause, ast.If)
    statements = branch.body if branch is not None and any(pause in ast.walk(s) for s in branch.body) else []
    return bool(statements) and isinstance(statements[-1], ast.Return)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each dependency."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread"))
        if not ways:
            continue
        symbol = mark.function.partition(":")[2]
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"{symbol} commits the session that it makes, but not {mark.fact('gives')}, which it gives on the other way",
            impact="on that way work is committed after the answer, or never: the client reads 200 and an error reaches nobody",
            solution="let the dependency commit and roll back on both ways, and let the opener only close",
            known="static",
            confidence=0.75,
            chain=(*ways[0].chain, Step(f"yield {mark.fact('gives')}", mark.span)),
        )


EXAMPLES = (
    Example(
        "the middleware's session, or its own",
        shop("""
from fastapi import Request


def get_db(request: Request):
    if getattr(request.state, "db", None) is not None:
        yield request.state.db
        return
    with Session(engine) as session:
        yield session
        session.commit()


@app.post("/orders/{order_id}/pay")
def pay(order_id: int, session: Session = Depends(get_db)):
    session.get(Order, order_id).status = "paid"
"""),
        bad=True,
    ),
    Example(
        "one owner",
        shop("""
from fastapi import Request


def get_db(request: Request):
    if getattr(request.state, "db", None) is not None:
        yield request.state.db
        request.state.db.commit()
        return
    with Session(engine) as session:
        yield session
        session.commit()


@app.post("/orders/{order_id}/pay")
def pay(order_id: int, session: Session = Depends(get_db)):
    session.get(Order, order_id).status = "paid"
"""),
        bad=False,
        mends="the middleware's session, or its own",
    ),
    Example(
        "one yield",
        shop("""
def get_db():
    with Session(engine) as session:
        yield session
        session.commit()


@app.post("/orders/{order_id}/pay")
def pay(order_id: int, session: Session = Depends(get_db)):
    session.get(Order, order_id).status = "paid"
"""),
        bad=False,
    ),
    Example(
        "a stream of events that commits on its way",
        shop("""
from fastapi.responses import StreamingResponse


def event(text: str) -> str:
    return f"data: {text}"


def pay_all(session: Session):
    if session.get(Order, 1) is None:
        yield event("nothing to pay")
        return
    for order in session.scalars(select(Order).limit(10)):
        order.status = "paid"
        yield event(str(order.id))
    session.commit()


@app.post("/orders/pay")
def pay(session: Session = Depends(get_session)):
    return StreamingResponse(pay_all(session))
"""),
        bad=False,
    ),
)
