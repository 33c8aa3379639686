"""Work is handed to a thread that doesn't see the request's context variables.

**What.** `executor.submit(...)`, `loop.run_in_executor(...)` or `threading.Thread(...)` run a function that reads a
context variable which a request has set.

**Why it costs.** A new thread begins with an empty context: the tenant, user or request id is the default there.
The best case is an error; the worst is another tenant's data.

**How it is found.** A request sets a context variable, in its route, a dependency or a middleware; on the same route a call hands work to
an executor or a thread without `copy_context()`; and that work reads the variable, in itself or below, or is a
parameter that may be anything. Of a helper that runs what it is given, the functions that its callers hand in are looked at.

**How to fix it.** `executor.submit(contextvars.copy_context().run, function, *args)`, with a copy for each call;
or `asyncio.to_thread` and `run_in_threadpool`, which copy.

Where the work may be any function, and no caller is seen to hand in one that reads the variable, it is a note; a warning, when the
variable says whose data a request may see and three functions or more hand work to the helper.

**When it is no problem.** Work that reads no context variable, or sets it itself; helpers that are given ready-made functions that
carry their context.

**Sources.** Python, "contextvars": https://docs.python.org/3/library/contextvars.html ;
asyncio.to_thread: https://docs.python.org/3/library/asyncio-task.html#asyncio.to_thread
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.way import way_down
from strop.span import Step

RULE = Rule("STA006", "context-lost", "state", "error", "A thread loses the request's context", static=True)
_HELPERS = regex(r"parallel|concurren|thread|executor|submit|pool|background|timeout", re.IGNORECASE)

_OWNER = regex(
    r"tenant|organi[sz]ation|(^|_)org(_|$)|workspace|account|principal|(^|_)user|schema", re.IGNORECASE
)
_CALLERS = 3  # functions that hand work to a helper
_VARIABLE = "contextvars.ContextVar"
_EXECUTORS = ("ThreadPoolExecutor", "Executor")


def notice(body: Body) -> Iterator[Mark]:
    """Context variables set and read, and work that is handed to threads without them."""
    for call in body.calls("set", "get"):
        name = body.name(call.func)
        if name in (f"{_VARIABLE}.set", f"{_VARIABLE}.get"):
            text = body.text(call.func).rpartition(".")[0][:60]
            yield body.mark(
                RULE.code, call, use=name.rpartition(".")[2], variable=text, of=_owner(body, call.func)
            )
    for call in body.calls("submit", "run_in_executor", "Thread"):
        work = _work(body, call)
        if work is None or "copy_context" in body.words or _keeps(body, work):
            continue
        target, is_open = _target(body, work)
        if target or is_open:
            yield body.mark(RULE.code, call, hands=body.brief(call, 70), target=target, open=is_open)
    yield from _helped(body)


def _owner(body: Body, use: ast.expr) -> str:
    """The class that makes the variable, of `self.variable.get`: another class's of that name is another variable."""
    variable = use.value if isinstance(use, ast.Attribute) else use
    owner = body.instance(variable.value) if isinstance(variable, ast.Attribute) else ""
    if not isinstance(variable, ast.Attribute) or not body.types.members.is_class(owner):
        return ""
    lineage = body.types.members.lineage(owner).classes
    return next((o.name for o, _ in lineage if variable.attr in (*o.attributes, *o.scope.names)), "")


def _helped(body: Body) -> Iterator[Mark]:
    """Calls of the project's helpers that run functions in threads, with the functions that are values here."""
    calls = [call for call in body.of(ast.Call) if _HELPERS.search(last_name(call.func))]
    helpers = [(call, name) for call in calls if (name := body.name(call.func)) in body.types.found.functions]
    given = sorted(_values(body)) if helpers else []
    for call, helper in helpers if given else ():
        yield body.mark(RULE.code, call, helper=helper, given=",".join(given), text=body.brief(call, 90))


def _values(body: Body) -> set[str]:
    """The ids of the project's functions that are handed around here, not called."""
    found: set[str] = set()
    names: list[ast.Name | ast.Attribute] = [*body.of(ast.Name), *body.of(ast.Attribute)]
    for name in names:
        above = body.parent(name)
        if (
            not isinstance(name.ctx, ast.Load)
            or isinstance(above, ast.Attribute)
            or (isinstance(above, ast.Call) and above.func is name)
        ):
            continue
        ref = body.ref(name)
        node = (
            body.types.found.functions.get(ref.name) if ref is not None and ref.kind == "function" else None
        )
        if node is not None:
            found.add(node.id)
    return found


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
    setting = {m: {w.route for w in _ways(project, m)} for m in marks if m.fact("use") == "set"}
    for mark in marks if any(setting.values()) and _readings(marks, setting) else ():
        ways = _ways(project, mark) if mark.fact("hands") else []
        on_way = {way.route for way in ways}
        # a request that also comes here sets it: in its handler, a dependency or a middleware
        set_by_requests = [m for m, routes in setting.items() if routes & on_way]
        reading = _readings(marks, set_by_requests)
        if not reading:
            continue
        lower = _lower(project, mark.fact("target"), reading) if mark.fact("target") else None
        if lower is None and not mark.fact("open"):
            continue
        before: tuple[Step, ...] = ()
        if lower is None:
            ways, before, lower = _handed_in(project, mark, reading) or (ways, (), None)
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
            chain=(*ways[0].chain, *before, Step(mark.fact("hands"), mark.span), *below),
            facts={"variable": read.fact("variable") if read else ""},
            severity=None if read else "warning" if _is_weighty(project, mark, set_by_requests) else "note",
        )


def _variable(mark: Mark) -> tuple[str, str]:
    return mark.fact("variable"), mark.fact("of")


def _readings(marks: Iterable[Mark], setting: Iterable[Mark]) -> dict[str, Mark]:
    """Where these variables are read, by the function."""
    variables = set(map(_variable, setting))
    return {m.function: m for m in marks if m.fact("use") == "get" and _variable(m) in variables}


def _is_weighty(project: Project, mark: Mark, given: list[Mark]) -> bool:
    """Whether requests say in a variable whose data they may see, and several functions hand work to this helper."""
    helper = project.source.functions.get(mark.function)
    marks = project.source.marks.get(RULE.code, ())
    callers = {m.function for m in marks if helper is not None and m.fact("helper") == helper.name}
    return len(callers) >= _CALLERS and any(_OWNER.search(m.fact("variable")) for m in given)


_Lower = tuple[str, tuple[Step, ...]]


def _lower(project: Project, start: str, reading: dict[str, Mark]) -> _Lower | None:
    """How work comes to a function that reads the variable; None where it sets the variable itself before."""
    found = way_down(project, start, reading)
    if found is None:
        return None
    variable = _variable(reading[found[0]])
    on_way = {start, *(f"{step.span.file}:{step.span.symbol}" for step in found[1])}
    marks = project.source.marks.get(RULE.code, ())
    own = any(m.fact("use") == "set" and _variable(m) == variable and m.function in on_way for m in marks)
    return None if own else found


def _handed_in(
    project: Project, mark: Mark, reading: dict[str, Mark]
) -> tuple[list[Reach], tuple[Step, ...], _Lower] | None:
    """The ways to a caller of a helper that hands in a function which reads the variable, its call, and how that comes to it."""
    helper = project.source.functions.get(mark.function)
    for call in project.source.marks.get(RULE.code, ()):
        if helper is None or call.fact("helper") != helper.name:
            continue
        ways = _ways(project, call)
        for given in call.fact("given").split(",") if ways else ():
            lower = _lower(project, given, reading)
            if lower is not None:
                function = project.source.functions[given]
                runs = Step(f"runs {function.span.symbol}", function.span)
                return ways, (Step(call.fact("text"), call.span),), (lower[0], (runs, *lower[1]))
    return None


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
        "a helper that is given the function",
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
        "a helper that runs functions which nobody is seen to hand in: a note",
        plain(
            _TENANT
            + """

def in_parallel(functions):
    with ThreadPoolExecutor() as executor:
        futures = [executor.submit(function) for function in functions]
    return [future.result() for future in futures]


@app.get("/report")
def report(_=Depends(set_tenant)):
    return in_parallel([str])


@app.get("/orders")
def orders(_=Depends(set_tenant)):
    return table_of_tenant()
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
        "work that sets the variable itself",
        plain(
            _TENANT
            + """

@app.get("/report")
def report(_=Depends(set_tenant)):
    own = tenant.get()

    def work():
        tenant.set(own)
        return table_of_tenant()

    return pool.submit(work).result()
"""
        ),
        bad=False,
    ),
    Example(
        "a variable that other requests set, and another class's of the same name",
        plain(
            _TENANT
            + """

class Reports:
    def __init__(self):
        self.tenant: ContextVar[str] = ContextVar("reports", default="public")

    def table(self):
        return f"{self.tenant.get()}.reports"


class Orders:
    def __init__(self):
        self.tenant: ContextVar[str] = ContextVar("orders", default="public")

    def enter(self, name: str):
        self.tenant.set(name)


reports = Reports()
orders = Orders()


@app.get("/orders")
def read_orders(name: str, _=Depends(set_tenant)):
    orders.enter(name)
    return table_of_tenant()


@app.get("/report")
def report(name: str):
    orders.enter(name)
    return [pool.submit(reports.table).result(), pool.submit(table_of_tenant).result()]
"""
        ),
        bad=False,
    ),
    Example(
        "a variable of an object, which the request has set",
        plain(
            """
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

pool = ThreadPoolExecutor()


class Store:
    def __init__(self):
        self.tenant: ContextVar[str] = ContextVar("tenant", default="public")

    def enter(self, name: str):
        self.tenant.set(name)

    def table(self):
        return f"{self.tenant.get()}.orders"


store = Store()


@app.get("/report")
def report(name: str):
    store.enter(name)
    return pool.submit(store.table).result()
"""
        ),
        bad=True,
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
