"""Do two statements of one function exclude each other: of two branches of one `if` or `match` a run takes one."""

from __future__ import annotations

import ast

from strop.project.body import Body

_LEAVES = (ast.Return, ast.Raise)


def exclude(body: Body, one: ast.AST, other: ast.AST) -> bool:
    """Whether no run of the function comes to both nodes."""
    first, second = _branches(body, one), _branches(body, other)
    if any(first[key] != second[key] for key in first.keys() & second.keys()):
        return True
    return _leaves(body, one, other) or _leaves(body, other, one)


def _branches(body: Body, node: ast.AST) -> dict[int, int]:
    """In which branch of each choice around it a node stands; what is asked to choose stands in none."""
    found: dict[int, int] = {}
    inside = node
    for around in body.around(node):
        match around:
            case ast.If():
                if inside is not around.test:
                    found[id(around)] = 0 if inside in around.body else 1
            case ast.IfExp():
                if inside is not around.test:
                    found[id(around)] = 0 if inside is around.body else 1
            case ast.Match():
                if isinstance(inside, ast.match_case):
                    found[id(around)] = around.cases.index(inside)
        inside = around
    return found


def _leaves(body: Body, one: ast.AST, other: ast.AST) -> bool:
    """Whether a node stands in a branch that leaves the function, and the other one after that branch."""
    inside = one
    for around in body.around(one):
        if isinstance(around, ast.If) and inside is not around.test:
            branch = around.body if inside in around.body else around.orelse
            end = around.end_lineno or around.lineno
            if isinstance(branch[-1], _LEAVES) and getattr(other, "lineno", 0) > end:
                return True
        inside = around
    return False
