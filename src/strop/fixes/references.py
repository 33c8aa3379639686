"""Who else names a function: whether it may change from `def` to `async def` or back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from strop.fixes.code import Code, called_name, dotted, walk
from strop.fixes.draft import Draft
from strop.fixes.files import files, module_name
from strop.fixes.imports import imported_names, resolve
from strop.fixes.unfit import Unfit
from strop.project.project import Project

# Callables that ask whether a function is a coroutine function before they call it.
ASK = {"Depends", "Security", "add_api_route", "APIRoute"}


def must_be_called_by_the_framework(
    project: Project, draft: Draft, code: Code, function: cst.FunctionDef
) -> None:
    """Unfit if anything but FastAPI calls the function, or might."""
    name = function.name.value
    id_ = f"{code.file}:{code.qualname(function)}"
    for other in project.source.functions.values():
        for call in other.calls:
            if call.target == id_ and not call.text.startswith(("Depends(", "Security(")):
                raise Unfit(f"{other.id} calls {name} itself")
    if code.qualname(function) != name:
        _must_be_of_a_controller(project, draft, code, function)
        return
    modules = {module_name(file) for file in files(project) if not file.endswith("__init__.py")}
    for file in files(project):
        if name in draft.text(file):
            there = draft.code(file)
            for node in _uses(there, code, function, modules):
                if not _is_harmless(there, node):
                    raise Unfit(f"{file}:{there.line(node)} uses {name} itself")


def _must_be_of_a_controller(project: Project, draft: Draft, code: Code, function: cst.FunctionDef) -> None:
    """Unfit unless the function is a method of a class that only its own module names, and that itself never
    names the method: a class-based view, whose methods nobody has an object to call them on.
    """
    qualname = code.qualname(function)
    class_, _, name = qualname.rpartition(".")
    if code.class_(class_) is None:
        raise Unfit(f"{qualname} is neither a function of its module nor a method of a class there")
    for attribute in code.nodes(cst.Attribute):
        if attribute.attr.value == name and dotted(attribute.value) in ("self", "cls", "super", class_):
            raise Unfit(f"{code.file}:{code.line(attribute)} uses {qualname} itself")
    for file in files(project):
        if file != code.file and re.search(rf"\b{class_}\b", draft.text(file)):
            raise Unfit(f"{file} names {class_}, and may call its {name}")


def _uses(there: Code, code: Code, function: cst.FunctionDef, modules: set[str]) -> Iterator[cst.CSTNode]:
    """Names and attributes in a file that stand for the function."""
    name = function.name.value
    own = there.file == code.file
    bound = {
        alias
        for alias, full in imported_names(there).items()
        if full.rpartition(".")[2] == name and not _is_other(full.rpartition(".")[0], code, modules)
    }
    for node in there.nodes(cst.Name):
        if (node.value == name and own) or node.value in bound:
            parent = there.parent(node)
            if not (isinstance(parent, cst.Attribute) and parent.attr is node):
                yield node
    for attribute in there.nodes(cst.Attribute):
        holder, _, last = resolve(there, attribute).rpartition(".")
        if last == name and holder and _ends_alike(holder, module_name(code.file)):
            yield attribute


def _is_other(module: str, code: Code, modules: set[str]) -> bool:
    """Whether a name is imported from another module of the project that defines its own."""
    return module in modules and module != module_name(code.file)


def _ends_alike(one: str, other: str) -> bool:
    """Whether two dotted names can mean the same module, seen from different folders."""
    return f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}")


def _is_harmless(code: Code, node: cst.CSTNode) -> bool:
    parent = code.parent(node)
    if isinstance(parent, cst.FunctionDef | cst.ImportAlias | cst.AsName | cst.Param):
        return True
    if isinstance(parent, cst.Arg):
        call = code.parent(parent)
        return parent.keyword is node or (isinstance(call, cst.Call) and called_name(call) in ASK)
    holder = code.around(node, cst.Subscript)
    if holder is not None and node in {n for e in holder.slice for n in walk(e)}:
        return called_attribute(holder.value) == "dependency_overrides"
    call = code.around(node, cst.Call)
    return call is not None and called_attribute(call.func) == "pop" and _pops_override(call)


def _pops_override(call: cst.Call) -> bool:
    return (
        isinstance(call.func, cst.Attribute) and called_attribute(call.func.value) == "dependency_overrides"
    )


def called_attribute(node: cst.CSTNode) -> str:
    """The last word of an attribute."""
    return node.attr.value if isinstance(node, cst.Attribute) else ""
