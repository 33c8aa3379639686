"""What is the value of this expression: which function, which class, an instance of what?

A small, lazy inference: annotations and constructors first, results of the project's functions where
they have no annotation, and a table for libraries. What it can't tell is None, never a guess by name.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from strop.project.catalogue import Catalogue
from strop.project.fixpoint import FREE, Fixpoint
from strop.project.found import Found
from strop.project.generics import subscripted
from strop.project.members import Members
from strop.project.names import BUILTIN_TYPES, Names
from strop.project.refs import UNKNOWN, element, instantiate, join, unpacked
from strop.project.results import called
from strop.project.scope import Binding, FunctionNode, Ref, Scope
from strop.project.walk import walk
from strop.tree import expression_tree

if TYPE_CHECKING:
    from strop.project.libraries.library import Library

_PLAIN = {
    ast.JoinedStr: "str",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Compare: "bool",
    ast.Tuple: "tuple",
}
_LISTS = {
    ast.List: "list",
    ast.Set: "set",
    ast.ListComp: "list",
    ast.SetComp: "set",
    ast.GeneratorExp: "Iterator",
}


class Types:
    """Answers for one reading of a project; every answer is remembered. `library` says what installed libraries give,
    where the catalogue doesn't.
    """

    def __init__(self, found: Found, catalogue: Catalogue, library: Library | None = None) -> None:
        self.found = found
        self.library = library
        self.names = Names(found)
        self.catalogue = catalogue
        self.watch = found.watch
        self.fixpoint = Fixpoint(found.watch)
        self.members = Members(self)
        self._parsed: dict[int, ast.expr] = {}
        self._inner: dict[int, Scope] = {}

    def infer(self, expr: ast.expr, scope: Scope) -> Ref | None:
        """The meaning of an expression in a scope; None when it can't be told."""
        memo = self.watch.memo
        key = id(expr)
        if key in memo:
            return memo[key]
        find = _FINDS.get(type(expr))
        if find is None:
            return None
        fixpoint = self.fixpoint
        outer, fixpoint.lowest = fixpoint.lowest, FREE
        ref = find(self, expr, scope)
        if fixpoint.lowest == FREE:
            memo[key] = ref
            fixpoint.lowest = outer
        elif outer < fixpoint.lowest:
            fixpoint.lowest = outer
        return ref

    def annotation(self, expr: ast.expr | None, scope: Scope) -> Ref | None:
        """The type that an annotation gives a value."""
        if expr is None:
            return None
        return instantiate(self.infer(self.quoted(expr), scope))

    def quoted(self, expr: ast.expr) -> ast.expr:
        """A part of an annotation, parsed where it is written as a text."""
        if not (isinstance(expr, ast.Constant) and isinstance(expr.value, str)):
            return expr
        if id(expr) not in self._parsed:
            self._parsed[id(expr)] = _parse_quoted(expr)
        return self._parsed[id(expr)]

    # Names and what they were bound to

    def _name(self, expr: ast.Name, scope: Scope) -> Ref | None:
        bindings, ref = self.names.visible(scope, expr.id, expr.lineno)
        if ref is not None:
            return ref
        if bindings:
            return self.bound(bindings)
        if expr.id in BUILTIN_TYPES:
            return Ref("class", expr.id)
        return Ref("name", expr.id) if hasattr(builtins, expr.id) else None

    def bound(self, bindings: Iterable[Binding]) -> Ref | None:
        """What a name is, over all its bindings."""
        return join(self.binding(b) for b in bindings)

    def binding(self, binding: Binding) -> Ref | None:
        """What one binding gives the name."""
        return self.fixpoint.ask(binding.answer, binding.key, partial(self._bind, binding))

    def _bind(self, binding: Binding) -> Ref | None:
        match binding.how:
            case "import":
                return self.dotted(binding.target)
            case "def":
                return Ref("function", binding.target)
            case "class" | "cls":
                return Ref("class", binding.target)
            case "self":
                return Ref("instance", binding.target, self.members.own_parameters(binding.target))
            case "annotation":
                return self._annotated(binding)
            case _ if binding.expr is None:
                return None
            case "element":
                ref = element(self.infer(binding.expr, binding.scope))
            case "enter":
                ref = self.members.entered(self.infer(binding.expr, binding.scope))
            case _:
                ref = self.infer(binding.expr, binding.scope)
        return unpacked(ref, binding.index)

    def _annotated(self, binding: Binding) -> Ref | None:
        given = self.annotation(binding.expr, binding.scope)
        if given is not None and (given.kind != "instance" or given.name not in ("typing.Any", "object")):
            return given
        return None if binding.default is None else self.infer(binding.default, binding.scope)

    def dotted(self, name: str) -> Ref | None:
        """What a full dotted name means; a library's name stays a name."""
        ref, rest = self.names.split(name)
        if ref.kind == "name":
            return Ref("name", self.catalogue.canonical(name))
        result: Ref | None = ref
        for part in rest:
            result = self.members.of(result, part) if result is not None else None
        return result

    # Expressions

    def _attribute(self, expr: ast.Attribute, scope: Scope) -> Ref | None:
        return self.members.of(self.infer(expr.value, scope), expr.attr)

    def _await(self, expr: ast.Await, scope: Scope) -> Ref | None:
        return self.infer(expr.value, scope)

    def _named(self, expr: ast.NamedExpr, scope: Scope) -> Ref | None:
        return self.infer(expr.value, scope)

    def _either(self, expr: ast.BoolOp, scope: Scope) -> Ref | None:
        return join(self.infer(value, scope) for value in expr.values)

    def _choice(self, expr: ast.IfExp, scope: Scope) -> Ref | None:
        return join((self.infer(expr.body, scope), self.infer(expr.orelse, scope)))

    def _operation(self, expr: ast.BinOp, scope: Scope) -> Ref | None:
        left = self.infer(expr.left, scope)
        if isinstance(expr.op, ast.BitOr):  # X | None in an annotation
            return join((left, self.infer(expr.right, scope)))
        if isinstance(expr.op, ast.Div) and left is not None and left.name == "pathlib.Path":
            return left
        return left if left is not None and left.name in ("str", "list") else None

    def _constant(self, expr: ast.Constant, scope: Scope) -> Ref | None:
        return None if expr.value is None else Ref("instance", type(expr.value).__name__)

    def _plain(self, expr: ast.expr, scope: Scope) -> Ref | None:
        name = _PLAIN[type(expr)]
        match expr:
            case ast.Tuple(elts=elements):
                return Ref("instance", name, tuple(self.infer(e, scope) or UNKNOWN for e in elements))
            case ast.Dict(values=[first, *_]):
                value = self.infer(first, scope)
            case ast.DictComp(value=expression):
                value = self.infer(expression, self.inner(expr, scope))
            case _:
                value = None
        return Ref("instance", name, (UNKNOWN, value) if value else ())

    def _listed(self, expr: ast.expr, scope: Scope) -> Ref | None:
        name = _LISTS[type(expr)]
        match expr:
            case ast.List(elts=[first, *_]) | ast.Set(elts=[first, *_]):
                value = self.infer(first, scope)
            case (
                ast.ListComp(elt=expression) | ast.SetComp(elt=expression) | ast.GeneratorExp(elt=expression)
            ):
                value = self.infer(expression, self.inner(expr, scope))
            case _:
                value = None
        return Ref("instance", name, (value,) if value else ())

    def inner(self, expr: ast.expr, scope: Scope) -> Scope:
        """The namespace of a comprehension or lambda, with its variables bound."""
        if id(expr) not in self._inner:
            self._inner[id(expr)] = inside = Scope("comprehension", scope.module, scope, key=scope.key)
            generators: list[ast.comprehension] = getattr(expr, "generators", [])
            for generator in generators:
                _bind_elements(generator.target, generator.iter, inside)
            if isinstance(expr, ast.Lambda):
                for arg in (*expr.args.args, *expr.args.kwonlyargs):
                    inside.bind(arg.arg, Binding("value", 0, (0, 1 << 30), inside))
        return self._inner[id(expr)]

    def result_of(self, node: FunctionNode) -> Ref | None:
        """The type that a function of the project returns (of a generator: what its call gives)."""
        return self.fixpoint.ask(node.answer, node.key, partial(self._result_of, node))

    def _result_of(self, node: FunctionNode) -> Ref | None:
        if node.definition.returns is not None:
            return self.annotation(node.definition.returns, node.space)
        if node.is_generator:
            given = join(self.infer(y, node.space) for y in node.yields)
            return Ref("instance", "Iterator", (given,)) if given else None
        return join(self.infer(r, node.space) for r in node.results)


_FINDS: dict[type, Callable[..., Ref | None]] = {
    ast.Name: Types._name,
    ast.Attribute: Types._attribute,
    ast.Call: called,
    ast.Await: Types._await,
    ast.Subscript: subscripted,
    ast.BinOp: Types._operation,
    ast.BoolOp: Types._either,
    ast.IfExp: Types._choice,
    ast.NamedExpr: Types._named,
    ast.Constant: Types._constant,
    **dict.fromkeys(_PLAIN, Types._plain),
    **dict.fromkeys(_LISTS, Types._listed),
}


def _bind_elements(target: ast.expr, iterated: ast.expr, scope: Scope, index: int = -1) -> None:
    match target:
        case ast.Name(id=name):
            scope.bind(name, Binding("element", 0, (0, 1 << 30), scope, iterated, index=index))
        case ast.Tuple(elts=elements):
            for place, part in enumerate(elements):
                _bind_elements(part, iterated, scope, place)


def _parse_quoted(expr: ast.Constant) -> ast.expr:
    try:
        tree = expression_tree(str(expr.value).strip())
    except (SyntaxError, ValueError):
        return ast.Constant(None)
    for node in walk(tree):
        if isinstance(node, ast.expr):
            ast.copy_location(node, expr)
    return tree
