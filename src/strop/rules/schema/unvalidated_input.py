"""A model is made by hand of what a client sent: its errors become 500.

**What.** `Order(**await request.json())`, `Order.model_validate_json(payload)` or `Order(name=form_name)` in a route, with no `except`
around it. And a model with validators as `Depends()`.

**Why it costs.** Only what FastAPI reads itself is answered with 422. A ValidationError in the handler is an internal error: the client is told nothing, and
monitors count its typos.

**How it is found.** In code that a route reaches, outside of any `try` that takes ValueError: a model made of `request.json()`,
`json.loads(...)` of a parameter, the text of a file or form; a model that requests use elsewhere, made of plain texts where it has patterns; dependencies that are models whose validators raise
ValueError or assert. Not where an exception handler takes ValidationError.

**How to fix it.** Let FastAPI read it (a body model, `Annotated[Model, Query()]`), or
`except ValidationError as e: raise RequestValidationError(e.errors())`. A model for the query must be all that the route asks
of it: beside another parameter FastAPI 0.138 still takes the model for one parameter of that name, and answers 422 to everybody.

**When it is no problem.** What the application wrote itself; a body that FastAPI has read into the same model, or one below it, before.

**Sources.** FastAPI, "Handling Errors": https://fastapi.tiangolo.com/tutorial/handling-errors/ ;
https://github.com/fastapi/fastapi/issues/2252
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.asked import identifier
from strop.project.body import Body
from strop.project.function import Class, Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.shared import shared
from strop.project.spelling import last_name
from strop.rules.caught import caught_names, is_broad
from strop.rules.endpoint import endpoint
from strop.rules.example import Example
from strop.rules.models import fields_of, is_model
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to
from strop.rules.wording import many

RULE = Rule(
    "SCH006", "unvalidated-input", "schema", "warning", "A validation error that becomes 500", static=True
)
WORDS = (
    "json",
    "loads",
    "body",
    "read",
    "form",
    "model_validate",
    "parse_obj",
    "model_validate_json",
    "parse_raw",
    "HTTPException",
    "ValueError",
    "AssertionError",
    "PydanticCustomError",
    "assert",
)
_MAKERS = (
    "model_validate",
    "parse_obj",
    "model_validate_json",
    "parse_raw",
    "validate_python",
    "validate_json",
)
_TAKES = frozenset(
    {"ValueError", "pydantic.ValidationError", "pydantic_core.ValidationError", "Exception", "TypeError"}
)
REFUSES = "refuses"  # the kind of mark of a function that raises what Pydantic takes for an error
_REFUSALS = frozenset({"ValueError", "AssertionError", "PydanticCustomError", "TypeError"})
_READS = frozenset({"json", "body", "form"})


def notice(body: Body) -> Iterator[Mark]:
    """Models that are made of what a client sent, and functions that refuse with what Pydantic takes for an error."""
    if any(map(_refuses, body.of(ast.Raise, ast.Assert))):
        yield body.mark(RULE.code, body.node, kind=REFUSES)
    for call in body.of(ast.Call):
        model = _model(body, call)
        if model and not _is_tried(body, call) and not _is_validated(body, call, model):
            owner = body.types.found.classes[model]
            sent = next((what for part in _parts(call) if (what := _sent(body, part, 0))), "")
            plain_names = "" if sent else _named(body, call)
            if sent or plain_names:
                yield body.mark(
                    RULE.code,
                    call,
                    text=body.brief(call, 90),
                    sent=sent,
                    plain=plain_names,
                    model=f"{owner.module.file}:{owner.qualname}",
                )


def _is_validated(body: Body, call: ast.Call, model: str) -> bool:
    """Whether FastAPI has read this request's body into the model (or one below it) before: what is sent fits."""
    found = endpoint(body)
    if found is None or not any(_is_whole_body(body, part) for part in _parts(call)):
        return False
    read = [a for a in found.arguments() if a.source == "body"]
    embedded = any(k.arg == "embed" for a in read if a.marker is not None for k in a.marker.keywords)
    return len(read) == 1 and not embedded and model in body.bases(read[0].type)


def _is_whole_body(body: Body, expr: ast.expr) -> bool:
    """`await request.json()`, as it is."""
    shown = body.value(expr)
    shown = shown.value if isinstance(shown, ast.Await) else shown
    return isinstance(shown, ast.Call) and last_name(shown.func) in ("json", "body")


def _refuses(statement: ast.AST) -> bool:
    """`raise ValueError(...)` or `assert`; an HTTP error goes through Pydantic as it is."""
    raised = statement.exc if isinstance(statement, ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(statement, ast.Assert) or (raised is not None and last_name(raised) in _REFUSALS)


def _model(body: Body, call: ast.Call) -> str:
    """The project's model that a call makes, "" for anything else."""
    func = call.func
    if isinstance(func, ast.Attribute) and func.attr in _MAKERS:
        func = func.value
    name = body.name(func)
    own = name in body.types.found.classes
    return name if own and any(b.startswith("pydantic.") for b in body.bases(name)) else ""


def _parts(call: ast.Call) -> Iterator[ast.expr]:
    """What a whole model is made of: `**data`, or the argument of `model_validate`."""
    for keyword in call.keywords:
        if keyword.arg is None:
            yield keyword.value
    if isinstance(call.func, ast.Attribute) and call.func.attr in _MAKERS:
        yield from call.args[:1]


def _sent(body: Body, expr: ast.expr, depth: int) -> str:
    """How a value came from the client without being validated, "" if it did not."""
    shown = body.value(expr)
    if isinstance(shown, ast.Await):
        shown = shown.value
    if not isinstance(shown, ast.Call) or depth > 2:
        return ""
    func = shown.func
    if (
        isinstance(func, ast.Attribute)
        and func.attr in _READS
        and body.instance(func.value).endswith(".Request")
    ):
        return body.text(shown)
    if body.name(func) in ("json.loads", "orjson.loads", "yaml.safe_load", "dict") and shown.args:
        inner = shown.args[0]
        return _sent(body, inner, depth + 1) or (body.text(shown) if _is_text_parameter(body, inner) else "")
    if (
        isinstance(func, ast.Attribute)
        and func.attr == "read"
        and body.instance(func.value).endswith(".UploadFile")
    ):
        return body.text(shown)
    return ""


def _is_text_parameter(body: Body, expr: ast.expr) -> bool:
    """A text that the client sent as it is: a parameter of a route that is a form field."""
    found = body.bindings(expr) if isinstance(expr, ast.Name) else []
    forms = (b.default for b in found if b.how == "annotation" and isinstance(b.default, ast.Call))
    return any(
        isinstance(d.func, ast.Name) and d.func.id in ("Form", "Header", "Cookie", "Query") for d in forms
    )


def _named(body: Body, call: ast.Call) -> str:
    """Keywords that are given plain local values: `Model(name=package_name)`."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in _MAKERS:
        return ""
    given = [
        k.arg or "" for k in call.keywords if isinstance(k.value, ast.Name) and _is_untyped(body, k.value)
    ]
    return ",".join(given)


def _is_untyped(body: Body, name: ast.Name) -> bool:
    """A text or a part of one, not an object that was validated before."""
    kind = body.instance(name)
    found = body.bindings(name)
    computed = bool(found) and all(
        b.how == "value" and isinstance(b.expr, ast.Subscript | ast.Call | ast.BinOp) for b in found
    )
    return kind in ("", "str") and computed


def _is_tried(body: Body, call: ast.AST) -> bool:
    inside = call
    for around in body.around(call):
        if isinstance(around, ast.Try) and inside in around.body:
            for handler in around.handlers:
                names = caught_names(body, handler)
                if (
                    is_broad(body, handler)
                    or _TAKES & set(names)
                    or any(n.endswith("ValidationError") or not n for n in names)
                ):
                    return True
        inside = around
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each model that is made, and for each dependency that is one."""
    handled = {h.handles.replace(":", ".") for h in project.imported.handlers if h.span is not None}
    if any(h.startswith("pydantic") or h.rpartition(".")[2] == "ValueError" for h in handled):
        return
    read = {p.model for route in project.imported.routes for p in route.parameters}
    for mark in marks(project, RULE):
        ways = ways_to(project, mark.function)
        model = project.source.classes.get(mark.fact("model"))
        if not ways or model is None:
            continue
        named = set(mark.fact("plain").split(","))
        if not mark.fact("sent") and not (model.id in read and named & _checked(project, model)):
            continue
        yield tell(
            RULE,
            mark,
            ways,
            message=f"{mark.fact('text')}: what does not fit {model.span.symbol} is answered with 500",
            impact="a client's mistake is an internal error, and the client is told nothing",
            solution="let FastAPI read it, or raise RequestValidationError from the ValidationError",
            confidence=0.8 if mark.fact("sent") else 0.6,
        )
    yield from _dependencies(project)


def _checked(project: Project, model: Class) -> set[str]:
    """Fields with a pattern: what plain texts most often break."""
    return {m.name for m in fields_of(project, model.id) if "regex=" in m.value or "pattern=" in m.value}


def _dependencies(project: Project) -> Iterator[Finding]:
    """Models as dependencies whose validators refuse: one finding for each validator, at the class that has it."""
    refusing = {mark.function for mark in marks(project, RULE, REFUSES)}
    names = shared(project, identifier)
    asked: dict[str, set[str]] = {}  # routes by the model that they depend on
    for route in project.imported.routes:
        for dependency in route.dependencies:
            model = names.class_(dependency.name) if dependency.is_class else None
            if model is not None and is_model(project, model.id):
                asked.setdefault(model.id, set()).add(route.key)
    by_validator: dict[str, list[Class]] = {}
    for model in (project.source.classes[name] for name in asked):
        validator = next((v for v in model.validators if v in refusing), "")
        if validator:
            by_validator.setdefault(validator, []).append(model)
    for validator, models in by_validator.items():
        routes = {key for model in models for key in asked[model.id]}
        ways = [way for way in ways_to(project, validator) if way.route in routes]
        yield _of_dependencies(project, validator, models, ways)


def _of_dependencies(project: Project, validator: str, models: list[Class], ways: list[Reach]) -> Finding:
    owner = project.source.classes.get(validator.rpartition(".")[0], models[0])
    others = sorted(model.span for model in models if model.id != owner.id)
    also = f" (so are {many(len(others), 'class', 'classes')} below it)" if others else ""
    return tell(
        RULE,
        Mark(RULE.code, owner.span, owner.id, (("text", f"Depends({models[0].span.symbol})"),)),
        ways,
        message=f"{owner.span.symbol} is a dependency with validators{also}: what they refuse is answered with 500",
        impact="a client's mistake is an internal error, and the client is told nothing",
        solution="Annotated[Model, Query()] where the route has no other query parameter (FastAPI 0.115 and later), else a"
        " dependency that makes it and raises RequestValidationError",
        confidence=0.8,
        places=others,
    )


_ORDER = """
import json

from fastapi import Request
from pydantic import BaseModel, ValidationError


class Order(BaseModel):
    number: int


@app.post("/orders")
async def add_order(request: Request):
    {make}
    return {{"number": order.number}}
"""

EXAMPLES = (
    Example("the body by hand", plain(_ORDER.format(make="order = Order(**await request.json())")), bad=True),
    Example(
        "refused with 422",
        plain(
            _ORDER.format(
                make="try:\n        order = Order(**await request.json())\n    except ValidationError:\n        raise HTTPException(422)"
            )
        ),
        mends="the body by hand",
    ),
    Example(
        "the body by hand, which FastAPI has read into the same model",
        plain("""
from fastapi import Request
from pydantic import BaseModel


class Order(BaseModel):
    number: int


OrderIn = Order


def order_class() -> type[OrderIn]:
    return Order


@app.post("/orders")
async def add_order(request: Request, payload: OrderIn):
    sent = await request.json()
    made = order_class()
    order = made(**sent)
    return {"number": order.number, "kept": payload.number}
"""),
    ),
    Example(
        "a model with validators as a dependency",
        plain("""
from pydantic import BaseModel, field_validator


class Page(BaseModel):
    size: int = 20

    @field_validator("size")
    @classmethod
    def is_small(cls, value: int) -> int:
        if value > 100:
            raise ValueError("too large")
        return value


@app.get("/words")
def words(page: Page = Depends()):
    return page.size
"""),
        bad=True,
    ),
    Example(
        "one validator, two classes below it, and one that answers with an HTTP error of its own",
        plain("""
from pydantic import BaseModel, field_validator


class Page(BaseModel):
    size: int = 10

    @field_validator("size")
    @classmethod
    def sane(cls, value: int) -> int:
        if value > 100:
            raise HTTPException(422, "too large")
        return value


class Words(Page):
    pass


class Lines(Page):
    pass


@app.get("/words")
def words(page: Words = Depends()):
    return page.size


@app.get("/lines")
def lines(page: Lines = Depends()):
    return page.size
"""),
    ),
    Example(
        "an answer that is built",
        plain("""
from pydantic import BaseModel


class Word(BaseModel):
    name: str
    length: int


@app.get("/words/{name}")
def read_word(name: str) -> Word:
    length = len(name)
    return Word(name=name, length=length)
"""),
    ),
)
