"""The handler of validation errors fails itself, or repeats and logs what was sent.

**What.** `JSONResponse({"detail": exc.errors()}, status_code=422)`, and `logger.error(exc.body)`.

**Why it costs.** Since Pydantic 2 an error of a validator carries the exception itself, which is no JSON: the handler raises TypeError, the client gets
500 for each such mistake. The body that is logged or sent back has the passwords that people mistyped.

**How it is found.** Functions that handle RequestValidationError (by decorator, registration or annotation) and give `exc.errors()`
as it is to a JSON response, or `exc.body` to an answer or a log.

**How to fix it.** `jsonable_encoder(exc.errors())`; leave `input`, `ctx` and the body out.

**When it is no problem.** Pydantic 1, whose errors are plain values; a list that the handler builds itself from `loc`, `msg` and `type`.

**Sources.** FastAPI, "Override request validation exceptions":
https://fastapi.tiangolo.com/tutorial/handling-errors/#override-request-validation-exceptions
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.answers import response_content, responses
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to
from strop.rules.versions import before

RULE = Rule(
    "SCH007", "validation-handler", "schema", "warning", "The 422 handler fails or leaks", static=True
)
WORDS = ("errors", "body")
_LOGS = ("debug", "info", "warning", "error", "exception", "critical")
_SAID = {
    "crash": (
        "{text} has exceptions in it that are no JSON",
        "500 for each mistake that a validator finds",
        "jsonable_encoder(exc.errors())",
    ),
    "answer": (
        "the answer repeats the whole body that was sent",
        "what was sent, passwords too, comes back to whoever sees the answer",
        "leave exc.body out",
    ),
    "log": (
        "the body of a request that did not validate is logged",
        "mistyped passwords and tokens end in the log",
        "log loc and type of the errors, not the body",
    ),
}


def notice(body: Body) -> Iterator[Mark]:
    """What a handler does with the errors and the body."""
    name = _handled(body)
    if not name:
        return
    for call in responses(body):
        content = response_content(call)
        if content is None or not body.name(call.func).endswith("JSONResponse"):
            continue
        for part in _parts(body, content):
            if _is_errors(part, name):
                yield body.mark(RULE.code, call, kind="crash", text=body.text(part))
            elif _is_body(part, name):
                yield body.mark(RULE.code, call, kind="answer", text=body.text(part))
    for call in body.calls(*_LOGS):
        if any(_is_body(n, name) for a in call.args for n in ast.walk(a)):
            yield body.mark(RULE.code, call, kind="log", text=body.brief(call, 90))


def _handled(body: Body) -> str:
    """The parameter that holds the RequestValidationError, "" in other functions."""
    node = body.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    arguments = [*node.args.args, *node.args.kwonlyargs]
    for argument in arguments:
        given = (
            body.types.annotation(argument.annotation, body.scope)
            if argument.annotation is not None
            else None
        )
        if given is not None and given.name.endswith("RequestValidationError"):
            return argument.arg
    for decorator in node.decorator_list:
        called = isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)
        if (
            called
            and isinstance(decorator, ast.Call)
            and "RequestValidationError" in body.text(decorator)
            and len(arguments) > 1
        ):
            return arguments[-1].arg
    return ""


def _parts(body: Body, content: ast.expr) -> Iterator[ast.expr]:
    """What a content consists of, as it is: the value itself, those of a dict or list, what names stand for."""
    match body.value(content):
        case ast.Dict(values=values):
            for value in values:
                yield from _parts(body, value)
        case ast.List(elts=values):
            for value in values:
                yield from _parts(body, value)
        case other:
            yield other


def _is_errors(expr: ast.AST, name: str) -> bool:
    match expr:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="errors"), keywords=keywords):
            return owner == name and not any(k.arg in ("include_context", "include_input") for k in keywords)
        case ast.Attribute(value=ast.Name(id=owner), attr="_errors"):
            return owner == name
    return False


def _is_body(expr: ast.AST, name: str) -> bool:
    return (
        isinstance(expr, ast.Attribute)
        and expr.attr == "body"
        and isinstance(expr.value, ast.Name)
        and expr.value.id == name
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each place."""
    plain_errors = before(project, "pydantic", "2")  # without exceptions in them
    for kind, (message, impact, solution) in _SAID.items():
        if kind == "crash" and plain_errors:
            continue
        for mark in marks(project, RULE, kind):
            yield tell(
                RULE,
                mark,
                ways_to(project, mark.function),
                message=message.format(text=mark.fact("text")),
                impact=impact,
                solution=solution,
                confidence=0.85,
                kind=kind,
            )


_HANDLER = """
from fastapi import Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, exc: RequestValidationError):
    return JSONResponse({{"detail": {errors}}}, status_code=422)
"""

EXAMPLES = (
    Example("as they are", plain(_HANDLER.format(errors="exc.errors()")), bad=True),
    Example(
        "as they are, where Pydantic is locked before 2",
        plain(_HANDLER.format(errors="exc.errors()")) | {"requirements.txt": "fastapi\npydantic==1.10.26\n"},
    ),
    Example(
        "as they are, where nothing but Pydantic 1 is allowed",
        plain(_HANDLER.format(errors="exc.errors()")) | {"requirements.txt": "fastapi\npydantic>=1.8,<2\n"},
    ),
    Example("encoded", plain(_HANDLER.format(errors="jsonable_encoder(exc.errors())")), mends="as they are"),
    Example("the body is sent back", plain(_HANDLER.format(errors='"wrong", "body": exc.body')), bad=True),
    Example(
        "built by hand",
        plain(_HANDLER.format(errors='[{"where": e["loc"], "what": e["msg"]} for e in exc.errors()]')),
    ),
)
