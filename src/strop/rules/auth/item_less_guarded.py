"""The list asks for a permission, and the single object does not.

**What.** GET of a collection has a permission of its own among its dependencies; GET of one object of it has none, and
its handler never looks at who calls.

**Why it costs.** Who may not see the list reads the objects one by one: ids are numbers, or stand in other answers.

**How it is found.** Two GET routes of one router, one below the other by an id; the dependencies that the routes and
their handlers themselves declare. A handler that refuses somewhere, or mentions the caller, is left alone.

**How to fix it.** The list's dependency on the object's route.

**When it is no problem.** The list is guarded for its cost, not for what it shows. A note where the object has an address that
is given out (`{slug}`, `{permalink}`, `{username}`): its page is public as a rule. A list that is content not to know who calls
guards nothing.

**Sources.** https://github.com/Netflix/dispatch/pull/6155 ;
https://owasp.org/API-Security/editions/2023/en/0xa5-broken-function-level-authorization/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.project.route import Dependency, Route
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span, Step

RULE = Rule(
    "AUTH022",
    "item-less-guarded",
    "auth",
    "error",
    "An object that is less guarded than its list",
    static=True,
)
_NAMED = regex(r"permission|require|admin|superuser|role", re.IGNORECASE)
_GIVEN_OUT = regex(r"\{(perma_?link|slug|handle|user_?name|share_?\w*)(:\w+)?\}/?$")
_ITEM = regex(r"^(.*?)/?/\{\w+(:\w+)?\}/?$")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler."""
    protection = Protection.of(project)
    routes = [r for r in project.imported.routes if r.kind == "http" and r.method == "GET"]
    lists = {(r.router, r.path.rstrip("/")): r for r in routes if not r.path.rstrip("/").endswith("}")}
    done: set[str] = set()
    for route in routes:
        item = _ITEM.match(route.path)
        above = lists.get((route.router, item.group(1).rstrip("/"))) if item else None
        if (
            above is None
            or route.name in done
            or not _own(protection, above)
            or _is_checked(protection, route)
        ):
            continue
        done.add(route.name)
        function = protection.handler(route)
        if function is not None:
            span = Span(function.span.file, function.span.line, function.span.symbol)
            yield _finding(project, route, above, _own(protection, above)[0], span)


def _own(protection: Protection, route: Route) -> list[Dependency]:
    """The guards that a route declares itself, and that refuse or are named for it."""
    guards = (
        d
        for d in route.dependencies
        if d.level in ("parameter", "route") and d.depth == 1 and protection.is_guard(d)
    )
    guards = (d for d in guards if not protection.is_optional(d))
    return [d for d in guards if _NAMED.search(d.name.rpartition(":")[2]) or _refuses(protection, d)]


def _refuses(protection: Protection, dependency: Dependency) -> bool:
    owner = protection.finder.class_(dependency.name)
    if owner is not None:
        methods = (protection.finder.method(owner, m) for m in ("__call__", "__init__"))
        return any(m is not None and protection.refuses(m.id) for m in methods)
    function = protection.finder.function(dependency.name, dependency.span)
    return function is not None and protection.refuses(function.id)


def _is_checked(protection: Protection, route: Route) -> bool:
    """Whether anything of the route's own looks at who calls."""
    handling, function = protection.handling(route), protection.handler(route)
    if function is None or handling is None or _own(protection, route) or protection.is_public(route):
        return True
    asks = any(d.level in ("parameter", "route") and protection.is_guard(d) for d in route.dependencies)
    return (
        asks
        or any(True for _ in protection.principals(route))
        or protection.refuses(function.id)
        or not protection.is_plain(function.id)
    )


def _finding(project: Project, route: Route, above: Route, guard: Dependency, span: Span) -> Finding:
    short = guard.name.rpartition(":")[2]
    return draft(
        RULE,
        span,
        [r.key for r in project.imported.routes if r.name == route.name],
        message=f"GET {route.path} lacks the {short} that GET {above.path} asks for",
        impact="who may not see the list reads the objects one by one",
        solution=f"add {short} to this route as well",
        known="static",
        confidence=0.7,
        chain=(Step(route.key, span),),
        facts={"dependency": guard.name},
        severity="note" if _GIVEN_OUT.search(route.path) else None,
    )


_USERS = """
from fastapi import Header

USERS = {1: "ada"}


def members_only(role: str = Header()) -> None:
    if role != "member":
        raise HTTPException(403)


def find(number: int) -> str:
    return USERS[number]


@app.get("/users", dependencies=[Depends(members_only)])
def users():
    return list(USERS.values())


"""
EXAMPLES = (
    Example(
        "one of a list that is for members",
        plain(
            _USERS
            + """
@app.get("/users/{number}")
def user(number: int):
    return find(number)
"""
        ),
        bad=True,
    ),
    Example(
        "for members as the list is",
        plain(
            _USERS
            + """
@app.get("/users/{number}", dependencies=[Depends(members_only)])
def user(number: int):
    return find(number)
"""
        ),
        bad=False,
        mends="one of a list that is for members",
    ),
    Example(
        "the list is content not to know who calls",
        plain(
            _USERS.replace("members_only", "member_optional")
            + """
@app.get("/users/{number}")
def user(number: int):
    return find(number)
"""
        ),
        bad=False,
    ),
    Example(
        "one's own",
        plain(
            _USERS
            + """
def caller(name: str = Header()) -> str:
    return name


@app.get("/users/{number}")
def user(number: int, current_user: str = Depends(caller)):
    if find(number) != current_user:
        raise HTTPException(404)
    return current_user
"""
        ),
        bad=False,
    ),
    Example(
        "by the name that stands in links: a note",
        plain(
            _USERS
            + """
@app.get("/users/{slug}")
def user(slug: str):
    return find(len(slug))
"""
        ),
        bad=True,
    ),
)
