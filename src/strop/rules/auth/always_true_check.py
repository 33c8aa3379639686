"""A check returns an object where it promises yes or no: it always passes.

**What.** A function with `-> bool` returns an instance of a class that has no truth value of its own.

**Why it costs.** Every object is true. Whoever asks "may they?" is told yes, whoever they are.

**How it is found.** Functions annotated `-> bool` with a `return Class(...)`, where the class (a base included) defines
neither `__bool__` nor `__len__`.

**How to fix it.** Call the check of the class, and return its answer.

**When it is no problem.** The annotation is wrong and the callers know the object.

**Sources.** https://github.com/Netflix/dispatch/pull/6117 ; https://docs.python.org/3/library/stdtypes.html#truth-value-testing
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain

RULE = Rule("AUTH019", "always-true-check", "auth", "error", "A check that is always true", static=True)
WORDS = ("bool",)
_TRUTH = ("__bool__", "__len__", "__new__")


def notice(body: Body) -> Iterator[Mark]:
    """Instances that are returned as a truth value."""
    assert not isinstance(body.node, ast.Module | ast.ClassDef)
    match body.node.returns:
        case ast.Name(id="bool"):
            pass
        case _:
            return
    for answer in body.of(ast.Return):
        if not isinstance(answer.value, ast.Call):
            continue
        name = body.name(answer.value.func)
        if name in body.types.found.classes and not _has_truth(body, name):
            yield body.mark(RULE.code, answer, name=name.rpartition(".")[2])


def _has_truth(body: Body, name: str) -> bool:
    lineage = body.types.members.lineage(name)
    if any(
        base not in ("abc.ABC", "object", "typing.Protocol", "pydantic.BaseModel") for base in lineage.library
    ):
        return True  # a library's class may have a truth value
    return any(method in owner.scope.names for owner, _ in lineage.classes for method in _TRUTH)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each such return."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = [w for w in project.reaches.get(mark.function, ()) if w.route]
        yield draft(
            RULE,
            mark.span,
            (w.route for w in ways),
            message=f"{mark.span.symbol} returns a {mark.fact('name')} where it promises a bool: it is always true",
            impact="whoever asks is told yes",
            solution=f"return the answer of {mark.fact('name')}'s check",
            known="static",
            confidence=0.9,
            chain=ways[0].chain if ways else (),
        )


_PERMISSIONS = """
from fastapi import Request


class AdminPermission:
    def __init__(self, request: Request) -> None:
        self.role = request.headers.get("x-role")

    def holds(self) -> bool:
        return self.role == "admin"


"""
EXAMPLES = (
    Example(
        "the permission itself",
        plain(
            _PERMISSIONS
            + """
def may_join(request: Request) -> bool:
    return AdminPermission(request)


@app.post("/join")
def join(request: Request):
    if not may_join(request):
        raise HTTPException(403)
    return {"ok": True}
"""
        ),
        bad=True,
    ),
    Example(
        "what the permission says",
        plain(
            _PERMISSIONS
            + """
def may_join(request: Request) -> bool:
    return AdminPermission(request).holds()


@app.post("/join")
def join(request: Request):
    if not may_join(request):
        raise HTTPException(403)
    return {"ok": True}
"""
        ),
        bad=False,
        mends="the permission itself",
    ),
    Example(
        "an answer with a truth value",
        plain("""
class Answer:
    def __init__(self, value: int) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return self.value > 0


def is_open(value: int) -> bool:
    return Answer(value)


@app.get("/open")
def state(value: int):
    return {"open": bool(is_open(value))}
"""),
        bad=False,
    ),
)
