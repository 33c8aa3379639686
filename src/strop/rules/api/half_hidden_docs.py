"""The documentation is switched off, the schema that it shows is not.

**What.** `FastAPI(docs_url=None, redoc_url=None)` without `openapi_url=None`.

**Why it costs.** `/openapi.json` still lists every route, parameter and model, the internal ones too: who wants to know finds it as easily.

**How it is found.** Where an application is made: pages that are None (always, or by a setting) and a schema that is not mentioned.

**How to fix it.** `openapi_url=None` (by the same setting): the pages go with it.

**When it is no problem.** A schema that clients read, with pages that are served another way (own `/docs` behind a login).

**Sources.** FastAPI, "Conditional OpenAPI": https://fastapi.tiangolo.com/how-to/conditional-openapi/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell

RULE = Rule("API018", "half-hidden-docs", "api", "note", "Documentation hidden, schema not", static=True)
WORDS = ("docs_url", "docs", "redoc", "get_swagger_ui_html", "get_redoc_html")
KINDS = ("module", "function")


def notice(body: Body) -> Iterator[Mark]:
    """Applications without pages that still serve their schema."""
    for call in body.calls("FastAPI"):
        given = {k.arg: k.value for k in call.keywords}
        if body.name(call.func) != "fastapi.FastAPI" or None in given or "openapi_url" in given:
            continue
        if _may_be_none(body, given.get("docs_url")) and _may_be_none(body, given.get("redoc_url")):
            yield body.mark(RULE.code, call, text="FastAPI(docs_url=None, redoc_url=None)")
    for text in body.of(ast.Constant):
        around = body.within(text, ast.Call) if text.value in ("/docs", "/redoc") else None
        if around is not None and isinstance(around.func, ast.Attribute) and around.func.attr == "get":
            yield body.mark(RULE.code, text, kind="own")
    if any(body.calls("get_swagger_ui_html", "get_redoc_html")):
        yield body.mark(RULE.code, body.node, kind="own")


def _may_be_none(body: Body, expr: ast.expr | None) -> bool:
    shown = body.value(expr) if expr is not None else None
    if isinstance(shown, ast.IfExp):
        return any(isinstance(e, ast.Constant) and e.value is None for e in (shown.body, shown.orelse))
    return isinstance(shown, ast.Constant) and shown.value is None


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each application; none where the project serves pages of its own."""
    if any(marks(project, RULE, "own")):
        return
    for mark in marks(project, RULE):
        yield tell(
            RULE,
            mark,
            (),
            message="the pages of the documentation are off, /openapi.json is not",
            impact="every route, parameter and model can still be read by anybody",
            solution="openapi_url=None by the same setting",
            confidence=0.75,
        )


_APP = """
private = FastAPI(docs_url=None, redoc_url=None{more})


@private.get("/words")
def words():
    return []
"""

EXAMPLES = (
    Example("the schema stays", plain(_APP.format(more="")), bad=True),
    Example("nothing stays", plain(_APP.format(more=", openapi_url=None")), mends="the schema stays"),
    Example(
        "pages of its own",
        plain(
            _APP.format(more="")
            + """

@private.get("/docs")
def docs(name: str):
    if name != "anna":
        raise HTTPException(403)
    return "docs"
"""
        ),
    ),
)
