"""A GET reads a body.

**What.** `@router.get("/search")` with a model or a plain `list[int]` as parameter: FastAPI takes it from the body.

**Why it costs.** Browsers and many clients can't send a body with GET, proxies and caches drop it: the route answers 422 to most of its callers.
For a list the query was meant.

**How it is found.** GET and HEAD routes with a parameter that FastAPI's rules put into the body.

**How to fix it.** `Annotated[list[int], Query()]`, `Annotated[Model, Query()]` (FastAPI 0.115), or a POST.

**When it is no problem.** A client of your own on a network of your own. A route that an earlier one hides (API001) is not reported. A note where the
body may be left out: nobody gets 422; nothing where the handler never looks at it.

**Sources.** RFC 9110, "GET": https://www.rfc-editor.org/rfc/rfc9110#name-get ;
FastAPI, "Query Parameter Models": https://fastapi.tiangolo.com/tutorial/query-param-models/
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.project.route import Parameter, Route
from strop.rules.code import handler
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.shadowing import shadowed
from strop.rules.wording import listed
from strop.span import Span, Step

RULE = Rule("API019", "get-with-body", "api", "warning", "A GET that reads a body", static=True)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each parameter."""
    found: dict[Span, tuple[str, list[str], Span]] = {}
    left_out: set[Span] = set()  # what may be
    hidden = {
        (one.route.name, one.route.path) for one in shadowed(project)
    }  # API001 tells what is wrong there
    for route in project.imported.routes:
        own = handler(project, route)
        if (
            route.method not in ("GET", "HEAD")
            or route.kind != "http"
            or route.plain
            or own is None
            or route.uncertain
            or (route.name, route.path) in hidden
        ):
            continue
        for parameter in route.parameters:
            if parameter.place == "body" and not route.deprecated and not _is_idle(project, route, parameter):
                if not parameter.required:
                    left_out.add(parameter.span)
                found.setdefault(parameter.span, (f"{parameter.name}: {parameter.type}", [], own.span))[
                    1
                ].append(route.key)
    for span, (text, keys, own_span) in found.items():
        symbol = own_span.symbol if own_span.file == span.file else span.symbol
        yield draft(
            RULE,
            Span(span.file, span.line, symbol),
            keys,
            message=f"{listed(sorted(set(keys)))} reads {text} from the body of a GET",
            impact="browsers can't send it and proxies drop it: "
            + ("most callers can't use it" if span in left_out else "most callers get 422"),
            solution="Query() for values of the query; a POST for a body",
            known="static",
            confidence=0.85,
            chain=(Step(keys[0], own_span), Step(text, span)),
            facts={"parameter": text},
            severity="note" if span in left_out else None,
        )


def _is_idle(project: Project, route: Route, parameter: Parameter) -> bool:
    """Whether a parameter may be left out and the handler never looks at it."""
    handling = Protection.of(project).handling(route) if not parameter.required else None
    return handling is not None and parameter.name in handling.parameters - handling.used


_FIND = """
from fastapi import Query


@app.get("/words")
def find_words(lengths: list[int]{default}):
    return lengths
"""

EXAMPLES = (
    Example("a list that is meant for the query", plain(_FIND.format(default="")), bad=True),
    Example(
        "from the query",
        plain(_FIND.format(default=" = Query()")),
        mends="a list that is meant for the query",
    ),
    Example("a list that may be left out: a note", plain(_FIND.format(default=" = []")), bad=True),
    Example(
        "left out, and never looked at",
        plain("""
@app.get("/pulse")
async def pulse(told: dict | None = None):
    return "there"
"""),
    ),
    Example(
        "hidden by an earlier route",
        plain("""
@app.get("/recipes/{name}")
def read_recipe(name: str):
    return {"name": name}


@app.get("/recipes/search")
def search_recipes(contents: list[int]):
    return contents
"""),
    ),
    Example("a POST", plain(_FIND.format(default="").replace("@app.get", "@app.post"))),
)
