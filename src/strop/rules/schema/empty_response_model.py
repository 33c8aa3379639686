"""A route promises an answer and returns nothing.

**What.** `response_model=Package` on a handler that never returns a value.

**Why it costs.** FastAPI makes the model of None: each call ends with 500, after its work is done.

**How it is found.** Routes with a response model (no status 204, no None in the model) whose function has no `return` with a value, no `yield`
and no raise at its end.

**How to fix it.** Return what is promised, or take the model out (and answer 204).

**When it is no problem.** Never; older versions of FastAPI answered `null` against the documentation.

**Sources.** FastAPI, "Response Model - Return Type": https://fastapi.tiangolo.com/tutorial/response-model/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.endpoint import endpoint
from strop.rules.example import Example
from strop.rules.lookups import is_optional
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "SCH009",
    "empty-response-model",
    "schema",
    "error",
    "A model is promised, nothing is returned",
    static=True,
)
WORDS = ("response_model",)


def notice(body: Body) -> Iterator[Mark]:
    """Routes with a model and without a return."""
    route = endpoint(body)
    node = body.node
    model = route.keyword("response_model") if route is not None else None
    if route is None or model is None or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    shown = body.value(model)
    if isinstance(shown, ast.Constant) or is_optional(shown) or route.status() in (204, 304):
        return
    if body.name(shown) in ("typing.Any", "dict", "None") or _returns(body) or _only_raises(node):
        return
    yield body.mark(RULE.code, route.call, text=body.text(model))


def _returns(body: Body) -> bool:
    given = any(r.value is not None and not _is_none(r.value) for r in body.of(ast.Return))
    return given or any(True for _ in body.of(ast.Yield, ast.YieldFrom))


def _is_none(expr: ast.expr) -> bool:
    return isinstance(expr, ast.Constant) and expr.value is None


def _only_raises(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A stub, or a function that ends with an error (also below `while True`)."""
    last = node.body[-1]
    return isinstance(last, ast.Raise | ast.While | ast.Try | ast.With | ast.AsyncWith) or all(
        isinstance(s, ast.Pass | ast.Expr) and not isinstance(getattr(s, "value", None), ast.Call | ast.Await)
        for s in node.body
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each route."""
    for mark in marks(project, RULE):
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=f"response_model={mark.fact('text')}, but {mark.span.symbol} returns nothing",
            impact="each call ends with 500 (ResponseValidationError) after its work is done",
            solution="return what is promised, or take the model out and answer 204",
            confidence=0.92,
        )


_DELETE = """
from pydantic import BaseModel


class Word(BaseModel):
    name: str


WORDS = {{"a": 1}}


@app.delete("/words/{{name}}"{model})
def delete_word(name: str):
    WORDS.pop(name, None)
"""

EXAMPLES = (
    Example("a deletion", plain(_DELETE.format(model=", response_model=Word")), bad=True),
    Example("without the model", plain(_DELETE.format(model=", status_code=204")), mends="a deletion"),
    Example(
        "a model that allows None, and a stub",
        plain("""
from pydantic import BaseModel


class Word(BaseModel):
    name: str


@app.delete("/words/{name}", response_model=Word | None)
def delete_word(name: str):
    print("deleted")


@app.put("/words/{name}", response_model=Word)
def put_word(name: str):
    raise HTTPException(501)
"""),
    ),
)
