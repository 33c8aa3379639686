"""A function has a session and opens another.

**What.** A function that is given a session opens a second one and asks by both, while it serves a request.

**Why it costs.** Each request takes two connections of the pool, the second while it holds the first: with as many requests at once as the
pool has connections, each waits for a second one that nobody gives back. And the second transaction neither sees nor
shares what the first has not committed: half stays when the other half fails.

**How it is found.** Functions that routes reach, with a session among their parameters that has asked something (itself, or given to a function that reads) before
a second one is opened there, and before the transaction of the first has ended.

**How to fix it.** Use the session that is there; where a second transaction is meant (a log that stays when the work is rolled back),
`session.begin_nested()`, or write it after the first is closed.

**When it is no problem.** A second database; work in another thread or task, which needs a session of its own. Neither is reported.

**Sources.** SQLAlchemy, "When do I construct a Session": https://docs.sqlalchemy.org/en/20/orm/session_basics.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.code import reaches
from strop.rules.database.session_not_closed import makes
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.seldom import is_seldom
from strop.rules.sessions import WORDS as SESSION_WORDS
from strop.rules.sessions import arguments, parameters
from strop.rules.told import marks, tell

RULE = Rule(
    "DB029", "nested-session", "database", "warning", "A second session beside the first", static=True
)
WORDS = SESSION_WORDS | frozenset({"SessionLocal", "sessionmaker"})
_ASKS = frozenset({
    "execute", "scalars", "scalar", "get", "get_one", "exec", "query", "refresh", "flush", "stream", "stream_scalars",
})  # fmt: skip
_READS = regex(
    r"_*(get|load|find|fetch|check|require|resolve|verify|read|list|lookup|select|count|is|has)(_|$)"
)
_FUNCTION = regex(r"[a-z_]")
_ENDS = frozenset({"commit", "rollback", "close", "aclose", "invalidate"})


def notice(body: Body) -> Iterator[Mark]:
    """A second session that is entered while one that was handed in has a transaction open; both ask."""
    given = parameters(body)
    for entered in (*body.of(ast.With), *body.of(ast.AsyncWith)) if given else ():
        for item in entered.items:  # type: ignore[attr-defined]  # both have them
            call, name = item.context_expr, item.optional_vars
            if not isinstance(call, ast.Call) or not isinstance(name, ast.Name) or name.id in given:
                continue
            if not makes(body, call) or not _asks(body, name.id, entered):
                continue
            first = next((p for p in sorted(given) if _is_open(body, p, entered)), "")
            if first and not _stands_in(body, entered, first):
                yield body.mark(RULE.code, entered, first=first, second=name.id, text=body.brief(call, 80))


def _uses(body: Body, name: str, verbs: frozenset[str]) -> Iterator[ast.AST]:
    """Where a session is told to do one of these."""
    for use in body.of(ast.Attribute):
        if use.attr in verbs and isinstance(use.value, ast.Name) and use.value.id == name:
            yield use


def _handed(body: Body, name: str, to: re.Pattern[str]) -> Iterator[ast.AST]:
    """Calls of functions of such names that are given a session."""
    for call in body.of(ast.Call):
        if to.match(last_name(call.func)) and any(
            isinstance(given, ast.Name) and given.id == name for given in arguments(call)
        ):
            yield call


def _asks(body: Body, name: str, entered: ast.AST) -> bool:
    """Whether the second session asks, or adds, in its block, or is given to a function there."""
    used = (*_uses(body, name, _ASKS | {"add", "add_all", "commit"}), *_handed(body, name, _FUNCTION))
    return any(entered in body.around(use) for use in used)


def _is_open(body: Body, name: str, entered: ast.AST) -> bool:
    """Whether the first has asked before the block, by itself or by a function that reads, and has not ended by then."""
    line = getattr(entered, "lineno", 0)
    uses = (*_uses(body, name, _ASKS), *_handed(body, name, _READS))
    asked = [_line(u) for u in uses if _line(u) < line and _comes_before(body, u, entered)]
    ended = [_line(u) for u in _uses(body, name, _ENDS) if _line(u) < line]
    return bool(asked) and not any(end > max(asked) for end in ended)


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def _comes_before(body: Body, use: ast.AST, entered: ast.AST) -> bool:
    """Whether what runs the block has run this use before: no branch around the one excludes the other."""
    around = list(body.around(entered))
    return all(
        branch in around
        for branch in body.around(use)
        if isinstance(branch, ast.If | ast.ExceptHandler | ast.Match)
    )


def _stands_in(body: Body, entered: ast.AST, first: str) -> bool:
    """Whether the second is there for when the first isn't: `if session is None:`."""
    return any(
        isinstance(a, ast.If) and any(isinstance(n, ast.Name) and n.id == first for n in ast.walk(a.test))
        for a in body.around(entered)
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each second session."""
    several = len(project.imported.engines) > 1
    for mark in marks(project, RULE):
        ways = reaches(project, mark.function, ("loop", "thread"))
        if ways:
            yield tell(
                RULE,
                mark,
                ways,
                message=f"{mark.fact('text')} is opened while {mark.fact('first')} has a transaction open",
                impact="each request takes a second connection while it holds the first, and half of its work stays when the other half fails",
                solution=f"use {mark.fact('first')}, or end its transaction before",
                confidence=0.75,
                severity="note" if several or is_seldom(project, ways) else None,
            )


_LOCAL = """
from sqlalchemy.orm import sessionmaker

SessionLocal = sessionmaker(bind=engine)


"""

EXAMPLES = (
    Example(
        "a customer by a second session: a note",
        shop(
            _LOCAL
            + """
@app.get("/orders/{order_id}")
def read_order(order_id: int, session: Session = Depends(get_session)):
    order = session.get(Order, order_id)
    with SessionLocal() as other:
        customer = other.get(Customer, order.customer_id)
    return {"number": order.number, "customer": customer.name}
"""
        ),
        bad=True,
    ),
    Example(
        "by functions that are given the one and the other: a note",
        shop(
            _LOCAL
            + """
def get_order(session: Session, order_id: int) -> Order:
    return session.get(Order, order_id)


def close_order(session: Session, order_id: int) -> None:
    session.get(Order, order_id).status = "closed"
    session.commit()


@app.post("/orders/{order_id}/close")
def close(order_id: int, session: Session = Depends(get_session)):
    order = get_order(session, order_id)
    with SessionLocal() as closing:
        close_order(closing, order.id)
    return {"number": order.number}
"""
        ),
        bad=True,
    ),
    Example(
        "by the one that is there",
        shop(
            _LOCAL
            + """
@app.get("/orders/{order_id}")
def read_order(order_id: int, session: Session = Depends(get_session)):
    order = session.get(Order, order_id)
    customer = session.get(Customer, order.customer_id)
    return {"number": order.number, "customer": customer.name}
"""
        ),
        mends="a customer by a second session: a note",
    ),
    Example(
        "one where none was given, and one after the first has ended",
        shop(
            _LOCAL
            + """
def name_of(customer_id: int, session: Session | None = None) -> str:
    if session is None:
        with SessionLocal() as own:
            return own.get(Customer, customer_id).name
    return session.get(Customer, customer_id).name


@app.get("/orders/{order_id}")
def read_order(order_id: int, session: Session = Depends(get_session)):
    customer_id = session.get(Order, order_id).customer_id
    session.close()
    with SessionLocal() as other:
        return {"customer": other.get(Customer, customer_id).name, "again": name_of(customer_id)}
"""
        ),
    ),
)
