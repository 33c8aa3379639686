"""The project: what strop understands of the application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType

from strop.faces.cli.output import indented, words
from strop.project.function import Reach
from strop.project.project import Project
from strop.project.show import describe
from strop.target import Target


def parts(target: Target, project: Project) -> Iterator[RenderableType]:
    """The project for a person."""
    yield words(f"{target.app}  in {target.root}", "bold")
    yield indented(words(f"python {target.python}"))
    yield indented(words(f"tests {', '.join(target.tests) or 'none found'}"))
    if target.migrations:
        yield indented(words(f"migrations {target.migrations}"))
    for section in describe(project):
        yield ""
        yield words(section.title, "bold")
        yield from (indented(words(line)) for line in section.lines)


def document(target: Target, project: Project) -> dict[str, Any]:
    """The project for a program: what the application says of itself, and where its functions run."""
    source = project.source
    return {
        "app": target.app,
        "root": target.root,
        "python": target.python,
        "sources": target.sources,
        "tests": target.tests,
        "migrations": target.migrations,
        "imported": project.imported,
        "reaches": {function: [_way(way) for way in ways] for function, ways in project.reaches.items()},
        "calls": {"resolved": source.resolved, "unresolved": source.unresolved},
        "unread": source.unread,
    }


def _way(way: Reach) -> dict[str, Any]:
    return {"function": way.function, "context": way.context, "route": way.route, "chain": way.chain}
