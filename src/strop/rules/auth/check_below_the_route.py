"""A route's check stands in a service, which gets the Request for it.

**What.** A handler gives its `Request` to a function of another layer, and that one calls the function that checks who may.

**Why it costs.** The route doesn't show who may call it: neither its dependencies nor the schema say so, a second route
that calls another method of the service has no check, and the service can't be used without a Request.

**How it is found.** Functions that take a `Request` and refuse, called by hand from functions of another file that are
neither handlers nor dependencies nor checks themselves; reported at the handler that passes the Request down.

**How to fix it.** `dependencies=[Depends(check)]` on the route; the service gets what it needs as values.

**When it is no problem.** What is allowed depends on the loaded object, and the check is of that object.

**Sources.** https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-in-path-operation-decorators/ ;
https://github.com/fastapi-practices/fastapi_best_architecture/pull/852
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.function import Call
from strop.project.project import Project
from strop.project.route import Route
from strop.regex import regex
from strop.rules.auth.request_in_websocket import RULE as NEEDS_REQUEST
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span, Step

RULE = Rule(
    "AUTH020", "check-below-the-route", "auth", "warning", "A check that stands below its route", static=True
)
_CHECKS = regex(r"(super)?user|admin|permission|auth|role|access|scope|rbac", re.IGNORECASE)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler that passes its Request to such a function."""
    protection = Protection.of(project)
    takes_request = {m.function for m in project.source.marks.get(NEEDS_REQUEST.code, ())}
    checks = {
        f
        for f in takes_request & protection.refusing
        if _CHECKS.search(f.rpartition(":")[2].rpartition(".")[2])
    }
    entrances = set(_entrances(protection))
    below: dict[str, Call] = {}
    callers = (caller for each in checks for caller, _ in project.source.functions.callers(each))
    for function in callers:
        if function.id in takes_request and function.id not in entrances | checks:
            below[function.id] = next(call for call in function.calls if call.target in checks)
    done: set[str] = set()
    for route in project.imported.routes:
        handler = protection.handler(route)
        for call in handler.calls if handler is not None and route.name not in done else ():
            elsewhere = call.target.partition(":")[0] != call.span.file and not _CHECKS.search(
                call.name.rpartition(".")[2]
            )
            if elsewhere and call.target in below and re.search(r"\brequest\b", call.text):
                done.add(route.name)
                yield _finding(project, route, call, below[call.target])
                break


def _entrances(protection: Protection) -> Iterator[str]:
    """Handlers, dependencies and layers around the application."""
    names = {(d.name, d.span) for r in protection.project.imported.routes for d in r.dependencies}
    names |= {(r.name, r.span) for r in protection.project.imported.routes}
    for name, span in names:
        found = protection.finder.function(name, span)
        if found is not None:
            yield found.id
    for function in protection.project.source.functions:
        if function.endswith((".dispatch", ".__call__", ".authenticate")):
            yield function


def _finding(project: Project, route: Route, call: Call, checked: Call) -> Finding:
    short = checked.name.rpartition(".")[2]
    handler = call.span.symbol
    return draft(
        RULE,
        Span(call.span.file, call.span.line, handler, call.span.end_line),
        [r.key for r in project.imported.routes if r.name == route.name],
        message=f"{handler} leaves its check to {call.name.rpartition('.')[2]}, which calls {short} with the Request",
        impact="the route doesn't show who may call it, and the next one that uses the service may have no check",
        solution=f"dependencies=[Depends({short})] on the route, and a service without Request",
        known="static",
        confidence=0.7,
        chain=(Step(route.key, call.span), Step(call.text, call.span), Step(checked.text, checked.span)),
        facts={"check": short},
    )


_SERVICE = """
from fastapi import Request

from service import create, require_admin


"""
_BELOW = """
from fastapi import HTTPException, Request


def require_admin(request: Request) -> None:
    if request.headers.get("x-role") != "admin":
        raise HTTPException(403)


def create(request: Request, name: str) -> str:
    require_admin(request)
    return name
"""
_PLAIN = _BELOW.replace("(request: Request, name: str)", "(name: str)").replace(
    "    require_admin(request)\n", ""
)
EXAMPLES = (
    Example(
        "the service checks",
        plain(
            _SERVICE
            + """
@app.post("/users")
def create_user(request: Request, name: str):
    return {"name": create(request, name)}
""",
            service=_BELOW,
        ),
        bad=True,
    ),
    Example(
        "the route checks",
        plain(
            _SERVICE
            + """
@app.post("/users", dependencies=[Depends(require_admin)])
def create_user(name: str):
    return {"name": create(name)}
""",
            service=_PLAIN,
        ),
        bad=False,
        mends="the service checks",
    ),
    Example(
        "the handler checks",
        plain(
            _SERVICE
            + """
@app.post("/users")
def create_user(request: Request, name: str):
    require_admin(request)
    return {"name": create(name)}
""",
            service=_PLAIN,
        ),
        bad=False,
    ),
)
