"""A PATCH writes fields that the client did not send.

**What.** `item.model_dump()` (or `.dict()`) of the body of a PATCH, without `exclude_unset=True`, applied to the stored row.

**Why it costs.** Every field that was left out is written with its default: a client that changes the title loses the description.

**How it is found.** In functions that only PATCH routes reach: a dump of a body model that has fields with defaults, whose result is applied
(`update`, `setattr`, `**`, `model_copy`).

**How to fix it.** `model_dump(exclude_unset=True)`.

**When it is no problem.** A model without optional fields; a PUT, which replaces the whole.

**Sources.** FastAPI, "Body - Updates": https://fastapi.tiangolo.com/tutorial/body-updates/
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
from strop.rules.example import Example
from strop.rules.models import fields_of
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "SCH004",
    "patch-without-exclude-unset",
    "schema",
    "warning",
    "PATCH writes what was not sent",
    static=True,
)
WORDS = ("dict", "model_dump", "jsonable_encoder")
_CHOICES = frozenset({"exclude_unset", "exclude_none", "exclude_defaults", "include"})
_APPLIES = frozenset(
    {
        "update",
        "setattr",
        "model_copy",
        "copy",
        "values",
        "items",
        "sqlmodel_update",
        "patch",
        "save",
        "merge",
    }
)


def notice(body: Body) -> Iterator[Mark]:
    """Whole dumps of a model that is a parameter."""
    for call in body.calls("dict", "model_dump"):
        func = call.func
        if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
            continue
        if any(k.arg in _CHOICES or k.arg is None for k in call.keywords):
            continue
        found = body.bindings(func.value)
        kind = body.instance(func.value)
        if (
            kind in body.types.found.classes
            and all(b.how == "annotation" for b in found)
            and _is_applied(body, call)
        ):
            owner = body.types.found.classes[kind]
            yield body.mark(
                RULE.code, call, text=body.text(call), model=f"{owner.module.file}:{owner.qualname}"
            )


def _is_applied(body: Body, call: ast.Call) -> bool:
    """Whether the dump, or the name that it gets, is written over something."""
    parent = body.parent(call)
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        name = parent.targets[0].id
        uses = (n for n in body.of(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load))
        return any(_is_written(body, use) for use in uses)
    return _is_written(body, call)


def _is_written(body: Body, expr: ast.expr) -> bool:
    parent = body.parent(expr)
    if isinstance(parent, ast.Attribute) and parent.attr == "items":
        loop = body.within(expr, ast.For)
        return isinstance(loop, ast.For) and not _asks_of_values(loop)
    if isinstance(parent, ast.keyword):
        parent = body.parent(parent)
    if not isinstance(parent, ast.Call):
        return False
    func = parent.func
    name = last_name(func)
    return any(word in name.lower() for word in _APPLIES)


def _asks_of_values(loop: ast.For) -> bool:
    """Whether a loop over items asks each value first: `if value is not None`, `setattr(...) if value else None`."""
    targets = loop.target.elts if isinstance(loop.target, ast.Tuple) else []
    value = targets[-1].id if targets and isinstance(targets[-1], ast.Name) else ""
    tests = (n.test for n in ast.walk(loop) if isinstance(n, ast.If | ast.IfExp))
    return any(isinstance(n, ast.Name) and n.id == value for test in tests for n in ast.walk(test))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each dump."""
    sent = {(r.key, p.model) for r in project.imported.routes if r.method == "PATCH" for p in r.parameters}
    for mark in marks(project, RULE):
        ways = ways_to(project, mark.function)
        left_out = [m.name for m in fields_of(project, mark.fact("model")) if m.value not in ("", "...")]
        if ways and left_out and all((way.route, mark.fact("model")) in sent for way in ways):
            yield tell(
                RULE,
                mark,
                ways,
                message=f"{mark.fact('text')} has {left_out[0]} also when the client did not send it",
                impact="a PATCH resets the fields that it leaves out",
                solution="model_dump(exclude_unset=True)",
                confidence=0.85,
            )


_PATCH = """
from pydantic import BaseModel

STORE = {{"a": {{"title": "A", "text": "long"}}}}


class WordPatch(BaseModel):
    title: str | None = None
    text: str | None = None


@app.patch("/words/{{name}}")
def patch_word(name: str, change: WordPatch):
    STORE[name].update(change.model_dump({options}))
    return STORE[name]
"""

EXAMPLES = (
    Example("the whole model", plain(_PATCH.format(options="")), bad=True),
    Example("what was sent", plain(_PATCH.format(options="exclude_unset=True")), mends="the whole model"),
    Example(
        "only what has a value is written",
        plain(
            _PATCH.format(options="").replace(
                "    STORE[name].update(change.model_dump())",
                "    for key, value in change.model_dump().items():\n"
                "        if value is not None:\n"
                "            STORE[name][key] = value",
            )
        ),
    ),
    Example(
        "a PUT replaces the whole",
        plain(_PATCH.format(options="").replace("@app.patch", "@app.put")),
    ),
)
