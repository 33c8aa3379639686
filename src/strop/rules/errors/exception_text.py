"""The text of an unexpected exception is sent to the client.

**What.** `except Exception as e: raise HTTPException(500, detail=str(e))`: what a library had to say about a
failure becomes part of the answer.

**Why it costs.** Such texts hold SQL with its values, paths, host names, URLs with keys, now and then the
secret itself (a JWT library once put the signing key in it). And clients come to depend on the wording.

**How it is found.** A handler of `Exception`, of all exceptions or of a library's own exceptions whose name goes
as `str(e)`, `repr(e)`, `f"{e}"`, `e.args` or `traceback.format_exc()` into an HTTP error, a response or the
dictionary that a route returns. One finding for each function; for a file with many, one.

**How to fix it.** `logger.exception(...)` for you, a constant text for the client.

**When it is no problem.** An exception of the project's own, or a `ValueError`, or an administrator's test of a connection, whose text was written for people: these
are not reported, nor what stands behind `isinstance(e, ...)` or a look at the text. A warning needs what is worth hiding: a database's exception, whose text has the
statement and its values, a `try` that comes to SQL, or the traceback. All else is a note: an application that is one person's own, files and other services, `e.orig` without the
statement, functions that raise texts of their own for this handler, routes of administrators or other services of one's own, those that put in plugins, a `try` whose functions all take their failures themselves and give a value back, webhooks of who signs what it sends, health checks that take nothing, code that no
route is seen to reach. Left out: HTTP errors whose details a handler of the application replaces, and every place where a handler of all exceptions gives the texts out anyway (then that handler is the finding).

**Sources.** OWASP, "Improper Error Handling": https://owasp.org/www-community/Improper_Error_Handling
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec import Struct

from strop.evidence import Evidence
from strop.finding import Finding, Severity
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.alone import is_for_one
from strop.rules.answers import (
    error_detail,
    error_status,
    http_errors,
    is_http_error,
    response_content,
    response_status,
    responses,
)
from strop.rules.caught import caught_names, is_broad, is_foreign
from strop.rules.code import function_id
from strop.rules.endpoint import endpoint
from strop.rules.example import Example
from strop.rules.leaked import is_narrowed, is_root, is_text, is_trace, lies_in, tells
from strop.rules.masked import masked_statuses, masks
from strop.rules.probed import is_probed
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.seldom import installs_code
from strop.rules.signed import is_signed
from strop.rules.standstill import MANY
from strop.rules.telling import is_telling
from strop.rules.told import marks, tell, ways_to
from strop.rules.unfailing import note_unfailing, unfailing
from strop.span import Span

RULE = Rule("ERR001", "exception-text", "errors", "warning", "Text of an exception in an answer", static=True)
WORDS = ("except", "raise", "Exception", "HTTPException", "StarletteHTTPException")
_ASIDE = regex(r"(?i:admin|super_?user|is_?staff)|internal_|Internal[A-Z]|service_(role|key)")
_INTERNAL = regex(r"/_?internal(/|$)|/private/|/debug(/|$)|/service-to-service/")
_SPOKEN = frozenset({"Exception", "ValueError", "RuntimeError"})
_TRIES = regex(r"(^|_)(test|try|check|validate|verify|diagnose|ping|probe|debug|preview)(_|$)")


def notice(body: Body) -> Iterator[Mark]:
    """The places where an exception's text goes into an answer, and library exceptions that the project raises itself."""
    yield from _raised(body)
    yield from _handles_all(body)
    yield from masks(body, RULE.code)
    yield from note_unfailing(body, RULE.code)
    if _TRIES.search(body.symbol.rpartition(".")[2]):
        return  # why it does not work is what was asked for
    handlers = [h for h in body.of(ast.ExceptHandler) if is_broad(body, h) or is_foreign(body, h)]
    for place, content, status in _answers(body) if handlers else ():
        handler = next((h for h in handlers if lies_in(place, h)), None)
        if handler is not None and tells(body, content, handler) and not is_narrowed(body, place, handler):
            yield _mark(body, place, content, status, handler)


def _mark(body: Body, place: ast.AST, content: ast.expr, status: int, handler: ast.ExceptHandler) -> Mark:
    tried = body.parent(handler)
    lines = (tried.body[0].lineno, tried.body[-1].end_lineno) if isinstance(tried, ast.Try) else (0, 0)
    others = [h for h in tried.handlers if h is not handler] if isinstance(tried, ast.Try) else []
    broad = is_broad(body, handler)
    return body.mark(
        RULE.code,
        place,
        text=body.brief(place, 90),
        caught="Exception" if broad else " or ".join(caught_names(body, handler)),
        broad=broad,
        status=status,
        error=isinstance(place, ast.Call) and is_http_error(body, place),
        first=lines[0],
        last=lines[1],
        taken=",".join(name for other in others for name in caught_names(body, other)),
        root=is_root(body, content, handler),
        trace=is_trace(body, content, handler),
        aside=bool(_ASIDE.search(_signature(body))) or is_signed(body),
    )


def _raised(body: Body) -> Iterator[Mark]:
    """Exceptions of libraries and of Python that are raised here, with a text of the project's own."""
    for statement in body.of(ast.Raise):
        call = statement.exc
        if isinstance(call, ast.Call) and (call.args or call.keywords) and not is_http_error(body, call):
            name = body.name(call.func)
            if "." in name and name not in body.types.found.classes:
                yield body.mark(RULE.code, statement, kind="raised", name=name)
            elif name in _SPOKEN:
                yield body.mark(RULE.code, statement, kind="spoken", name=name)


def _handles_all(body: Body) -> Iterator[Mark]:
    """A function that answers any exception with its text: a handler for the whole application, if it is set as one."""
    node = body.node
    given = (
        node.args.args[-1]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.args.args
        else None
    )
    if given is None or not isinstance(given.annotation, ast.Name) or given.annotation.id != "Exception":
        return
    for call in responses(body):
        content = response_content(call)
        if content is not None and any(is_text(body, part, given.arg) for part in ast.walk(content)):
            yield body.mark(RULE.code, call, kind="handler", text=body.brief(call, 90))


def _signature(body: Body) -> str:
    """The names in decorators, annotations and defaults of a function: what they say of who may call it."""
    node = body.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    route = endpoint(body)
    decorators = [d for d in node.decorator_list if route is None or d is not route.call]
    required = route.keyword("dependencies") if route is not None else None
    defaults = [
        d
        for d in (required, *node.args.defaults, *node.args.kw_defaults)
        if isinstance(d, ast.Call | ast.List)
    ]
    notes = [a.annotation for a in (*node.args.args, *node.args.kwonlyargs) if a.annotation is not None]
    nodes = (node for part in (*decorators, *defaults, *notes) for node in ast.walk(part))
    named = [last_name(node) for node in nodes if isinstance(node, ast.Name | ast.Attribute)]
    given = (node for default in defaults for node in ast.walk(default))
    return " ".join(
        named + [n.value for n in given if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    )


def _answers(body: Body) -> Iterator[tuple[ast.AST, ast.expr, int]]:
    """Everything that becomes an answer, with the part that the client reads and its status (0: can't be told)."""
    for call in http_errors(body):
        detail = error_detail(call)
        if detail is not None:
            yield call, detail, error_status(body, call)
    for call in responses(body):
        content, status = response_content(call), response_status(body, call)
        if content is not None and status != 204:
            yield call, content, status
    for statement in body.of(ast.Return) if endpoint(body) is not None else ():
        if isinstance(statement.value, ast.Dict):
            yield statement, statement.value, 200


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function (for a file with many, one), and one for a handler of all exceptions."""
    own = {mark.fact("name") for mark in marks(project, RULE, "raised")}
    alone: Severity | None = "note" if is_for_one(project) else None  # who reads it owns what it is about
    handler, masked = _handler(project), masked_statuses(project, RULE)
    if handler is not None:
        yield _finding(handler, [], "every exception that nobody catches", "", 0.8, alone)
    spoken: dict[str, set[str]] = defaultdict(set)
    for mark in marks(project, RULE, "spoken"):
        spoken[mark.function].add(mark.fact("name"))
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks(project, RULE):
        hidden = mark.fact("error") and int(mark.fact("status") or 0) in masked
        if not hidden and not set(mark.fact("caught").split(" or ")) <= own:
            found[mark.function].append(mark)
    loud: dict[str, list[_Told]] = defaultdict(list)
    for function, here in found.items():
        ways = ways_to(project, function)
        told_apart = (m for m in here if not alone and not _is_covered(m, handler))
        open_to = [m for m in told_apart if _is_loud(project, m, ways, spoken)]
        times = f" ({len(here)} times in this function)" if len(here) > 1 else ""
        told = _Told((open_to or here)[0], ways, times)
        if open_to:
            loud[told.mark.span.file].append(told)
        else:
            yield _one(told, "note")
    for one_file in loud.values():
        if len(one_file) > MANY:
            yield _many(one_file)
        else:
            yield from (_one(told) for told in one_file)


class _Told(Struct, frozen=True):
    """A function that gives a text out: where, for which routes, how often."""

    mark: Mark
    ways: list[Reach]
    times: str


def _one(told: _Told, severity: Severity | None = None) -> Finding:
    confidence = 0.85 if told.ways else 0.65
    return _finding(told.mark, told.ways, told.mark.fact("caught"), told.times, confidence, severity)


def _many(here: list[_Told]) -> Finding:
    """One finding for a file that does so everywhere: it is a habit, mended all at once."""
    ways = list({way.route: way for told in here for way in told.ways}.values())
    first = here[0].mark
    others = [told.mark.span for told in here[1:]]
    times = f", and in {len(others)} other functions of this file"
    return _finding(first, ways, first.fact("caught"), times, 0.85, None, others)


def _is_covered(mark: Mark, handler: Mark | None) -> bool:
    """Whether the application around a place gives every text out anyway: then its handler is the finding."""
    return handler is not None and handler.span.file.partition("/")[0] == mark.span.file.partition("/")[0]


def _finding(
    mark: Mark,
    ways: list[Reach],
    whose: str,
    times: str,
    confidence: float,
    severity: Severity | None,
    others: Iterable[Span] = (),
) -> Finding:
    return tell(
        RULE,
        mark,
        ways,
        message=f"the text of {whose} goes into the answer{times}",
        impact="clients read what was meant for the log: SQL, paths, addresses, sometimes a secret",
        solution="logger.exception(...) and a constant text for the client",
        confidence=confidence,
        severity=severity,
        places=others,
    )


def _handler(project: Project) -> Mark | None:
    """The application's handler for every exception, where it answers with the text."""
    set_for_all = {
        function_id(h.name, h.span)
        for h in project.imported.handlers
        if h.span is not None and h.handles.rpartition(":")[2].rpartition(".")[2] == "Exception"
    }
    return next((m for m in marks(project, RULE, "handler") if m.function in set_for_all), None)


def _is_loud(project: Project, mark: Mark, ways: list[Reach], spoken: dict[str, set[str]]) -> bool:
    """Whether somebody outside may read a statement, its values or a traceback."""
    operated = Protection.of(project).is_for_operators
    if mark.fact("aside") or not ways or all(_is_aside(project, w.route) or operated(w.route) for w in ways):
        return False
    if all(installs_code(w.route) and "/install" in w.route for w in ways):
        return False  # who may put programs in may read anything
    if not mark.fact("trace") and all(_only_watches(project, w.route) for w in ways):
        return False
    return is_telling(project, mark, spoken, unfailing(project, RULE))


def _only_watches(project: Project, key: str) -> bool:
    """Whether a route is a health check, for whoever runs the service, and nothing that a client gives gets into it."""
    found = [r for r in project.imported.routes if r.key == key]
    given = [p for r in found for p in r.parameters if p.place not in ("header", "cookie")]
    return key.startswith("GET ") and is_probed(key) and bool(found) and not given


def _is_aside(project: Project, key: str) -> bool:
    """Whether a route is for administrators or for other services of the project."""
    if _INTERNAL.search(key):
        return True
    found = (r for r in project.imported.routes if r.key == key)
    return all(any(_ASIDE.search(d.name.rpartition(":")[2]) for d in r.dependencies) for r in found)


EXAMPLES = (
    Example(
        "str(e) as detail, after statements",
        plain("""
import sqlite3


@app.get("/reports/{name}")
def read_report(name: str):
    try:
        with sqlite3.connect("reports.db") as found:
            return found.execute("SELECT text FROM report WHERE name = ?", (name,)).fetchone()
    except Exception as e:
        raise HTTPException(status_code=500, detail=f"Could not read the report: {e}")
"""),
        bad=True,
    ),
    Example(
        "a machine that signs what it sends reads it: a note",
        plain("""
import hmac
import sqlite3

from fastapi import Header, Request

KEY = b"from the environment"


@app.post("/paid")
async def paid(request: Request, x_bank_signature: str = Header("")):
    sent = await request.body()
    if not hmac.compare_digest(x_bank_signature, hmac.new(KEY, sent, "sha256").hexdigest()):
        raise HTTPException(401)
    try:
        with sqlite3.connect("paid.db") as found:
            found.execute("INSERT INTO paid VALUES (?)", (sent,))
    except Exception as e:
        raise HTTPException(status_code=503, detail=f"Send it again: {e}")
"""),
        bad=True,
    ),
    Example(
        "who puts in a plugin reads it: a note",
        plain("""
import sqlite3


@app.post("/plugins/install/archive")
def install_plugin(name: str):
    try:
        with sqlite3.connect("plugins.db") as found:
            found.execute("INSERT INTO plugins VALUES (?)", (name,))
    except Exception as e:
        raise HTTPException(status_code=500, detail=f"Not installed: {e}")
"""),
        bad=True,
    ),
    Example(
        "str(e) as detail, after statements, where one login is for all there is: a note",
        plain("""
import sqlite3

from fastapi.security import HTTPBasic, HTTPBasicCredentials

basic = HTTPBasic()


@app.get("/reports/{name}")
def read_report(name: str, login: HTTPBasicCredentials = Depends(basic)):
    if not secrets.compare_digest(login.password, os.environ["PASSWORD"]):
        raise HTTPException(401)
    try:
        with sqlite3.connect("reports.db") as found:
            return found.execute("SELECT text FROM report WHERE name = ?", (name,)).fetchone()
    except Exception as e:
        raise HTTPException(status_code=500, detail=f"Could not read the report: {e}")
"""),
        bad=True,
    ),
    Example(
        "str(e) as detail, about a file: a note",
        plain("""
@app.get("/reports/{name}")
def read_report(name: str):
    try:
        return Path("reports", name).read_text()
    except Exception as e:
        raise HTTPException(status_code=500, detail=f"Could not read the report: {e}")
"""),
        bad=True,
    ),
    Example(
        "the traceback",
        plain("""
import traceback


@app.post("/sums")
def add_up(numbers: list[str]):
    try:
        return sum(map(float, numbers))
    except Exception:
        raise HTTPException(status_code=500, detail=traceback.format_exc())
"""),
        bad=True,
    ),
    Example(
        "a text that the function raises for its caller: a note",
        plain("""
import sqlite3


def export(name: str) -> list[str]:
    with sqlite3.connect("reports.db") as found:
        rows = found.execute("SELECT text FROM report WHERE name = ?", (name,)).fetchall()
    if not rows:
        raise Exception("Nothing to export, please choose another filter")
    return [row[0] for row in rows]


@app.get("/exports/{name}")
def read_export(name: str):
    try:
        return export(name)
    except Exception as e:
        raise HTTPException(status_code=500, detail=str(e))
"""),
        bad=True,
    ),
    Example(
        "more rows than one, said without a statement: a note",
        plain("""
from sqlalchemy import select, text
from sqlalchemy.exc import MultipleResultsFound
from sqlalchemy.orm import Session


@app.get("/reports/{name}")
def read_report(name: str, session: Session):
    try:
        return session.execute(text("SELECT 1")).scalars().one_or_none()
    except MultipleResultsFound as e:
        raise HTTPException(status_code=500, detail=f"Two reports: {e}")
"""),
        bad=True,
    ),
    Example(
        "HTTP errors whose details no client reads",
        plain("""
from fastapi import Request
from fastapi.responses import JSONResponse


@app.exception_handler(HTTPException)
def answer(request: Request, error: HTTPException):
    return JSONResponse({"detail": "Something went wrong"}, error.status_code)


@app.get("/reports/{name}")
def report(name: str):
    try:
        return open(name).read()
    except Exception as e:
        raise HTTPException(status_code=500, detail=str(e))
"""),
    ),
    Example(
        "HTTP errors of 500 whose details the application replaces",
        plain("""
import sqlite3

from fastapi import Request
from fastapi.responses import JSONResponse


@app.exception_handler(HTTPException)
def answer(request: Request, error: HTTPException):
    hidden = error.status_code == 500
    detail = error.detail
    if hidden:
        detail = "Something went wrong"
    return JSONResponse({"detail": detail}, error.status_code)


@app.get("/reports/{name}")
def report(name: str):
    try:
        with sqlite3.connect("reports.db") as found:
            return found.execute("SELECT text FROM report WHERE name = ?", (name,)).fetchone()
    except Exception as e:
        raise HTTPException(500, detail=str(e))
"""),
        bad=False,
    ),
    Example(
        "HTTP errors of 409 where the application replaces the details of 500 alone",
        plain("""
import sqlite3

from fastapi import Request
from fastapi.responses import JSONResponse


@app.exception_handler(HTTPException)
def answer(request: Request, error: HTTPException):
    detail = "Something went wrong" if error.status_code == 500 else error.detail
    return JSONResponse({"detail": detail}, error.status_code)


@app.get("/reports/{name}")
def report(name: str):
    try:
        with sqlite3.connect("reports.db") as found:
            return found.execute("SELECT text FROM report WHERE name = ?", (name,)).fetchone()
    except Exception as e:
        raise HTTPException(409, detail=str(e))
"""),
        bad=True,
    ),
    Example(
        "a constant text, and the exception in the log",
        plain("""
import logging

logger = logging.getLogger(__name__)


@app.get("/reports/{name}")
def read_report(name: str):
    try:
        return Path("reports", name).read_text()
    except Exception:
        logger.exception("Could not read the report")
        raise HTTPException(status_code=500, detail="Could not read the report")
"""),
        mends="str(e) as detail, about a file: a note",
    ),
    Example(
        "the text of the project's own exception",
        plain("""
class NotForSale(Exception):
    pass


def price(name: str) -> int:
    if name == "sky":
        raise NotForSale("The sky is not for sale")
    return len(name)


@app.get("/prices/{name}")
def read_price(name: str):
    try:
        return {"price": price(name)}
    except NotForSale as e:
        raise HTTPException(status_code=409, detail=str(e))
"""),
    ),
    Example(
        "only the class of the exception",
        plain("""
@app.get("/reports/{name}")
def read_report(name: str):
    try:
        return Path("reports", name).read_text()
    except Exception as e:
        raise HTTPException(status_code=500, detail=f"Failed with {type(e).__name__}")
"""),
    ),
    Example(
        "one kind of exception, asked for in the broad handler",
        plain("""
class NotForSale(Exception):
    pass


@app.get("/reports/{name}")
def read_report(name: str):
    try:
        return Path("reports", name).read_text()
    except Exception as e:
        if isinstance(e, NotForSale):
            raise HTTPException(status_code=409, detail=str(e))
        raise HTTPException(status_code=500, detail="Could not read the report")
"""),
    ),
    Example(
        "a health check that takes nothing: a note",
        plain("""
import sqlite3


@app.get("/ready")
def ready():
    try:
        with sqlite3.connect("reports.db") as found:
            found.execute("SELECT 1")
    except Exception as e:
        raise HTTPException(status_code=503, detail=f"No database: {e}")
    return "ready"
"""),
        bad=True,
    ),
    Example(
        "only administrators read it: a note",
        plain("""
import sqlite3
from fastapi import Request


def require_admin(request: Request) -> None:
    if request.headers.get("x-role") != "admin":
        raise HTTPException(status_code=403)


@app.get("/reports/{name}")
def read_report(name: str, request: Request):
    require_admin(request)
    try:
        with sqlite3.connect("reports.db") as found:
            return found.execute("SELECT text FROM report WHERE name = ?", (name,)).fetchone()
    except Exception as e:
        raise HTTPException(status_code=500, detail=f"Could not read the report: {e}")
"""),
        bad=True,
    ),
    Example(
        "all that is called takes its failures itself: a note",
        plain("""
import logging
import sqlite3

logger = logging.getLogger(__name__)


def find_report(name: str) -> list:
    try:
        with sqlite3.connect("reports.db") as found:
            return found.execute("SELECT text FROM report WHERE name = ?", (name,)).fetchall()
    except Exception as e:
        logger.error(f"no report: {e}")
        return []


@app.get("/reports/{name}")
def read_report(name: str):
    try:
        found = find_report(name)
        if not found:
            raise HTTPException(status_code=404, detail="No such report")
        return {"text": found[0]}
    except HTTPException:
        raise
    except Exception as e:
        raise HTTPException(status_code=500, detail=f"Could not read the report: {e}")
"""),
        bad=True,
    ),
    Example(
        "one of those that are called does not take its failures",
        plain("""
import logging
import sqlite3

logger = logging.getLogger(__name__)


def find_report(name: str) -> list:
    try:
        with sqlite3.connect("reports.db") as found:
            return found.execute("SELECT text FROM report WHERE name = ?", (name,)).fetchall()
    except Exception as e:
        logger.error(f"no report: {e}")
        return []


@app.get("/reports/{name}")
def read_report(name: str):
    try:
        found = find_report(name)
        return {"text": found[0], "picture": Path("pictures", name).read_bytes()}
    except Exception as e:
        raise HTTPException(status_code=500, detail=f"Could not read the report: {e}")
"""),
        bad=True,
    ),
)
