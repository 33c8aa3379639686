"""Source text as a syntax tree, one at a time: CPython 3.11 loses count of a tree's depth when two threads parse at
once, and raises SystemError (https://github.com/python/cpython/issues/106905).
"""

from __future__ import annotations

import ast
from threading import Lock

_one_at_a_time = Lock()


def module_tree(text: str | bytes) -> ast.Module:
    """The tree of a file's text. Raises what `ast.parse` raises."""
    with _one_at_a_time:
        return ast.parse(text)


def expression_tree(text: str) -> ast.expr:
    """The tree of one expression. Raises what `ast.parse` raises."""
    with _one_at_a_time:
        return ast.parse(text, mode="eval").body
