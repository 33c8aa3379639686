"""An error is raised or returned as something that FastAPI does not make an error answer of.

**What.** `HTTPException` of `http.client` instead of FastAPI's; `raise JSONResponse(...)`; `return HTTPException(...)`;
an HTTPException with a status below 300.

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
from strop.rules.answers import error_status, is_http_error, responses
from strop.rules.endpoint import endpoint
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "ERR005", "wrong-exception-class", "errors", "error", "An error that FastAPI does not answer", static=True
)
WORDS = ("HTTPException", "raise")
_FOREIGN = ("http.client.HTTPException", "werkzeug.exceptions.", "aiohttp.web", "urllib.error.HTTPError")

_SAID = {
    "foreign": (
        "{what} is not FastAPI's: raised here it is an unhandled exception",
        "500 whatever status is meant",
    ),
    "response": ("a response is raised: that is a TypeError", "500 in place of the answer that is meant"),
    "returned": ("HTTPException is returned, not raised", "the client gets 200 with the exception as JSON"),
    "success": ("HTTPException with status {what}", "an exception that says that all went well"),
}


def notice(body: Body) -> Iterator[Mark]:
    """Raises and returns of the wrong thing."""
    for node in body.of(ast.Raise):
        raised = node.exc
        name = (
            body.name(raised.func if isinstance(raised, ast.Call) else raised) if raised is not None else ""
        )
        if name.startswith(_FOREIGN) and _speaks_of_status(body, raised):
            yield body.mark(RULE.code, node, text=body.text(node)[:90], error="foreign", what=name)
        elif isinstance(raised, ast.Call) and is_http_error(body, raised):
            status = error_status(body, raised)
            if 0 < status < 300:
                yield body.mark(RULE.code, node, text=body.text(node)[:90], error="success", what=status)
    for call in responses(body):
        parent = body.parent(call)
        if isinstance(parent, ast.Raise) and parent.exc is call:
            yield body.mark(RULE.code, parent, text=body.text(parent)[:90], error="response")
    if endpoint(body) is not None:
        for returned in body.of(ast.Return):
            if isinstance(returned.value, ast.Call) and is_http_error(body, returned.value):
                yield body.mark(RULE.code, returned, text=body.text(returned)[:90], error="returned")


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
            solution="return it"
            if mark.fact("error") == "response"
            else "raise fastapi.HTTPException with the status meant",
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
