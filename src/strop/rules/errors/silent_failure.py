"""A broad `except` hides that work on the database or another service failed.

**What.** `try: session.commit() ... except Exception: pass` (or `return None`, `return []`, `return True`), and no line in any log.

**Why it costs.** The client is told that all went well, the data is not there, and nobody can find out why: the exception is
gone.

**How it is found.** A `try` that asks the database or another service, whose handler for all exceptions neither raises nor logs (nor calls
a function of the project that does), and passes or returns an empty value, in code that a route reaches.

**How to fix it.** Catch the one exception that is expected; log the others, or let them go.

**When it is no problem.** Clean-up, a cache, a metric that may fail: then one log line says so. A note where another service was asked and nothing
found is answered, or a function that probes what is there asks: without it there may be nothing to tell. So it is where a comment says that it may fail and what is called writes to a log itself, and where the
`try` returns what it found and another way to find it follows.

**Sources.** Google Python Style Guide, "Exceptions":
https://google.github.io/styleguide/pyguide.html#24-exceptions
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Call
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.caught import is_broad, logs, raises
from strop.rules.example import Example
from strop.rules.raised import raising
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.told import marks, tell, ways_to

RULE = Rule("ERR003", "silent-failure", "errors", "warning", "A broad except hides a failure", static=True)
WORDS = ("except",)
_BESIDE = regex(
    r"telemetry|metric|track|analytic|cache|audit|optional|clean|warm|notif|heartbeat|best_effort|try_|maybe",
    re.I,
)
_PROBES = regex(r"(^|_)prob(e|es|ing)(_|$)", re.I)
_EFFORT = regex(
    r"best[- ]effort|never (fails?|raises?|breaks?)|(must|may|should) not (fail|raise|break)|swallow", re.I
)
_WORK = {"commits": "write to the database", "queries": "query", "calls": "call of another service"}
_LOGGER = regex(r"^\w*log(ger)?\.(warning|error|exception|critical)\(", re.I)
_CLEANS = (
    "rollback",
    "close",
    "aclose",
    "disconnect",
    "unlink",
    "rmtree",
    "cancel",
    "refresh",
    "expunge",
    "delete",
)


def notice(body: Body) -> Iterator[Mark]:
    """Broad handlers that say nothing and go on as if nothing had been."""
    if _BESIDE.search(body.symbol):
        return
    for node in body.of(ast.Try):
        handler = next((h for h in node.handlers if is_broad(body, h)), None)
        if (
            handler is None
            or logs(handler)
            or raises(handler)
            or body.within(node, ast.ExceptHandler) is not None
        ):
            continue
        does = _does(handler.body[-1]) if len(handler.body) <= 2 else ""
        if does == "goes on" and isinstance(_next(body, node), ast.Raise):
            continue  # whoever gets there is told
        if does:
            last = node.body[-1].end_lineno
            yield body.mark(
                RULE.code,
                handler,
                first=node.body[0].lineno,
                last=last,
                does=does,
                documented=_is_documented(body, node),
                probes=bool(_PROBES.search(body.symbol.rpartition(".")[2])),
                fallback=does == "goes on" and _has_fallback(body, node),
            )


def _has_fallback(body: Body, node: ast.Try) -> bool:
    """Whether what follows a `try` is done when it failed, and then alone: it leaves with what it found."""
    if not isinstance(node.body[-1], ast.Return):
        return False
    inside: ast.stmt = node
    for each in (node, *body.around(node)):
        if isinstance(each, ast.For | ast.AsyncFor | ast.While | ast.FunctionDef | ast.AsyncFunctionDef):
            return False
        inside = each if isinstance(each, ast.stmt) else inside
        if _next(body, inside) is not None:
            return True
    return False


def _is_documented(body: Body, node: ast.Try) -> bool:
    """Whether the comment at a `try`, or the function's docstring, says that it may fail."""
    end = node.end_lineno or node.lineno
    near = body.module.text[max(node.lineno - 4, 0) : end]
    comments = [line.partition("#")[2] for line in near if "#" in line]
    if isinstance(body.node, ast.FunctionDef | ast.AsyncFunctionDef):
        comments.append(ast.get_docstring(body.node) or "")
    return any(map(_EFFORT.search, comments))


def _next(body: Body, node: ast.stmt) -> ast.stmt | None:
    """The statement after this one in its block."""
    outer = body.parent(node) or body.node
    for _, block in ast.iter_fields(outer):
        if isinstance(block, list) and node in block[:-1]:
            after: ast.stmt = block[block.index(node) + 1]
            return after
    return None


def _does(statement: ast.stmt) -> str:
    """What a handler does after a failure, where that hides it."""
    match statement:
        case ast.Pass():
            return "goes on"
        case ast.Return(value=None):
            return "returns None"
        case ast.Return(value=ast.Constant(value=value)) if value is None or value is True:
            return f"returns {value}"
        case ast.Return(value=ast.List(elts=[]) | ast.Dict(keys=[])):
            return "returns nothing found"
    return ""


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler."""
    noticed = list(marks(project, RULE))
    refuse = raising(project) if noticed else {}  # who asks whether somebody may, and goes on when not
    for mark in noticed:
        ways = ways_to(project, mark.function)
        work = _work(project, mark, refuse) if ways and not _is_told(project, mark) else None
        if work is not None:
            call, kind = work
            yield tell(
                RULE,
                mark,
                ways,
                message=f"when {call.text} fails, the broad except {mark.fact('does')} and nobody is told",
                impact=f"a failed {_WORK[kind]} looks like success, and the reason is lost",
                solution="catch what is expected; log or raise the rest",
                confidence=0.75,
                call=call.text,
                severity="note"
                if (kind == "calls" and (mark.fact("does") == "returns nothing found" or mark.fact("probes")))
                or (mark.fact("documented") and (kind == "calls" or _tells(project, call)))
                or mark.fact("fallback")
                else None,
            )


def _is_told(project: Project, mark: Mark) -> bool:
    """Whether the handler calls a function of the project that writes to a log, itself or one call below."""
    lines = range(mark.span.line, max(mark.span.line, mark.span.end_line) + 1)
    functions = project.source.functions
    called = {c.target for c in functions[mark.function].calls if c.target and c.span.line in lines}
    below = {c.target for one in called if one in functions for c in functions[one].calls if c.target}
    found = [functions[one] for one in called | below if one in functions]
    return any(_LOGGER.search(call.text) for function in found for call in function.calls)


def _tells(project: Project, call: Call) -> bool:
    """Whether what is called writes to a log itself, of failures among others."""
    target = project.source.functions.get(call.target)
    return target is not None and any(_LOGGER.search(c.text) for c in target.calls)


def _work(project: Project, mark: Mark, refuse: Container[str]) -> tuple[Call, str] | None:
    """The work that may fail in the `try`: of its own, or of a function that it calls."""
    lines = range(int(mark.fact("first")), int(mark.fact("last")) + 1)
    inside = [c for c in project.source.functions[mark.function].calls if c.span.line in lines]
    if any(c.name.rpartition(".")[2] in _CLEANS or c.target in refuse for c in inside):
        return None
    for kind in _WORK:
        for call in inside:
            target = project.source.functions.get(call.target)
            below = target.calls if target is not None else ()
            if any(c.effect is not None and c.effect.kind == kind for c in (call, *below)):
                return call, kind
    return None


EXAMPLES = (
    Example(
        "an order that is lost",
        shop("""
@app.post("/customers")
def add_customer(name: str, session: Session = Depends(get_session)):
    session.add(Customer(name=name))
    try:
        session.commit()
    except Exception:
        pass
    return {"name": name}
"""),
        bad=True,
    ),
    Example(
        "the one failure that is expected",
        shop("""
from fastapi import HTTPException
from sqlalchemy.exc import IntegrityError


@app.post("/customers")
def add_customer(name: str, session: Session = Depends(get_session)):
    session.add(Customer(name=name))
    try:
        session.commit()
    except IntegrityError:
        raise HTTPException(409)
    return {"name": name}
"""),
        mends="an order that is lost",
    ),
    Example(
        "told in the log",
        shop("""
import logging

logger = logging.getLogger(__name__)


@app.post("/customers")
def add_customer(name: str, session: Session = Depends(get_session)):
    session.add(Customer(name=name))
    try:
        session.commit()
    except Exception:
        logger.exception("customer %s not kept", name)
        return None
    return {"name": name}
"""),
    ),
    Example(
        "told by a function of the project that logs",
        shop("""
import logging

logger = logging.getLogger(__name__)


def note(text: str) -> None:
    logger.error("%s", text)


@app.post("/customers")
def add_customer(name: str, session: Session = Depends(get_session)):
    session.add(Customer(name=name))
    try:
        session.commit()
    except Exception as failure:
        note(f"customer {name} not kept: {failure}")
        return None
    return {"name": name}
"""),
    ),
    Example(
        "told by a function that is named for it",
        shop("""
from telling import log_traceback


@app.post("/customers")
def add_customer(name: str, session: Session = Depends(get_session)):
    session.add(Customer(name=name))
    try:
        session.commit()
    except Exception:
        log_traceback("customer not kept")
        return None
    return {"name": name}
"""),
    ),
    Example(
        "said to be best effort, of what logs its failures itself: a note",
        shop("""
import logging

logger = logging.getLogger(__name__)


def count_visit(session: Session, name: str):
    if session.scalar(select(Customer.id).where(Customer.name == name)) is None:
        logger.warning("a visit of nobody: %s", name)
    session.commit()


@app.post("/visits")
def visit(name: str, session: Session = Depends(get_session)):
    # Best effort: a visit that is not counted is no reason to refuse it.
    try:
        count_visit(session, name)
    except Exception:
        pass
    return {"name": name}
"""),
        bad=True,
    ),
    Example(
        "said to be best effort, of what another service says: a note",
        shop("""
import httpx


def newest_version():
    \"\"\"Best-effort: nobody waits for it.\"\"\"
    try:
        return httpx.get("https://releases.example/newest", timeout=2).json()
    except Exception:
        return None


@app.get("/version")
def version():
    return {"newest": newest_version()}
"""),
        bad=True,
    ),
    Example(
        "a probe of what another service speaks: a note",
        shop("""
import httpx


def probe_scheme(host):
    scheme = "http"
    try:
        if httpx.get(f"https://{host}/status", timeout=2).status_code == 200:
            scheme = "https"
    except Exception:
        pass
    return scheme


@app.get("/scheme")
def scheme(host: str):
    return {"scheme": probe_scheme(host)}
"""),
        bad=True,
    ),
    Example(
        "an error that is raised when the work has not returned",
        shop("""
@app.post("/customers")
def add_customer(name: str, session: Session = Depends(get_session)):
    try:
        session.add(Customer(name=name))
        session.commit()
        return {"name": name}
    except Exception:
        pass
    raise HTTPException(409, "There is such a customer")
"""),
    ),
    Example(
        "another way follows: a note",
        shop("""
@app.get("/customers/{customer_id}")
def name_of(customer_id: int, session: Session = Depends(get_session)):
    try:
        return session.scalars(select(Customer.name).where(Customer.id == customer_id)).one()
    except Exception:
        pass
    return f"customer {customer_id}"
"""),
        bad=True,
    ),
)
