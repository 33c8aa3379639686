"""A function that must say yes or no returns an object, which is always yes.

**What.** `def may_join(...) -> bool` with `return AdminPermission(request)`: the caller's `if` is true whatever the object found out.

**Why it costs.** Most such functions are permission checks, and the one branch that makes an object lets everybody through.

**How it is found.** Functions annotated `-> bool` that return an instance of a class without `__bool__` or `__len__`, by types.

**How to fix it.** Return what the object says, not the object.

**When it is no problem.** A class that defines `__bool__`.

**Sources.** Python, "Truth Value Testing": https://docs.python.org/3/library/stdtypes.html#truth-value-testing
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "ERR011", "object-for-bool", "security", "error", "A check returns an object, always true", static=True
)
WORDS = ("bool",)
_EMPTY = frozenset({"abc.ABC", "object", "pydantic.BaseModel", "typing.Protocol", "typing.Generic"})


def notice(body: Body) -> Iterator[Mark]:
    """Returns of an object in a function annotated `-> bool`."""
    node = body.node
    if not (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_bool(node.returns)):
        return
    for returned in body.of(ast.Return):
        value = returned.value
        if isinstance(value, ast.Call) and _is_always_true(body, value):
            yield body.mark(RULE.code, returned, text=body.text(returned)[:90], made=body.text(value.func))


def _is_bool(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id == "bool"


def _is_always_true(body: Body, call: ast.Call) -> bool:
    """Whether a call makes an instance of a class of the project that has no say in its truth."""
    ref = body.ref(call.func)
    if ref is None or ref.kind != "class" or ref.name not in body.types.found.classes:
        return False
    members = body.types.members
    own = any(members.function(ref.name, name) is not None for name in ("__bool__", "__len__", "__new__"))
    return not own and set(members.library_bases(ref.name)) <= _EMPTY


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each return."""
    for mark in marks(project, RULE):
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=f"{mark.span.symbol} is annotated bool and returns an object of {mark.fact('made')}: always true",
            impact="the check passes for everybody who comes to this line",
            solution="return what the object says",
            confidence=0.92,
        )


_PERMISSION = """
class Admin:
    def __init__(self, name: str):
        self.allowed = name == "anna"


def may_join(name: str, secret: bool) -> bool:
    if secret:
        return {returned}
    return True


@app.post("/rooms/{{name}}")
def join(name: str, secret: bool = False):
    if not may_join(name, secret):
        raise HTTPException(403)
    return name
"""

EXAMPLES = (
    Example("the permission itself", plain(_PERMISSION.format(returned="Admin(name)")), bad=True),
    Example(
        "what it says",
        plain(_PERMISSION.format(returned="Admin(name).allowed")),
        mends="the permission itself",
    ),
    Example(
        "a class that has a say",
        plain("""
class Found:
    def __init__(self, rows: list[str]):
        self.rows = rows

    def __bool__(self) -> bool:
        return bool(self.rows)


def is_known(name: str) -> bool:
    return Found([name])


@app.get("/words/{name}")
def read_word(name: str):
    return {"known": bool(is_known(name))}
"""),
    ),
)
