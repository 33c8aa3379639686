"""What do the files say? Every file is parsed once; nothing of the project is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from strop.project.body import Noticer, segment
from strop.project.callsites import Body, Reader
from strop.project.catalogue import Catalogue, default_catalogue, extend
from strop.project.collect import Found, collect
from strop.project.files import module_name, source_files
from strop.project.function import Call, Class, Function, Member
from strop.project.infer import Types
from strop.project.members import is_property
from strop.project.notice import notice_all
from strop.project.parse import Parsed, parse_file
from strop.project.project import Source
from strop.project.roots import find_roots
from strop.project.scope import Binding, ClassNode, FunctionNode, Module, Ref
from strop.project.settings import read_settings
from strop.project.targets import Targets, annotated_names, validators_of
from strop.project.wrappers import decorator_name, runs_off_loop, wrappers
from strop.span import Span

MODULE = "<module>"  # what runs at import is a function of this name


def read_source(
    root: Path,
    sources: tuple[str, ...] = (".",),
    exclude: tuple[str, ...] = (),
    catalogue: Catalogue | None = None,
    noticers: tuple[Noticer, ...] = (),
) -> Source:
    """Read the project below `root`. `sources` are the folders on `sys.path`, relative to root;
    `exclude` are further paths left out (tests, migrations and environments always are), besides those of
    `[tool.strop]`, whose catalogue is added to ours unless one is given; `noticers` are shown every body.
    A file that can't be read is named in `Source.unread`; the others are read without it.
    Raises Problem T110 for a wrong value in `[tool.strop]`.
    """
    return Reading.of(root, sources, exclude, catalogue).source(noticers)


def _collect(file: Parsed, tree: ast.Module, sources: tuple[str, ...], found: Found) -> None:
    is_package = file.file.endswith("__init__.py")
    name = module_name(file.file, sources)
    if name in found.modules:  # the same dotted name below two source folders: the first one wins
        name = module_name(file.file, (".",))
    collect(Module(name, file.file, file.lines, is_package), tree, found)


class Reading:
    """Turns collected definitions into the values that leave this package."""

    @classmethod
    def of(
        cls,
        root: Path,
        sources: tuple[str, ...] = (".",),
        exclude: tuple[str, ...] = (),
        catalogue: Catalogue | None = None,
    ) -> Reading:
        """Parse and collect every file; see `read_source`."""
        root = root.resolve()
        settings = read_settings(root)
        catalogue = catalogue or extend(default_catalogue(), settings.catalogue)
        exclude = (*exclude, *settings.exclude)
        paths = list(source_files(root, exclude))
        sources = sources or settings.sources or find_roots(root, paths)
        parsed = [parse_file(root, path) for path in paths]
        found = Found()
        for file in parsed:
            if file.tree is not None:
                _collect(file, file.tree, sources, found)
        types = Types(found, catalogue)
        types.members.link()
        return cls(types, parsed)

    def __init__(self, types: Types, parsed: list[Parsed]) -> None:
        self.types = types
        self.found = types.found
        self.parsed = parsed
        self.class_ids = {
            node.name: f"{node.module.file}:{node.qualname}" for node in self.found.classes.values()
        }
        nodes = self.found.by_id.values()
        for node in nodes:
            node.decorators = tuple(decorator_name(self.types, d, node) for d in node.node.decorator_list)
        for node in nodes:
            node.off_loop = runs_off_loop(self.types, node)
        self.properties = frozenset(node.node.name for node in nodes if is_property(node))
        self.bodies: list[Body] = []

    def source(self, noticers: tuple[Noticer, ...] = ()) -> Source:
        """Everything that was read, as values."""
        reader = Reader(self.types, Targets(self.types, self.properties))
        functions = {}
        for node in self.found.by_id.values():
            functions[node.id] = self._function(node, reader)
        for module in self.found.modules.values():
            top = self._top(module, reader)
            if top.calls:
                functions[top.id] = top
        return Source(
            dict(sorted(functions.items())),
            tuple((file.file, file.reason) for file in self.parsed if file.tree is None),
            sum(len(file.lines) - (file.lines[-1:] == ("",)) for file in self.parsed),
            sum(body.resolved for body in self.bodies),
            sum(body.unresolved for body in self.bodies),
            {value.id: value for value in map(self._class, self.found.classes.values())},
            {name: module.file for name, module in sorted(self.found.modules.items())},
            notice_all(self.types, noticers),
        )

    def _function(self, node: FunctionNode, reader: Reader) -> Function:
        body = reader.read(node.module, node.qualname, node.node.body, node.scope)
        self.bodies.append(body)
        return Function(
            node.id,
            Span(node.module.file, node.node.lineno, node.qualname, node.node.end_lineno or node.node.lineno),
            isinstance(node.node, ast.AsyncFunctionDef),
            (*self._wrappers(node), *body.calls),
            node.decorators,
            body.awaits,
            is_property(node),
            node.is_generator or body.yields,
            any(d in self.types.catalogue.memoised for d in node.decorators),
            node.off_loop,
            node.name,
            self._ids(self._parameters(node)),
            self._ids([self.types.result_of(node)]),
        )

    def _top(self, module: Module, reader: Reader) -> Function:
        body = reader.read(module, MODULE, module.tree.body, module.scope)
        self.bodies.append(body)
        span = Span(module.file, 1, MODULE, len(module.lines))
        return Function(f"{module.file}:{MODULE}", span, False, tuple(body.calls), name=module.name)

    def _wrappers(self, node: FunctionNode) -> Iterator[Call]:
        """What decorators of the project put around the function runs where the function runs."""
        for expr, wrapper in wrappers(self.types, node):
            span = Span(node.module.file, expr.lineno, node.qualname)
            yield Call(span, f"@{ast.unparse(expr)}"[:90], wrapper.name, wrapper.id)

    def _parameters(self, node: FunctionNode) -> list[Ref | None]:
        bindings = [b for group in node.scope.names.values() for b in group]
        given = [b for b in bindings if b.how == "annotation" and b.line == 0 and not self._is_injected(b)]
        return [self.types.annotation(b.expr, b.scope) for b in given]

    def _is_injected(self, binding: Binding) -> bool:
        return isinstance(binding.default, ast.Call) and ast.unparse(binding.default.func).endswith("Depends")

    def _class(self, node: ClassNode) -> Class:
        lineage = self.types.members.lineage(node.name)
        return Class(
            self.class_ids[node.name],
            Span(node.module.file, node.node.lineno, node.qualname, node.node.end_lineno or node.node.lineno),
            node.name,
            tuple(self.class_ids[owner.name] for owner, _ in lineage.classes[1:]),
            tuple(lineage.library),
            self._fields(node),
            tuple(validators_of(self.types, node.name)),
            self._properties(node),
            tuple(_members(node)),
            tuple(segment(node.module.lines, d) for d in node.node.decorator_list),
            tuple((k.arg or "**", segment(node.module.lines, k.value)) for k in node.node.keywords),
        )

    def _fields(self, node: ClassNode) -> tuple[tuple[str, tuple[str, ...]], ...]:
        fields: dict[str, tuple[str, ...]] = {}
        for owner, _ in self.types.members.lineage(node.name).classes:
            for name in annotated_names(owner):
                refs = [self.types.binding(b) for b in owner.scope.names[name] if b.how == "annotation"]
                fields.setdefault(name, self._ids(refs))
        return tuple(fields.items())

    def _properties(self, node: ClassNode) -> tuple[tuple[str, str], ...]:
        found: dict[str, str] = {}
        for owner, _ in self.types.members.lineage(node.name).classes:
            for name, bindings in owner.scope.names.items():
                method = (
                    self.found.functions.get(f"{owner.name}.{name}") if bindings[0].how == "def" else None
                )
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
        if ref.name in self.class_ids and ref.kind in ("instance", "class"):
            found[self.class_ids[ref.name]] = None
        for arg in ref.args:
            self._gather(arg, found)


def _members(node: ClassNode) -> Iterator[Member]:
    """What the class body itself assigns or annotates."""
    lines = node.module.lines
    for each in node.node.body:
        match each:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                text = segment(lines, value) if value is not None else ""
                yield Member(name, each.lineno, segment(lines, annotation), text)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield Member(name, each.lineno, "", segment(lines, value))
