"""Call `Model.parse_obj` and `Model.construct` by the names that Pydantic 2 gave them.

Answers API015. In Pydantic 2, `parse_obj(x)` warns and returns `cls.model_validate(x)`, and `construct(...)` returns
`cls.model_construct(...)`. Where the class itself is named, what runs is the same, so no run has to prove it.

Left alone: methods of values (`.dict()`), whose class only an annotation promises, and whose new name reads other settings;
`from_orm`, which asks the model's settings first; classes that define such a method, or have a base outside the project besides
`BaseModel`; names that are bound more than once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst
from packaging.version import InvalidVersion, Version

from strop.finding import Finding
from strop.fixes.code import Code, walk
from strop.fixes.draft import Draft
from strop.fixes.imports import resolve
from strop.fixes.splice import Splice
from strop.fixes.unfit import Unfit
from strop.patch import Patch, Proposal
from strop.project.function import Class
from strop.project.project import Project

NAME = "call_new_name"
ANSWERS = ("API015",)
UNMEASURED = True
NAMES = {"parse_obj": "model_validate", "construct": "model_construct"}
PYDANTIC = frozenset({"pydantic.BaseModel", "pydantic.main.BaseModel"})


def propose(project: Project, finding: Finding, read: Callable[[str], str]) -> Iterator[Patch | Proposal]:
    """One patch for all places of the project, or one proposal."""
    _must_be_two(dict(project.imported.versions).get("pydantic", ""))
    draft = Draft(project, read)
    wanted = {f".{name}()" for name in NAMES}
    marks = [m for m in project.source.marks.get(finding.code, ()) if m.fact("what") in wanted]
    found = False
    for file, line in sorted({(mark.span.file, mark.span.line) for mark in marks}):
        code = draft.code(file)
        for call in code.nodes(cst.Call):
            func = call.func
            if isinstance(func, cst.Attribute) and code.line(call) == line and _is_sure(project, code, func):
                found = True
                name = func.attr
                draft.change(code, Splice(code.start(name), code.end(name), NAMES[name.value]))
    if not found:
        raise Unfit("no call names its class, so none is certain to stay the same")
    yield Patch(NAME, "", finding.id, "Call Pydantic's methods by their new names", "", draft.edits())


def _must_be_two(version: str) -> None:
    """The finding itself says that the project uses names which Pydantic 1 did not have."""
    try:
        is_old = bool(version) and Version(version) < Version("2")
    except InvalidVersion:
        is_old = False
    if is_old:
        raise Unfit(f"Pydantic {version} has only the old names")


def _is_sure(project: Project, code: Code, func: cst.Attribute) -> bool:
    """Whether `Model.parse_obj` can only be Pydantic's own method of a class of the project."""
    old = func.attr.value
    owner = _class(project, code, func.value) if old in NAMES else None
    if owner is None or not set(owner.library_bases) <= PYDANTIC or not owner.library_bases:
        return False
    lineage = (owner.id, *owner.bases)
    return not any(f"{above}.{name}" in project.source.functions for above in lineage for name in NAMES)


def _class(project: Project, code: Code, node: cst.BaseExpression) -> Class | None:
    if not isinstance(node, cst.Name) or _is_rebound(code, node.value):
        return None
    name = resolve(code, node)
    here = project.source.classes.get(f"{code.file}:{name}")
    return here or next((c for c in project.source.classes.values() if c.name == name), None)


def _is_rebound(code: Code, name: str) -> bool:
    """Whether the name is a parameter or is assigned anywhere in the file, or defined twice."""
    bound = [p.name.value for p in code.nodes(cst.Param)]
    for node in walk(code.module):
        if isinstance(node, cst.AssignTarget | cst.AnnAssign | cst.NamedExpr | cst.For | cst.CompFor):
            bound += [n.value for n in walk(node.target) if isinstance(n, cst.Name)]
    bound += [f.name.value for f in code.nodes(cst.FunctionDef)]
    classes = [c.name.value for c in code.nodes(cst.ClassDef)]
    return name in bound or classes.count(name) > 1
