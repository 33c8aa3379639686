"""Small projects for tests: files by name, read from source, and routes written by hand."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from strop.project.function import Call, Function
from strop.project.project import Imported, Source
from strop.project.reach import reaches
from strop.project.route import Dependency, Middleware, Route
from strop.project.source import read_source


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below root."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), "utf-8")
    return root


def read(root: Path, files: dict[str, str], sources: tuple[str, ...] = (".",)) -> Source:
    """Write files and read them as a project."""
    return read_source(write(root, files), sources)


def function(source: Source, name: str) -> Function:
    """The function with this qualname; the test's project has only one."""
    found = [f for f in source.functions.values() if f.span.symbol == name]
    assert len(found) == 1, f"{name}: {[f.id for f in found]}"
    return found[0]


def call(source: Source, name: str, text: str) -> Call:
    """The one call of a function whose source begins with the text."""
    found = [c for c in function(source, name).calls if c.text.startswith(text)]
    assert len(found) == 1, f"{text}: {[c.text for c in function(source, name).calls]}"
    return found[0]


def called(source: Source, name: str) -> list[str]:
    """Qualnames of the project's functions that a function calls, in order."""
    return [source.functions[c.target].span.symbol for c in function(source, name).calls if c.target]


def named(source: Source, name: str) -> list[str]:
    """Dotted names that a function calls, in order."""
    return [c.name for c in function(source, name).calls]


def effects_of(source: Source, name: str) -> set[tuple[str, str]]:
    """Kind and name of the effects of a function's own library calls."""
    return {(c.effect.kind, c.effect.name) for c in function(source, name).calls if c.effect is not None}


def route(
    source: Source,
    handler: str,
    *,
    path: str = "/x",
    dependencies: tuple[str, ...] = (),
    response_model: str = "",
    kind: str = "http",
) -> Route:
    """A route as the application would say it, for a handler by its qualname."""
    found = function(source, handler)
    return Route(
        "GET",
        path,
        application_name(source, found),
        found.span,
        found.is_async,
        tuple(dependency(source, name) for name in dependencies),
        response_model,
        kind=kind,
    )


def dependency(source: Source, name: str) -> Dependency:
    """A dependency by its qualname; a class by its name."""
    for found in source.classes.values():
        if found.span.symbol == name:
            module = found.name.removesuffix(f".{name}")
            return Dependency(f"{module}:{name}", found.span, False, is_class=True)
    one = function(source, name)
    return Dependency(application_name(source, one), one.span, one.is_async, one.is_generator)


def application_name(source: Source, found: Function) -> str:
    """ "module:qualname"."""
    module = next(name for name, file in source.modules.items() if file == found.span.file)
    return f"{module}:{found.span.symbol}"


def application(*routes: Route, middleware: tuple[Middleware, ...] = (), lifespan: str = "") -> Imported:
    """What the application says of itself."""
    return Imported("test", routes, middleware, lifespan=lifespan)


def contexts(source: Source, imported: Imported, name: str) -> set[str]:
    """The contexts in which routes, start-up or import reach a function."""
    return {r.context for r in reaches(imported, source).get(function(source, name).id, ())}


def chain(source: Source, imported: Imported, name: str) -> list[str]:
    """The texts of the one chain to a function."""
    ways = reaches(imported, source)[function(source, name).id]
    assert len(ways) == 1, [(w.context, w.route) for w in ways]
    return [step.text for step in ways[0].chain]
