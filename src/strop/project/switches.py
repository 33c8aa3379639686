"""Which branch of a function does a parameter choose, and what does a call say of such parameters?

Read beside the calls (`callsites.py`), compared with one another by `branches.py`. A condition is "name test" with the
tests `none`, `set`, `true`, `false`, `is T` and `not T` (of a plain type, by its last name); what a call hands over is
"name value" with the values `none`, `set` (anything else, be it false), `true`, `false`, `a T`, or "name =other" where it
hands on what it was given itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.names import Names
from strop.project.scope import Binding, FunctionNode, Scope

_OPPOSITE = {"none": "set", "set": "none", "true": "false", "false": "true"}
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
# Types that exclude one another: what is one of them is none of the others.
PLAIN = frozenset({"bytes", "str", "int", "float", "dict", "list", "tuple", "set", "Path"})
_READS = {
    "read": "bytes",
    "read_bytes": "bytes",
    "getvalue": "bytes",
    "encode": "bytes",
    "read_text": "str",
    "decode": "str",
}
Asked = tuple[ast.expr, str]  # a name or a member of a named object, and the test
# What FastAPI hands over of itself is never empty.
_NEVER_EMPTY = frozenset({"BackgroundTasks", "Request", "Response", "WebSocket"})
_FILLED = (ast.JoinedStr, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def conditions(test: ast.expr) -> tuple[tuple[ast.Name, str], ...]:
    """What must be so of plain names for a test to hold, as far as it can be told."""
    return tuple((name, state) for name, state in holding(test) if isinstance(name, ast.Name))


def holding(test: ast.expr) -> tuple[Asked, ...]:
    """What must be so of names and of members of named objects for a test to hold, as far as it can be told."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            return tuple(each for value in values for each in holding(value))
        case ast.Compare(left=left, ops=[op], comparators=[ast.Constant(value=None)]):
            if isinstance(op, ast.Is | ast.IsNot) and _is_named(left):
                return ((left, "none" if isinstance(op, ast.Is) else "set"),)
        case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name() as name, kind]):
            return ((name, f"is {_last(kind)}"),) if _last(kind) in PLAIN else ()
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name() | ast.Attribute() | ast.Call() as inner):
            return failing(inner)
    return ((test, "true"),) if _is_named(test) else ()


def failing(test: ast.expr) -> tuple[Asked, ...]:
    """What must be so for a test to fail, as far as it can be told."""
    match test:
        case ast.BoolOp(op=ast.Or(), values=values):
            return tuple(each for value in values for each in failing(value))
        case ast.BoolOp():
            return ()
    return tuple((name, _opposite(state)) for name, state in holding(test))


def _is_named(node: ast.expr) -> bool:
    """A name, or `name.member`, or `name.member()`."""
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        return isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    return isinstance(node, ast.Name) or (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    )


def _opposite(state: str) -> str:
    return _OPPOSITE.get(state) or state.replace("is ", "not ", 1)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _member(node: ast.expr) -> tuple[ast.Name, str]:
    """The object of `name.member` or `name.member()`, and what is asked of it."""
    func = node.func if isinstance(node, ast.Call) else node
    assert isinstance(func, ast.Attribute)
    assert isinstance(func.value, ast.Name)
    return func.value, f"{func.attr}()" if isinstance(node, ast.Call) else func.attr


def is_self(name: ast.Name, scope: Scope) -> bool:
    """Whether a name stands for the object (or class) whose method this is."""
    while scope.kind == "comprehension" and scope.parent is not None and name.id not in scope.names:
        scope = scope.parent
    bindings = scope.names.get(name.id, ()) if scope.kind == "function" else ()
    return len(bindings) == 1 and bindings[0].how in ("self", "cls")


def leaves(branch: list[ast.stmt]) -> bool:
    """Whether what comes after a branch is not reached from it."""
    return bool(branch) and isinstance(branch[-1], _LEAVES)


class Switches:
    """Reads conditions and arguments with one set of names."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def told(self, found: tuple[Asked, ...], scope: Scope, looped: bool) -> tuple[str, ...]:
        """Those conditions that are about parameters which still have the value that the caller gave, or about the
        object itself: "self.name true".
        """
        return tuple(
            f"{n.id} {state}" if isinstance(n, ast.Name) else f"self.{_member(n)[1]} {state}"
            for n, state in found
            if (
                self._parameter(n, scope, looped) is not None
                if isinstance(n, ast.Name)
                else is_self(_member(n)[0], scope)
            )
        )

    def about(self, found: tuple[Asked, ...], scope: Scope) -> tuple[tuple[str, str], ...]:
        """Those conditions that are about members of another object: its name, and "self.name true" as it sees that."""
        members = ((*_member(n), state) for n, state in found if not isinstance(n, ast.Name))
        return tuple(
            (owner.id, f"self.{member} {state}")
            for owner, member, state in members
            if not is_self(owner, scope) and len(scope.names.get(owner.id, ())) == 1
        )

    def flags(self, found: tuple[tuple[ast.Name, str], ...], scope: Scope, looped: bool) -> tuple[str, ...]:
        """Those conditions that are about parameters which are true or false, and as the caller gave them."""
        return self.told(
            tuple(each for each in found if self._is_flag(each[0], scope, looped)), scope, looped
        )

    def _is_flag(self, name: ast.Name, scope: Scope, looped: bool) -> bool:
        own = self._parameter(name, scope, looped)
        default = own.default if own is not None else None
        return own is not None and (
            _is_bool(own.expr) or (isinstance(default, ast.Constant) and isinstance(default.value, bool))
        )

    def _parameter(self, name: ast.Name, scope: Scope, looped: bool) -> Binding | None:
        while scope.kind == "comprehension" and scope.parent is not None and name.id not in scope.names:
            scope = scope.parent
        bindings = scope.names.get(name.id, ()) if scope.kind == "function" else ()
        if not bindings or bindings[0].line or bindings[0].how != "annotation":
            return None
        again = any(b.line < name.lineno or looped for b in bindings[1:])
        return None if again else bindings[0]

    def given(self, call: ast.Call, node: FunctionNode, bound: bool, scope: Scope) -> tuple[str, ...]:
        """What a call tells about those parameters of a function that may choose a branch."""
        if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
            return ()
        args = node.definition.args
        positional = [*args.posonlyargs, *args.args][bound:]
        handed = {k.arg: k.value for k in call.keywords}
        handed.update({p.arg: value for p, value in zip(positional, call.args, strict=False)})
        return tuple(
            f"{name} {value}"
            for name, default in _switches(node)
            if (value := self._value(handed.get(name, default), scope if name in handed else None))
        )

    def _value(self, given: ast.expr | None, scope: Scope | None) -> str:
        match given:
            case ast.Constant(value=None):
                return "none"
            case ast.Constant(value=value):
                return "true" if value else "false"
            case ast.Name() if scope is not None:
                return self._named(given, scope)
            case ast.Await(value=inner):
                return self._value(inner, scope)
            case ast.Call(func=ast.Attribute(attr=name)) if name in _READS:
                return f"a {_READS[name]}"
        return "true" if isinstance(given, _FILLED) else ""

    def _named(self, name: ast.Name, scope: Scope) -> str:
        own = self._parameter(name, scope, looped=True)
        if own is not None:
            if own.expr is None or _is_bool(own.expr) or _may_be_none(own.expr, own.default):
                return f"={name.id}"
            if _last(own.expr) in _NEVER_EMPTY:
                return "true"
            return f"a {_last(own.expr)}" if _last(own.expr) in PLAIN else "set"
        bindings, _ = self.names.visible(scope, name.id, name.lineno)
        return "set" if bindings and all(b.how == "enter" for b in bindings) else ""


def _switches(node: FunctionNode) -> Iterator[tuple[str, ast.expr | None]]:
    """The parameters that may be left out or None, that are true or false or one of several types, and their defaults."""
    args = node.definition.args
    positional = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(args.defaults))
    pairs = [
        *zip(positional, [*defaults, *args.defaults], strict=True),
        *zip(args.kwonlyargs, args.kw_defaults, strict=True),
    ]
    for arg, default in pairs:
        if (isinstance(default, ast.Constant) and default.value in (None, True, False)) or (
            arg.annotation is not None and _may_choose(arg.annotation)
        ):
            yield arg.arg, default


def _may_choose(annotation: ast.expr) -> bool:
    several = isinstance(annotation, ast.BinOp) or "Union" in {
        _last(part) for part in ast.walk(annotation) if isinstance(part, ast.expr)
    }
    return several or _is_bool(annotation) or _has_none(annotation)


def _is_bool(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id == "bool"


def _may_be_none(annotation: ast.expr, default: ast.expr | None) -> bool:
    return _has_none(annotation) or (isinstance(default, ast.Constant) and default.value is None)


def _has_none(annotation: ast.expr) -> bool:
    """Whether a type has None in it, or may be anything; texts are taken to."""
    return any(
        isinstance(part, ast.Constant)
        or (isinstance(part, ast.Name) and part.id in ("Optional", "Any", "object"))
        or (isinstance(part, ast.Attribute) and part.attr in ("Optional", "Any"))
        for part in ast.walk(annotation)
    )
