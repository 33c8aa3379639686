"""An answer with status 204 has a body.

**What.** `status_code=204` on a route that returns a value, or `JSONResponse(status_code=204)`.

**Why it costs.** 204 means "no content". What the handler returns is thrown away; a JSONResponse of None still
sends `null` with a Content-Length, and the server ends the connection with a protocol error.

**How it is found.** Routes declared with 204 that return something else than None or a response; responses with status 204 that are
given content or make one by themselves (JSONResponse).

**How to fix it.** Return nothing, or `Response(status_code=204)`; answer 200 where there is something to say.

**When it is no problem.** An empty `{}` or `[]` that a handler returns: nothing is lost.

**Sources.** RFC 9110, "204 No Content": https://www.rfc-editor.org/rfc/rfc9110#name-204-no-content ;
https://github.com/fastapi/fastapi/issues/2832
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
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("API003", "no-content-with-body", "api", "warning", "204 with a body", static=True)
WORDS = ("status_code", "HTTP_204_NO_CONTENT", "NO_CONTENT")


def notice(body: Body) -> Iterator[Mark]:
    """Values returned with 204, and responses that send content with it."""
    for call in responses(body):
        if response_status(body, call) == 204 and _has_content(body, call):
            yield body.mark(RULE.code, call, text=body.brief(call, 90), sends=True)
    route = endpoint(body)
    if route is None or route.status() != 204:
        return
    for returned in body.of(ast.Return):
        if returned.value is not None and _is_value(body, returned.value):
            yield body.mark(RULE.code, returned, text=body.brief(returned, 90))


def _has_content(body: Body, call: ast.Call) -> bool:
    content = response_content(call)
    if body.name(call.func).endswith("JSONResponse"):
        return True
    return content is not None and not (
        isinstance(content, ast.Constant) and content.value in (None, "", b"")
    )


def _is_value(body: Body, value: ast.expr) -> bool:
    """Whether something certainly is a value: a literal, an object, no response and no call that may give None."""
    if isinstance(value, ast.Constant):
        return value.value is not None
    if isinstance(value, ast.Dict | ast.List):
        return bool(value.keys if isinstance(value, ast.Dict) else value.elts)  # of nothing, nothing is lost
    if isinstance(value, ast.ListComp | ast.JoinedStr):
        return True
    kind = body.instance(value)
    return bool(kind) and kind in body.types.found.classes and not _is_response(body, kind)


def _is_response(body: Body, kind: str) -> bool:
    return any(base.endswith("Response") for base in body.bases(kind))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each answer."""
    for mark in marks(project, RULE):
        sends = bool(mark.fact("sends"))
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=f"{mark.fact('text')} answers 204 with a body",
            impact="the server ends the connection with a protocol error"
            if sends
            else "what is returned never reaches the client",
            solution="Response(status_code=204)" if sends else "return nothing, or answer 200",
            confidence=0.85,
        )


_DELETE = """
from fastapi import Response
from fastapi.responses import JSONResponse

WORDS = {{"a": 1}}


@app.delete("/words/{{name}}", status_code=204)
def delete_word(name: str):
    WORDS.pop(name, None)
    {returned}
"""

EXAMPLES = (
    Example(
        "a message nobody gets", plain(_DELETE.format(returned='return {"message": "deleted"}')), bad=True
    ),
    Example(
        "null with 204",
        plain(_DELETE.format(returned="return JSONResponse(None, status_code=204)")),
        bad=True,
    ),
    Example("an empty dict", plain(_DELETE.format(returned="return {}")), bad=False),
    Example("nothing", plain(_DELETE.format(returned="return None")), mends="a message nobody gets"),
    Example(
        "an empty response",
        plain(_DELETE.format(returned="return Response(status_code=204)")),
        mends="null with 204",
    ),
)
