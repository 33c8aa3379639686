"""What of a library's module says which types things have? Signatures, attributes, imports; bodies say nothing here.

Several signatures of one function become one, whose result is one of theirs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from strop.project.spelling import last_name

_Def = ast.FunctionDef | ast.AsyncFunctionDef
_KEPT = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
_UNSAID = frozenset({"Any", "object"})


def skeleton(tree: ast.Module) -> ast.Module:
    """The module without what its functions do."""
    tree.body = list(_statements(tree.body))
    return tree


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    signatures: dict[str, list[ast.expr | None]] = {}
    for place, node in enumerate(body):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if _is_overload(node):
                    signatures.setdefault(node.name, []).append(node.returns)
                    if _is_implemented(body[place + 1 :], node.name):
                        continue
                yield _bare(node, signatures.pop(node.name, []))
            case ast.ClassDef():
                node.body = list(_statements(node.body)) or [_nothing(node)]
                yield node
            case ast.If():
                node.body = list(_statements(node.body)) or [_nothing(node)]
                node.orelse = list(_statements(node.orelse))
                yield node
            case ast.Try():
                node.body = list(_statements(node.body)) or [_nothing(node)]
                for handler in node.handlers:
                    handler.body = list(_statements(handler.body)) or [_nothing(node)]
                node.orelse, node.finalbody = list(_statements(node.orelse)), []
                yield node
            case _ if isinstance(node, _KEPT) or type(node).__name__ == "TypeAlias":
                yield node


def _is_overload(node: _Def) -> bool:
    return any(last_name(d) == "overload" for d in node.decorator_list)


def _is_implemented(following: Sequence[ast.stmt], name: str) -> bool:
    """Whether another signature or the implementation follows: not at the end of those in a stub."""
    return bool(following) and isinstance(following[0], _Def) and following[0].name == name


def _bare(node: _Def, signatures: list[ast.expr | None]) -> _Def:
    """The signature alone; of `__init__` also what it assigns to its instance."""
    node.body = list(_held(node)) if node.name == "__init__" else []
    node.body = node.body or [_nothing(node)]
    node.decorator_list = [d for d in node.decorator_list if last_name(d) != "overload"]
    said = [each for each in signatures if each is not None]
    if said and (node.returns is None or last_name(node.returns) in _UNSAID):
        node.returns = _one_of(said)
    return node


def _one_of(said: list[ast.expr]) -> ast.expr:
    """One of several annotations, as `A | B`."""
    distinct = list({ast.dump(each): each for each in said}.values())
    whole = distinct[0]
    for each in distinct[1:]:
        whole = ast.copy_location(ast.BinOp(whole, ast.BitOr(), each), each)
    return whole


def _held(node: _Def) -> Iterator[ast.stmt]:
    """`self.x = ...`, wherever in the body it stands."""
    first = next((a.arg for a in (*node.args.posonlyargs, *node.args.args)), "")
    for each in ast.walk(node):
        match each:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=name))]) if name == first:
                yield each
            case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id=name))) if name == first:
                yield each


def _nothing(node: ast.stmt) -> ast.stmt:
    return ast.copy_location(ast.Pass(), node)
