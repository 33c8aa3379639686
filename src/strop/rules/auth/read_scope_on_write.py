"""A writing route asks for the right to read.

**What.** A POST, PUT, PATCH or DELETE is guarded by a scope that says "read" and by no other.

**Why it costs.** Everybody who may read may change: kiosk accounts, read-only tokens, guests.

**How it is found.** The scopes of a route's dependencies, `Security(..., scopes=[...])` and the project's own wrappers
included. A POST counts when its handler's name begins with a verb that changes something (create, delete, claim ...).

**How to fix it.** Ask for the scope that the other writing routes ask for.

**When it is no problem.** The route changes nothing that others see.

**Sources.** https://fastapi.tiangolo.com/advanced/security/oauth2-scopes/ ;
https://owasp.org/API-Security/editions/2023/en/0xa5-broken-function-level-authorization/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.project.route import Route
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span, Step

RULE = Rule("AUTH004", "read-scope-on-write", "auth", "error", "A write for those who may read", static=True)
_READ = regex(r"(^|[^a-z])(read|view|list|get|readonly|read_only)([^a-z]|$)", re.IGNORECASE)
_WRITE = regex(
    r"write|edit|create|update|delete|manage|admin|modify|execute|run|upload|approve|(^|[^a-z])all([^a-z]|$)",
    re.IGNORECASE,
)
_CHANGES = regex(
    r"^(create|add|insert|new|delete|remove|update|set|start|stop|claim|release|cancel|save|edit|rename|move|assign|unassign|approve|reject"
    r"|enable|disable|restart|archive|restore|publish|unpublish|ban|block|grant|revoke|kick|transfer|merge|replace|clear|purge)(_|[A-Z]|$)"
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler."""
    protection = Protection.of(project)
    names = _write_scopes(project)
    done: set[str] = set()
    for route in project.imported.routes:
        scopes = [s for d in route.dependencies for s in d.scopes]
        if (
            route.method not in ("POST", "PUT", "PATCH", "DELETE")
            or not scopes
            or route.name in done
            or not names
        ):
            continue
        if not all(_READ.search(s) and not _WRITE.search(_READ.sub("", s)) for s in scopes):
            continue
        if route.method == "POST" and not _CHANGES.search(route.name.rpartition(":")[2].rpartition(".")[2]):
            continue
        function = protection.handler(route)
        if function is not None:
            done.add(route.name)
            yield _finding(
                project, route, scopes, Span(function.span.file, function.span.line, function.span.symbol)
            )


def _write_scopes(project: Project) -> set[str]:
    """The scopes that other routes have for writing: without any the project does not tell the two apart."""
    return {
        s
        for r in project.imported.routes
        for d in r.dependencies
        for s in d.scopes
        if _WRITE.search(s) and not _READ.search(s)
    }


def _finding(project: Project, route: Route, scopes: list[str], span: Span) -> Finding:
    return draft(
        RULE,
        span,
        [r.key for r in project.imported.routes if r.name == route.name],
        message=f"{route.method} {route.path} asks for {' and '.join(sorted(set(scopes)))} alone",
        impact="everybody who may read may change",
        solution="ask for the scope of the other writing routes",
        known="static",
        confidence=0.75,
        chain=(Step(route.key, span),),
    )


_SCOPES = """
from fastapi import Security
from fastapi.security import OAuth2PasswordBearer

scheme = OAuth2PasswordBearer(tokenUrl="token", scopes={"orders:read": "", "orders:write": ""})


def user(token: str = Depends(scheme)) -> str:
    return token


@app.put("/orders/{number}")
def change(number: int, name: str = Security(user, scopes=["orders:write"])):
    return {"number": number}


"""
EXAMPLES = (
    Example(
        "who may read may delete",
        plain(
            _SCOPES
            + """
@app.delete("/orders/{number}")
def delete(number: int, name: str = Security(user, scopes=["orders:read"])):
    return {"number": number}
"""
        ),
        bad=True,
    ),
    Example(
        "who may write may delete",
        plain(
            _SCOPES
            + """
@app.delete("/orders/{number}")
def delete(number: int, name: str = Security(user, scopes=["orders:write"])):
    return {"number": number}
"""
        ),
        bad=False,
        mends="who may read may delete",
    ),
    Example(
        "a search with a body",
        plain(
            _SCOPES
            + """
@app.post("/orders/search")
def search(text: str, name: str = Security(user, scopes=["orders:read"])):
    return {"text": text}
"""
        ),
        bad=False,
    ),
)
