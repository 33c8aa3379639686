"""Whether code may leave the event loop's thread."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from strop.fixes.code import Code, dotted, own_nodes, walk
from strop.fixes.draft import Draft
from strop.fixes.files import files
from strop.fixes.imports import resolve
from strop.fixes.unfit import Unfit
from strop.project.project import Project

LOOP = ("asyncio", "anyio", "trio", "uvloop")
# Parts of asyncio that mean nothing to the thread that they are called in.
HARMLESS = ("asyncio.iscoroutinefunction", "asyncio.CancelledError", "asyncio.TimeoutError")
MUTATES = {
    "append",
    "add",
    "update",
    "pop",
    "popitem",
    "setdefault",
    "clear",
    "extend",
    "insert",
    "remove",
    "discard",
}


_SHARED = ("changes module state", "which other requests share")  # reasons that are races between threads


def must_bear_a_thread(project: Project, draft: Draft, code: Code, function: cst.FunctionDef) -> None:
    """Unfit if a function, or one of the project's that it calls, must stay on the loop."""
    for where, body in _reached(project, draft, code, function):
        in_threads = _runs_in_threads(project, where, body)
        for node in own_nodes(body):
            reason = _against(where, body, node)
            if reason and not (in_threads and reason.endswith(_SHARED)):
                raise Unfit(f"{where.qualname(body)} {reason}")


def _runs_in_threads(project: Project, code: Code, function: cst.FunctionDef) -> bool:
    """Whether threads of other requests run the function already: one more thread adds no race."""
    ways = project.reaches.get(f"{code.file}:{code.qualname(function)}", ())
    return any(way.context == "thread" for way in ways)


def _reached(
    project: Project, draft: Draft, code: Code, function: cst.FunctionDef
) -> Iterator[tuple[Code, cst.FunctionDef]]:
    waiting, seen = [(code, function)], set()
    while waiting:
        where, body = waiting.pop()
        id_ = f"{where.file}:{where.qualname(body)}"
        if id_ in seen:
            continue
        seen.add(id_)
        yield where, body
        known = project.source.functions.get(id_)
        for target in {call.target for call in known.calls if call.target} if known else ():
            file, _, qualname = target.partition(":")
            there = draft.code(file)
            found = there.function(qualname)
            if found is not None and found.asynchronous is None:
                waiting.append((there, found))


def _against(code: Code, function: cst.FunctionDef, node: cst.CSTNode) -> str:
    if isinstance(node, cst.Attribute | cst.Name):
        name = resolve(code, node)
        if name.startswith(tuple(f"{word}." for word in LOOP)) and not name.startswith(HARMLESS):
            return f"uses {name}, which belongs to the event loop"
    if isinstance(node, cst.Global):
        return "changes module state"
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        base, word = node.func.value, node.func.attr.value
        if word in ("set", "reset") and dotted(base) and _is_context_variable(code, base):
            return f"sets the context variable {dotted(base)}, which the caller would not see"
        if word in MUTATES and _is_module_state(code, function, base):
            return f"changes {dotted(base)}, which other requests share"
    if isinstance(node, cst.AssignTarget | cst.AugAssign | cst.Del) and _is_module_state(
        code, function, _written(node)
    ):
        return f"changes {dotted(_written(node))}, which other requests share"
    return ""


def _written(node: cst.AssignTarget | cst.AugAssign | cst.Del) -> cst.CSTNode:
    """What `x[...] = ...` and `del x[...]` write into; the node itself for anything else."""
    target = node.target
    return (
        target.value if isinstance(target, cst.Subscript) else target if isinstance(node, cst.Del) else node
    )


def _is_module_state(code: Code, function: cst.FunctionDef, node: cst.CSTNode) -> bool:
    """Whether a node is a name that the module assigns and the function does not."""
    if not isinstance(node, cst.Name):
        return False
    own = {p.name.value for p in walk(function.params) if isinstance(p, cst.Param)}
    own |= {
        n.target.value
        for n in walk(function.body)
        if isinstance(n, cst.AssignTarget) and isinstance(n.target, cst.Name)
    }
    own |= {
        n.target.value
        for n in walk(function.body)
        if isinstance(n, cst.AnnAssign) and isinstance(n.target, cst.Name)
    }
    return node.value not in own and node.value in module_names(code)


def module_names(code: Code) -> dict[str, str]:
    """Names that the module's own statements assign, with the source of their values."""
    names: dict[str, str] = {}
    for line in code.module.body:
        for part in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(part, cst.Assign):
                names |= {dotted(t.target): code.source(part.value) for t in part.targets if dotted(t.target)}
            elif isinstance(part, cst.AnnAssign) and part.value is not None:
                names[dotted(part.target)] = code.source(part.value)
    return names


def _is_context_variable(code: Code, base: cst.CSTNode) -> bool:
    name = dotted(base)
    if "ContextVar" in module_names(code).get(name, ""):
        return True
    # An imported one can't be seen from here: its name must tell.
    return name.lower().endswith(("_ctx", "_var", "ctx_var", "_context", "contextvar", "_cv"))


def is_async_session(project: Project, draft: Draft, code: Code, annotation: str) -> bool:
    """Whether an annotation, or the alias that it is, stands for an AsyncSession."""
    if "AsyncSession" in annotation:
        return True
    alias = annotation.rpartition(".")[2]
    if not alias.isidentifier():
        return False
    return any(
        f"{alias} = Annotated[AsyncSession" in draft.text(file)
        or f"{alias}: TypeAlias = Annotated[AsyncSession" in draft.text(file)
        for file in files(project)
    )


def sessions(project: Project, draft: Draft, code: Code, function: cst.FunctionDef) -> set[str]:
    """The parameters of a function that are AsyncSessions."""
    found = set()
    for parameter in walk(function.params):
        if isinstance(parameter, cst.Param) and parameter.annotation is not None:
            text = code.source(parameter.annotation.annotation)
            if is_async_session(project, draft, code, text):
                found.add(parameter.name.value)
    return found
