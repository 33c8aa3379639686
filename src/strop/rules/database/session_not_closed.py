"""A session that a function opens and does not close when something fails.

**What.** `db = SessionLocal()` without `with`, `try ... finally`, or any `close()`.

**Why it costs.** The connection goes back to the pool when the garbage collector gets to it; when the work raised, the
traceback keeps it alive. The pool runs dry at the moment when things go wrong.

**How it is found.** Sessions that a call makes and a local name holds, with no `close()` in a `finally` (or a
function of the project there that closes what it is given), no `with` around, and no other owner: they are not returned, yielded, kept on an object or handed to a scope that closes.

**How to fix it.** `with SessionLocal() as session:`.

**When it is no problem.** Somebody else closes it: a `scoped_session` with `remove()`, a middleware. A note where nothing
closes it and the last that is done with it is its commit, here or in the function that gets it: that gives the connection back.

**Sources.** SQLAlchemy, "Opening and Closing a Session":
https://docs.sqlalchemy.org/en/20/orm/session_basics.html#opening-and-closing-a-session
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
from strop.rules.closing import CLOSES, is_closed_by
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.givenback import commits_below, gives_back, last_use
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.sessions import is_session

RULE = Rule("DB016", "session-not-closed", "database", "warning", "A session that may stay open", static=True)
WORDS = frozenset({"Session", "SessionLocal", "sessionmaker", "session", "db", "get_session", "db_session"})


def notice(body: Body) -> Iterator[Mark]:
    """Sessions that are made here, held by a name, and not closed for certain."""
    for statement in body.of(ast.Assign):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                if makes(body, call) and (how := _left_open(body, name)):
                    back = gives_back(body, name)
                    last = last_use(body, name)
                    yield body.mark(RULE.code, statement, session=name, how=how, given_back=back, last=last)


def makes(body: Body, call: ast.Call) -> bool:
    """Whether a call makes a new session: the class, a factory, or a plain function of the project."""
    if not is_session(body, call) or _borrows(body, call):
        return False
    match body.ref(call.func):
        case None:
            return False
        case ref if ref.kind == "instance":  # sessionmaker(...)()
            return ref.name.endswith("sessionmaker")
        case ref if ref.kind in ("name", "class"):
            return ref.name.rpartition(".")[2] in ("Session", "AsyncSession")
        case ref if ref.kind == "function":
            node = body.types.found.functions.get(ref.name)
            return node is not None and not node.is_generator and any(_is_new(body, r) for r in node.results)
    return False


def _borrows(body: Body, call: ast.Call) -> bool:
    """Whether it works on a connection that its caller has open: `Session(bind=connection)` in a mapper's event."""
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "bind")]
    return any(
        body.instance(value).endswith("Connection")
        or (isinstance(value, ast.Name) and any(b.how == "annotation" for b in body.bindings(value)))
        for value in given
    )


def _is_new(body: Body, result: ast.expr) -> bool:
    """Whether a function's result is a session that it makes there: `return SessionLocal()`."""
    if isinstance(result, ast.Name):
        return False
    func = result.func if isinstance(result, ast.Call) else None
    last = last_name(func)
    return "session" in last.lower() and not last.lower().startswith(("get", "scoped"))


def _left_open(body: Body, name: str) -> str:
    """Why a session may stay open: "never" closed, or closed only when nothing "fails"; "" where it is safe."""
    closed = ""
    for use in body.of(ast.Name):
        if use.id != name or not isinstance(use.ctx, ast.Load):
            continue
        above = body.parent(use)
        if _goes_away(body, use, above):
            return ""
        if (isinstance(above, ast.Attribute) and above.attr in CLOSES) or is_closed_by(body, use):
            closed = "fails"
            if any(isinstance(a, ast.Try) and _lies_in(use, a.finalbody) for a in body.around(use)):
                return ""
    return closed or "never"


def _goes_away(body: Body, use: ast.Name, above: ast.AST | None) -> bool:
    """Whether somebody else gets to own it: returned, yielded, stored, entered, handed over by its name."""
    match above:
        case ast.Return() | ast.Yield() | ast.withitem() | ast.Tuple() | ast.Dict() | ast.List():
            return True
        case ast.Assign() | ast.AnnAssign():
            return True
        case ast.Call(
            func=ast.Name(id="closing" | "aclosing") | ast.Attribute(attr="enter_context" | "callback")
        ):
            return True
        case ast.Call(func=ast.Name(id=made)) if made[:1].isupper():
            return True  # an object that keeps it
        case ast.Call(func=ast.Attribute(attr=made)) if made[:1].isupper():
            return True
        case ast.keyword():
            call = body.parent(above)
            func = call.func if isinstance(call, ast.Call) else None
            last = last_name(func)
            return last[:1].isupper()
        case ast.Attribute(attr="set"):
            return True
        case ast.Call() if isinstance(body.parent(above), ast.withitem):
            return True  # a context manager that closes it
    return any(isinstance(a, ast.FunctionDef | ast.Lambda) for a in body.around(use))


def _lies_in(node: ast.AST, statements: list[ast.stmt]) -> bool:
    return any(each is node for statement in statements for each in ast.walk(statement))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each session, with the routes that reach it; jobs and scripts have none."""
    for mark in project.source.marks.get(RULE.code, ()):
        contexts = {w.context for w in project.reaches.get(mark.function, ())}
        function = project.source.functions.get(mark.function)
        commands = ("command", "click.", "typer.")
        if function is None or any(word in name for name in function.decorators for word in commands):
            continue  # a command ends with its process
        if contexts == {"import"}:
            continue
        ways = reaches(project, mark.function, ("loop", "thread", "background"))
        never = mark.fact("how") == "never"
        returned = never and (mark.fact("given_back") or commits_below(project, mark))
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"{mark.fact('session')} is opened and "
            f"{'never closed' if never else 'stays open when something fails before its close()'}",
            impact="its connection comes back when the garbage collector gets to it: the pool runs dry under errors",
            solution=f"open it by `with`, so that it is closed whatever happens: with ... as {mark.fact('session')}:",
            known="static",
            severity=None if ways and not returned else "note",
            confidence=(0.7 if never else 0.6) if ways else 0.5,
            chain=ways[0].chain if ways else (),
        )


_MAKER = """
from sqlalchemy.orm import sessionmaker

SessionLocal = sessionmaker(bind=engine)


"""

EXAMPLES = (
    Example(
        "closed when all goes well",
        shop(
            _MAKER
            + """
@app.post("/orders/{order_id}/close")
def close_order(order_id: int):
    session = SessionLocal()
    session.get(Order, order_id).status = "closed"
    session.commit()
    session.close()
    return {}
"""
        ),
        bad=True,
    ),
    Example(
        "by `with`",
        shop(
            _MAKER
            + """
@app.post("/orders/{order_id}/close")
def close_order(order_id: int):
    with SessionLocal() as session:
        session.get(Order, order_id).status = "closed"
        session.commit()
    return {}
"""
        ),
        bad=False,
        mends="closed when all goes well",
    ),
    Example(
        "somebody else closes it",
        shop(
            _MAKER
            + """
def open_session():
    session = SessionLocal()
    return session


def each_request():
    session = SessionLocal()
    try:
        yield session
    finally:
        session.close()


@app.get("/orders/{order_id}")
def read_order(order_id: int, session: Session = Depends(each_request)):
    return {"number": session.get(Order, order_id).number}
"""
        ),
        bad=False,
    ),
    Example(
        "on a connection that its caller has open",
        shop("""
from sqlalchemy import event


@event.listens_for(Item, "after_insert")
def renumber(mapper, connection, target):
    session = Session(bind=connection)
    session.execute(select(Order.id).where(Order.id == target.order_id))


@app.post("/items")
def create_item(order_id: int, session: Session = Depends(get_session)):
    session.add(Item(order_id=order_id, quantity=1))
    session.commit()
"""),
        bad=False,
    ),
    Example(
        "closed by functions that are there for it",
        shop(
            _MAKER
            + """
from starlette.concurrency import run_in_threadpool


def end(opened):
    opened.close()


@app.post("/orders/{order_id}/close")
def close_order(order_id: int):
    session = SessionLocal()
    try:
        session.get(Order, order_id).status = "closed"
        session.commit()
    finally:
        end(session)
    return {}


@app.post("/orders/{order_id}/open")
async def open_order(order_id: int):
    session = SessionLocal()
    try:
        await run_in_threadpool(session.get, Order, order_id)
    finally:
        await run_in_threadpool(end, session)
    return {}
"""
        ),
        bad=False,
    ),
    Example(
        "a function that looks at it",
        shop(
            _MAKER
            + """
def end(opened):
    print(opened)


@app.post("/orders/{order_id}/close")
def close_order(order_id: int):
    session = SessionLocal()
    try:
        session.get(Order, order_id).status = "closed"
        session.commit()
        session.close()
    finally:
        end(session)
    return {}
"""
        ),
        bad=True,
    ),
    Example(
        "who gets it last commits: a note",
        shop(
            """
def open_session() -> Session:
    return Session(engine)


def close(session: Session, number: int) -> None:
    session.get(Order, number).status = "closed"
    session.commit()


@app.post("/orders/{order_id}/close")
def close_order(order_id: int):
    session = open_session()
    close(session, order_id)
    return {}
"""
        ),
        bad=True,
    ),
)
