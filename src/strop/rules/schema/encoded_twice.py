"""A value is made JSON twice.

**What.** `JSONResponse(json.dumps(x))`, `json.loads(model.model_dump_json())`, `json.dumps({"message": json.dumps(x)})`.

**Why it costs.** The first sends a text that has JSON in it, and clients must decode twice. The others pay for writing and
reading (or quoting) the whole value once more for each request.

**How it is found.** A JSON response whose content is the result of `json.dumps`; `json.loads` of what a model has just written; `json.dumps` of a
value whose parts come from `json.dumps`, in code that a route reaches.

**How to fix it.** Give the response the value; `model_dump(mode="json")` in place of loads and dumps; put the value itself into the outer one.

**When it is no problem.** A protocol that asks for JSON in a text field (arguments of a tool call, a message queue's body).

**Sources.** Pydantic, "Serialization": https://docs.pydantic.dev/latest/concepts/serialization/
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
from strop.rules.answers import response_content, responses
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("SCH012", "encoded-twice", "schema", "warning", "JSON is made twice", static=True)
WORDS = ("dumps", "loads")
_PROTOCOL = frozenset(
    {"arguments", "body", "Body", "Message", "input", "metadata", "payload", "content", "text", "data"}
)
_SAID = {
    "answer": ("the client gets a text with JSON in it", "give the response the value itself", 0.9),
    "back": ("the whole value is written and read once more", 'model_dump(mode="json")', 0.85),
    "nested": (
        "the inner text is quoted again: larger, and written twice",
        "put the value itself into the outer one",
        0.65,
    ),
}


def notice(body: Body) -> Iterator[Mark]:
    """Values that are encoded twice."""
    for call in responses(body):
        content = response_content(call)
        kind = body.name(call.func)
        if content is not None and kind.endswith("JSONResponse") and _is_dumped(body, content):
            yield body.mark(RULE.code, call, kind="answer", text=body.brief(call, 90))
    for call in body.calls("loads"):
        if call.args and isinstance(call.args[0], ast.Call) and _is_model_text(body, call.args[0]):
            yield body.mark(RULE.code, call, kind="back", text=body.brief(call, 90))
    for call in body.calls("dumps"):
        if (
            call.args
            and _is_dumps(body, call)
            and not _is_sent(body, call)
            and _has_dumped_part(body, call.args[0])
        ):
            yield body.mark(RULE.code, call, kind="nested", text=body.brief(call, 90))


def _is_sent(body: Body, call: ast.Call) -> bool:
    """Whether it is the body of a request to another service, which prescribes it."""
    parent = body.parent(call)
    return isinstance(parent, ast.keyword) and parent.arg in ("data", "content", "body", "json")


def _is_dumps(body: Body, call: ast.Call) -> bool:
    return body.name(call.func) in ("json.dumps", "orjson.dumps", "ujson.dumps")


def _is_dumped(body: Body, expr: ast.expr) -> bool:
    """Whether a value always is the result of dumps, written there or in every assignment of its name."""
    if isinstance(expr, ast.Call):
        return _is_dumps(body, expr)
    found = body.bindings(expr) if isinstance(expr, ast.Name) else []
    return bool(found) and all(
        b.how == "value"
        and isinstance(b.expr, ast.Call)
        and b.index < 0
        and last_name(b.expr.func) == "dumps"
        for b in found
    )


def _has_dumped_part(body: Body, expr: ast.expr) -> bool:
    if isinstance(expr, ast.Name):
        return _is_dumped(body, expr)
    if not isinstance(expr, ast.Dict):
        return False
    pairs = zip(expr.keys, expr.values, strict=True)
    free = (v for k, v in pairs if not (isinstance(k, ast.Constant) and k.value in _PROTOCOL))
    return any(_is_dumped(body, value) for value in free)


def _is_model_text(body: Body, call: ast.Call) -> bool:
    """`model.json()` or `model.model_dump_json()` of a model, not the JSON of a response."""
    func = call.func
    if not isinstance(func, ast.Attribute):
        return False
    if func.attr == "model_dump_json":
        return True
    kind = body.instance(func.value)
    return func.attr == "json" and any(base.startswith("pydantic") for base in body.bases(kind))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each kind in a function that a route reaches."""
    for kind, (impact, solution, confidence) in _SAID.items():
        told: set[str] = set()
        for mark in marks(project, RULE, kind):
            ways = ways_to(project, mark.function) if mark.function not in told else []
            told.add(mark.function)
            if ways:
                yield tell(
                    RULE,
                    mark,
                    ways,
                    message=f"{mark.fact('text')} makes JSON of what is JSON",
                    impact=impact,
                    solution=solution,
                    confidence=confidence,
                    severity="warning" if kind == "answer" else "note",
                    kind=kind,
                )


_READ = """
import json

from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel


class Word(BaseModel):
    name: str


@app.get("/words/{{name}}")
def read_word(name: str):
    word = Word(name=name)
    return {returned}
"""

EXAMPLES = (
    Example(
        "dumps in a JSONResponse",
        plain(_READ.format(returned="JSONResponse(json.dumps(word.model_dump()))")),
        bad=True,
    ),
    Example(
        "the value",
        plain(_READ.format(returned="JSONResponse(word.model_dump())")),
        mends="dumps in a JSONResponse",
    ),
    Example("written and read", plain(_READ.format(returned="json.loads(word.model_dump_json())")), bad=True),
    Example(
        "a response that is not JSON's",
        plain(_READ.format(returned='Response(json.dumps({"name": name}), media_type="application/json")')),
    ),
)
