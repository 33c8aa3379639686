"""The liveness probe asks for more than whether the process lives.

**What.** The route that an orchestrator asks whether to restart the container opens a database session, executes a
statement, or answers 503 when something else is busy or away.

**Why it costs.** When the database is away for a minute, or the service is merely busy, all replicas are killed at once.
They come back cold, in the middle of the outage, and the database meets a wave of new connections.

**How it is found.** Routes whose path says live or alive, and those that a `livenessProbe` of the repository asks: a
session among their dependencies, statements in what they call, or an answer with status 503 of their own.

**How to fix it.** Liveness answers a constant. Put the look at the database into readiness, which takes the replica
out of the balancer without killing it.

**When it is no problem.** Readiness and start-up probes; a general `/health` that no liveness probe asks.

**Sources.** Kubernetes, "Liveness, Readiness, and Startup Probes":
https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Route
from strop.regex import regex
from strop.rules.code import handler
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.way import way_down
from strop.span import Span, Step

RULE = Rule(
    "RUN006", "liveness-depends", "runtime", "warning", "Liveness depends on something else", static=True
)
WORDS = ("yield", "HTTP_503_SERVICE_UNAVAILABLE", "status_code", "HTTPException")

_LIVE = regex(r"(^|[/_-])(live|livez|liveness|alive|is_alive)/?$")
_SESSIONS = frozenset({"Session", "AsyncSession", "scoped_session", "async_scoped_session"})


def notice(body: Body) -> Iterator[Mark]:
    """Generators that give a session, and answers with 503."""
    for node in body.of(ast.Yield):
        if node.value is not None and body.instance(node.value).rpartition(".")[2] in _SESSIONS:
            yield body.mark(RULE.code, node, session=body.brief(node.value, 40))
    for call in body.calls(
        "HTTPException", "JSONResponse", "Response", "PlainTextResponse", "ORJSONResponse"
    ):
        given = [k.value for k in call.keywords if k.arg == "status_code"] or call.args[:1]
        if any(body.constant(g) == 503 or "503" in body.text(g) for g in given):
            yield body.mark(RULE.code, call, unavailable=body.brief(call, 60))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler."""
    marks = project.source.marks.get(RULE.code, ())
    sessions = {m.function: m for m in marks if m.fact("session")}
    refusals = {m.function: m for m in marks if m.fact("unavailable")}
    querying = {f.id for f in project.source.functions.doing("queries")}
    asked = {path for path, span in project.shipped.probes if span.symbol == "liveness"}
    told: set[str] = set()
    for route in project.imported.routes:
        function = handler(project, route)
        if function is None or function.id in told or not _is_liveness(route, asked):
            continue
        found = _needs(project, route, function, sessions, refusals, querying)
        if found is not None:
            told.add(function.id)
            yield _finding(project, route, function, *found)


def _is_liveness(route: Route, asked: set[str]) -> bool:
    path = route.path.rstrip("/") or "/"
    if "{" in path:  # what is live in one session, say: no orchestrator knows its id
        return False
    return route.method == "GET" and (
        bool(_LIVE.search(path)) or any(path == a.rstrip("/") for a in asked if a != "/")
    )


def _needs(
    project: Project,
    route: Route,
    function: Function,
    sessions: dict[str, Mark],
    refusals: dict[str, Mark],
    querying: set[str],
) -> tuple[str, tuple[Step, ...]] | None:
    """What else the route needs, and the calls that lead there."""
    for dependency in route.dependencies:
        if dependency.span is None:
            continue
        inside = f"{dependency.span.file}:{dependency.name.partition(':')[2]}"
        step = Step(f"depends on {dependency.name.partition(':')[2]}", dependency.span)
        if inside in sessions:
            return "opens a database session", (step,)
        lower = way_down(project, inside, querying)
        if lower is not None:
            return "asks the database", (step, *lower[1])
    lower = way_down(project, function.id, querying)
    if lower is not None:
        return "asks the database", lower[1]
    if function.id in refusals:
        mark = refusals[function.id]
        return "can answer 503", (Step(mark.fact("unavailable"), mark.span),)
    return None


def _finding(
    project: Project, route: Route, function: Function, needs: str, below: tuple[Step, ...]
) -> Finding:
    routes = {r.key for r in project.imported.routes if r.span == route.span}
    return draft(
        RULE,
        Span(function.span.file, function.span.line, function.span.symbol),
        routes,
        message=f"{route.key} is asked whether the process lives, and {needs}",
        impact="when that is away or busy, healthy containers are killed, all of them at once",
        solution="answer a constant here, and look at the database in the readiness probe",
        known="static",
        confidence=0.85,
        chain=(Step(route.key, function.span), *below),
    )


EXAMPLES = (
    Example(
        "a session for nothing",
        shop("""
@app.get("/health/live")
def live(session: Session = Depends(get_session)):
    return {}
"""),
        bad=True,
    ),
    Example(
        "a busy service is killed",
        dict(
            shop("""
from fastapi import HTTPException

waiting = []


@app.get("/health")
async def health():
    if len(waiting) > 100:
        raise HTTPException(503, "busy")
    return {}
""")
        )
        | {"deploy/api.yaml": "livenessProbe:\n  httpGet:\n    path: /health\n    port: 8000\n"},
        bad=True,
    ),
    Example(
        "a constant",
        shop("""
@app.get("/health/live")
async def live():
    return {}
"""),
        bad=False,
        mends="a session for nothing",
    ),
    Example(
        "readiness may ask",
        shop("""
@app.get("/health/ready")
def ready(session: Session = Depends(get_session)):
    session.execute(select(1))
    return {}
"""),
        bad=False,
    ),
)
