"""What does one file say? Its functions with their calls, its classes, and what rules noticed in it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from msgspec import Struct

from strop.project.body import Noticer, segment
from strop.project.callsites import Reader
from strop.project.declared.declare import declare
from strop.project.declared.stored import Stored, read_stored
from strop.project.declared.terms import Declarations
from strop.project.function import Call, Class, Function, Member
from strop.project.infer import Types
from strop.project.mark import Mark
from strop.project.members import is_abstract, is_property, parameters
from strop.project.notice import notice
from strop.project.receivers import constant_of
from strop.project.scope import Binding, ClassNode, FunctionNode, Module, Ref
from strop.project.targets import Targets, annotated_names, validators_of
from strop.project.wrappers import decorators, runs_off_loop, wrappers
from strop.span import Span

MODULE = "<module>"  # what runs at import is a function of this name


class Derived(Struct, frozen=True, array_like=True, gc=False):
    """The results of one file."""

    file: str
    module: str
    lines: int
    reason: str = ""  # why it could not be read
    functions: tuple[Function, ...] = ()
    classes: tuple[Class, ...] = ()
    marks: tuple[Mark, ...] = ()
    resolved: int = 0
    unresolved: int = 0
    declarations: Declarations | None = None  # of the application
    stored: Stored | None = None  # what it declares of data


def derive(types: Types, module: Module, noticers: tuple[Noticer, ...]) -> Derived:
    """The results of one module, whose file could be read."""
    deriver = _Deriver(types, module)
    functions = [deriver.function(node) for node in module.by_id.values()]
    top = deriver.top()
    if top.calls:
        functions.append(top)
    return Derived(
        module.file,
        module.name,
        len(module.text) - (module.text[-1:] == ("",)),
        "",
        tuple(functions),
        tuple(deriver.class_(node) for node in module.classes.values()),
        tuple(notice(types, module, noticers)),
        deriver.resolved,
        deriver.unresolved,
        declare(types, module),
        read_stored(types, module),
    )


class _Deriver:
    def __init__(self, types: Types, module: Module) -> None:
        self.types = types
        self.module = module
        self.reader = Reader(types, Targets(types))
        self.resolved = self.unresolved = 0

    def function(self, node: FunctionNode) -> Function:
        """One function or method."""
        definition = node.definition
        body = self.reader.read(node.module, node.qualname, definition.body, node.space)
        self.resolved += body.resolved
        self.unresolved += body.unresolved
        marks = decorators(self.types, node)
        return Function(
            node.id,
            Span(
                node.module.file, definition.lineno, node.qualname, definition.end_lineno or definition.lineno
            ),
            isinstance(definition, ast.AsyncFunctionDef),
            (*self._wrappers(node), *body.calls),
            marks,
            body.awaits,
            is_property(node),
            node.is_generator or body.yields,
            any(d in self.types.catalogue.memoised for d in marks),
            runs_off_loop(self.types, node),
            node.name,
            self._ids(self._parameters(node)),
            self._ids([self.types.result_of(node)]),
            tuple(parameters(node)),
            node.owner is not None and is_abstract(node),
            (),
            constant_of(node),
            tuple(sorted(body.sets)),
        )

    def top(self) -> Function:
        """What runs at import."""
        module = self.module
        body = self.reader.read(module, MODULE, module.whole.body, module.space)
        self.resolved += body.resolved
        self.unresolved += body.unresolved
        span = Span(module.file, 1, MODULE, len(module.text))
        return Function(
            f"{module.file}:{MODULE}",
            span,
            False,
            tuple(body.calls),
            name=module.name,
            sets=tuple(sorted(body.sets)),
        )

    def _wrappers(self, node: FunctionNode) -> Iterator[Call]:
        """What decorators of the project put around the function runs where the function runs."""
        for expr, wrapper in wrappers(self.types, node):
            span = Span(node.module.file, expr.lineno, node.qualname)
            yield Call(span, f"@{ast.unparse(expr)}"[:90], wrapper.name, wrapper.id)

    def _parameters(self, node: FunctionNode) -> list[Ref | None]:
        bindings = [b for group in node.space.names.values() for b in group]
        given = [b for b in bindings if b.how == "annotation" and b.line == 0 and not self._is_injected(b)]
        return [self.types.annotation(b.expr, b.scope) for b in given]

    def _is_injected(self, binding: Binding) -> bool:
        return isinstance(binding.default, ast.Call) and ast.unparse(binding.default.func).endswith("Depends")

    def class_(self, node: ClassNode) -> Class:
        """One class."""
        lineage = self.types.members.lineage(node.name)
        definition, lines = node.definition, node.module.text
        return Class(
            node.id,
            Span(
                node.module.file, definition.lineno, node.qualname, definition.end_lineno or definition.lineno
            ),
            node.name,
            tuple(owner.id for owner, _ in lineage.classes[1:]),
            tuple(lineage.library),
            self._fields(node),
            tuple(validators_of(self.types, node.name)),
            self._properties(node),
            tuple(_members(node)),
            tuple(segment(lines, d) for d in definition.decorator_list),
            tuple((k.arg or "**", segment(lines, k.value)) for k in definition.keywords),
        )

    def _fields(self, node: ClassNode) -> tuple[tuple[str, tuple[str, ...]], ...]:
        fields: dict[str, tuple[str, ...]] = {}
        for owner, _ in self.types.members.lineage(node.name).classes:
            for name in annotated_names(owner):
                refs = [self.types.binding(b) for b in owner.space.names[name] if b.how == "annotation"]
                fields.setdefault(name, self._ids(refs))
        return tuple(fields.items())

    def _properties(self, node: ClassNode) -> tuple[tuple[str, str], ...]:
        found: dict[str, str] = {}
        for owner, _ in self.types.members.lineage(node.name).classes:
            for name, bindings in owner.scope.names.items():
                if bindings[0].how == "def":
                    method = owner.module.functions.get(f"{owner.name}.{name}")
                    if method is not None and is_property(method):
                        found.setdefault(name, method.id)
        return tuple(sorted(found.items()))

    def _ids(self, refs: Iterable[Ref | None]) -> tuple[str, ...]:
        """Ids of the project's classes anywhere in these types."""
        found: dict[str, None] = {}
        for ref in refs:
            if ref is not None:
                self._gather(ref, found)
        return tuple(found)

    def _gather(self, ref: Ref, found: dict[str, None]) -> None:
        if ref.kind in ("instance", "class") and self.types.members.is_class(ref.name):
            found[self.types.found.classes[ref.name].id] = None
        for arg in ref.args:
            self._gather(arg, found)


def _members(node: ClassNode) -> Iterator[Member]:
    """What the class body itself assigns or annotates."""
    lines = node.module.text
    for each in node.definition.body:
        match each:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                text = segment(lines, value) if value is not None else ""
                yield Member(name, each.lineno, segment(lines, annotation), text)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield Member(name, each.lineno, "", segment(lines, value))
