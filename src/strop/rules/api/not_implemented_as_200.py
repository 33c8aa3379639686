"""A route that is not written yet answers 200.

**What.** `return {"detail": "not yet implemented"}`.

**Why it costs.** The client is told that its order was taken, and nothing was done.

**How it is found.** A route whose only statement returns a literal that says so.

**How to fix it.** `raise HTTPException(501)`, or 405, or no route.

**When it is no problem.** Never.

**Sources.** RFC 9110, "501 Not Implemented": https://www.rfc-editor.org/rfc/rfc9110#name-501-not-implemented
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
from strop.rules import endpoint as routes
from strop.rules.answers import texts
from strop.rules.endpoint import endpoint
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "API004", "not-implemented-as-200", "api", "warning", "What is not implemented answers 200", static=True
)
WORDS = routes.WORDS
_SAYS_SO = regex(r"not[ _](yet[ _])?(been[ _])?implemented|unimplemented|todo\b|coming soon")


def notice(body: Body) -> Iterator[Mark]:
    """Routes that only say that they do nothing."""
    route = endpoint(body)
    node = body.node
    if route is None or route.status() >= 400 or isinstance(node, ast.Module):
        return
    written = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    match written:
        case [ast.Return(value=ast.Dict() | ast.Constant() as value) as returned] if _SAYS_SO.search(
            texts(value)
        ):
            yield body.mark(RULE.code, returned, text=body.brief(returned, 90))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each route."""
    for mark in marks(project, RULE):
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=f"{mark.span.symbol} does nothing and answers 200",
            impact="the client is told that its request was done",
            solution="raise HTTPException(501), or leave the route out",
            confidence=0.9,
        )


EXAMPLES = (
    Example(
        "an update that is not written",
        plain("""
@app.put("/words/{name}")
def put_word(name: str):
    return {"detail": "not yet implemented"}
"""),
        bad=True,
    ),
    Example(
        "501",
        plain("""
@app.put("/words/{name}")
def put_word(name: str):
    raise HTTPException(501, "not yet implemented")
"""),
        mends="an update that is not written",
    ),
    Example(
        "one case that is not",
        plain("""
@app.get("/words/{name}")
def read_word(name: str):
    notes = {"a": "plural not implemented"}
    return {"word": name, "note": notes.get(name)}
"""),
    ),
)
