"""What does a file define? One pass over its statements (not its expressions) fills the namespaces."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from strop.project.scope import Binding, ClassNode, FunctionNode, How, Module, Scope

_Def = ast.FunctionDef | ast.AsyncFunctionDef


class _Place(Struct, frozen=True):
    """Where the walk stands: namespace, enclosing block, class and function."""

    scope: Scope
    block: tuple[int, int]
    path: str = ""  # qualname of the enclosing definition
    owner: ClassNode | None = None
    function: FunctionNode | None = None

    def qualname(self, name: str) -> str:
        if not self.path:
            return name
        return f"{self.path}.{name}" if self.function is None else f"{self.path}.<locals>.{name}"


_EVERYWHERE = (0, 1 << 30)


def collect(module: Module, tree: ast.Module) -> None:
    """Record what one module defines."""
    module.whole = tree
    _Collector(module, _naming(module.text)).statements(tree.body, _Place(module.space, _EVERYWHERE))


def _naming(lines: tuple[str, ...]) -> Sequence[int]:
    """The lines in which an expression may bind a name with `:=`."""
    found = [number for number, line in enumerate(lines, 1) if ":=" in line]
    if found and any("\r" in line[:-1] for line in lines):
        return range(1, _EVERYWHERE[1])  # the parser counts more lines
    return found


class _Collector:
    def __init__(self, module: Module, naming: Sequence[int]) -> None:
        self.module = module
        self.naming = naming  # lines in which expressions may bind names

    def statements(self, body: Iterable[ast.stmt], at: _Place) -> None:
        for node in body:
            visit = _VISITS.get(type(node))
            if visit is not None:
                visit(self, node, at)
            if self.naming and self._may_name(node):
                self.named(node, at)

    def _may_name(self, node: ast.stmt) -> bool:
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        first = min((d.lineno for d in decorators), default=node.lineno)
        place = bisect_left(self.naming, first)
        return place < len(self.naming) and self.naming[place] <= (node.end_lineno or node.lineno)

    def named(self, node: ast.AST, at: _Place) -> None:
        """What the expressions of a statement bind with `:=`."""
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.NamedExpr):
                self._bind(at, part.target.id, "value", part.lineno - 1, part.value)
            if not isinstance(part, ast.stmt | ast.Lambda | ast.ExceptHandler | ast.match_case):
                self.named(part, at)

    def block(self, body: list[ast.stmt], at: _Place) -> None:
        """A branch or loop body: what it binds may not have happened after it."""
        if body:
            inside = (body[0].lineno, body[-1].end_lineno or body[-1].lineno)
            self.statements(body, replace(at, block=inside))

    def function(self, node: _Def, at: _Place) -> None:
        if any(_last_name(d) == "overload" for d in node.decorator_list):
            return
        qualname = at.qualname(node.name)
        scope = Scope("function", self.module, at.scope, key=f"{self.module.name}:{qualname}!")
        function = FunctionNode(
            self._free_id(qualname, node),
            f"{self.module.name}.{qualname}",
            qualname,
            self.module,
            node,
            scope,
            owner=at.owner if at.function is None else None,
        )
        self.module.by_id[function.id] = function
        if not _is_accessor(node):
            self.module.functions[function.name] = function
            self._bind(at, node.name, "def", node.lineno - 1, target=function.name)
        self.parameters(function)
        self.statements(node.body, _Place(scope, _EVERYWHERE, qualname, at.owner, function))

    def _free_id(self, qualname: str, node: _Def) -> str:
        name = f"{self.module.file}:{qualname}"
        if _is_accessor(node):
            return f"{name}.{_last_name(node.decorator_list[0])}"
        return name if name not in self.module.by_id else f"{name}@{node.lineno}"

    def parameters(self, function: FunctionNode) -> None:
        """Bind the parameters; the first of a method is the instance or the class."""
        args = function.definition.args
        pairs = list(_with_defaults(args))
        marks = {_last_name(d) for d in function.definition.decorator_list}
        if function.owner is not None and pairs and "staticmethod" not in marks:
            first = pairs.pop(0)[0]
            how: How = "cls" if "classmethod" in marks or function.definition.name == "__new__" else "self"
            self._bind_in(function.space, first.arg, how, 0, target=function.owner.name)
        for arg, default in pairs:
            binding = Binding("annotation", 0, _EVERYWHERE, function.space, arg.annotation, default=default)
            function.space.bind(arg.arg, binding)
        for rest in (args.vararg, args.kwarg):
            if rest is not None:
                self._bind_in(function.space, rest.arg, "annotation", 0)

    def classdef(self, node: ast.ClassDef, at: _Place) -> None:
        qualname = at.qualname(node.name)
        name = f"{self.module.name}.{qualname}"
        scope = Scope("class", self.module, at.scope, key=f"{self.module.name}:{qualname}.")
        owner = ClassNode(name, qualname, self.module, node, scope)
        self.module.classes[name] = owner
        self._bind(at, node.name, "class", node.lineno - 1, target=name)
        self.statements(node.body, _Place(scope, _EVERYWHERE, qualname, owner))

    def imports(self, node: ast.Import, at: _Place) -> None:
        for alias in node.names:
            whole = alias.name if alias.asname else alias.name.split(".")[0]
            self._bind(at, alias.asname or whole, "import", node.lineno - 1, target=whole)

    def import_from(self, node: ast.ImportFrom, at: _Place) -> None:
        base = self._base(node)
        for alias in node.names:
            if alias.name == "*":
                self.module.stars.append(base)
                continue
            target = f"{base}.{alias.name}" if base else alias.name
            self._bind(at, alias.asname or alias.name, "import", node.lineno - 1, target=target)

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.module.name.split(".")
        drop = node.level - (1 if self.module.is_package else 0)
        package = parts[: len(parts) - drop] if drop else parts
        return ".".join([*package, *([node.module] if node.module else [])])

    def assign(self, node: ast.Assign, at: _Place) -> None:
        self.results(node.value, at)
        for target in node.targets:
            self.target(target, node.value, "value", node.end_lineno or node.lineno, at)

    def annotated(self, node: ast.AnnAssign, at: _Place) -> None:
        end = node.end_lineno or node.lineno
        self.target(node.target, node.annotation, "annotation", end, at, default=node.value)

    def alias(self, node: ast.stmt, at: _Place) -> None:
        """`type X = ...` on Pythons that parse it."""
        name, value = getattr(node, "name", None), getattr(node, "value", None)
        if isinstance(name, ast.Name) and isinstance(value, ast.expr):
            self._bind(at, name.id, "value", node.lineno - 1, value)

    def target(
        self,
        target: ast.expr,
        value: ast.expr,
        how: How,
        line: int,
        at: _Place,
        index: int = -1,
        default: ast.expr | None = None,
    ) -> None:
        """Bind what stands left of an assignment, `for`, or `with ... as`."""
        match target:
            case ast.Name(id=name):
                self._bind(at, name, how, line, value, index=index, default=default)
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if self._is_self(name, at):
                assert at.owner is not None
                binding = Binding(how, line, at.block, at.scope, value, index=index, default=default)
                binding.key = f"{at.owner.key}.{attr}"
                at.owner.held.setdefault(attr, []).append(binding)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                pairs = _pair(elements, value, how)
                for place, (element, part) in enumerate(pairs):
                    self.target(element, part, how, line, at, -1 if part is not value else place)

    def _is_self(self, name: str, at: _Place) -> bool:
        if at.owner is None or at.function is None:
            return False
        return any(b.how in ("self", "cls") for b in at.function.space.names.get(name, ()))

    def loop(self, node: ast.For | ast.AsyncFor, at: _Place) -> None:
        start = (node.lineno, node.body[-1].end_lineno or node.lineno)
        self.target(node.target, node.iter, "element", node.lineno - 1, replace(at, block=start))
        self.block(node.body, at)
        self.block(node.orelse, at)

    def with_(self, node: ast.With | ast.AsyncWith, at: _Place) -> None:
        for item in node.items:
            if item.optional_vars is not None:
                self.target(item.optional_vars, item.context_expr, "enter", node.lineno - 1, at)
        self.statements(node.body, at)

    def branch(self, node: ast.If | ast.While, at: _Place) -> None:
        match node.test:
            case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), kind]):
                inside = (node.body[0].lineno, node.body[-1].end_lineno or node.lineno)
                narrow = replace(at, block=inside)
                self._bind(narrow, name, "annotation", node.body[0].lineno - 1, kind)
        self.block(node.body, at)
        self.block(node.orelse, at)

    def attempt(self, node: ast.Try, at: _Place) -> None:
        self.block(node.body, at)
        for handler in node.handlers:
            self.block(handler.body, at)
        self.block(node.orelse, at)
        self.statements(node.finalbody, at)

    def match(self, node: ast.Match, at: _Place) -> None:
        for case in node.cases:
            self.block(case.body, at)

    def result(self, node: ast.Return, at: _Place) -> None:
        if at.function is not None and node.value is not None:
            at.function.results.append(node.value)

    def expression(self, node: ast.Expr, at: _Place) -> None:
        self.results(node.value, at)

    def results(self, value: ast.expr, at: _Place) -> None:
        """Note a `yield` that stands as a statement or alone on the right of an assignment."""
        if at.function is not None and isinstance(value, ast.Yield | ast.YieldFrom):
            at.function.is_generator = True
            if isinstance(value, ast.Yield) and value.value is not None:
                at.function.yields.append(value.value)

    def outer(self, node: ast.Global, at: _Place) -> None:
        at.scope.outer.update(node.names)

    def _bind(
        self,
        at: _Place,
        name: str,
        how: How,
        line: int,
        expr: ast.expr | None = None,
        *,
        target: str = "",
        index: int = -1,
        default: ast.expr | None = None,
    ) -> None:
        binding = Binding(how, line, at.block, at.scope, expr, target, index, default)
        home = self.module.space if name in at.scope.outer else at.scope
        home.bind(name, binding)

    def _bind_in(self, scope: Scope, name: str, how: How, line: int, target: str = "") -> None:
        scope.bind(name, Binding(how, line, _EVERYWHERE, scope, None, target))


_VISITS: dict[type, Callable[[_Collector, Any, _Place], None]] = {
    ast.FunctionDef: _Collector.function,
    ast.AsyncFunctionDef: _Collector.function,
    ast.ClassDef: _Collector.classdef,
    ast.Import: _Collector.imports,
    ast.ImportFrom: _Collector.import_from,
    ast.Assign: _Collector.assign,
    ast.AnnAssign: _Collector.annotated,
    ast.For: _Collector.loop,
    ast.AsyncFor: _Collector.loop,
    ast.With: _Collector.with_,
    ast.AsyncWith: _Collector.with_,
    ast.If: _Collector.branch,
    ast.While: _Collector.branch,
    ast.Try: _Collector.attempt,
    ast.TryStar: _Collector.attempt,
    ast.Match: _Collector.match,
    ast.Return: _Collector.result,
    ast.Expr: _Collector.expression,
    ast.Global: _Collector.outer,
}
if hasattr(ast, "TypeAlias"):
    _VISITS[ast.TypeAlias] = _Collector.alias


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_accessor(node: _Def) -> bool:
    """A setter or deleter of a property: it has the getter's name."""
    return any(
        isinstance(d, ast.Attribute) and d.attr in ("setter", "deleter", "expression", "inplace")
        for d in node.decorator_list
    )


def _with_defaults(args: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    plain = [*args.posonlyargs, *args.args]
    missing: list[ast.expr | None] = [None] * (len(plain) - len(args.defaults))
    yield from zip(plain, [*missing, *args.defaults], strict=True)
    yield from zip(args.kwonlyargs, args.kw_defaults, strict=True)


def _pair(elements: list[ast.expr], value: ast.expr, how: How) -> Iterator[tuple[ast.expr, ast.expr]]:
    parts = value.elts if isinstance(value, ast.Tuple) and how == "value" else []
    for place, element in enumerate(elements):
        yield element, parts[place] if len(parts) == len(elements) else value
