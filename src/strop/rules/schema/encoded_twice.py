"""A value is made JSON twice.

**What.** `JSONResponse(json.dumps(x))`, `json.loads(model.model_dump_json())`, `json.dumps({"message": json.dumps(x)})`.

**Why it costs.** The first sends a text that has JSON in it, and clients must decode twice. The others pay for writing and
reading (or quoting) the whole value once more for each request.

**How it is found.** A JSON response whose content is the result of `json.dumps`; `json.loads` of what a model has just written; `json.dumps` of a
value whose parts come from `json.dumps`, in code that a route reaches. A warning for the first; for a page of rows that a handler
returns (`return json.loads(page.json())`: a project's are one finding); and for what is published, queued or stored with a text of
JSON in it, since both ends are the project's. Else a note: a small value, a part that another service wants so.

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
from strop.regex import regex
from strop.rules.answers import response_content, responses
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to
from strop.rules.wording import many

RULE = Rule("SCH012", "encoded-twice", "schema", "warning", "JSON is made twice", static=True)
WORDS = ("dumps", "loads")
_PROTOCOL = frozenset(
    {"arguments", "body", "Body", "Message", "input", "metadata", "payload", "content", "text", "data"}
)
_PAGE = regex(r"Page(?![a-z])|Paginat|List(?![a-z])|Results?(?![a-z])")
_STORES = frozenset({"publish", "lpush", "rpush", "xadd", "set", "setex", "hset", "zadd"})
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
            page = isinstance(body.parent(call), ast.Return) and _is_page(call.args[0])
            yield body.mark(RULE.code, call, kind="back", text=body.brief(call, 90), loud=page)
    for call in body.calls("dumps"):
        if (
            call.args
            and _is_dumps(body, call)
            and not _is_sent(body, call)
            and _has_dumped_part(body, call.args[0])
        ):
            yield body.mark(
                RULE.code, call, kind="nested", text=body.brief(call, 90), loud=_is_stored(body, call)
            )


def _is_page(written: ast.expr) -> bool:
    """Whether it is a page of rows that is written and read: `CasePage(**page).json()`."""
    made = (
        written.func.value
        if isinstance(written, ast.Call) and isinstance(written.func, ast.Attribute)
        else None
    )
    return isinstance(made, ast.Call) and bool(_PAGE.search(last_name(made.func)))


def _is_stored(body: Body, call: ast.Call) -> bool:
    """Whether it is given to a queue or store that the project reads itself."""
    parent = body.parent(call)
    return isinstance(parent, ast.Call) and call in parent.args and last_name(parent.func) in _STORES


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
    yield from _pages(project)
    for kind, (impact, solution, confidence) in _SAID.items():
        told: set[str] = (
            {m.function for m in marks(project, RULE, "back") if m.fact("loud")} if kind == "back" else set()
        )
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
                    severity="warning" if kind == "answer" or mark.fact("loud") else "note",
                    kind=kind,
                )


def _pages(project: Project) -> Iterator[Finding]:
    """One finding for all pages that are written and read before they are answered."""
    loud = {m.function: m for m in reversed([*marks(project, RULE, "back")]) if m.fact("loud")}
    found = [(mark, ways) for name, mark in sorted(loud.items()) if (ways := ways_to(project, name))]
    if found:
        mark, ways = found[0]
        others = [each.span for each, _ in found[1:]]
        more = (
            f", and so {'does' if len(others) == 1 else 'do'} {many(len(others), 'other handler')}"
            if others
            else ""
        )
        impact, _, confidence = _SAID["back"]
        yield tell(
            RULE,
            mark,
            ways,
            message=f"{mark.fact('text')} makes JSON of a page, reads it back, and FastAPI writes it again{more}",
            impact=impact,
            solution='return the model itself, or model_dump(mode="json")',
            confidence=confidence,
            severity="warning",
            places=others,
            kind="back",
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

_PAGES = """class WordPage(BaseModel):
    items: list[Word]


@app"""

_PUBLISH = """
import json

import redis.asyncio

store = redis.asyncio.Redis()


@app.post("/words/{{word}}")
async def tell(word: str):
    text = json.dumps({{"word": word}})
    await store.publish("words", json.dumps({{"kind": "word", "said": {value}}}))
    return text
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
    Example(
        "written and read: a note",
        plain(_READ.format(returned="json.loads(word.model_dump_json())")),
        bad=True,
    ),
    Example(
        "a page that is written and read",
        plain(
            _READ.format(returned="json.loads(WordPage(items=[word]).model_dump_json())").replace(
                "@app", _PAGES
            )
        ),
        bad=True,
    ),
    Example("published with JSON in a text", plain(_PUBLISH.format(value="text")), bad=True),
    Example(
        "published with the value",
        plain(_PUBLISH.format(value='{"word": word}')),
        mends="published with JSON in a text",
    ),
    Example(
        "a response that is not JSON's",
        plain(_READ.format(returned='Response(json.dumps({"name": name}), media_type="application/json")')),
    ),
)
