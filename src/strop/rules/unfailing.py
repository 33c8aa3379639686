"""Which functions can't fail? Their whole body is a `try` that takes every exception, tells the log and gives a value back."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.function import Call
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.shared import shared
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.caught import is_broad, is_told, walked
from strop.rules.rule import Rule

_KIND = "unfailing"
_DEEPEST = 3  # calls below the one that is asked about
_PLAIN = frozenset({
    "str", "repr", "bool", "len", "dict", "list", "set", "tuple", "sorted", "isinstance", "hasattr", "range",
    "enumerate", "zip", "any", "all", "min", "max", "sum", "print",
})  # fmt: skip
_KEY = regex(r"""\.get\(["']\w+["']""")  # of a dictionary
# what works on values at hand, and HTTP errors, whose text is the project's own
_AT_HAND = (
    "logging.",
    "dict.",
    "list.",
    "str.",
    "set.",
    "datetime.",
    "uuid.",
    "typing.",
    "fastapi.HTTPException",
)


def note_unfailing(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for a function that nothing can leave but a value."""
    if isinstance(body.node, ast.FunctionDef | ast.AsyncFunctionDef) and not body.node.decorator_list:
        *before, last = body.node.body
        if isinstance(last, ast.Try) and all(map(_is_plain, before)) and _takes_all(body, last):
            yield body.mark(rule, last, kind=_KIND)


def _takes_all(body: Body, node: ast.Try) -> bool:
    if not any(is_broad(body, handler) for handler in node.handlers):
        return False
    after = [*node.orelse, *node.finalbody, *(s for handler in node.handlers for s in handler.body)]
    return not any(isinstance(n, ast.Raise | ast.Await) or _may_fail(n) for n in walked(after))


def _may_fail(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = last_name(node.func)
    return name not in _PLAIN and not is_told(name)


def _is_plain(statement: ast.stmt) -> bool:
    """Whether nothing is called: a docstring, a first value."""
    return isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign) and not any(
        isinstance(n, ast.Call | ast.Await | ast.Subscript) for n in walked([statement])
    )


def unfailing(project: Project, rule: Rule) -> frozenset[str]:
    """The ids of these functions."""
    found = (m for m in project.source.marks.get(rule.code, ()) if m.fact("kind") == _KIND)
    return frozenset(mark.function for mark in found)


def may_fail(project: Project, call: Call, sure: frozenset[str], depth: int = _DEEPEST) -> bool:
    """Whether a call may end with an exception that is not the project's own; what can't be told may."""
    if call.target in sure:
        return False
    function = project.source.functions.get(call.target)
    if function is not None and function.memoised:
        return False  # it has succeeded before
    if function is not None:
        return not depth or any(may_fail(project, c, sure, depth - 1) for c in function.calls)
    looks_up = call.name.endswith(".get") and not call.awaited and bool(_KEY.search(call.text))
    at_hand = looks_up or call.name in _PLAIN or call.name.startswith(_AT_HAND)
    return not at_hand and call.name not in shared(project, _Classes).names


class _Classes:
    """The names of one project's classes: an object of one is made of what is at hand."""

    def __init__(self, project: Project) -> None:
        self.names = frozenset(each.name for each in project.source.classes.values())
