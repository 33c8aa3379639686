"""Statements in handlers, where the project has a layer for them.

**What.** A handler builds a `select`, `update` or `delete` itself, in a project that keeps nearly all of them in repositories, `crud` or services.

**Why it costs.** The rule that the layer keeps for everybody (only this tenant's rows, no deleted ones, this order) is not kept here, and whoever
changes the table looks in the layer and forgets the route.

**How it is found.** Functions that build statements: most of the project's lie in files of such a layer, and at most one in six in files that
declare routes. One finding for each file of routes.

**How to fix it.** Move the statement to the layer, beside its siblings.

**When it is no problem.** A report that joins what no repository owns.

**Sources.** Harry Percival and Bob Gregory, "Architecture Patterns with Python", chapter 2:
https://www.cosmicpython.com/book/chapter_02_repository.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.function import Call, Function
from strop.project.project import Project
from strop.regex import regex
from strop.rules.code import handler
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.loop import LIBRARIES
from strop.rules.rule import Rule
from strop.rules.sample import SHOP
from strop.rules.wording import listed, many

RULE = Rule(
    "ARC008", "sql-in-router", "architecture", "note", "SQL in a router beside repositories", static=True
)
_BUILDS = frozenset({
    *(f"{owner}.{verb}" for owner in ("sqlalchemy", "sqlalchemy.sql", "sqlalchemy.future", "sqlmodel", "sqlalchemy.sql.expression")
      for verb in ("select", "update", "delete", "insert")),
    "sqlalchemy.orm.Session.query", "sqlalchemy.orm.scoped_session.query",
})  # fmt: skip
_LAYERS = frozenset({
    "crud", "cruds", "repository", "repositories", "repos", "repo", "dao", "daos", "dal", "service", "services",
    "queries", "store", "stores",
})  # fmt: skip
_ENDINGS = ("_crud", "_repository", "_repo", "_dao", "_service", "_store")
_PROBES = regex(r"health|ready|live|alive|ping|status|version|metrics", re.IGNORECASE)
_LEAST = 12  # functions of the layer that build statements
_FILES = 3  # of the layer
_SHARE = 6  # how many functions of the layer there are for each of the routers'


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each file of routes whose handlers build statements."""
    functions = project.source.functions.doing(*LIBRARIES)
    building = {f.id: call for f in functions if (call := _builds(f)) is not None}
    asking = {i for i in building if _asks(project.source.functions[i])}
    if not building:
        return
    layer = [i for i in building if _is_layer(project.source.functions[i].span.file)]
    handlers: dict[str, list[str]] = defaultdict(list)
    for route in project.imported.routes:
        found = handler(project, route)
        if _PROBES.search(route.path):
            continue
        if found is not None and found.id in asking and not _is_layer(found.span.file):
            handlers[found.id].append(route.key)
    files = {project.source.functions[i].span.file for i in layer}
    if len(layer) < max(_LEAST, _SHARE * len(handlers)) or len(files) < _FILES:
        return
    by_file: dict[str, list[Function]] = defaultdict(list)
    for function_id in handlers:
        function = project.source.functions[function_id]
        by_file[function.span.file].append(function)
    for here in by_file.values():
        here.sort(key=lambda f: f.span.line)
        first = building[here[0].id]
        yield draft(
            RULE,
            first.span,
            {key for f in here for key in handlers[f.id]},
            message=f"{listed([f.span.symbol for f in here])} build statements; {many(len(layer), 'function')} in {many(len(files), 'file')} of a layer do it for the other routes",
            impact="what the layer keeps for everybody (a tenant, deleted rows, an order) is not kept here, and a change of the table forgets it",
            solution="move the statement to the layer, beside its siblings",
            known="static",
            confidence=0.7,
            facts={"functions": len(here)},
        )


def _builds(function: Function) -> Call | None:
    return next((c for c in function.calls if c.name in _BUILDS), None)


def _asks(function: Function) -> bool:
    """Whether it runs what it builds: a part of a statement that a repository runs is no statement of its own."""
    return any(c.effect is not None and c.effect.kind == "queries" for c in function.calls)


def _is_layer(file: str) -> bool:
    path = PurePosixPath(file)
    return path.stem.endswith(_ENDINGS) or bool(_LAYERS & {*path.parts[:-1], path.stem})


def _repository(table: str) -> str:
    functions = "".join(
        f"def by_{column}(session: Session, value):\n    return session.scalars(select(main.{table}).where(main.{table}.{column} == value)).all()\n\n\n"
        for column in ("id", "number", "status", "customer_id")
    )
    return (
        f"from sqlalchemy import select\nfrom sqlalchemy.orm import Session\n\nimport main\n\n\n{functions}"
    )


def _project(route: str) -> dict[str, str]:
    layers = {f"repositories/{name}.py": _repository("Order") for name in ("orders", "bills", "parcels")}
    return {"main.py": SHOP + route, "repositories/__init__.py": "", **layers}


EXAMPLES = (
    Example(
        "one handler that asks by itself",
        _project("""
@app.get("/orders")
def orders(session: Session = Depends(get_session)):
    return [o.number for o in session.scalars(select(Order).where(Order.status == "open").limit(10))]
"""),
        bad=True,
    ),
    Example(
        "by the layer",
        _project("""
@app.get("/orders")
def orders(session: Session = Depends(get_session)):
    from repositories.orders import by_status

    return [o.number for o in by_status(session, "open")]
"""),
        mends="one handler that asks by itself",
    ),
    Example(
        "a project without such a layer",
        {
            "main.py": SHOP
            + """
@app.get("/orders")
def orders(session: Session = Depends(get_session)):
    return [o.number for o in session.scalars(select(Order).where(Order.status == "open").limit(10))]
"""
        },
    ),
)
