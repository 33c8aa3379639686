"""Two operations of the schema have the same id.

**What.** The same `operation_id=` on two routes, or `api_route(methods=["GET", "POST"])`: one id for both methods.

**Why it costs.** Generated clients name their functions after the id: one of the two is lost, or generation fails. The OpenAPI document is not
valid. With several methods the id is taken from a set, so it may change from start to start.

**How it is found.** Ids that are written on routes which are in the schema; routes with several methods, without `generate_unique_id_function`.
A note for the methods of one declaration: they run the same handler, so a client that has only one of them lacks nothing.

**How to fix it.** An id for each; one route for each method.

**When it is no problem.** Routes that are not in the schema, or of an application without one (`openapi_url=None`).

**Sources.** OpenAPI, "Operation Object": https://spec.openapis.org/oas/v3.1.0#operation-object ;
https://github.com/fastapi/fastapi/issues/4740
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding, Severity
from strop.project.project import Project
from strop.project.route import Route
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span, Step

RULE = Rule("API009", "duplicate-operation-id", "api", "warning", "An operation id used twice", static=True)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each id, and one for all declarations with several methods."""
    shown = [r for r in project.imported.routes if r.kind == "http" and r.in_schema and not r.plain]
    written: dict[tuple[str, str], dict[str, Route]] = defaultdict(dict)  # by application and id; by key
    declared: dict[tuple[str, str, Span], list[Route]] = defaultdict(list)
    for route in shown:
        if route.operation_id:
            written[route.application, route.operation_id].setdefault(route.key, route)
        elif route.decorator is not None:
            declared[route.name, route.path, route.decorator].append(route)
    for (_, name), by_key in written.items():
        routes = list(by_key.values())
        if len(routes) > 1:
            message = f"operation id {name} stands for {len(routes)} operations"
            once = len({(route.name, route.decorator) for route in routes}) == 1
            yield _finding(routes, message, "an id for each", 0.92, "note" if once else None)
    if any(name == "generate_unique_id_function" for name, _ in project.imported.options):
        return
    several = [each for each in declared.values() if len({r.method for r in each} - {"HEAD", "OPTIONS"}) > 1]
    if several:
        methods = sorted({route.method for route in several[0]})
        more = f" and {len(several) - 1} more" if len(several) > 1 else ""
        text = f"one operation id for {' and '.join(methods)} of {several[0][0].path}{more}"
        routes = [route for each in several for route in each]
        yield _finding(routes, text, "a route for each method, or include_in_schema=False", 0.75, "note")


def _finding(
    routes: list[Route], message: str, solution: str, confidence: float, severity: Severity | None
) -> Finding:
    last = routes[1]
    span = last.decorator or last.span or Span("", 0)
    return draft(
        RULE,
        span,
        (route.key for route in routes),
        message=message,
        impact="generated clients lose one of the operations, or can't be generated",
        solution=solution,
        known="static",
        confidence=confidence,
        chain=(Step(route.key, route.decorator or span) for route in routes[:3]),
        facts={"id": last.operation_id, "path": last.path},
        severity=severity,
    )


_WORDS = """
@app.get("/words", operation_id="words")
def read_words():
    return []


@app.post("/words", operation_id="{second}")
def add_word(name: str):
    return name
"""

EXAMPLES = (
    Example("written twice", plain(_WORDS.format(second="words")), bad=True),
    Example("an id for each", plain(_WORDS.format(second="add_word")), mends="written twice"),
    Example(
        "several methods: a note",
        plain("""
@app.api_route("/hook", methods=["GET", "POST"])
def hook():
    return "ok"
"""),
        bad=True,
    ),
    Example(
        "no schema at all",
        plain("""
pages = FastAPI(openapi_url=None)


@pages.api_route("/login", methods=["GET", "POST"])
def login():
    return "form"


app.mount("/pages", pages)
"""),
    ),
    Example(
        "several methods that are not in the schema",
        plain("""
@app.api_route("/hook", methods=["GET", "POST"], include_in_schema=False)
def hook():
    return "ok"
"""),
    ),
    Example(
        "one id in each of two applications",
        plain("""
first = FastAPI()
second = FastAPI()


@first.get("/words", operation_id="words")
def read_words():
    return []


@second.get("/all-words", operation_id="words")
def read_all_words():
    return []
"""),
        bad=False,
    ),
)
