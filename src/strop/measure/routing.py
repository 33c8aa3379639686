"""Which route would serve a path, and which of its segments are parameters?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

from msgspec import Struct

from strop.project.route import Route

_PARAMETER = re.compile(r"{([^}:]*)(?::([^}]*))?}")


class Matched(Struct, frozen=True):
    """The route of a path; `parameters` are (name, text as sent, path before it)."""

    route: Route
    parameters: tuple[tuple[str, str, str], ...]


class Routing:
    """The routes of an application, in the order of matching."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [(route, _pattern(route.path)) for route in routes if route.kind != "mount"]

    def match(self, method: str, path: str) -> Matched | None:
        """The first route that takes this method and path (a query may follow); None where none does."""
        plain = path.partition("?")[0]
        asked = "GET" if method == "HEAD" else method
        for route, pattern in self._routes:
            if route.method == asked and (found := _fits(pattern, plain)) is not None:
                names = (name for name, _ in _PARAMETER.findall(route.path))
                parts = (
                    (name, found.group(n), plain[: found.start(n)].rstrip("/"))
                    for n, name in enumerate(names, 1)
                )
                return Matched(route, tuple(parts))
        return None


def _fits(pattern: re.Pattern[str], path: str) -> re.Match[str] | None:
    """As Starlette does it: the decoded path decides; a slash too many or too few is redirected."""
    for form in dict.fromkeys((path, unquote(path))):
        for tried in (form, form.rstrip("/"), f"{form}/"):
            if (found := pattern.fullmatch(tried)) is not None:
                return found
    return None


@lru_cache(maxsize=4096)
def _pattern(template: str) -> re.Pattern[str]:
    parts, end = [], 0
    for found in _PARAMETER.finditer(template):
        parts += [re.escape(template[end : found.start()]), "(.+)" if found[2] == "path" else "([^/]+)"]
        end = found.end()
    return re.compile("".join((*parts, re.escape(template[end:]))))
