"""What several rules work out of one project is worked out once: by the first that asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from strop.project.asked import Asked
from strop.project.project import Project

T = TypeVar("T")
_LAST: list[tuple[Project, dict[Callable[[Project], object], object]]] = []


def shared(project: Project, make: Callable[[Project], T]) -> T:
    """What `make` gives for this project. It must work with the project that it is handed, now and later: what it
    looks at is noted for all who share it.
    """
    if isinstance(project, Asked):
        return project.shared(make)
    if not _LAST or _LAST[0][0] is not project:
        _LAST[:] = [(project, {})]
    made = _LAST[0][1]
    if make not in made:
        made[make] = make(project)
    return made[make]  # type: ignore[return-value]  # what this function made
