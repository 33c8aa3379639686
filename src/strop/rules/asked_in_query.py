"""Which parameters does each handler read from the query, once aliases of other modules are followed?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from strop.project.project import Project
from strop.rules.code import handler


def asked_in_query(project: Project) -> Mapping[str, set[str]]:
    """The names of query parameters by the id of the handler that declares them; no entry for what serves no known route."""
    asked: dict[str, set[str]] = defaultdict(set)
    for route in project.imported.routes:
        own = handler(project, route)
        if own is not None:
            asked[own.id] |= {
                p.name for p in route.parameters if p.place == "query" and p.owner == route.name
            }
    return asked
