"""Gate 0: what a patch may not do, read from its lines alone."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable

from strop.patch import Edit, Patch
from strop.tree import module_tree

LOST = (
    (r"\.commit\(", "removes a commit"),
    (r"\braise\b", "removes a raise"),
    (r"\bDepends\(|\bSecurity\(", "removes a dependency"),
    (r"\.order_by\(", "removes an order_by"),
    (r"\.limit\(|\.offset\(", "removes a limit"),
    (r"with_for_update\(", "removes a row lock"),
    (r"\.where\(|\.filter\(|\.filter_by\(", "removes a filter"),
)
GAINED = (
    (r"\b(inspect|sys)\._getframe|\b__code__\b|\binspect\.stack\(", "looks at its caller"),
    (r"\bos\.environ\b|\bos\.getenv\(", "reads the environment"),
    (r"PYTEST_CURRENT_TEST|STROP_", "looks for a test or for strop"),
    (r"^\s*global\s", "keeps state in a module"),
    (r"@(functools\.)?(lru_cache|cache)\b", "adds a cache"),
)
DECLARED = {
    "build_once": {"adds a cache"},
    "batch_query": {"removes a filter"},
    "count_in_database": {"removes a filter", "removes an order_by"},
}


def lint(patch: Patch) -> tuple[str, ...]:
    """What the patch does without having declared it, as sentences with the file; empty when clean."""
    allowed = DECLARED.get(patch.fix, set())
    found: list[str] = []
    for edit in patch.edits:
        if re.search(r"(^|/)(tests?|conftest\.py)(/|$)", edit.file):
            found.append(f"{edit.file}: touches a test")
        added, removed = _lines(edit.before or "", edit.after)
        for pattern, words in LOST:
            if _count(pattern, removed) > _count(pattern, added) and words not in allowed:
                found.append(f"{edit.file}: {words}")
        for pattern, words in GAINED:
            if _count(pattern, added) > _count(pattern, removed) and words not in allowed:
                found.append(f"{edit.file}: {words}")
    return tuple(found)


def edited_lines(edits: Iterable[Edit]) -> dict[str, list[int]]:
    """Lines of the files afterwards that were added or changed, and those around a deletion (1-based), by file."""
    found: dict[str, list[int]] = {}
    for edit in edits:
        lines: set[int] = set()
        matcher = difflib.SequenceMatcher(
            None, (edit.before or "").splitlines(), edit.after.splitlines(), autojunk=False
        )
        for tag, _, _, j1, j2 in matcher.get_opcodes():
            if tag == "delete":
                lines |= {j1, j1 + 1} - {0}
            elif tag != "equal":
                lines |= set(range(j1 + 1, j2 + 1))
        if lines:
            found[edit.file] = sorted(lines)
    return found


def runs_at_import(patch: Patch) -> bool:
    """Whether a changed line, imports aside, lies outside of every function: it runs when the application starts,
    and whatever is served afterwards has executed it.
    """
    lines = edited_lines(patch.edits)
    for edit in patch.edits:
        tree = module_tree(edit.after) if edit.file.endswith(".py") else ast.Module([], [])
        inner: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Import | ast.ImportFrom):
                inner |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        code = {n for n, text in enumerate(edit.after.splitlines(), 1) if text.strip()}
        if set(lines.get(edit.file, ())) & code - inner:
            return True
    return False


def _lines(before: str, after: str) -> tuple[list[str], list[str]]:
    diff = list(difflib.ndiff(before.splitlines(), after.splitlines())) if before != after else []
    return [d[2:] for d in diff if d.startswith("+ ")], [d[2:] for d in diff if d.startswith("- ")]


def _count(pattern: str, lines: list[str]) -> int:
    return sum(len(re.findall(pattern, line)) for line in lines)
