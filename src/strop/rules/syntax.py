"""What does the source say that the project's facts leave out? A look at one loop or one function at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from strop.project.function import Function
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.span import Span
from strop.tree import module_tree

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_LITERALS = (ast.Tuple, ast.List, ast.Set, ast.Dict)
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_FETCHES = frozenset({"all", "fetchall"})
_FILES = 512


def module(project: Project, file: str) -> ast.Module | None:
    """The syntax tree of a file; None when it can't be read, or has newer syntax than this Python."""
    path = project.path(file)
    try:
        return _parse(str(path), path.stat().st_mtime_ns)
    except (OSError, SyntaxError, ValueError):
        return None


@lru_cache(maxsize=_FILES)
def _parse(path: str, changed: int) -> ast.Module:
    return module_tree(Path(path).read_bytes())


def function_node(project: Project, function: Function) -> FunctionNode | None:
    """The definition of a function."""
    tree = module(project, function.span.file)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, FunctionNode) and function.span.line in _head(node):
            return node
    return None


def _head(node: FunctionNode) -> range:
    first = min((d.lineno for d in node.decorator_list), default=node.lineno)
    return range(first, node.lineno + 1)


def iterated(project: Project, loop: Span) -> ast.expr | None:
    """What the loop or comprehension on a line goes over; None for `while` and what can't be read."""
    tree = module(project, loop.file)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.For | ast.AsyncFor) and node.lineno == loop.line:
            return node.iter
        if isinstance(node, _COMPREHENSIONS) and node.lineno == loop.line:
            return node.generators[-1].iter
    return None


def is_bounded(project: Project, loop: Span) -> bool:
    """Whether the loop's turns are written in the source: a literal, a constant, an enumeration, range(3).

    The tables of the schema are too, in the models.
    """
    over = iterated(project, loop)
    if isinstance(over, ast.Attribute) and over.attr == "sorted_tables":
        return True
    if isinstance(over, ast.Name):
        over = _constant(project, loop.file, over.id) or over
        if isinstance(over, ast.Name):
            return _is_enumeration(project, loop.file, over.id)
    if isinstance(over, ast.Call) and isinstance(over.func, ast.Name):
        if over.func.id in ("enumerate", "sorted", "reversed") and over.args:
            return isinstance(over.args[0], _LITERALS)
        return over.func.id == "range" and all(isinstance(a, ast.Constant) for a in over.args)
    return isinstance(over, _LITERALS) and not any(isinstance(n, ast.Starred) for n in ast.walk(over))


def tries_again(project: Project, loop: Span) -> bool:
    """Whether the loop is a `while True`: it repeats until something works, not for each row."""
    tree = module(project, loop.file)
    found = (n for n in ast.walk(tree) if isinstance(n, ast.While) and n.lineno == loop.line) if tree else ()
    return any(isinstance(node.test, ast.Constant) for node in found)


def is_batched(project: Project, loop: Span) -> bool:
    """Whether a turn of the loop takes many rows: range with a step, or something called a batch or chunk."""
    over = iterated(project, loop)
    if not isinstance(over, ast.Call):
        return False
    name = last_name(over.func)
    steps = name == "range" and len(over.args) == 3 and ast.unparse(over.args[2]) != "1"
    return steps or any(word in name.lower() for word in ("batch", "chunk", "partition"))


def goes_over_fields(project: Project, loop: Span) -> bool:
    """Whether the loop goes over the items of a mapping: most often the fields of one request."""
    over = iterated(project, loop)
    return isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute) and over.func.attr == "items"


def _constant(project: Project, file: str, name: str) -> ast.expr | None:
    """The literal that a module's name stands for."""
    tree = module(project, file)
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == name for t in node.targets
        ):
            return node.value
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return node.value
    return None


def _is_enumeration(project: Project, file: str, name: str) -> bool:
    """Whether a name is a class of the project that is an enumeration, by its bases."""
    found = [c for c in project.source.classes.values() if c.name.rpartition(".")[2] == name]
    return any(base.startswith("enum.") for c in found for base in c.library_bases)


def counted_lines(project: Project, function: Function) -> Iterator[range]:
    """The lines of each load of rows of which only the number is used.

    `len(session.scalars(x).all())`, or a name that holds such rows (or the result they are fetched from) and
    appears in `len(...)` alone.
    """
    node = function_node(project, function)
    if node is None:
        return
    for call in ast.walk(node):
        if _is_call_of(call, "len") and isinstance(call, ast.Call) and len(call.args) == 1:
            rows = _through_list(call.args[0])
            if isinstance(rows, ast.Name):
                loaded = _only_value(node, rows.id)
                if loaded is None or not _only_counted(node, rows.id):
                    continue
                rows = _through_list(loaded)
            if _is_fetch(rows):
                yield range(rows.lineno, (rows.end_lineno or rows.lineno) + 1)
                yield from _source_of(node, rows)


def _source_of(node: FunctionNode, rows: ast.expr) -> Iterator[range]:
    """Where the result that rows are fetched from was made, if nothing else reads it."""
    while isinstance(rows, ast.Call | ast.Attribute | ast.Await):
        rows = rows.func if isinstance(rows, ast.Call) else rows.value
    if isinstance(rows, ast.Name) and _reads(node, rows.id) == 1:
        made = _only_value(node, rows.id)
        if made is not None:
            yield range(made.lineno, (made.end_lineno or made.lineno) + 1)


def _through_list(expression: ast.expr) -> ast.expr:
    """`x` of `list(x)` and `await x`."""
    while True:
        if isinstance(expression, ast.Await):
            expression = expression.value
        elif _is_call_of(expression, "list") and isinstance(expression, ast.Call) and expression.args:
            expression = expression.args[0]
        else:
            return expression


def _is_call_of(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _is_fetch(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _FETCHES


def _only_value(node: FunctionNode, name: str) -> ast.expr | None:
    """The one value that a local name gets."""
    values: list[ast.expr | None] = []
    for each in ast.walk(node):
        match each:
            case ast.Assign(targets=targets, value=value):
                if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                    values.append(value)
            case ast.AnnAssign(target=ast.Name(id=found), value=value) if found == name:
                values.append(value)
            case ast.Name(id=found, ctx=ast.Store()) if found == name:
                values.append(None)
    given = [v for v in values if v is not None]
    # each assignment stands twice: as a statement, and as the stored name in it
    return given[0] if len(given) == 1 and len(values) == 2 else None


def _reads(node: FunctionNode, name: str) -> int:
    return sum(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load) for n in ast.walk(node)
    )


def _only_counted(node: FunctionNode, name: str) -> bool:
    counted = sum(
        _is_call_of(n, "len") and isinstance(n, ast.Call) and ast.unparse(n.args[0]) == name
        for n in ast.walk(node)
        if not isinstance(n, ast.Call) or n.args
    )
    return counted == _reads(node, name)
