"""Which routes answer no request, because an earlier one takes it? Paths are compared as Starlette matches them."""

from __future__ import annotations

import re
from collections import defaultdict

from msgspec import Struct

from strop.project.project import Project
from strop.project.route import Route
from strop.regex import regex
from strop.rules.code import handler
from strop.span import Span

BRANCHES = "API001"  # under whose code handlers that are defined in a branch were noted
_PARAMETER = regex(r"^\{([a-zA-Z_]\w*)(?::([a-z]+))?\}$")
_INSIDE = regex(r"\{[a-zA-Z_]\w*(?::[a-z]+)?\}")
_FITS = {"int": r"\d+", "float": r"\d+(\.\d+)?", "uuid": r"[0-9a-fA-F-]{32,36}"}


class Shadowed(Struct, frozen=True):
    """A route, the earlier one that answers in its place, and whether its declaration is reached by another path."""

    by: Route
    route: Route
    elsewhere: bool


def shadowed(project: Project) -> list[Shadowed]:
    """Routes that an earlier one hides; the order is that of the application."""
    earlier: dict[tuple[str, str], list[Route]] = defaultdict(list)
    found: list[tuple[Route, Route]] = []
    chosen = {mark.function for mark in project.source.marks.get(BRANCHES, ())}
    reached: set[tuple[str, Span | None]] = set()
    for route in project.imported.routes:
        own = handler(project, route)
        known = route.kind == "http" and route.path and not route.uncertain
        if not known or (own is not None and own.id in chosen):
            continue
        before = earlier[route.application, route.method]
        hiding = next((one for one in before if _hides(one.path, route.path) and one.may_meet(route)), None)
        if hiding is not None and hiding.name != route.name:
            found.append((hiding, route))
        elif hiding is None:
            reached.add((route.name, route.decorator))
        before.append(route)
    return [Shadowed(by, route, (route.name, route.decorator) in reached) for by, route in found]


def _hides(earlier: str, later: str) -> bool:
    """Whether every path that the later template matches is matched by the earlier one."""
    if ":path}" not in earlier and earlier.strip("/").count("/") != later.strip("/").count("/"):
        return False
    first, second = earlier.strip("/").split("/"), later.strip("/").split("/")
    if earlier.endswith("/") != later.endswith("/") and not earlier.endswith(":path}"):
        return False
    for place, part in enumerate(first):
        parameter = _PARAMETER.match(part)
        if parameter is not None and parameter[2] == "path":
            return _ends_alike(first[place + 1 :], second[place:])
        if place >= len(second) or not _covers(part, second[place]):
            return False
    return len(first) == len(second)


def _ends_alike(after: list[str], rest: list[str]) -> bool:
    """Whether what follows a `{...:path}` fits the end of the later path."""
    if not after:
        return bool(rest)
    end = rest[-len(after) :]
    return len(rest) > len(after) and all(_covers(a, b) for a, b in zip(after, end, strict=True))


def _covers(earlier: str, later: str) -> bool:
    """Whether a segment matches everything that another one does."""
    if earlier == later or "{" not in earlier:
        return earlier == later
    parameter = _PARAMETER.match(earlier)
    if parameter is None:  # a text, or a mix of text and parameters: `{name}.json`
        return bool(_INSIDE.search(earlier)) and _INSIDE.sub("{}", earlier) == _INSIDE.sub("{}", later)
    other = _PARAMETER.match(later)
    kind = parameter[2] or "str"
    if other is not None:
        return kind in ("str", other[2] or "str") and other[2] != "path"
    if _INSIDE.search(later):
        return kind == "str"
    return kind == "str" or bool(re.fullmatch(_FITS.get(kind, r"(?!)"), later))
