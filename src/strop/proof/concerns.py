"""Does a change touch what requests share: async code, sessions, caches, module state, locks, threads?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from strop.patch import Edit, Patch
from strop.project.spelling import targets_of
from strop.proof.chosen import edited_functions
from strop.proof.lint import runs_at_import
from strop.tree import module_tree

SHARED = re.compile(
    r"lock|session|semaphore|cache|thread|gather|task|pool|engine|connect|transaction|commit|redis|queue|depends|\bdb\b",
    re.IGNORECASE,
)

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def touches_concurrency(edits: Patch) -> bool:
    """Whether a changed function is async, speaks of what is shared, or uses the state of its module; what runs at
    import may be any of these.
    """
    if runs_at_import(edits):
        return True
    names = edited_functions(edits)
    return any(_concerns(edit, names) for edit in edits.edits if edit.file.endswith(".py"))


def lines_of(edits: Sequence[Edit], names: frozenset[str]) -> dict[str, list[int]]:
    """All lines of these functions ("file:qualname") in the texts afterwards, by file."""
    found: dict[str, list[int]] = {}
    for edit in edits:
        try:
            tree = module_tree(edit.after)
        except (SyntaxError, ValueError):
            continue
        own = [
            line
            for name, node in functions(tree)
            if f"{edit.file}:{name}" in names
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        ]
        if own:
            found[edit.file] = sorted({*found.get(edit.file, ()), *own})
    return found


def _concerns(edit: Edit, names: frozenset[str]) -> bool:
    tree = module_tree(edit.after)
    state = set(_state(tree))
    for name, node in functions(tree):
        if f"{edit.file}:{name}" not in names:
            continue
        if isinstance(node, ast.AsyncFunctionDef) or SHARED.search(
            ast.get_source_segment(edit.after, node) or ""
        ):
            return True
        used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        if used & state or any(isinstance(each, ast.Global | ast.Nonlocal) for each in ast.walk(node)):
            return True
    return False


def _state(tree: ast.Module) -> Iterator[str]:
    """Names of the module that hold something that may change: no constants."""
    for node in tree.body:
        value = getattr(node, "value", None)
        if not isinstance(value, ast.Constant):
            yield from (each.id for each in targets_of(node) if isinstance(each, ast.Name))


def functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, _Function]]:
    """Every function below `node` with its qualified name."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function | ast.ClassDef):
            name = f"{prefix}{child.name}"
            if isinstance(child, _Function):
                yield name, child
            yield from functions(
                child, f"{name}." if isinstance(child, ast.ClassDef) else f"{name}.<locals>."
            )
        else:
            yield from functions(child, prefix)
