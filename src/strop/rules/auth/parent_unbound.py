"""The path names a parent that is checked, and a child that is loaded without it.

**What.** In `/teams/{team_id}/requests/{request_id}` the right is checked on the team, and the request is found by its
own id alone.

**Why it costs.** The owner of one team puts their own team into the path and another team's request behind it: the
check passes, and the change happens to what is not theirs.

**How it is found.** Handlers of writing methods with two ids in the path that use both, never in one call nor in one
comparison, where what is done with the first can refuse.

**How to fix it.** Give both ids to the query, or compare the object's parent with the path, and answer 404 otherwise.

**When it is no problem.** The function that gets the child's id compares the parent by other means.

**Sources.** https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/ ;
https://cwe.mitre.org/data/definitions/639.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.handling import Handling, Use
from strop.project.project import Project
from strop.project.route import Route
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span, Step

RULE = Rule(
    "AUTH003",
    "parent-unbound",
    "auth",
    "error",
    "A child that is not looked for below its parent",
    static=True,
)
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_ID = regex(r"\{(\w+?)(?::\w+)?\}")
_SAYS = (
    "debug",
    "info",
    "warning",
    "error",
    "exception",
    "log",
    "print",
    "str",
    "format",
    "sanitize_for_log",
    "HTTPException",
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler."""
    protection = Protection.of(project)
    done: set[str] = set()
    for route in project.imported.routes:
        handling = protection.handling(route)
        ids = [n for n in _ID.findall(route.path) if n == "id" or n.endswith(("_id", "_uuid"))]
        if handling is None or handling.function in done or route.method not in _WRITES or len(ids) != 2:
            continue
        done.add(handling.function)
        parent, child = ids
        owned = {p.name for p in route.parameters if p.place == "path" and p.owner in ("", route.name)}
        if not {parent, child} <= owned & handling.used:
            continue
        changes = _changes(handling, parent, child)
        if changes is not None and _is_checked(protection, handling, parent):
            yield _finding(project, route, handling, parent, child, changes)


def _changes(handling: Handling, parent: str, child: str) -> Use | None:
    """The call that gets the child alone, where nothing brings the two together."""
    if any({parent, child} <= handling.bases(a | b) for a, b in handling.compares):
        return None
    alone: Use | None = None
    for use in handling.uses:
        given = handling.bases(frozenset(t for _, tokens in use.arguments for t in tokens))
        if child not in given or use.last in _SAYS or use.last[:1].isupper():
            continue
        if parent in given:
            return None
        alone = alone or use
    return alone


def _is_checked(protection: Protection, handling: Handling, parent: str) -> bool:
    """Whether what is done with the parent decides if the caller may."""
    function = protection.project.source.functions.get(handling.function)
    if function is None or function.id not in protection.refusing:
        return False
    return any(
        parent in handling.bases(use.given) and use.last not in _SAYS and not use.last[:1].isupper()
        for use in handling.uses
    )


def _finding(
    project: Project, route: Route, handling: Handling, parent: str, child: str, changes: Use
) -> Finding:
    function = project.source.functions[handling.function]
    place = Span(handling.file, function.span.line, handling.symbol)
    span = Span(
        handling.file,
        changes.line,
        handling.symbol,
        changes.end_line if changes.end_line != changes.line else 0,
    )
    return draft(
        RULE,
        span,
        [r.key for r in project.imported.routes if r.name == route.name],
        message=f"{changes.last} gets {child} alone, and the right is checked on {parent}",
        impact=f"whoever has the right on one {parent} changes what lies below another",
        solution=f"give {parent} to {changes.last} as well, or compare it with the object's own",
        known="static",
        confidence=0.75,
        chain=(Step(route.key, place), Step(changes.text, span)),
        facts={"parent": parent, "child": child},
    )


_TEAMS = """
from fastapi import Header

ROLES = {}
REQUESTS = {}


def current_user(authorization: str = Header()) -> str:
    return authorization


def role(user: str, team_id: int) -> str:
    return ROLES.get((user, team_id), "")


"""
EXAMPLES = (
    Example(
        "the right on one, the change on the other",
        plain(
            _TEAMS
            + """
def approve(request_id: int) -> None:
    REQUESTS[request_id] = "approved"


@app.post("/teams/{team_id}/requests/{request_id}/approve")
def approve_request(team_id: int, request_id: int, user: str = Depends(current_user)):
    if role(user, team_id) != "owner":
        raise HTTPException(403)
    approve(request_id)
    return {"ok": True}
"""
        ),
        bad=True,
    ),
    Example(
        "both in the query",
        plain(
            _TEAMS
            + """
def approve(team_id: int, request_id: int) -> None:
    REQUESTS[team_id, request_id] = "approved"


@app.post("/teams/{team_id}/requests/{request_id}/approve")
def approve_request(team_id: int, request_id: int, user: str = Depends(current_user)):
    if role(user, team_id) != "owner":
        raise HTTPException(403)
    approve(team_id, request_id)
    return {"ok": True}
"""
        ),
        bad=False,
        mends="the right on one, the change on the other",
    ),
    Example(
        "compared after loading",
        plain(
            _TEAMS
            + """
def find(request_id: int):
    return REQUESTS[request_id]


@app.post("/teams/{team_id}/requests/{request_id}/approve")
def approve_request(team_id: int, request_id: int, user: str = Depends(current_user)):
    found = find(request_id)
    if role(user, team_id) != "owner" or found.team_id != team_id:
        raise HTTPException(403)
    found.state = "approved"
    return {"ok": True}
"""
        ),
        bad=False,
    ),
)
