"""An error is raised or returned as something that FastAPI does not make an error answer of.

**What.** `HTTPException` of `http.client` instead of FastAPI's; `raise JSONResponse(...)`; `return HTTPException(...)`;
an HTTPException with a status below 300; one that is made and not raised, or whose body is the exception itself; an exception handler
that returns a dictionary.

**Why it costs.** A foreign class is an unhandled exception: 500 whatever status was meant. A raised response is a
TypeError, 500 too. A returned exception is serialized and answered with 200. An exception with 204 or 200 tells the client that all went well, and rolls the
transaction back.

**How it is found.** The class behind the name, through imports; what is raised; what a route returns.

**How to fix it.** `raise fastapi.HTTPException(...)`, `return JSONResponse(...)`.

**When it is no problem.** A status of 3xx with a Location header is a known way to redirect from a dependency.

**Sources.** FastAPI, "Handling Errors": https://fastapi.tiangolo.com/tutorial/handling-errors/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.answers import (
    argument,
    error_detail,
    error_status,
    http_errors,
    is_http_error,
    response_content,
    responses,
)
from strop.rules.endpoint import endpoint
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "ERR005", "wrong-exception-class", "errors", "error", "An error that FastAPI does not answer", static=True
)
WORDS = ("HTTPException", "raise", "JSONResponse", "exception_handler")
_OWN = ("fastapi.HTTPException", "starlette.exceptions.HTTPException", "fastapi.exceptions.HTTPException")
_FOREIGN = ("http.client.HTTPException", "werkzeug.exceptions.", "aiohttp.web", "urllib.error.HTTPError")

_SAID = {
    "foreign": (
        "{what} is not FastAPI's: raised here it is an unhandled exception",
        "500 whatever status is meant",
    ),
    "response": ("a response is raised: that is a TypeError", "500 in place of the answer that is meant"),
    "returned": ("HTTPException is returned, not raised", "the client gets 200 with the exception as JSON"),
    "unraised": ("HTTPException is made and not raised", "the code goes on as if nothing had been wrong"),
    "swapped": ("the status of HTTPException is a text", "making the answer fails: 500"),
    "object": ("the exception itself is the body: it is no JSON", "making the answer fails: 500"),
    "handler": (
        "an exception handler returns {what}, not a response",
        "the handler fails: 500 for every such exception",
    ),
    "success": ("HTTPException with status {what}", "an exception that says that all went well"),
}
_SOLUTIONS = {
    "response": "return it",
    "object": "a text of your own; the exception belongs into the log",
    "handler": "return JSONResponse(..., status_code=...)",
    "swapped": "HTTPException(status_code=..., detail=...)",
}


def notice(body: Body) -> Iterator[Mark]:
    """Raises and returns of the wrong thing."""
    for node in body.of(ast.Raise):
        raised = node.exc
        name = (
            body.name(raised.func if isinstance(raised, ast.Call) else raised) if raised is not None else ""
        )
        if name.startswith(_FOREIGN) and _speaks_of_status(body, raised):
            yield body.mark(RULE.code, node, text=body.brief(node, 90), error="foreign", what=name)
        elif isinstance(raised, ast.Call) and is_http_error(body, raised):
            status = error_status(body, raised)
            if 0 < status < 300:
                yield body.mark(RULE.code, node, text=body.brief(node, 90), error="success", what=status)
    for call in responses(body):
        parent = body.parent(call)
        if isinstance(parent, ast.Raise) and parent.exc is call:
            yield body.mark(RULE.code, parent, text=body.brief(parent, 90), error="response")
    yield from _unraised(body)
    if endpoint(body) is not None:
        for returned in body.of(ast.Return):
            if isinstance(returned.value, ast.Call) and is_http_error(body, returned.value):
                yield body.mark(RULE.code, returned, text=body.brief(returned, 90), error="returned")


def _unraised(body: Body) -> Iterator[Mark]:
    """Errors that are made and thrown away, or that can't be written as JSON; handlers that return no response."""
    for call in http_errors(body):
        text = body.brief(call, 90)
        status, detail = argument(call, 0, "status_code"), error_detail(call)
        if isinstance(body.parent(call), ast.Expr):
            yield body.mark(RULE.code, call, text=text, error="unraised")
        elif (
            isinstance(status, ast.Constant)
            and isinstance(status.value, str)
            and body.name(call.func) in _OWN
        ):
            yield body.mark(RULE.code, call, text=text, error="swapped")
        elif any(_is_caught(body, part) for part in _values(detail)):
            yield body.mark(RULE.code, call, text=text, error="object")
    for call in responses(body):
        if body.name(call.func).endswith("JSONResponse") and any(
            _is_caught(body, part) for part in _values(response_content(call))
        ):
            yield body.mark(RULE.code, call, text=body.brief(call, 90), error="object")
    node = body.node
    for decorator in node.decorator_list if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ():
        func = decorator.func if isinstance(decorator, ast.Call) else None
        if isinstance(func, ast.Attribute) and func.attr == "exception_handler":
            for returned in body.of(ast.Return):
                if isinstance(returned.value, ast.Dict | ast.JoinedStr | ast.Tuple):
                    yield body.mark(
                        RULE.code, returned, text=body.brief(returned, 90), error="handler", what="plain data"
                    )


def _values(content: ast.expr | None) -> Iterator[ast.expr]:
    match content:
        case ast.Dict(values=values) | ast.List(elts=values):
            for value in values:
                yield from _values(value)
        case ast.expr():
            yield content


def _is_caught(body: Body, expr: ast.expr) -> bool:
    """Whether an expression is the very exception that an `except ... as` around it names."""
    if not isinstance(expr, ast.Name):
        return False
    return any(isinstance(a, ast.ExceptHandler) and a.name == expr.id for a in body.around(expr)) and not any(
        n.id == expr.id and isinstance(n.ctx, ast.Store) for n in body.of(ast.Name)
    )


def _speaks_of_status(body: Body, raised: ast.expr | None) -> bool:
    """Whether the foreign exception is given a status, as FastAPI's is."""
    if not isinstance(raised, ast.Call):
        return False
    given = [*raised.args, *(k.value for k in raised.keywords)]
    numbers = any(isinstance(body.constant(a), int) for a in given)
    return numbers or any("HTTP_" in body.text(a) or k == "status_code" for a in given for k in _keys(raised))


def _keys(call: ast.Call) -> list[str]:
    return [k.arg or "" for k in call.keywords] or [""]


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each place."""
    for mark in marks(project, RULE):
        message, impact = _SAID[mark.fact("error")]
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=message.format(what=mark.fact("what")),
            impact=impact,
            solution=_SOLUTIONS.get(mark.fact("error"), "raise fastapi.HTTPException with the status meant"),
            confidence=0.9,
            severity="note" if mark.fact("error") == "success" else None,
        )


EXAMPLES = (
    Example(
        "HTTPException of http.client",
        {
            "main.py": """\
from http.client import HTTPException

from fastapi import FastAPI, status

app = FastAPI()


@app.get("/words/{name}")
def read_word(name: str):
    if name != "a":
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    return name
"""
        },
        bad=True,
    ),
    Example(
        "HTTPException of FastAPI",
        {
            "main.py": """\
from fastapi import FastAPI, HTTPException, status

app = FastAPI()


@app.get("/words/{name}")
def read_word(name: str):
    if name != "a":
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    return name
"""
        },
        mends="HTTPException of http.client",
    ),
    Example(
        "returned in place of raised",
        plain("""
@app.get("/words/{name}")
def read_word(name: str):
    if name != "a":
        return HTTPException(404, "No such word")
    return name
"""),
        bad=True,
    ),
    Example(
        "the exception itself as detail",
        plain("""
@app.get("/words/{name}")
def read_word(name: str):
    try:
        return {"length": int(name)}
    except ValueError as e:
        raise HTTPException(400, detail=e)
"""),
        bad=True,
    ),
    Example(
        "made and not raised",
        plain("""
@app.get("/words/{name}")
def read_word(name: str):
    if name != "a":
        HTTPException(404, "No such word")
    return name
"""),
        bad=True,
    ),
    Example(
        "a redirect from a dependency, and a response that is returned",
        plain("""
from fastapi.responses import JSONResponse


def user(name: str = ""):
    if not name:
        raise HTTPException(307, headers={"Location": "/login"})
    return name


@app.get("/me")
def me(name: str = Depends(user)):
    return JSONResponse({"name": name}, status_code=203)
"""),
    ),
)
