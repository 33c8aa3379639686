"""Work is handed to a thread that doesn't see the request's context variables.

**What.** `executor.submit(...)`, `loop.run_in_executor(...)` or `threading.Thread(...)` run a function that reads a
context variable which a request has set.

**Why it costs.** A new thread begins with an empty context: the tenant, user or request id is the default there.
The best case is an error; the worst is another tenant's data.

**How it is found.** The project sets a context variable in what a route or a middleware runs; a call hands work to
an executor or a thread without `copy_context()`; and that work reads the variable, in itself or below, or is a
parameter that may be anything.

**How to fix it.** `executor.submit(contextvars.copy_context().run, function, *args)`, with a copy for each call;
or `asyncio.to_thread` and `run_in_threadpool`, which copy.

Where the work may be any function it is a note.

**When it is no problem.** Work that reads no context variable; helpers that are given ready-made functions that
carry their context.

**Sources.** Python, "contextvars": https://docs.python.org/3/library/contextvars.html ;
asyncio.to_thread: https://docs.python.org/3/library/asyncio-task.html#asyncio.to_thread
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.way import way_down
from strop.span import Step

RULE = Rule("STA006", "context-lost", "state", "error", "A thread loses the request's context", static=True)
WORDS = ("submit", "run_in_executor", "Thread", "set", "get")

_VARIABLE = "contextvars.ContextVar"
_EXECUTORS = ("ThreadPoolExecutor", "Executor")


def notice(body: Body) -> Iterator[Mark]:
    """Context variables set and read, and work that is handed to threads without them."""
    for call in body.calls("set", "get"):
        name = body.name(call.func)
        if name in (f"{_VARIABLE}.set", f"{_VARIABLE}.get"):
            text = body.text(call.func)
            yield body.mark(
                RULE.code, call, use=name.rpartition(".")[2], variable=text.rpartition(".")[0][:60]
            )
    for call in body.calls("submit", "run_in_executor", "Thread"):
        work = _work(body, call)
        if work is None or "copy_context" in body.words or _keeps(body, work):
            continue
        target, is_open = _target(body, work)
        if target or is_open:
            yield body.mark(RULE.code, call, hands=body.text(call)[:70], target=target, open=is_open)


def _work(body: Body, call: ast.Call) -> ast.expr | None:
    """What the thread runs."""
    match call.func:
        case ast.Attribute(attr="submit", value=value):
            instance = body.instance(value)
            return call.args[0] if call.args and instance.endswith(_EXECUTORS) else None
        case ast.Attribute(attr="run_in_executor"):
            return call.args[1] if len(call.args) > 1 else None
    if body.name(call.func) == "threading.Thread":
        return next((k.value for k in call.keywords if k.arg == "target"), None)
    return None


def _keeps(body: Body, work: ast.expr) -> bool:
    """`context.run` of a copied context."""
    return isinstance(work, ast.Attribute) and work.attr == "run"


def _target(body: Body, work: ast.expr) -> tuple[str, bool]:
    """The id of the project's function that is run, and whether it may be any function."""
    inner = (
        work.args[0]
        if isinstance(work, ast.Call) and body.name(work.func) == "functools.partial" and work.args
        else work
    )
    if isinstance(inner, ast.Lambda) and isinstance(inner.body, ast.Call):
        inner = inner.body.func
    ref = body.ref(inner)
    if ref is not None and ref.kind == "function":
        node = body.types.found.functions.get(ref.name)
        return (node.id, False) if node is not None else ("", False)
    if not isinstance(inner, ast.Name):
        return "", False
    bindings = body.bindings(inner)
    return "", bool(bindings) and all(b.how in ("annotation", "element") for b in bindings)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call that hands over."""
    marks = project.source.marks.get(RULE.code, ())
    set_by_requests = [m for m in marks if m.fact("use") == "set" and _ways(project, m)]
    variables = {m.fact("variable") for m in set_by_requests}
    reading = {m.function: m for m in marks if m.fact("use") == "get" and m.fact("variable") in variables}
    for mark in marks if set_by_requests and reading else ():
        ways = _ways(project, mark)
        if not mark.fact("hands") or not ways:
            continue
        lower = way_down(project, mark.fact("target"), reading) if mark.fact("target") else None
        if lower is None and not mark.fact("open"):
            continue
        read = reading[lower[0]] if lower is not None else None
        below = (*lower[1], Step(f"{read.fact('variable')}.get()", read.span)) if lower and read else ()
        what = (
            f"{read.fact('variable')} is its default there"
            if read
            else "whatever it runs sees no context variable"
        )
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"{mark.fact('hands')} starts with an empty context: {what}",
            impact=f"{_set(set_by_requests)} is set by requests; work in the thread runs as nobody, or as the default tenant",
            solution="submit contextvars.copy_context().run with the function as its first argument, a copy for each call",
            known="static",
            confidence=0.85 if read else 0.65,
            chain=(*ways[0].chain, Step(mark.fact("hands"), mark.span), *below),
            facts={"variable": read.fact("variable") if read else ""},
            severity=None if read else "note",
        )


def _set(marks: list[Mark]) -> str:
    return min(m.fact("variable") for m in marks)


def _ways(project: Project, mark: Mark) -> list[Reach]:
    return reaches(project, mark.function, ("loop", "thread", "background", "serialization"))


_TENANT = """
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context

tenant: ContextVar[str] = ContextVar("tenant", default="public")
pool = ThreadPoolExecutor()


def table_of_tenant():
    return f"{tenant.get()}.orders"


async def set_tenant(x_tenant: str):
    tenant.set(x_tenant)
"""

EXAMPLES = (
    Example(
        "a report in an executor",
        plain(
            _TENANT
            + """

@app.get("/report")
def report(_=Depends(set_tenant)):
    return pool.submit(table_of_tenant).result()
"""
        ),
        bad=True,
    ),
    Example(
        "a helper that runs any function",
        plain(
            _TENANT
            + """

def in_parallel(functions):
    with ThreadPoolExecutor() as executor:
        futures = [executor.submit(function) for function in functions]
    return [future.result() for future in futures]


@app.get("/report")
def report(_=Depends(set_tenant)):
    return in_parallel([table_of_tenant])
"""
        ),
        bad=True,
    ),
    Example(
        "with a copy of the context",
        plain(
            _TENANT
            + """

@app.get("/report")
def report(_=Depends(set_tenant)):
    return pool.submit(copy_context().run, table_of_tenant).result()
"""
        ),
        bad=False,
        mends="a report in an executor",
    ),
    Example(
        "work that reads no context, and to_thread",
        plain(
            _TENANT
            + """

def square(number):
    return number * number


@app.get("/report")
async def report(_=Depends(set_tenant)):
    await asyncio.get_running_loop().run_in_executor(pool, square, 3)
    return await asyncio.to_thread(table_of_tenant)
"""
        ),
        bad=False,
    ),
)
