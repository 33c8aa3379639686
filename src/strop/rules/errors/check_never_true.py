"""A method or function is tested without being called, so the test always says yes.

**What.** `if not path.is_file:`, `if user.is_admin:` where `is_admin` is a method: what is tested is the method, which is true.

**Why it costs.** The branch for the failure is dead, or the check lets everybody through; the code looks right.

**How it is found.** What stands in `if`, `while`, `not`, `and`, `or` or `assert` by itself, and is a method of a class of the project (no property),
a function of the project, or a method of `Path`, `str`, `asyncio.Task` and the like, by its type.

**How to fix it.** Call it: `()`.

**When it is no problem.** A name that may also be None (a callback that is optional), a property.

**Sources.** mypy, "Check that function isn't used in boolean context":
https://mypy.readthedocs.io/en/stable/error_code_list2.html#check-that-expression-is-not-implicitly-true-in-boolean-context-truthy-bool
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.members import is_property
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "ERR010", "check-never-true", "errors", "error", "A method is tested without being called", static=True
)
WORDS = ("if", "while", "not", "assert", "and", "or")
_FILES = frozenset({"is_file", "is_dir", "is_symlink", "is_absolute", "is_mount"})
_LIBRARY = frozenset(
    {f"pathlib.Path.{name}" for name in (*_FILES, "exists")}
    | {
        f"str.{n}"
        for n in (
            "isdigit",
            "isalpha",
            "isalnum",
            "isnumeric",
            "islower",
            "isupper",
            "isspace",
            "strip",
            "lower",
        )
    }
    | {f"asyncio.{c}.{n}" for c in ("Task", "Future") for n in ("done", "cancelled", "exception")}
    | {"threading.Event.is_set", "asyncio.Event.is_set", "threading.Thread.is_alive", "asyncio.Lock.locked"}
)


def notice(body: Body) -> Iterator[Mark]:
    """Tests of functions."""
    for expr in _tested(body):
        what = _method(body, expr) if isinstance(expr, ast.Attribute) else _function(body, expr)
        if what:
            yield body.mark(RULE.code, expr, text=body.brief(expr, 90), what=what)
        elif isinstance(expr, ast.Attribute) and expr.attr in _FILES and body.ref(expr) is None:
            yield body.mark(RULE.code, expr, kind="file", text=body.brief(expr, 90), what=expr.attr)


def _tested(body: Body) -> Iterator[ast.Attribute | ast.Name]:
    nodes: list[ast.If | ast.While | ast.IfExp | ast.Assert] = [*body.of(ast.If), *body.of(ast.While)]
    for node in (*nodes, *body.of(ast.IfExp), *body.of(ast.Assert)):
        yield from _plain(node.test)
    for negated in body.of(ast.UnaryOp):
        inside = isinstance(body.parent(negated), ast.If | ast.While | ast.BoolOp)
        if isinstance(negated.op, ast.Not) and not inside:
            yield from _plain(negated.operand)


def _plain(test: ast.expr) -> Iterator[ast.Attribute | ast.Name]:
    """The names and attributes that a test asks by themselves."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _plain(operand)
        case ast.BoolOp(values=values):
            for value in values:
                yield from _plain(value)
        case ast.Attribute() | ast.Name():
            yield test


def _method(body: Body, expr: ast.Attribute) -> str:
    """The method that an attribute is, by the type of what it is an attribute of."""
    owner = body.instance(expr.value)
    if not owner:
        return ""
    if f"{owner}.{expr.attr}" in _LIBRARY:
        return f"{owner}.{expr.attr}"
    if owner not in body.types.found.classes or _is_kept(body, owner, expr.attr):
        return ""
    found = body.types.members.function(owner, expr.attr)
    plain = found is not None and not is_property(found) and not found.node.decorator_list
    return f"{owner.rpartition('.')[2]}.{expr.attr}" if plain else ""


def _is_kept(body: Body, owner: str, attr: str) -> bool:
    """Whether instances may have something else under this name."""
    return any(
        attr in node.attributes or any(b.how != "def" for b in node.scope.names.get(attr, ()))
        for node, _ in body.types.members.lineage(owner).classes
    )


def _function(body: Body, expr: ast.Name | ast.Attribute) -> str:
    """The function of this module that a name always is."""
    if not isinstance(expr, ast.Name):
        return ""
    found = body.bindings(expr)
    return (
        f"{expr.id}()"
        if len(found) == 1 and found[0].how == "def" and not _is_decorated(body, found[0].target)
        else ""
    )


def _is_decorated(body: Body, name: str) -> bool:
    node = body.types.found.functions.get(name)
    return node is None or bool(node.node.decorator_list)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each test."""
    named = _names_of_fields(project) if any(marks(project, RULE, "file")) else set()
    for mark in marks(project, RULE):
        yield _finding(project, mark, f"{mark.fact('what')} is tested, not called: it is always true", 0.92)
    for mark in marks(project, RULE, "file"):
        if mark.fact("what") not in named:
            yield _finding(
                project, mark, f"the method {mark.fact('text')} is tested, not called: it is always true", 0.8
            )


def _names_of_fields(project: Project) -> set[str]:
    """Names that some class of the project has as a field or property."""
    classes = project.source.classes.values()
    return {m.name for c in classes for m in c.members} | {name for c in classes for name, _ in c.properties}


def _finding(project: Project, mark: Mark, message: str, confidence: float) -> Finding:
    return tell(
        RULE,
        mark,
        ways_to(project, mark.function),
        message=message,
        impact="the other branch is never taken: what it should refuse is let through",
        solution=f"{mark.fact('text')}()",
        confidence=confidence,
    )


EXAMPLES = (
    Example(
        "a file that is never missed",
        plain("""
@app.post("/reports/{name}")
def keep_report(name: str, text: str):
    target = Path("reports") / name
    target.write_text(text)
    if not target.is_file:
        raise HTTPException(507)
    return name
"""),
        bad=True,
    ),
    Example(
        "asked",
        plain("""
@app.post("/reports/{name}")
def keep_report(name: str, text: str):
    target = Path("reports") / name
    target.write_text(text)
    if not target.is_file():
        raise HTTPException(507)
    return name
"""),
        mends="a file that is never missed",
    ),
    Example(
        "a permission that everybody has",
        plain("""
class User:
    def __init__(self, name: str):
        self.name = name

    def is_admin(self) -> bool:
        return self.name == "anna"


def current_user(name: str = "") -> User:
    return User(name)


@app.delete("/words")
def delete_words(user: User = Depends(current_user)):
    if not user.is_admin:
        raise HTTPException(403)
    return {"deleted": True}
"""),
        bad=True,
    ),
    Example(
        "properties and optional callbacks",
        plain("""
from collections.abc import Callable


class User:
    on_change: Callable[[], None] | None = None

    @property
    def is_admin(self) -> bool:
        return False


@app.delete("/words")
def delete_words(user: User = Depends(User)):
    if not user.is_admin:
        raise HTTPException(403)
    if user.on_change:
        user.on_change()
    return {"deleted": True}
"""),
    ),
)
