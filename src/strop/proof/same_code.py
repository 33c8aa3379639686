"""Do two texts of a module run as the same code? Then no request can tell them apart."""

from __future__ import annotations

import ast
from types import CodeType

from strop.tree import module_tree

Key = tuple[object, ...]


def code_key(text: str) -> Key | None:
    """What runs of a module's text, without places, docstrings and what the compiler folds; None: it compiles not."""
    try:
        tree = module_tree(text)
        for node in ast.walk(tree):
            _forget_docstring(node)
        return _key(compile(tree, "module", "exec", dont_inherit=True))
    except (SyntaxError, ValueError, RecursionError):
        return None


def _forget_docstring(node: ast.AST) -> None:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            node.body[0] = ast.copy_location(ast.Pass(), first)


def _key(code: CodeType) -> Key:
    constants = tuple(map(_constant, code.co_consts))
    names = (code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return (code.co_code, getattr(code, "co_exceptiontable", b""), names, counts, constants)


def _constant(value: object) -> object:
    """1, 1.0 and True are equal and yet not the same."""
    if isinstance(value, CodeType):
        return _key(value)
    if isinstance(value, tuple | frozenset):
        parts = [_constant(part) for part in value]
        return (type(value), *(sorted(parts, key=repr) if isinstance(value, frozenset) else parts))
    return type(value), repr(value)
