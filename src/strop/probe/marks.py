"""A call before each watched statement of a module's source, for Pythons without `sys.monitoring`.

A trace function would look at every call of the process; a mark costs only where a watched line runs. Places
stay as they are: a mark has the place of the statement it stands before.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

MARK = "__strop_mark__"  # the name under which marks find their function among the builtins

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Mark:
    """What is noted when a mark runs."""

    symbol: str
    lines: tuple[int, ...]


@dataclass(slots=True)
class _Body:
    """The statements of one function, without those of functions and classes inside it."""

    starts: list[int] = field(default_factory=list)
    places: list[tuple[list[ast.stmt], ast.stmt]] = field(default_factory=list)  # where a mark can stand

    def add(self, line: int, block: list[ast.stmt], before: ast.stmt) -> None:
        self.starts.append(line)
        self.places.append((block, before))


def mark(tree: ast.Module, watched: set[int], number: Callable[[Mark], int]) -> None:
    """Put marks into `tree`; `number` gives each its number.

    A line without code of its own counts with the statement before it, a signature with the call; what runs at
    import is not marked.
    """
    for name, function in list(_functions(tree, "")):
        first, last = function.lineno, function.end_lineno or function.lineno
        inner = [(f.lineno, f.end_lineno or f.lineno) for _, f in _functions(function, "")]
        lines = [n for n in watched if first <= n <= last and not any(a <= n <= b for a, b in inner)]
        if lines:
            _mark_function(name, function, sorted(lines), number)


def _mark_function(name: str, function: _Function, lines: list[int], number: Callable[[Mark], int]) -> None:
    body = _Body()
    _collect(function.body, body)
    text = int(ast.get_docstring(function, clean=False) is not None)
    del body.starts[:text], body.places[:text]  # a mark before it would end its being the docstring
    chosen: dict[int, list[int]] = {}
    for line in lines:
        chosen.setdefault(bisect_right(body.starts, line) - 1, []).append(line)
    for index, found in chosen.items():
        block, before = body.places[index] if index >= 0 else (function.body, function.body[-1])
        at = block.index(before) if index >= 0 else text
        call = ast.Call(
            ast.Name(MARK, ast.Load()), [ast.Constant(number(Mark(name, tuple(found))))], keywords=[]
        )
        statement = ast.copy_location(ast.Expr(call), before)
        statement.end_lineno, statement.end_col_offset = before.lineno, before.col_offset
        block.insert(at, ast.fix_missing_locations(statement))


def _collect(block: list[ast.stmt], body: _Body) -> None:
    """All statements in the order of their lines, each with the list it stands in."""
    for statement in list(block):
        body.add(_first_line(statement), block, statement)
        if isinstance(statement, _Scope):
            continue
        for name in ("body", "handlers", "cases", "orelse", "finalbody"):
            _collect_part(getattr(statement, name, []), body)


def _collect_part(part: list[Any], body: _Body) -> None:
    if part and isinstance(part[0], ast.stmt):
        _collect(part, body)
        return
    for branch in part:  # of a try or a match: its head belongs to what it leads to
        line = branch.pattern.lineno if isinstance(branch, ast.match_case) else branch.lineno
        body.add(line, branch.body, branch.body[0])
        _collect(branch.body, body)


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", ())
    lines: list[int] = [statement.lineno, *(each.lineno for each in decorators)]
    return min(lines)


def _functions(node: ast.AST, name: str) -> Iterator[tuple[str, _Function]]:
    """Every function below `node`, with its qualified name."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Scope):
            own = f"{name}{child.name}"
            if isinstance(child, _Function):
                yield own, child
                yield from _functions(child, f"{own}.<locals>.")
            else:
                yield from _functions(child, f"{own}.")
        else:
            yield from _functions(child, name)
