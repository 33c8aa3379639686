"""What does a project look like, in plain text?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from strop.project.identify import Identifier
from strop.project.project import Project
from strop.project.route import Route
from strop.project.table import Relationship, Table
from strop.span import Span

_METHODS = frozenset(
    f"fastapi.{owner}.{method}"
    for owner in ("FastAPI", "APIRouter")
    for method in ("get", "post", "put", "patch", "delete", "head", "options", "api_route", "websocket")
)


class Section(Struct, frozen=True):
    """A title and its lines."""

    title: str
    lines: tuple[str, ...]


def describe(project: Project) -> tuple[Section, ...]:
    """Sections for `strop show project`; those with nothing to say are left out."""
    imported = project.imported
    sections = (
        Section(f"{imported.title or 'Application'}", tuple(_summary(project))),
        Section("Routes", tuple(line for route in imported.routes for line in _route(project, route))),
        Section("Middleware, outermost first", tuple(m.name + _at(m.span) for m in imported.middleware)),
        Section("Exception handlers", tuple(f"{h.handles}: {h.name}" for h in imported.handlers)),
        Section("Tables", tuple(line for table in imported.tables for line in _table(table))),
        Section("Relationships", tuple(_relationship(r) for r in imported.relationships)),
        Section("Engines", tuple(_engines(project))),
        Section("Where functions run", tuple(_contexts(project))),
        Section("Not read", tuple(f"{file}: {reason}" for file, reason in project.source.unread)),
        Section("Seen in the source, not in the application", tuple(differences(project))),
    )
    return tuple(section for section in sections if section.lines)


def as_text(sections: tuple[Section, ...]) -> str:
    """Sections as text, a blank line between them."""
    return "\n\n".join("\n".join((s.title, *(f"  {line}" for line in s.lines))) for s in sections) + "\n"


def _summary(project: Project) -> Iterator[str]:
    source, imported = project.source, project.imported
    calls = source.resolved + source.unresolved
    yield f"{len(imported.routes)} routes, {len(imported.tables)} tables"
    yield f"{source.lines} lines, {len(source.functions)} functions, {len(source.classes)} classes"
    if calls:
        yield f"{source.resolved} of {calls} calls resolved ({source.resolved / calls:.1%})"
    if imported.lifespan:
        yield f"lifespan {imported.lifespan}"
    if imported.versions:
        yield ", ".join(f"{name} {version}" for name, version in imported.versions)


def _route(project: Project, route: Route) -> Iterator[str]:
    kind = route.kind if route.kind != "http" else "async def" if route.is_async else "def"
    answer = f" -> {route.response_model}" if route.response_model else ""
    yield f"{route.key}  {kind} {route.name}{_at(_place(project, route))}{answer}"
    for dependency in route.dependencies:
        how = "async def" if dependency.is_async else "class" if dependency.is_class else "def"
        yield f"{'  ' * dependency.depth}{how} {dependency.name}{_at(dependency.span)}"


def _place(project: Project, route: Route) -> Span | None:
    found = Identifier.of(project.source).function(route.name, route.span)
    return found.span if found is not None else route.span


def _table(table: Table) -> Iterator[str]:
    yield f"{table.name}  {table.model}{_at(table.span)}"
    keyed = {index.columns[0] for index in table.indexes if index.columns}
    for column in table.columns:
        marks = [
            word
            for word, holds in (
                ("primary", column.primary),
                ("unique", column.unique),
                ("indexed", column.index or column.name in keyed),
                (f"-> {column.foreign_key}", bool(column.foreign_key)),
            )
            if holds
        ]
        yield f"  {column.name} {column.type}{' ' if marks else ''}{', '.join(marks)}"


def _relationship(relationship: Relationship) -> str:
    target = f"{'many' if relationship.uselist else 'one'} {relationship.target}"
    return f"{relationship.key}  {target}, lazy={relationship.lazy}{_at(relationship.span)}"


def _engines(project: Project) -> Iterator[str]:
    for engine in project.imported.engines:
        how = "async" if engine.is_async else "sync"
        pool = f"{engine.pool} {engine.pool_size}+{engine.max_overflow}"
        yield f"{engine.url}  {how} {engine.driver}, {pool}{_at(engine.span)}"


def _contexts(project: Project) -> Iterator[str]:
    counts = Counter(c for ways in project.reaches.values() for c in {way.context for way in ways})
    if counts:
        yield ", ".join(f"{context} {count}" for context, count in sorted(counts.items()))


def differences(project: Project) -> Iterator[str]:
    """Handlers that the files register on a router and the application does not have."""
    finder = Identifier.of(project.source)
    served = {finder.function(route.name, route.span) for route in project.imported.routes}
    for function in project.source.functions.values():
        if function not in served and _METHODS & set(function.decorators):
            yield f"{function.id.partition(':')[2]}{_at(function.span)}"


def _at(span: Span | None) -> str:
    return f"  {span}" if span is not None else ""
