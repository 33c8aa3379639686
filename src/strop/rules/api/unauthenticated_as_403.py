"""Who is not logged in is told 403, "you may not", in place of 401, "who are you?".

**What.** Starlette's `requires(...)` without a status, around routes: it answers 403 for everybody it refuses, also for those who
have not logged in. And `raise HTTPException(403, "Not authenticated")`.

**Why it costs.** Clients know by 401 that they must log in or renew a token; by 403 they learn that it would not help.

**How it is found.** Calls of `starlette.authentication.requires` without `status_code` and `redirect`; HTTP errors 403 whose
text says that nobody is logged in.

**How to fix it.** A dependency that raises 401 with `WWW-Authenticate` where nobody is logged in, and 403 otherwise.

**When it is no problem.** An application all of whose clients are logged in before they come to it. `HTTPBearer` did the
same until FastAPI 0.122. It is a note, because clients that are written for one application know what it answers: a warning only where
no client can know, since the application says the same words with 401 in another place, or `requires` answers the same to who lacks a scope, and not where all the routes declare 403 among their `responses`.

**Sources.** Starlette, "Authentication": https://www.starlette.dev/authentication/ ;
RFC 9110, "401 Unauthorized": https://www.rfc-editor.org/rfc/rfc9110#name-401-unauthorized
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.answers import argument, error_detail, error_status, http_errors, texts
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("API006", "unauthenticated-as-403", "api", "warning", "403 for who is not logged in", static=True)
WORDS = ("requires", "HTTPException")
_KINDS = {401: "told", 403: "raised"}
_EACH = regex(r"\w+")
_NOBODY = regex(
    r"not (logged in|authenticated)|(login|log ?in|authentication|credentials?|token) (is )?(required|missing|not provided)"
    r"|missing (token|credentials|authorization)|(could not|unable to) validate credentials|(token|session)( has| is)? expired"
    r"|invalid (access )?token\b"
)


def notice(body: Body) -> Iterator[Mark]:
    """Uses of `requires`, and 403 that says that nobody is logged in."""
    for call in body.calls("requires"):
        bare = argument(call, 1, "status_code") is None and argument(call, 2, "redirect") is None
        if bare and body.name(call.func) == "starlette.authentication.requires":
            scoped = not _is_login_alone(argument(call, 0, "scopes"))
            yield body.mark(RULE.code, call, kind="requires", text=body.brief(call, 90), scoped=scoped)
    for call in http_errors(body):
        detail = error_detail(call)
        if (
            detail is not None
            and error_status(body, call) in _KINDS
            and _NOBODY.search(texts(detail))
            and not isinstance(detail, ast.Dict)
        ):
            kind = _KINDS[error_status(body, call)]
            yield body.mark(RULE.code, call, kind=kind, text=body.brief(call, 90), said=_said(detail))


def _is_login_alone(scopes: ast.expr | None) -> bool:
    """Whether nothing is required but to be logged in: then 403 means one thing."""
    named = scopes.elts if isinstance(scopes, ast.List | ast.Tuple) else [scopes]
    return all(isinstance(each, ast.Constant) and each.value == "authenticated" for each in named)


def _said(detail: ast.expr) -> str:
    """The words of a detail alone."""
    return " ".join(_EACH.findall(texts(detail)))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for all uses of `requires`, one for each error."""
    used = list(marks(project, RULE, "requires"))
    if used:
        more = f", {len(used)} times" if len(used) > 1 else ""
        said = f"{used[0].fact('text')} answers 403 to who is not logged in{more}"
        yield _finding(project, used, said, 0.75, mixed=any(mark.fact("scoped") for mark in used))
    told = {mark.fact("said") for mark in marks(project, RULE, "told")}
    for mark in marks(project, RULE, "raised"):
        mixed = mark.fact("said") in told
        yield _finding(project, [mark], f"{mark.fact('text')}: that is 401", 0.75, mixed)


def _finding(
    project: Project, found: list[Mark], message: str, confidence: float, mixed: bool = False
) -> Finding:
    chosen = _are_declared(project, {way.route for mark in found for way in ways_to(project, mark.function)})
    return tell(
        RULE,
        found[0],
        ways_to(project, found[0].function),
        message=message,
        impact="clients can't tell that they must log in or renew their token",
        solution="401 with WWW-Authenticate for who is not logged in, 403 for who may not",
        confidence=confidence,
        severity=None if mixed and not chosen else "note",
    )


def _are_declared(project: Project, keys: set[str]) -> bool:
    """Whether all these routes say in their schema that they answer 403: clients were told."""
    told = {route.key for route in project.imported.routes if 403 in route.responses}
    return bool(keys) and keys <= told


_REFUSE = """
def user(name: str = ""):
    if not name:
        raise HTTPException({status}, "Not authenticated")
    if name == "ben":
        raise HTTPException(403, "Not for Ben")
    return name


@app.get("/me")
def me(name: str = Depends(user)):
    return name
"""

EXAMPLES = (
    Example(
        "requires: a note",
        plain("""
from fastapi import Request
from starlette.authentication import requires


@app.get("/me")
@requires("authenticated")
async def me(request: Request):
    return request.user.display_name
"""),
        bad=True,
    ),
    Example(
        "requires a scope, and tells nobody apart",
        plain("""
from fastapi import Request
from starlette.authentication import requires


@app.delete("/beds/{bed_id}")
@requires(["authenticated", "gardener"])
async def clear(request: Request, bed_id: int):
    return {"cleared": bed_id}
"""),
        bad=True,
    ),
    Example("403 for nobody: a note", plain(_REFUSE.format(status=403)), bad=True),
    Example(
        "403 in one place and 401 in another",
        plain(
            _REFUSE.format(status=403)
            + """

@app.get("/mine")
def mine(name: str = ""):
    if not name:
        raise HTTPException(401, "Not authenticated.")
    return name
"""
        ),
        bad=True,
    ),
    Example("401 for nobody", plain(_REFUSE.format(status=401)), mends="403 for nobody: a note"),
    Example(
        "declared among the responses: a note",
        plain("""
KEY = "spade"


@app.post("/beds/dig", responses={403: {"description": "Wrong key"}})
def dig(key: str = ""):
    if key != KEY:
        raise HTTPException(403, "Invalid token")
    return {"dug": True}
"""),
        bad=True,
    ),
)
