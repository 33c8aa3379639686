"""The text of an unexpected exception is sent to the client.

**What.** `except Exception as e: raise HTTPException(500, detail=str(e))`: what a library had to say about a
failure becomes part of the answer.

**Why it costs.** Such texts hold SQL with its values, paths, host names, URLs with keys, now and then the
secret itself (a JWT library once put the signing key in it). And clients come to depend on the wording.

**How it is found.** A handler of `Exception`, of all exceptions or of a library's own exceptions whose name goes
as `str(e)`, `repr(e)`, `f"{e}"`, `e.args` or `traceback.format_exc()` into an HTTP error, a response or the
dictionary that a route returns. One finding for each function.

**How to fix it.** `logger.exception(...)` for you, a constant text for the client.

**When it is no problem.** An exception of the project's own, or a `ValueError`, or an administrator's test of a connection, whose text was written for people: these
are not reported.

**Sources.** OWASP, "Improper Error Handling": https://owasp.org/www-community/Improper_Error_Handling
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.answers import error_detail, http_errors, response_content, response_status, responses
from strop.rules.caught import caught_names, is_broad, is_foreign
from strop.rules.endpoint import endpoint
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("ERR001", "exception-text", "errors", "warning", "Text of an exception in an answer", static=True)
WORDS = ("except",)
_DEBUG = re.compile(r"debug|develop|\bdev\b|local|expose|verbose|environment|\benv\b", re.I)
_TRIES = re.compile(r"(^|_)(test|try|check|validate|verify|diagnose|ping|probe|debug|preview)(_|$)")


def notice(body: Body) -> Iterator[Mark]:
    """The places where an exception's text goes into an answer."""
    if _TRIES.search(body.symbol.rpartition(".")[2]):
        return  # why it does not work is what was asked for
    handlers = [h for h in body.of(ast.ExceptHandler) if is_broad(body, h) or is_foreign(body, h)]
    for place, content in _answers(body) if handlers else ():
        handler = next((h for h in handlers if _is_in(place, h)), None)
        if handler is not None and _tells(body, content, handler):
            broad = "Exception" if is_broad(body, handler) else " or ".join(caught_names(body, handler))
            yield body.mark(RULE.code, place, text=body.text(place)[:90], caught=broad)


def _answers(body: Body) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Everything that becomes an answer, with the part that the client reads."""
    for call in http_errors(body):
        detail = error_detail(call)
        if detail is not None:
            yield call, detail
    for call in responses(body):
        content = response_content(call)
        if content is not None and response_status(body, call) != 204:
            yield call, content
    for statement in body.of(ast.Return) if endpoint(body) is not None else ():
        if isinstance(statement.value, ast.Dict):
            yield statement, statement.value


def _is_in(node: ast.AST, handler: ast.ExceptHandler) -> bool:
    line = getattr(node, "lineno", 0)
    return handler.lineno <= line <= (handler.end_lineno or handler.lineno)


def _tells(body: Body, content: ast.expr, handler: ast.ExceptHandler) -> bool:
    """Whether the content has the exception's own text, written there or one name away."""
    if any(
        isinstance(a, ast.If | ast.IfExp) and _DEBUG.search(body.text(a.test))
        for a in _choices(body, content)
    ):
        return False
    parts: list[ast.AST] = [content]
    parts += [
        body.value(n) for n in ast.walk(content) if isinstance(n, ast.Name) and _is_in(body.value(n), handler)
    ]
    return any(_is_text(body, node, handler.name or "") for part in parts for node in ast.walk(part))


def _choices(body: Body, content: ast.expr) -> Iterator[ast.AST]:
    """The branches that decide about a content, around it and in it."""
    yield from body.around(content)
    for node in ast.walk(content):
        yield node
        if isinstance(node, ast.Name):
            yield body.value(node)


def _is_text(body: Body, node: ast.AST, name: str) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="str" | "repr"), args=[ast.Name(id=given)]):
            return given == name
        case ast.FormattedValue(value=ast.Name(id=given)):
            return given == name
        case ast.Attribute(value=ast.Name(id=given), attr="args" | "orig" | "stderr" | "stdout"):
            return given == name
        case ast.BinOp(op=ast.Mod(), right=ast.Name(id=given)):
            return given == name
        case ast.Call(func=ast.Attribute(attr="format"), args=args):
            return any(isinstance(a, ast.Name) and a.id == name for a in args)
        case ast.Call(func=ast.Attribute() | ast.Name() as func):
            return body.name(func) in ("traceback.format_exc", "traceback.format_exception")
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks(project, RULE):
        found[mark.function].append(mark)
    for function, here in found.items():
        ways = ways_to(project, function)
        times = f" ({len(here)} times in this function)" if len(here) > 1 else ""
        yield tell(
            RULE,
            here[0],
            ways,
            message=f"the text of {here[0].fact('caught')} goes into the answer{times}",
            impact="clients read what was meant for the log: SQL, paths, addresses, sometimes a secret",
            solution="logger.exception(...) and a constant text for the client",
            confidence=0.85 if ways else 0.65,
        )


EXAMPLES = (
    Example(
        "str(e) as detail",
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
        mends="str(e) as detail",
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
)
