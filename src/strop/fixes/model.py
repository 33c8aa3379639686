"""Where a mapped class declares a relationship or a column."""

from __future__ import annotations

import libcst as cst

from strop.fixes.code import Code, called_name
from strop.fixes.draft import Draft
from strop.fixes.files import files
from strop.fixes.unfit import Unfit
from strop.project.project import Project

RELATIONSHIPS = {"relationship", "Relationship"}


def class_code(project: Project, draft: Draft, name: str, hint: str = "") -> tuple[Code, cst.ClassDef]:
    """The file and the class of this name: where the project model saw it, or the only one there is."""
    seen = [r.span.file for r in project.imported.relationships if r.owner == name and r.span]
    seen += [t.span.file for t in project.imported.tables if t.model.rpartition(":")[2] == name and t.span]
    for file in dict.fromkeys([hint, *seen] if hint else seen):
        found = draft.code(file).class_(name)
        if found is not None:
            return draft.code(file), found
    here = [f for f in files(project) if _mentions(draft, f, f"class {name}")]
    places = [(draft.code(f), c) for f in here if (c := draft.code(f).class_(name)) is not None]
    if len(places) != 1:
        raise Unfit(f"the class {name} is declared in {len(places)} places")
    return places[0]


def _mentions(draft: Draft, file: str, text: str) -> bool:
    try:
        return text in draft.text(file)
    except Unfit:
        return False


def attribute_value(class_: cst.ClassDef, name: str) -> cst.BaseExpression | None:
    """What a class body assigns to an attribute; None for a bare annotation."""
    return next((value for target, value in _assignments(class_) if target == name), None)


def _assignments(class_: cst.ClassDef) -> list[tuple[str, cst.BaseExpression | None]]:
    found: list[tuple[str, cst.BaseExpression | None]] = []
    for line in class_.body.body:
        for part in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(part, cst.AnnAssign) and isinstance(part.target, cst.Name):
                found.append((part.target.value, part.value))
            elif isinstance(part, cst.Assign):
                found += [
                    (t.target.value, part.value) for t in part.targets if isinstance(t.target, cst.Name)
                ]
    return found


def relationship_call(code: Code, class_: cst.ClassDef, name: str) -> cst.Call:
    """The `relationship(...)` of a class attribute; Unfit if it is made another way."""
    value = attribute_value(class_, name)
    if isinstance(value, cst.Call) and called_name(value) in RELATIONSHIPS:
        return value
    raise Unfit(f"{class_.name.value}.{name} is not a plain relationship(...) in {code.file}")
