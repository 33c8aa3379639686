"""Which cells judge one candidate: those that its lines can reach. The branch is proved on all of them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from strop.cell import Cell
from strop.finding import Finding
from strop.patch import Patch
from strop.project.function import Reach
from strop.proof.lint import edited_lines, runs_at_import
from strop.tree import module_tree

MOST = 60  # cells of routes in number; each route keeps one


def choose_cells(
    cells: Sequence[Cell], finding: Finding, reaches: Mapping[str, Sequence[Reach]], patch: Patch
) -> tuple[Cell, ...]:
    """Cells of the routes that the finding names or an edited function serves, those of the finding first.

    What is edited outside of functions can reach every route: then one cell of every other joins.
    """
    own = set(finding.routes)
    reached = own | {reach.route for name in edited_functions(patch) for reach in reaches.get(name, ())}
    everywhere = patch.touches_schema or runs_at_import(patch)
    share = max(1, ceil(MOST / len(reached))) if reached else 1
    taken: Counter[str] = Counter()
    chosen = []
    for cell in cells:
        most = share if cell.route in reached else int(everywhere)
        if taken[cell.route] < most:
            chosen.append(cell)
        taken[cell.route] += 1
    return tuple(sorted(chosen, key=lambda cell: cell.route not in own))


def edited_functions(patch: Patch) -> frozenset[str]:
    """Ids ("file:qualname") of the functions in which the patch changes a line."""
    lines = edited_lines(patch.edits)
    found = set()
    for edit in patch.edits:
        if edit.file.endswith(".py"):
            numbers = set(lines.get(edit.file, ()))
            found |= {f"{edit.file}:{name}" for name in _functions(module_tree(edit.after), "", numbers)}
    return frozenset(found)


def _functions(node: ast.AST, prefix: str, lines: set[int]) -> Iterable[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}{child.name}"
            first = min([child.lineno, *(d.lineno for d in child.decorator_list)])
            is_class = isinstance(child, ast.ClassDef)
            if not is_class and lines & set(range(first, (child.end_lineno or first) + 1)):
                yield name
            yield from _functions(child, f"{name}." if is_class else f"{name}.<locals>.", lines)
        else:
            yield from _functions(child, prefix, lines)
