"""What does one file declare? Its statements as terms, the bodies of most functions left out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from strop.project.declared.interest import Interest
from strop.project.declared.lower import annotation, lower, parameters, test
from strop.project.declared.terms import (
    Binary,
    Bind,
    Branch,
    Bring,
    Class,
    Declarations,
    Do,
    Function,
    Give,
    Ident,
    Loop,
    Note,
    Opaque,
    Statement,
)
from strop.project.infer import Types
from strop.project.scope import Module

_Def = ast.FunctionDef | ast.AsyncFunctionDef
_Skip = ast.Continue | ast.Break


def declare(types: Types, module: Module) -> Declarations:
    """The declarations of one file; they follow from the file alone."""
    return _Reader(module).read()


class _Reader:
    def __init__(self, module: Module) -> None:
        self.module = module
        self.interest = Interest(module)
        self.path: list[str] = []
        self.imported: list[str] = []
        self.main: list[Statement] = []
        self.inside = 0  # functions around

    def read(self) -> Declarations:
        module = self.module
        body = tuple(self.block(module.tree.body))
        return Declarations(
            module.name,
            module.file,
            module.is_package,
            self.interest.active,
            body,
            tuple(self.imported),
            tuple(self.main),
        )

    # Statements

    def block(self, body: Iterable[ast.stmt]) -> Iterator[Statement]:
        for node in body:
            read = _STATEMENTS.get(type(node))
            if read is not None:
                yield from read(self, node)

    def assign(self, node: ast.Assign) -> Iterator[Statement]:
        value = lower(node.value)
        for target in node.targets:
            yield Bind(lower(target), value, node.lineno)

    def annotated(self, node: ast.AnnAssign) -> Iterator[Statement]:
        value = lower(node.value) if node.value is not None else None
        if isinstance(node.target, ast.Name):
            yield Note(node.target.id, annotation(node.annotation), value, node.lineno)
        elif value is not None:
            yield Bind(lower(node.target), value, node.lineno)

    def augmented(self, node: ast.AugAssign) -> Iterator[Statement]:
        target = lower(node.target)
        if isinstance(node.op, ast.Add):
            yield Bind(target, Binary("+", target, lower(node.value)), node.lineno)

    def expression(self, node: ast.Expr) -> Iterator[Statement]:
        if not isinstance(node.value, ast.Constant):
            yield Do(lower(node.value), node.lineno)

    def result(self, node: ast.Return) -> Iterator[Statement]:
        if node.value is not None:
            yield Give(lower(node.value))

    def loop(self, node: ast.For | ast.AsyncFor) -> Iterator[Statement]:
        yield Loop(lower(node.target), lower(node.iter), tuple(self.turn(node.body)))
        yield from self.block(node.orelse)

    def repeat(self, node: ast.While) -> Iterator[Statement]:
        yield from self.turn(node.body)

    def turn(self, body: list[ast.stmt]) -> Iterator[Statement]:
        """One turn of a loop: what stands below `if test: continue` is what else happens."""
        for number, node in enumerate(body):
            if isinstance(node, ast.If) and not node.orelse and isinstance(node.body[-1], _Skip):
                blocks = (tuple(self.block(node.body)), tuple(self.turn(body[number + 1 :])))
                yield Branch(test(node.test), blocks, apart=True)
                return
            yield from self.block([node])

    def within(self, node: ast.With | ast.AsyncWith) -> Iterator[Statement]:
        for item in node.items:
            if item.optional_vars is not None:
                yield Bind(lower(item.optional_vars), Opaque("with"), node.lineno)
        yield from self.block(node.body)

    def branch(self, node: ast.If) -> Iterator[Statement]:
        if (script := _is_script(node.test)) is not None:
            own, imported = (node.body, node.orelse) if script else (node.orelse, node.body)
            yield from self.block(imported)
            self._script(own)
            return
        blocks = (tuple(self.block(node.body)), tuple(self.block(node.orelse)))
        if any(blocks):
            yield Branch(test(node.test), blocks, apart=True)

    def _script(self, body: list[ast.stmt]) -> None:
        """What only runs when the file is started, not when it is imported."""
        self.inside += 1  # nor is anything imported for it
        self.main.extend(self.block(body))
        self.inside -= 1

    def attempt(self, node: ast.Try) -> Iterator[Statement]:
        blocks = [tuple(self.block([*node.body, *node.orelse]))]
        blocks += [tuple(self.block(handler.body)) for handler in node.handlers]
        if any(blocks):
            yield Branch(None, tuple(blocks))
        yield from self.block(node.finalbody)

    def cases(self, node: ast.Match) -> Iterator[Statement]:
        blocks = tuple(tuple(self.block(case.body)) for case in node.cases)
        if any(blocks):
            yield Branch(None, blocks, apart=True)

    def imports(self, node: ast.Import) -> Iterator[Statement]:
        for alias in node.names:
            self._imported(alias.name)
            whole = alias.name if alias.asname else alias.name.partition(".")[0]
            yield Bring(alias.asname or whole, whole)

    def import_from(self, node: ast.ImportFrom) -> Iterator[Statement]:
        base = self._base(node)
        for alias in node.names:
            target = base if alias.name == "*" else f"{base}.{alias.name}" if base else alias.name
            self._imported(target)
            yield Bring("*" if alias.name == "*" else alias.asname or alias.name, target)

    def _imported(self, target: str) -> None:
        if not self.inside:
            self.imported.append(target)

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.module.name.split(".")
        drop = node.level - (1 if self.module.is_package else 0)
        package = parts[: len(parts) - drop] if drop else parts
        return ".".join([*package, *([node.module] if node.module else [])])

    def alias(self, node: ast.stmt) -> Iterator[Statement]:
        """`type X = ...` on Pythons that parse it."""
        name, value = getattr(node, "name", None), getattr(node, "value", None)
        if isinstance(name, ast.Name) and isinstance(value, ast.expr):
            yield Bind(Ident(name.id), annotation(value), node.lineno)

    # Definitions

    def function(self, node: _Def) -> Iterator[Statement]:
        qualname = ".".join([*self.path, node.name])
        self.path += [node.name, "<locals>"]
        self.inside += 1
        body = tuple(self.block(node.body)) if self.interest.keeps(node) else None
        self.inside -= 1
        del self.path[-2:]
        yield Function(
            node.name,
            qualname,
            node.lineno,
            node.end_lineno or node.lineno,
            isinstance(node, ast.AsyncFunctionDef),
            self.interest.is_generator(node),
            tuple(parameters(node.args)),
            annotation(node.returns) if node.returns is not None else None,
            tuple((lower(d), d.lineno) for d in node.decorator_list),
            body,
            ast.get_docstring(node, clean=False) is not None,
        )

    def classdef(self, node: ast.ClassDef) -> Iterator[Statement]:
        qualname = ".".join([*self.path, node.name])
        self.path.append(node.name)
        body = tuple(self.block(node.body))
        self.path.pop()
        yield Class(
            node.name,
            qualname,
            node.lineno,
            node.end_lineno or node.lineno,
            tuple(annotation(base) for base in node.bases),
            tuple((k.arg or "**", lower(k.value)) for k in node.keywords),
            tuple((lower(d), d.lineno) for d in node.decorator_list),
            body,
        )


_STATEMENTS: dict[type, Callable[[_Reader, Any], Iterator[Statement]]] = {
    ast.Assign: _Reader.assign,
    ast.AnnAssign: _Reader.annotated,
    ast.AugAssign: _Reader.augmented,
    ast.Expr: _Reader.expression,
    ast.Return: _Reader.result,
    ast.For: _Reader.loop,
    ast.AsyncFor: _Reader.loop,
    ast.While: _Reader.repeat,
    ast.With: _Reader.within,
    ast.AsyncWith: _Reader.within,
    ast.If: _Reader.branch,
    ast.Try: _Reader.attempt,
    ast.TryStar: _Reader.attempt,
    ast.Match: _Reader.cases,
    ast.Import: _Reader.imports,
    ast.ImportFrom: _Reader.import_from,
    ast.FunctionDef: _Reader.function,
    ast.AsyncFunctionDef: _Reader.function,
    ast.ClassDef: _Reader.classdef,
}
if hasattr(ast, "TypeAlias"):
    _STATEMENTS[ast.TypeAlias] = _Reader.alias


def _is_script(test: ast.expr) -> bool | None:
    """Whether a branch is taken by what is started, not imported (False: by what is imported); None for other tests."""
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), ops=[op]):
            return not isinstance(op, ast.NotEq)
    return None
