"""Routes raise errors that the schema does not know, in a project that documents them elsewhere.

**What.** Some routes have `responses={404: ...}`, others raise 404 or 409, themselves or through what they call, and don't say so.

**Why it costs.** Generated clients have no branch for these answers, and their authors guess the shape of the body.

**How it is found.** Only where a tenth of the routes and five at least document an error: HTTP errors raised in the handler, in its dependencies and in
what they call, against the responses of route, router and include, on routers that document some. One note for the project.

**How to fix it.** `responses={404: {"model": Message}}` on the router, or a shared dictionary.

**When it is no problem.** 401, 403, 422 and 5xx are left out: one exception handler or the security scheme speaks for them.

**Sources.** FastAPI, "Additional Responses in OpenAPI": https://fastapi.tiangolo.com/advanced/additional-responses/
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.function import Function
from strop.project.project import Project
from strop.project.route import Route
from strop.rules.code import function_id, handler
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.raised import raising
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.wording import listed, many
from strop.span import Step

RULE = Rule(
    "API013", "undocumented-errors", "api", "note", "Errors that the schema does not know", static=True
)
_TOLD = frozenset({0, 401, 403, 422})
_LEAST = 5
_SHARE = 0.1


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the project."""
    shown = [r for r in project.imported.routes if r.kind == "http" and r.in_schema and not r.plain]
    documented = [r for r in shown if any(400 <= s < 500 and s != 422 for s in r.responses)]
    if len(documented) < max(_LEAST, _SHARE * len(shown)):
        return
    habit = {r.router for r in documented}
    raisers = raising(project)
    found: list[tuple[Route, Function, list[int]]] = []
    for route in shown:
        own = handler(project, route)
        missing = sorted(_raised(project, route, raisers) - set(route.responses) - _TOLD)
        if own is not None and missing and route.router in habit:
            found.append((route, own, missing))
    if found:
        route, own, missing = found[0]
        statuses = sorted({str(s) for _, _, more in found for s in more})
        yield draft(
            RULE,
            own.span,
            (r.key for r, _, _ in found),
            message=f"{many(len(found), 'route')} may answer {listed(statuses)} and {'do' if len(found) > 1 else 'does'} not say so; "
            f"{many(len(documented), 'other route')} say{'s' if len(documented) == 1 else ''} what they answer",
            impact="generated clients have no branch for these answers",
            solution=f"responses={{{missing[0]}: ...}}, as on {documented[0].key}",
            known="static",
            confidence=0.7,
            chain=(Step(route.key, own.span),),
            facts={"statuses": ",".join(statuses)},
        )


def _raised(project: Project, route: Route, raisers: dict[str, frozenset[int]]) -> set[int]:
    """Statuses below 500 that serving a route may end with."""
    own = handler(project, route)
    names = [own.id] if own is not None else []
    names += [function_id(d.name, d.span) for d in route.dependencies]
    return {status for name in names for status in raisers.get(name, ()) if 400 <= status < 500}


_ROUTES = "".join(
    f"""

@app.get("/{name}/{{key}}", responses={{404: {{"description": "Not there"}}}})
def read_{name}(key: str):
    raise HTTPException(404)
"""
    for name in ("apples", "pears", "plums", "nuts", "roots")
)
_MORE = """

@app.get("/words/{{key}}"{said})
def read_word(key: str):
    if key != "a":
        raise HTTPException(404)
    return key
"""

EXAMPLES = (
    Example("one that does not say so", plain(_ROUTES + _MORE.format(said="")), bad=True),
    Example(
        "all say so",
        plain(_ROUTES + _MORE.format(said=', responses={404: {"description": "Not there"}}')),
        mends="one that does not say so",
    ),
    Example("a project that documents none", plain(_MORE.format(said=""))),
)
