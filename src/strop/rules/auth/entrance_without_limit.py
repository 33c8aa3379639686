"""An entrance without the rate limit that its siblings have.

**What.** Some of the public routes for logging in, registering and recovering passwords limit how often they may be called;
this one does not.

**Why it costs.** Passwords, codes and addresses are tried at the one door that lets everybody knock as often as they
like; a sign-up or a mail without a limit is a cost besides.

**How it is found.** Decorators and dependencies named for a rate limit, on at least one such entrance; POSTs to other
entrances that have none, and take something that can be guessed. Nothing is said where a middleware limits, or where the project has no such pattern.

**How to fix it.** The limit of the siblings, by client address and by account.

**When it is no problem.** The proxy in front limits this path.

**Sources.** https://owasp.org/API-Security/editions/2023/en/0xa2-broken-authentication/ ; https://slowapi.readthedocs.io/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.origins import bare
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
    "AUTH017",
    "entrance-without-limit",
    "auth",
    "warning",
    "An entrance without its siblings' rate limit",
    static=True,
)
_LIMIT = regex(r"rate_?limit|limiter|throttl|slow_?api", re.IGNORECASE)
_ENTRANCE = regex(
    r"log_?in|sign_?in|sign_?up|regist|password|recover|forgot|otp|access.?token|magic.?link|/token$|verify.?(code|email)",
    re.IGNORECASE,
)
_NO_GUESS = regex(r"logout|refresh|callback|revoke|oauth|sso|saml|oidc", re.IGNORECASE)

_READS = frozenset(
    {"json", "form", "body", "stream", "query_params", "path_params", "headers", "cookies", "session"}
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each entrance."""
    if any(_LIMIT.search(m.name) for m in project.imported.middleware):
        return
    protection = Protection.of(project)
    entrances = {r.name: r for r in project.imported.routes if _is_entrance(protection, r)}
    limited = [r for r in entrances.values() if _is_limited(protection, r)]
    for name, route in sorted(entrances.items()) if limited else ():
        function = protection.handler(route)
        if function is None or _is_limited(protection, route) or _takes_nothing(protection, route):
            continue
        span = Span(function.span.file, function.span.line, function.span.symbol)
        yield draft(
            RULE,
            span,
            [r.key for r in project.imported.routes if r.name == name],
            message=f"{route.path} may be called as often as one likes, {limited[0].path} has a rate limit",
            impact="passwords, codes and addresses are tried here without end",
            solution=f"the rate limit of {limited[0].path}",
            known="static",
            confidence=0.75,
            chain=(Step(route.key, span),),
        )


def _is_entrance(protection: Protection, route: Route) -> bool:
    text = f"{route.path} {route.name.rpartition(':')[2]}"
    if route.kind != "http" or route.method != "POST" or not _ENTRANCE.search(text) or _NO_GUESS.search(text):
        return False
    return not any(
        protection.refuses(f.id)
        for d in route.dependencies
        if (f := protection.finder.function(d.name, d.span)) and not _LIMIT.search(d.name)
    )


def _takes_nothing(protection: Protection, route: Route) -> bool:
    """Whether nothing that could be guessed comes in: it sends people on to somebody else's login, say."""
    if route.parameters or route.dependencies:
        return False
    handling = protection.handling(route)
    if handling is None:
        return True
    whole = (u for u in handling.uses if not handling.parameters.isdisjoint(map(bare, u.given)))
    away = all("redirect" in use.last for use in whole)  # whoever else gets the request may read it
    return away and _READS.isdisjoint(handling.attributes)


def _is_limited(protection: Protection, route: Route) -> bool:
    """Whether a decorator, a dependency or something that the handler calls is named for a limit."""
    function = protection.handler(route)
    names = [d.name for d in route.dependencies]
    if function is not None:
        names += [*function.decorators, *(c.name for c in function.calls)]
        below = [protection.project.source.functions.get(c.target) for c in function.calls if c.target]
        names += [c.name for f in below if f is not None for c in f.calls]
    return any(_LIMIT.search(name) for name in names)


_DOORS = """
CALLS = {}


def rate_limit() -> None:
    if CALLS.get("all", 0) > 10:
        raise HTTPException(429)


@app.post("/login", dependencies=[Depends(rate_limit)])
def login(name: str, secret: str):
    return {"name": name}


"""
EXAMPLES = (
    Example(
        "recovery as often as one likes",
        plain(
            _DOORS
            + """
@app.post("/forgot-password")
def forgot_password(email: str):
    return {"sent": True}
"""
        ),
        bad=True,
    ),
    Example(
        "recovery with the limit",
        plain(
            _DOORS
            + """
@app.post("/forgot-password", dependencies=[Depends(rate_limit)])
def forgot_password(email: str):
    return {"sent": True}
"""
        ),
        bad=False,
        mends="recovery as often as one likes",
    ),
    Example(
        "a login that takes nothing: it sends people on to another",
        plain(
            _DOORS
            + """
from authlib.integrations.starlette_client import OAuth
from fastapi import Request

others = OAuth()


@app.post("/login/elsewhere")
async def login_elsewhere(request: Request):
    back = str(request.app.url_path_for("login"))
    return await others.create_client("forge").authorize_redirect(request, back)
"""
        ),
        bad=False,
    ),
    Example(
        "a login that reads the request itself",
        plain(
            _DOORS
            + """
from fastapi import Request


async def find_user(request: Request):
    return (await request.form()).get("email")


@app.post("/login/form")
async def login_by_form(request: Request):
    return {"name": await find_user(request)}
"""
        ),
        bad=True,
    ),
    Example(
        "a project without the pattern",
        plain("""
@app.post("/login")
def login(name: str, secret: str):
    return {"name": name}


@app.post("/forgot-password")
def forgot_password(email: str):
    return {"sent": True}
"""),
        bad=False,
    ),
)
