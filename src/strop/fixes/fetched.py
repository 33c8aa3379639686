"""A statement executed and fetched in one expression: `(await session.execute(s)).scalars().all()`."""

from __future__ import annotations

import libcst as cst
from msgspec import Struct

from strop.fixes.code import Code, called_name, dotted
from strop.fixes.unfit import Unfit

EXECUTES = {"execute", "scalars", "exec"}
FETCHES = {"all", "fetchall"}
PASSES = {"scalars", "mappings", "tuples", "unique"}


class Fetched(Struct, frozen=True):
    """`call` executes; `executed` is it with its await; `whole` ends with `.all()`."""

    call: cst.Call
    executed: cst.BaseExpression
    whole: cst.BaseExpression
    steps: tuple[str, ...]  # methods between, without the last

    @property
    def awaited(self) -> bool:
        """Whether the session is an asynchronous one."""
        return isinstance(self.executed, cst.Await)


def unchain(whole: cst.BaseExpression) -> tuple[cst.BaseExpression, tuple[str, ...]] | None:
    """What `.scalars().all()` is called on, and the methods before the last; None if it is another shape."""
    if not isinstance(whole, cst.Call) or called_name(whole) not in FETCHES or whole.args:
        return None
    steps: list[str] = []
    node = whole.func.value if isinstance(whole.func, cst.Attribute) else None
    while isinstance(node, cst.Call) and called_name(node) in PASSES and not node.args:
        if not isinstance(node.func, cst.Attribute):
            return None
        steps.append(called_name(node))
        node = node.func.value
    return (node, tuple(steps)) if node is not None else None


def execution(node: cst.BaseExpression) -> cst.Call | None:
    """The call of execute, scalars or exec that an expression is, behind its await."""
    call = node.expression if isinstance(node, cst.Await) else node
    if isinstance(call, cst.Call) and called_name(call) in EXECUTES and isinstance(call.func, cst.Attribute):
        return call if call.args and dotted(call.func.value) else None
    return None


def fetched(whole: cst.BaseExpression) -> Fetched | None:
    """The expression as an executed and fetched statement, or None."""
    found = unchain(whole)
    call = execution(found[0]) if found else None
    return Fetched(call, found[0], whole, found[1]) if found and call else None


def uses(code: Code, function: cst.FunctionDef, name: str) -> list[cst.Name]:
    """Every place in a function that says a name, assignments too."""
    return [
        node
        for node in code.nodes(cst.Name, function)
        if node.value == name and not _is_attribute(code, node) and not _is_keyword(code, node)
    ]


def _is_attribute(code: Code, node: cst.Name) -> bool:
    parent = code.parent(node)
    return isinstance(parent, cst.Attribute) and parent.attr is node


def _is_keyword(code: Code, node: cst.Name) -> bool:
    parent = code.parent(node)
    return isinstance(parent, cst.Arg) and parent.keyword is node


def assignment_of(code: Code, function: cst.FunctionDef, name: str) -> cst.Assign:
    """The only statement that gives a name its value; Unfit if it is bound in another way, too."""
    found = [a for a in code.nodes(cst.Assign, function) if any(dotted(t.target) == name for t in a.targets)]
    if len(found) != 1 or len(found[0].targets) != 1:
        raise Unfit(f"{name} is not assigned in exactly one place")
    return found[0]
