"""A model is dumped for FastAPI to validate it again.

**What.** `return item.model_dump()` or `return jsonable_encoder(rows)` from a route with a response model.

**Why it costs.** The value is walked three times in place of once: dumped to dictionaries, validated back into the model, and
serialized. For lists that is most of the CPU time of the route.

**How it is found.** Routes with a response model that return the dump of a model, or a list of dumps, or what
`jsonable_encoder` made.

**How to fix it.** Return the model (or the rows, with `from_attributes`): FastAPI validates and serializes once.

**When it is no problem.** A dump that leaves something out (`exclude`, `include`), which the model would not.

**Sources.** FastAPI, "Response Model - Return Type": https://fastapi.tiangolo.com/tutorial/response-model/ ;
https://github.com/fastapi/fastapi/issues/1224
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
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("SCH008", "double-validation", "schema", "note", "Dumped, to be validated again", static=True)
WORDS = ("model_dump", "dict", "jsonable_encoder")
_CHANGES = frozenset({"exclude", "include", "exclude_unset", "exclude_none", "exclude_defaults", "by_alias"})
_KEEP = ("Any", "dict", "Dict", "None", "JSONResponse", "Response")


def notice(body: Body) -> Iterator[Mark]:
    """Returned dumps in routes with a model."""
    route = endpoint(body)
    node = body.node
    if route is None or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    model = route.keyword("response_model") or (node.returns if node.returns is not None else None)
    if model is None:
        yield from _encoded(body)
        return
    if body.text(model).rpartition(".")[2].startswith(_KEEP) or not _is_own(body, model):
        return
    for returned in body.of(ast.Return):
        value = body.value(returned.value) if returned.value is not None else None
        if isinstance(value, ast.ListComp):
            value = value.elt
        if isinstance(value, ast.Call) and _is_dump(body, value):
            yield body.mark(RULE.code, returned, text=body.brief(value, 90), model=body.text(model))


def _encoded(body: Body) -> Iterator[Mark]:
    """Returns of `jsonable_encoder(...)`: FastAPI encodes what a route returns anyway."""
    for returned in body.of(ast.Return):
        value = body.value(returned.value) if returned.value is not None else None
        if not isinstance(value, ast.Call) or body.name(value.func) != "fastapi.encoders.jsonable_encoder":
            continue
        if not any(k.arg in _CHANGES or k.arg == "custom_encoder" for k in value.keywords):
            yield body.mark(RULE.code, returned, text=body.brief(value, 90))


def _is_own(body: Body, model: ast.expr) -> bool:
    ref = body.types.annotation(model, body.scope)
    while ref is not None and ref.name in ("list", "typing.List", "tuple") and ref.args:
        ref = ref.args[0]
    return ref is not None and ref.name in body.types.found.classes


def _is_dump(body: Body, call: ast.Call) -> bool:
    if any(k.arg in _CHANGES or k.arg is None for k in call.keywords):
        return False
    if isinstance(call.func, ast.Name):
        return call.func.id == "jsonable_encoder"
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in ("model_dump", "dict"):
        return False
    kind = body.instance(call.func.value)
    return any(base.startswith(("pydantic", "sqlmodel")) for base in body.bases(kind))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each return."""
    for mark in marks(project, RULE):
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=f"{mark.fact('text')} is dumped, then validated into {mark.fact('model')} and serialized"
            if mark.fact("model")
            else f"{mark.fact('text')} is encoded, and FastAPI encodes what a route returns again",
            impact="the value is walked two or three times in place of once",
            solution="return the model or the rows themselves",
            confidence=0.8,
        )


_READ = """
from pydantic import BaseModel


class Word(BaseModel):
    name: str


@app.get("/words", response_model={model})
def read_words():
    words = [Word(name=name) for name in ("a", "b")]
    return {returned}
"""

EXAMPLES = (
    Example(
        "a list of dumps",
        plain(_READ.format(model="list[Word]", returned="[word.model_dump() for word in words]")),
        bad=True,
    ),
    Example("the models", plain(_READ.format(model="list[Word]", returned="words")), mends="a list of dumps"),
    Example("no model", plain(_READ.format(model="None", returned="[word.model_dump() for word in words]"))),
)
