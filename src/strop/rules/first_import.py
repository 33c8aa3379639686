"""Which module of a circle of imports can't be loaded first? What Python would do is followed, statement by statement."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from strop.project.project import Project
from strop.rules.syntax import module as parsed

Imports = Mapping[
    str, tuple[tuple[int, str, bool], ...]
]  # by module: line, what is loaded, whether names are taken
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_DEEPEST = 400  # imports within imports: what lies deeper is not followed


class Failure(Struct, frozen=True):
    """Importing `start` first ends here: `module` takes `name` from `source` on this line, which does not have it yet."""

    start: str
    module: str
    source: str
    name: str
    line: int


class _Names(Struct, frozen=True):
    """What a module takes on each line from others, and on which line it gives a value to each of its names."""

    taken: dict[int, tuple[str, ...]]
    given: dict[str, int]
    late: frozenset[int] = frozenset()  # lines of imports below a definition: they were put there on purpose


class _Loading(Struct):
    """One start of Python: which modules are through, and up to which line the others have come."""

    imports: Imports
    names: Mapping[str, _Names]
    start: str
    through: set[str] = field(default_factory=set)
    at: dict[str, int] = field(default_factory=dict)

    def load(self, module: str, depth: int = 0) -> Failure | None:
        """Load a module and what it imports; what fails."""
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            failed = self._load(".".join(parts[:end]), depth)
            if failed is not None:
                return failed
        return None

    def _load(self, module: str, depth: int) -> Failure | None:
        if module in self.through or module in self.at or module not in self.imports or depth > _DEEPEST:
            return None
        for line, source, takes in self.imports[module]:
            self.at[module] = line
            failed = self.load(source, depth + 1) or (self._missing(module, source, line) if takes else None)
            if failed is not None:
                return failed
        self.at.pop(module, None)
        self.through.add(module)
        return None

    def _missing(self, module: str, source: str, line: int) -> Failure | None:
        """The name that a half-loaded module is asked for and does not have yet."""
        if source not in self.at or module not in self.names or source not in self.names:
            return None
        given = self.names[source].given
        here = (m for m in self.at if m in self.names)
        if any(self.at[m] in self.names[m].late for m in here):
            return None  # who wrote it there knows of the circle
        for name in self.names[module].taken.get(line, ()):
            if "__getattr__" not in given and given.get(name, 0) >= self.at[source]:
                return Failure(self.start, module, source, name, line)
        return None


def fails_first(project: Project, imports: Imports, group: Iterable[str]) -> Failure | None:
    """The first module of a circle that can't be imported before the others; None where each order works.

    A circle that is closed by an import below the definitions of its module is let be: it was put there because of it.
    """
    names = {module: _names(project, module) for module in group}
    for start in sorted(names):
        failed = _Loading(imports, names, start).load(start)
        if failed is not None:
            return failed
    return None


def _names(project: Project, module: str) -> _Names:
    tree = parsed(project, project.source.modules[module])
    taken: dict[int, tuple[str, ...]] = {}
    given: dict[str, int] = {}
    late: set[int] = set()
    defined = False
    for statement in _run(tree.body if tree is not None else []):
        if isinstance(statement, ast.ImportFrom):
            taken[statement.lineno] = tuple(a.name for a in statement.names)
            if defined:
                late.add(statement.lineno)
        defined = defined or isinstance(statement, _DEFINITIONS)
        for name in _given(statement):
            given.setdefault(name, statement.lineno)
    return _Names(taken, given, frozenset(late))


def _run(statements: list[ast.stmt]) -> Iterable[ast.stmt]:
    """The statements that run when a module is loaded, those in branches too."""
    for statement in statements:
        yield statement
        if not isinstance(statement, _DEFINITIONS):
            for inner in ("body", "orelse", "handlers", "finalbody"):
                for each in getattr(statement, inner, ()):
                    yield from _run(each.body if isinstance(each, ast.ExceptHandler) else [each])


def _given(statement: ast.stmt) -> Iterable[str]:
    """The names that a statement gives a value to."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from ((a.asname or a.name).partition(".")[0] for a in names)
        case ast.Assign() | ast.AnnAssign() | ast.With() | ast.For():
            yield from (
                n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            )
