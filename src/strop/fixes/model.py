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


def attribute_assignment(class_: cst.ClassDef, name: str) -> cst.Assign | cst.AnnAssign | None:
    """The statement of a class body that assigns or annotates an attribute."""
    for line in class_.body.body:
        for part in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(part, cst.AnnAssign) and isinstance(part.target, cst.Name):
                if part.target.value == name:
                    return part
            elif isinstance(part, cst.Assign) and any(_is_name(t.target, name) for t in part.targets):
                return part
    return None


def _is_name(node: cst.CSTNode, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def relationship_call(code: Code, class_: cst.ClassDef, name: str) -> cst.Call:
    """The `relationship(...)` of a class attribute; Unfit if it is made another way."""
    part = attribute_assignment(class_, name)
    value = part.value if part else None
    if isinstance(value, cst.Call) and called_name(value) in RELATIONSHIPS:
        return value
    raise Unfit(f"{class_.name.value}.{name} is not a plain relationship(...) in {code.file}")
