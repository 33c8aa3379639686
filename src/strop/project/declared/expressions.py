"""What do the parts of a declaration say? Names of libraries, literals, keyword arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.infer import Types
from strop.project.scope import Binding, Scope

_ROOTS = ("sqlalchemy", "sqlmodel", "sqlalchemy_utils", "geoalchemy2", "pgvector", "fastapi_users")


class Declaration:
    """Reads expressions of one namespace."""

    def __init__(self, types: Types, scope: Scope) -> None:
        self.types = types
        self.scope = scope

    def library(self, expr: ast.expr) -> str:
        """The last name of something of SQLAlchemy's family: "mapped_column"; "" for anything else."""
        ref = self.types.infer(expr, self.scope)
        if ref is None or ref.kind not in ("name", "class") or ref.name.partition(".")[0] not in _ROOTS:
            return ""
        return ref.name.rpartition(".")[2]

    def called(self, expr: ast.expr | None) -> str:
        """The last name of SQLAlchemy's function that an expression calls."""
        return self.library(expr.func) if isinstance(expr, ast.Call) else ""

    def project_class(self, expr: ast.expr) -> str:
        """The dotted name of the project's class that an expression names."""
        ref = self.types.infer(expr, self.scope)
        known = ref is not None and ref.kind == "class" and ref.name in self.types.found.classes
        return ref.name if ref is not None and known else ""

    def literal(self, expr: ast.expr | None) -> object:
        """The literal that an expression is, or that its name was assigned once; None without one."""
        value = self.value(expr)
        match value:
            case ast.Constant(value=constant):
                return constant
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                both = (self.literal(left), self.literal(right))
                return both[0] + both[1] if isinstance(both[0], str) and isinstance(both[1], str) else None
            case ast.JoinedStr(values=parts):
                texts = [
                    self.literal(part.value if isinstance(part, ast.FormattedValue) else part)
                    for part in parts
                ]
                return "".join(map(str, texts)) if all(isinstance(t, str | int) for t in texts) else None
        return None

    def text(self, expr: ast.expr | None) -> str:
        """A literal string; "" without one."""
        value = self.literal(expr)
        return value if isinstance(value, str) else ""

    def value(self, expr: ast.expr | None) -> ast.expr | None:
        """What a name stands for where it was assigned once, here or in another module."""
        scope = self.scope
        for _ in range(5):
            if not isinstance(expr, ast.Name):
                break
            bindings, _ref = self.types.names.visible(scope, expr.id, expr.lineno)
            for _again in range(5):  # re-exports; a cycle of imports ends here
                if len(bindings) == 1 and bindings[0].how == "import":
                    bindings = self._imported(bindings[0].target)
            if len(bindings) != 1 or bindings[0].index >= 0:
                break
            found = bindings[0]
            if found.how == "value" and found.expr is not None:
                expr, scope = found.expr, found.scope
            elif found.how == "annotation" and found.default is not None and found.line:
                expr, scope = found.default, found.scope
            else:
                break
        return expr

    def _imported(self, target: str) -> list[Binding]:
        start, rest = self.types.names.split(target)
        if start.kind != "module" or len(rest) != 1:
            return []
        return self.types.names.member(start.name, rest[0])[0]


def is_true(expr: ast.expr | None) -> bool:
    """Whether an expression is the literal True."""
    return isinstance(expr, ast.Constant) and expr.value is True


def parts(expr: ast.expr | None) -> Iterator[ast.expr]:
    """The elements of a literal tuple or list, or the expression itself."""
    if isinstance(expr, ast.Tuple | ast.List):
        for element in expr.elts:
            yield from parts(element.value if isinstance(element, ast.Starred) else element)
    elif isinstance(expr, ast.BinOp) and isinstance(expr.op, ast.Add):
        yield from parts(expr.left)
        yield from parts(expr.right)
    elif expr is not None:
        yield expr
