"""One database session is used by several tasks at once.

**What.** The same `AsyncSession` goes into several calls of `asyncio.gather` (or a `TaskGroup`), or into a task that goes on
after the request.

**Why it costs.** A session has one connection and one transaction, and serves one task at a time. Two statements at once raise
`InvalidRequestError: This session is provisioning a new connection` or `InterfaceError: another operation is in progress`, often
only under load; a task that outlives the request works on a session that was closed and given to nobody.

**How it is found.** A variable whose type is a session, that is an argument of two calls of one `gather`, or of a call in a
gathered comprehension (made outside of it), or of a call that `create_task` starts.

**How to fix it.** A session for each task (`async with async_session() as session:` inside of it), or one statement after the other.

**When it is no problem.** Tasks that only hand the session on to code that does not use it.

**Sources.** SQLAlchemy, "Is the Session thread-safe? Is AsyncSession safe to share in concurrent tasks?":
https://docs.sqlalchemy.org/en/20/orm/session_basics.html#is-the-session-thread-safe-is-asyncsession-safe-to-share-in-concurrent-tasks
"""

from __future__ import annotations

import ast
from collections import Counter
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

RULE = Rule("ASY010", "shared-session", "async", "error", "One session used by several tasks", static=True)

WORDS = ("gather", "create_task", "ensure_future")
_SESSIONS = (
    "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.orm.Session",
    "sqlalchemy.ext.asyncio.AsyncConnection",
)
_COMPREHENSIONS = ast.ListComp | ast.GeneratorExp | ast.SetComp


def notice(body: Body) -> Iterator[Mark]:
    """Gathered calls that share a session, and tasks that are given one."""
    for call in body.calls("gather"):
        if body.name(call.func) == "asyncio.gather":
            shared = _shared(body, call)
            if shared:
                yield body.mark(RULE.code, call, session=shared, kind="gather", text=body.brief(call, 90))
    for call in body.calls("create_task", "ensure_future"):
        started = call.args[0] if call.args else None
        if isinstance(started, ast.Call) and _outlives(body, call):
            for name in _given(body, started):
                yield body.mark(RULE.code, call, session=name, kind="task", text=body.brief(started, 90))


def _given(body: Body, call: ast.Call) -> Iterator[str]:
    """The sessions among the arguments of a call, by their names."""
    for value in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(value, ast.Name) and body.instance(value) in _SESSIONS:
            yield value.id


def _shared(body: Body, gather: ast.Call) -> str:
    """The session that several of the gathered calls get."""
    seen: Counter[str] = Counter()
    for argument in gather.args:
        if isinstance(argument, ast.Starred):
            made = body.value(argument.value)
            inside = made.elt if isinstance(made, _COMPREHENSIONS) else None
            if isinstance(inside, ast.Call):
                seen.update(dict.fromkeys(_given(body, inside), 2))
        elif isinstance(argument, ast.Call):
            seen.update(set(_given(body, argument)))
    return next((name for name, times in seen.items() if times > 1), "")


def _outlives(body: Body, call: ast.Call) -> bool:
    """Whether nothing in the function waits for the task: its name is not read again but to be kept."""
    parent = body.parent(call)
    if isinstance(parent, ast.Expr):
        return True
    if not (isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name)):
        return False
    name = parent.targets[0].id
    uses = [n for n in body.of(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
    return all(_only_keeps(body, use) for use in uses)


def _only_keeps(body: Body, use: ast.Name) -> bool:
    """`tasks.add(task)`, `task.add_done_callback(...)`."""
    parent = body.parent(use)
    if isinstance(parent, ast.Attribute):
        return parent.attr == "add_done_callback"
    return (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Attribute)
        and parent.func.attr in ("add", "append")
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each gather or task; a task matters where a request made the session."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "background"))
        task = mark.fact("kind") == "task"
        if not ways:
            continue
        name = mark.fact("session")
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"the task {mark.fact('text')} goes on with {name} after the request has given it back"
            if task
            else f"the gathered calls use {name} at the same time",
            impact="statements at once on one connection raise, or mix their transactions",
            solution="give each task a session of its own, or await one after the other",
            known="static",
            confidence=0.75 if task else 0.9,
            chain=(*ways[0].chain, Step(mark.fact("text"), mark.span)),
        )


_LOADS = """
import asyncio


async def orders(session: AsyncSession):
    return list(await session.scalars(select(Order.number)))


async def customers(session: AsyncSession):
    return list(await session.scalars(select(Customer.name)))


"""

EXAMPLES = (
    Example(
        "two lists at once",
        shop(
            _LOADS
            + """
@app.get("/board")
async def read_board(session: AsyncSession = Depends(get_async_session)):
    found = await asyncio.gather(orders(session), customers(session))
    return {"orders": found[0], "customers": found[1]}
"""
        ),
        bad=True,
    ),
    Example(
        "one after the other",
        shop(
            _LOADS
            + """
@app.get("/board")
async def read_board(session: AsyncSession = Depends(get_async_session)):
    return {"orders": await orders(session), "customers": await customers(session)}
"""
        ),
        mends="two lists at once",
    ),
    Example(
        "a task that keeps the session of the request",
        shop(
            _LOADS
            + """
tasks = set()


@app.post("/warm")
async def warm(session: AsyncSession = Depends(get_async_session)):
    task = asyncio.create_task(orders(session))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
"""
        ),
        bad=True,
    ),
    Example(
        "a session for each task",
        shop(
            _LOADS
            + """
async def own(load):
    async with AsyncSession(async_engine) as session:
        return await load(session)


@app.get("/board")
async def read_board(session: AsyncSession = Depends(get_async_session)):
    found = await asyncio.gather(own(orders), own(customers))
    task = asyncio.create_task(orders(session))
    return {"orders": found[0], "customers": found[1], "again": await task}
"""
        ),
    ),
)
