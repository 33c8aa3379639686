"""Whose method does a call run, and what is known of that object: of which class is it, what was it made with?

`Bus(tasks).send()` runs `Bus.send` on an object whose `tasks` is set; a dependency's `return cls(tasks)` tells the same of
what FastAPI hands over. Told in the words of `switches.py`, with "self.tasks" for the name, as the method sees it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.infer import Types
from strop.project.scope import Binding, FunctionNode, Ref, Scope
from strop.project.spelling import is_depends, last_name
from strop.project.switches import Switches, is_self

_PLAIN = frozenset({"staticmethod", "classmethod", "property", "cached_property", "override"})
_STATES = {True: "true", False: "false", None: "none"}
_Made = tuple[str, ast.Call, Scope]  # of which class an object was made, by what call, and where that stands


class Receivers:
    """Tells it with one set of types."""

    def __init__(self, types: Types, switches: Switches) -> None:
        self.types = types
        self.switches = switches
        self._kept: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {}  # by key of the constructor

    def owner(self, node: ast.Call, method: FunctionNode, called: Ref, scope: Scope) -> str:
        """Whose method a call runs, as `Call.on` has it."""
        first = next(iter(method.space.names.values()), None)
        how = first[0].how if first and method.owner is not None else ""
        if method.owner is None or how not in ("self", "cls"):
            return ""
        receiver = called if called.kind == "class" else called.args[0] if called.args else None
        known = receiver is not None and (receiver.kind != "class" or how == "cls" or receiver is called)
        name = receiver.name if receiver is not None and known and called.kind != "union" else ""
        name = "" if name == method.owner.name else name
        return f"={name}" if _is_own(node.func, scope) else name

    def known(self, node: ast.Call, called: Ref, scope: Scope) -> tuple[str, ...]:
        """What is known of the attributes of the object whose method a call runs, from where it was made."""
        if called.kind != "function" or not called.args or called.args[0].kind != "instance":
            return ()
        made = self._made(node.func.value, scope) if isinstance(node.func, ast.Attribute) else None
        return tuple(self._given(*made, scope)) if made is not None else ()

    def _given(self, owner: str, made: ast.Call, where: Scope, scope: Scope) -> Iterator[str]:
        members = self.types.members
        init = members.function(owner, "__init__") if members.is_class(owner) else None
        if init is None:
            return
        attributes, fixed = self._keeps(init)
        yield from fixed
        for told in self.switches.given(made, init, True, where) if attributes else ():
            name, _, value = told.partition(" ")
            if name in attributes and (where is scope or not value.startswith("=")):
                yield f"self.{attributes[name]} {value}"

    def _keeps(self, init: FunctionNode) -> tuple[dict[str, str], tuple[str, ...]]:
        """The parameters of a constructor that it keeps as they are, each with its attribute; and what it always sets."""
        definition = init.node
        if init.key not in self._kept:
            stored = [
                n.attr for n in ast.walk(definition) if isinstance(n, ast.Attribute) and not _is_read(n)
            ]
            pairs = [(a, v) for a, v in _stores(definition.body) if stored.count(a) == 1]
            kept = {
                v.id: a
                for a, v in pairs
                if isinstance(v, ast.Name) and len(init.space.names.get(v.id, ())) == 1
            }
            fixed = tuple(f"self.{a} {state}" for a, v in pairs if (state := _state(v)))
            self._kept[init.key] = kept, fixed
        return self._kept[init.key]

    # Where the object was made

    def _made(self, node: ast.expr, scope: Scope) -> _Made | None:
        match node:
            case ast.Call():
                return self._by_call(node, scope)
            case ast.Name():
                found = scope.names.get(node.id, ()) if scope.kind == "function" else ()
                return self._by_binding(found[0]) if len(found) == 1 else None
            case ast.Attribute(value=ast.Name() as own, attr=attr) if is_self(own, scope):
                return (
                    self._by_attribute(scope.names[own.id][0].target, attr) if own.id in scope.names else None
                )
        return None

    def _by_attribute(self, owner: str, attr: str) -> _Made | None:
        """Where the only value of an attribute of a class was made."""
        for above, _ in self.types.members.lineage(owner).classes:
            self.types.watch.note(f"{above.key}.{attr}")
            found = [*above.space.names.get(attr, ()), *above.held.get(attr, ())]
            if found:
                return self._by_binding(found[0]) if len(found) == 1 else None
        return None

    def _by_binding(self, binding: Binding) -> _Made | None:
        if binding.how == "value" and binding.index == -1 and isinstance(binding.expr, ast.Call):
            return self._by_call(binding.expr, binding.scope)
        depends = _dependency(binding) if binding.how == "annotation" else None
        if depends is None or not depends.args:
            return None
        return self._by_factory(self.types.infer(depends.args[0], binding.scope))

    def _by_call(self, call: ast.Call, scope: Scope) -> _Made | None:
        ref = self.types.infer(call.func, scope)
        if ref is not None and ref.kind == "class":
            return ref.name, call, scope
        return self._by_factory(ref)

    def _by_factory(self, ref: Ref | None) -> _Made | None:
        """The one object that a function makes and gives."""
        node = self.types.found.function(ref.name) if ref is not None and ref.kind == "function" else None
        if node is None:
            return None
        scope, given = node.scope, node.yields if node.is_generator else node.results
        if len(given) != 1 or not isinstance(given[0], ast.Call):
            return None
        made = self.types.infer(given[0].func, scope)
        return (made.name, given[0], scope) if made is not None and made.kind == "class" else None


def constant_of(node: FunctionNode) -> str:
    """What a function gives that does nothing else: "true", "false", "none"; "" for others."""
    definition = node.definition
    if isinstance(definition, ast.AsyncFunctionDef):
        return ""
    if any(last_name(d) not in _PLAIN for d in definition.decorator_list):
        return ""
    last = definition.body[-1]
    said = [s for s in definition.body[:-1] if not _is_text(s)]
    return _state(last.value) if isinstance(last, ast.Return) and last.value is not None and not said else ""


def _state(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool)):
        return _STATES[node.value]
    return ""


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_own(func: ast.expr, scope: Scope) -> bool:
    """Whether this is `self.method` or `super().method`."""
    match func:
        case ast.Attribute(value=ast.Name() as name):
            return is_self(name, scope)
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super"))):
            return True
    return False


def _dependency(binding: Binding) -> ast.Call | None:
    """The `Depends(f)` of `x: T = Depends(f)` or `x: Annotated[T, Depends(f)]`."""
    parts = [binding.default]
    if isinstance(binding.expr, ast.Subscript) and last_name(binding.expr.value) == "Annotated":
        parts += binding.expr.slice.elts if isinstance(binding.expr.slice, ast.Tuple) else []
    return next((p for p in parts if isinstance(p, ast.Call) and is_depends(p)), None)


def _is_read(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Load)


def _stores(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """What a constructor sets in any case: the attribute and its value."""
    for statement in body:
        match statement:
            case (
                ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=attr)], value=value)
                | ast.AnnAssign(
                    target=ast.Attribute(value=ast.Name(id="self"), attr=attr), value=ast.expr() as value
                )
            ):
                yield attr, value
