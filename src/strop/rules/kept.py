"""Is what a function gives kept for the next caller, as a decorator's name says? Then most calls don't do its work."""

from __future__ import annotations

import re
from collections.abc import Iterable

from strop.project.function import Function, Reach
from strop.project.project import Project
from strop.regex import regex
from strop.rules.code import function_at
from strop.span import Step

_KEEPS = regex(r"(^|_)(cached?|caching|memo(i[sz]ed?)?|lru)(_|$)|Cached?$", re.IGNORECASE)
_OTHER = regex(
    r"property|no_?cache|control|header|invalid|clear|evict|delete|drop|bust|purge|reset|refresh|never",
    re.IGNORECASE,
)  # what empties a cache or forbids one; a cached property is kept for one object


def is_kept(function: Function) -> bool:
    """Whether a decorator, of a library or the project's own, says that it keeps results: `@locked_cached(key=...)`."""
    names = (each.partition("(")[0].rpartition(".")[2] for each in function.decorators)
    return function.memoised or any(map(keeps, names))


def keeps(name: str) -> bool:
    """Whether a name says that results are kept: `locked_cached`, `_cache`."""
    return bool(_KEEPS.search(name)) and not _OTHER.search(name)


def is_kept_on(project: Project, steps: Iterable[Step]) -> bool:
    """Whether one of the functions that these calls stand in keeps what it gives."""
    around = (function_at(project, step.span) for step in steps)
    return any(function is not None and is_kept(function) for function in around)


def comes_kept(project: Project, way: Reach) -> bool:
    """Whether a way from a route leads through a function that keeps what it gives."""
    return is_kept_on(project, way.chain)
