"""Errors have one shape here and another there.

**What.** Most routes raise HTTPException with a text (`{"detail": "..."}`), some return `JSONResponse({"error": "..."}, status_code=400)`.

**Why it costs.** Each client must know all the shapes, and shows "undefined" for the one that it does not.

**How it is found.** Responses with a status of 400 or more and a literal body without `detail`, in routes of a project that raises HTTPException with a
text ten times as often, and has no handler of its own that gives errors another shape. One finding for the project.

**How to fix it.** `raise HTTPException(...)`, or one exception handler that makes every body.

**When it is no problem.** A protocol that prescribes the body (OAuth, JSON-RPC, SCIM).

**Sources.** RFC 9457, "Problem Details for HTTP APIs": https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.answers import response_content, response_status, responses
from strop.rules.endpoint import endpoint
from strop.rules.example import Example
from strop.rules.raised import RAISED
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to
from strop.rules.wording import listed

RULE = Rule(
    "ERR007", "inconsistent-error-bodies", "errors", "note", "Errors of different shapes", static=True
)
WORDS = ("JSONResponse", "ORJSONResponse")
_PROTOCOLS = frozenset({"jsonrpc", "error_description", "schemas", "detail", "type", "code", "id"})
_TIMES = 10


def notice(body: Body) -> Iterator[Mark]:
    """Error responses of routes with a literal body of another shape."""
    if endpoint(body) is None:
        return
    for call in responses(body):
        content = response_content(call)
        if response_status(body, call) < 400 or not isinstance(content, ast.Dict):
            continue
        keys = [k.value for k in content.keys if isinstance(k, ast.Constant)]
        if keys and len(keys) == len(content.keys) and not _PROTOCOLS & {str(k) for k in keys}:
            yield body.mark(RULE.code, call, text=body.brief(call, 90), keys=",".join(map(str, keys)))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the project."""
    handled = any(
        h.span is not None and h.handles.endswith("HTTPException") for h in project.imported.handlers
    )
    raised = len(project.source.marks.get(RAISED, ()))
    odd = [(m, ways) for m in marks(project, RULE) if (ways := ways_to(project, m.function))]
    if handled or not odd or raised < _TIMES * len(odd):
        return
    shapes = sorted({"{" + m.fact("keys").replace(",", ", ") + "}" for m, _ in odd})
    yield tell(
        RULE,
        odd[0][0],
        [way for _, ways in odd for way in ways],
        message=f"{len(odd)} errors have the body {listed(shapes)}, {raised} are raised with detail",
        impact="clients must know all the shapes, and miss the text of the rare one",
        solution="raise HTTPException, or one exception handler for every body",
        confidence=0.75,
    )


_RAISES = "".join(
    f"""

@app.get("/{name}/{{key}}")
def read_{name}(key: str):
    if not key:
        raise HTTPException(404, "No such {name}")
    return key
"""
    for name in ("apple", "pear", "plum", "nut", "root", "leaf", "seed", "stem", "bud", "thorn")
)
_ODD = """
from fastapi.responses import JSONResponse


@app.get("/words/{{key}}")
def read_word(key: str):
    if key != "a":
        {refuse}
    return key
"""

EXAMPLES = (
    Example(
        "one of another shape",
        plain(_RAISES + _ODD.format(refuse='return JSONResponse({"error": "no"}, status_code=404)')),
        bad=True,
    ),
    Example(
        "raised",
        plain(_RAISES + _ODD.format(refuse='raise HTTPException(404, "no")')),
        mends="one of another shape",
    ),
    Example(
        "the same shape",
        plain(_RAISES + _ODD.format(refuse='return JSONResponse({"detail": "no"}, status_code=404)')),
    ),
)
