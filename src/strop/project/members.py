"""What is `x.name`, through classes, their bases, properties and type arguments?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from msgspec import Struct, field

from strop.project.fixpoint import FREE
from strop.project.refs import element, is_generated, join
from strop.project.results import library_result
from strop.project.scope import ClassNode, FunctionNode, Ref, Scope
from strop.project.spelling import last_name

if TYPE_CHECKING:
    from strop.project.infer import Types

_PROPERTIES = frozenset({"property", "cached_property", "hybrid_property", "computed_field", "classproperty"})
Env = dict[str, Ref]


class Lineage(Struct):
    """A class and its bases in order of look-up, with what each base's type variables stand for."""

    classes: list[tuple[ClassNode, Env]] = field(default_factory=list)
    library: list[str] = field(default_factory=list)  # dotted names of bases outside the project


class Members:
    """Looks up attributes; works together with the inference that it belongs to."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self.found = types.found
        self.watch = types.found.watch
        self._lineages: dict[str, Lineage] = {}
        self._busy: dict[str, int] = {}  # lineages that are being worked out

    def of(self, ref: Ref | None, attr: str) -> Ref | None:
        """The attribute of what `ref` is; None when it can't be told."""
        if ref is None:
            return None
        match ref.kind:
            case "module":
                return self._of_module(ref.name, attr)
            case "name":
                return Ref("name", self.types.catalogue.canonical(f"{ref.name}.{attr}"))
            case "union":
                return join(self.of(member, attr) for member in ref.args)
            case "class":
                return self._of_class(ref, attr)
            case "instance":
                return self._of_instance(ref, attr)
            case "super":
                return self._of_super(ref, attr)
        return None

    def _of_module(self, module: str, attr: str) -> Ref | None:
        bindings, ref = self.types.names.member(module, attr)
        return ref if ref is not None else self.types.bound(bindings)

    def _of_class(self, ref: Ref, attr: str) -> Ref | None:
        if not self.is_class(ref.name):
            return Ref("name", f"{ref.name}.{attr}")
        return self._look_up(self.lineage(ref.name), Ref("instance", ref.name, ref.args), attr, on_class=True)

    def _of_instance(self, ref: Ref, attr: str) -> Ref | None:
        if self.is_class(ref.name):
            return self._look_up(self.lineage(ref.name), ref, attr)
        return self._of_library(ref.name, ref, attr)

    def _of_library(self, owner: str, receiver: Ref, attr: str) -> Ref | None:
        catalogue = self.types.catalogue
        name = catalogue.canonical(f"{owner}.{attr}")
        shape = catalogue.attribute(name)
        if shape is not None:
            return shape.build(receiver, lambda: None)
        library = self.types.library
        value = library.value(name, receiver) if library is not None else None
        return value or Ref("name", name, (receiver,))

    def _of_super(self, ref: Ref, attr: str) -> Ref | None:
        lineage = self.lineage(ref.name)
        after = Lineage(lineage.classes[1:], lineage.library)
        return self._look_up(after, ref, attr)

    def _look_up(self, lineage: Lineage, receiver: Ref, attr: str, *, on_class: bool = False) -> Ref | None:
        for owner, _ in lineage.classes:
            self.watch.current.add(f"{owner.key}.{attr}")
            bindings = [*owner.space.names.get(attr, ()), *owner.held.get(attr, ())]
            if not bindings:
                continue
            if bindings[-1].how == "def" or bindings[0].how == "def":
                return self._method(f"{owner.name}.{attr}", receiver, on_class)
            annotated = [b for b in bindings if b.how == "annotation"]
            found = self.types.bound(annotated) or self.types.bound(bindings)
            return self.substitute(found, (receiver,), owner)
        base = self._base_with(lineage.library, attr)
        return self._of_library(base, receiver, attr) if base else None

    def _base_with(self, bases: list[str], attr: str) -> str:
        """The base outside the project that has an attribute: the first, where the libraries don't say."""
        library = self.types.library
        if library is not None and len(bases) > 1:
            return next((base for base in bases if library.has(f"{base}.{attr}")), bases[0])
        return bases[0] if bases else ""

    def _method(self, name: str, receiver: Ref, on_class: bool) -> Ref | None:
        node = self.found.function(name)
        if node is not None and is_property(node) and not on_class:
            return self.substitute(self.types.result_of(node), (receiver,), node.owner)
        return Ref("function", name, (receiver,))

    def function(self, class_name: str, attr: str) -> FunctionNode | None:
        """The method or property that a class of the project has under this name, inherited or own."""
        for owner, _ in self.lineage(class_name).classes:
            self.watch.current.add(f"{owner.key}.{attr}")
            node = owner.module.functions.get(f"{owner.name}.{attr}")
            if node is not None:
                return node
            if attr in owner.space.names or attr in owner.held:
                return None
        return None

    def called(self, ref: Ref, call: ast.Call, scope: Scope) -> Ref | None:
        """What calling an instance gives."""
        if self.is_class(ref.name):
            node = self.function(ref.name, "__call__")
            if node is not None:
                return self.substitute(self.types.result_of(node), (ref,), node.owner)
        for name in (ref.name, *self.library_bases(ref.name)):
            result = library_result(self.types, f"{name}.__call__", ref, call, scope)
            if result is not None:
                return result
        return None

    def entered(self, ref: Ref | None) -> Ref | None:
        """What `with` binds."""
        if ref is None or ref.kind != "instance":
            return None
        if is_generated(ref):
            return element(ref)
        for name in ("__aenter__", "__enter__"):
            node = self.function(ref.name, name) if self.is_class(ref.name) else None
            if node is not None:
                return self.substitute(self.types.result_of(node), (ref,), node.owner) or ref
        shape = self.types.catalogue.result(f"{ref.name}.__enter__")
        if shape is not None:
            return shape.build(ref, lambda: None)
        return self._entered_library(ref) or ref

    def _entered_library(self, ref: Ref) -> Ref | None:
        library = self.types.library
        if library is None or self.is_class(ref.name):
            return None
        given = (library.result(f"{ref.name}.{m}", ref, lambda: None) for m in ("__aenter__", "__enter__"))
        return next((each for each in given if each is not None), None)

    # Bases and type arguments

    def library_bases(self, class_name: str) -> list[str]:
        """Bases from outside the project, through the whole lineage."""
        return self.lineage(class_name).library if self.is_class(class_name) else []

    def is_class(self, name: str) -> bool:
        """Whether this is a class of the project."""
        node = self.found.class_(name)
        if node is None:
            self.found.note_missing(name)
            return False
        self.watch.current.add(node.key)
        return True

    def lineage(self, class_name: str) -> Lineage:
        """The class and its bases, in the order in which attributes are looked up. Raises KeyError for no class."""
        known = self._lineages.get(class_name)
        if known is not None:
            self.watch.current.add(known.classes[0][0].key + "^")
            return known
        node = self.found.class_(class_name)
        if node is None:
            raise KeyError(class_name)
        key = node.key + "^"
        self.watch.current.add(key)
        if class_name in self._busy:  # a class that is among its own bases
            fixpoint = self.types.fixpoint
            fixpoint.lowest = min(fixpoint.lowest, self._busy[class_name])
            return Lineage([(node, {})])
        return self._work_out(node, key)

    def _work_out(self, node: ClassNode, key: str) -> Lineage:
        fixpoint = self.types.fixpoint
        before, outer, depth = self.watch.enter(key), fixpoint.lowest, fixpoint.descend()
        self._busy[node.name] = depth
        fixpoint.lowest = FREE
        try:
            found = self._lineage(node)
        finally:
            del self._busy[node.name]
            fixpoint.ascend()
            self.watch.leave(before)
        if fixpoint.lowest >= depth:
            self._lineages[node.name] = found
            fixpoint.lowest = outer
        else:
            fixpoint.lowest = min(outer, fixpoint.lowest)
        return found

    def _lineage(self, node: ClassNode) -> Lineage:
        own = {ref.name: ref for ref in self._parameters(node)}
        result = Lineage([(node, own)])
        for base in node.definition.bases:
            ref = self.types.infer(base, node.space.parent or node.module.space)
            if ref is None or ref.kind not in ("class", "name"):
                continue
            if not self.is_class(ref.name):
                result.library.append(ref.name)
                continue
            self._inherit(result, ref)
        return result

    def _inherit(self, result: Lineage, base: Ref) -> None:
        above = self.lineage(base.name)
        env = dict(zip((p.name for p in self.own_parameters(base.name)), base.args, strict=False))
        for owner, inner in above.classes:
            seen = [place for place, (other, _) in enumerate(result.classes) if other is owner]
            for place in seen:  # a diamond: the shared base comes last
                del result.classes[place]
            result.classes.append((owner, {k: replace_variables(v, env) for k, v in inner.items()}))
        result.library.extend(name for name in above.library if name not in result.library)

    def own_parameters(self, class_name: str) -> tuple[Ref, ...]:
        """The type variables of a class, in order. Raises KeyError for no class."""
        return tuple(self.lineage(class_name).classes[0][1].values())

    def _parameters(self, node: ClassNode) -> tuple[Ref, ...]:
        found: list[Ref] = []
        for base in node.definition.bases:
            if not isinstance(base, ast.Subscript):
                continue
            parts = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
            refs = [self.types.infer(part, node.space.parent or node.module.space) for part in parts]
            found.extend(r for r in refs if r is not None and r.kind == "typevar" and r not in found)
        return tuple(found)

    def substitute(self, ref: Ref | None, receivers: tuple[Ref, ...], owner: ClassNode | None) -> Ref | None:
        """Put what the receiver knows in the place of type variables and of Self."""
        if ref is None or owner is None or not receivers or not _has_variables(ref):
            return ref
        receiver = receivers[0]
        env: Env = {"Self": receiver}
        if self.is_class(receiver.name):
            given = dict(
                zip((p.name for p in self.own_parameters(receiver.name)), receiver.args, strict=False)
            )
            for above, inner in self.lineage(receiver.name).classes:
                if above is owner:
                    env |= {k: replace_variables(v, given) for k, v in inner.items()}
        return replace_variables(ref, env)


def parameters(node: FunctionNode) -> list[str]:
    """The names of a function's parameters."""
    args = node.definition.args
    return [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]


def is_property(node: FunctionNode) -> bool:
    """Whether reading the attribute calls the function."""
    return any(_decorator(d) in _PROPERTIES for d in node.definition.decorator_list)


def is_abstract(node: FunctionNode) -> bool:
    """Whether a method only says what subclasses do."""
    if any(_decorator(d) in ("abstractmethod", "abstractproperty") for d in node.definition.decorator_list):
        return True
    return all(_says_nothing(s) for s in node.definition.body)


def _says_nothing(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return True
        case ast.Raise(exc=ast.Name(id="NotImplementedError")):
            return True
        case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"))):
            return True
    return False


def _decorator(node: ast.expr) -> str:
    func = node.func if isinstance(node, ast.Call) else node
    return last_name(func)


def _has_variables(ref: Ref) -> bool:
    if ref.kind == "typevar" or ref.name in _SELF:
        return True
    return any(_has_variables(arg) for arg in ref.args)


_SELF = frozenset({"typing.Self", "typing_extensions.Self"})


def replace_variables(ref: Ref, env: Env) -> Ref:
    """The type with its variables replaced where they are known."""
    if ref.kind == "typevar":
        return env.get(ref.name, ref)
    if ref.name in _SELF:
        return env.get("Self", ref)
    if not ref.args:
        return ref
    return Ref(ref.kind, ref.name, tuple(replace_variables(arg, env) for arg in ref.args))
