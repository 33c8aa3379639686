"""A response made by hand passes the declared response model by.

**What.** `response_model=User` (or `-> User`), and then `return JSONResponse({...})`.

**Why it costs.** FastAPI sends a response as it is: fields that the model would leave out go out, types are not checked, and the
documentation promises what is not sent.

**How it is found.** Routes with a model of the project that return a JSON response with a literal or a plain value as content and a
status below 300. What was dumped from a model first (`model_dump`, `jsonable_encoder`) is taken for a choice of speed and not reported.

**How to fix it.** Return the value; set status and headers on a `Response` parameter.

**When it is no problem.** Another status (an error, a redirect), a file; a content whose shape is tested against the model.

**Sources.** FastAPI, "Return a Response Directly": https://fastapi.tiangolo.com/advanced/response-directly/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.rules import endpoint as routes
from strop.rules.answers import response_content, response_status, responses
from strop.rules.endpoint import Endpoint, endpoint
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "SCH001", "bypassed-model", "schema", "note", "A response passes the response model by", static=True
)
WORDS = routes.WORDS
_DUMPS = frozenset(
    {"model_dump", "dict", "jsonable_encoder", "model_dump_json", "json", "dump", "serialize", "dumps"}
)


def notice(body: Body) -> Iterator[Mark]:
    """JSON responses in routes that promise a model."""
    route = endpoint(body)
    model = _model(route) if route is not None else ""
    for call in responses(body) if model else ():
        content = response_content(call)
        if content is None or not body.name(call.func).endswith("JSONResponse"):
            continue
        status = response_status(body, call)
        if (
            200 <= status < 300
            and status != 204
            and isinstance(body.parent(call), ast.Return)
            and not _is_dumped(body, content)
        ):
            yield body.mark(RULE.code, call, text=body.brief(call, 90), model=model)


def _model(route: Endpoint) -> str:
    """The model of the project that a route promises, as it is written; "" without one."""
    given = route.keyword("response_model")
    node = route.body.node
    if given is None and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        given = node.returns
    ref = route.body.types.annotation(given, route.body.scope) if given is not None else None
    while ref is not None and ref.name in ("list", "typing.List") and ref.args:
        ref = ref.args[0]
    own = ref is not None and ref.name in route.body.types.found.classes
    return route.body.text(given) if own and given is not None else ""


def _is_dumped(body: Body, content: ast.expr) -> bool:
    shown = body.value(content)
    calls = (n for part in (content, shown) for n in ast.walk(part) if isinstance(n, ast.Call))
    return any(last_name(call.func) in _DUMPS for call in calls) or isinstance(shown, ast.Call | ast.Await)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each response."""
    for mark in marks(project, RULE):
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=f"{mark.fact('text')} passes the response model {mark.fact('model')} by",
            impact="what the model would leave out is sent, and the documentation promises something else",
            solution="return the value; set status and headers on a Response parameter",
            confidence=0.75,
        )


_READ = """
from fastapi import Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel


class Word(BaseModel):
    name: str


@app.get("/words/{{name}}", response_model=Word)
def read_word(name: str, response: Response):
    if name == "z":
        return JSONResponse({{"detail": "no such word"}}, status_code=404)
    word = {{"name": name, "internal": len(name)}}
    response.headers["x-length"] = str(len(name))
    return {returned}
"""

EXAMPLES = (
    Example(
        "a literal", plain(_READ.format(returned='JSONResponse({"name": name, "internal": 1})')), bad=True
    ),
    Example("the value itself", plain(_READ.format(returned="word")), mends="a literal"),
    Example("dumped from the model", plain(_READ.format(returned="JSONResponse(Word(**word).model_dump())"))),
)
