"""One request commits in its route, in a service and in a repository.

**What.** A handler calls a function that commits, which calls another that commits, and commits itself: three files, three transactions.

**Why it costs.** What the first has committed stays when the second fails: half an order is in the database, and the answer is an error.
Nobody who reads one of the three can tell what is one piece of work; each commit also waits for the disk.

**How it is found.** A handler with a commit of its own, and a way of calls from it with two more functions that commit, each in another file, none of which
opens a session of its own; no branch lies around any of the three.

**How to fix it.** One owner: the route, its dependency or a unit of work commits once; what lies below flushes.

**When it is no problem.** Steps that must stay each for itself, as in a job that is taken up again.

**Sources.** SQLAlchemy, "When do I construct a Session, when do I commit it": https://docs.sqlalchemy.org/en/20/orm/session_basics.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.branches import is_of_object, needs
from strop.project.function import Call, Function
from strop.project.project import Project
from strop.project.walk import walk
from strop.rules.code import handler
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.syntax import function_node
from strop.span import Step

RULE = Rule(
    "ARC007", "commits-in-layers", "architecture", "note", "One request commits in three layers", static=True
)
_MAKERS = (
    "sessionmaker",
    "async_sessionmaker",
    "sqlalchemy.orm.Session",
    "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlmodel.Session",
)
_BRANCHES = ast.If | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler | ast.Match
_Way = tuple[Call, Call]  # to the second function that commits, and from there to the third


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each way of three commits, with the routes that take it."""
    found: dict[tuple[str, str, str], tuple[Call, _Way, list[str]]] = {}
    for route in project.imported.routes:
        start = handler(project, route)
        own = _commit(project, start) if start is not None else None
        if start is None or own is None:
            continue
        way = _way(project, start)
        if way is not None:
            key = (start.id, way[0].target, way[1].target)
            found.setdefault(key, (own, way, []))[2].append(route.key)
    for (start_id, service, repository), (own, way, routes) in found.items():
        functions = [project.source.functions[i] for i in (start_id, service, repository)]
        names = [f.span.symbol for f in functions]
        yield draft(
            RULE,
            own.span,
            routes,
            message=f"{names[0]}, {names[1]} and {names[2]} each commit in one request",
            impact="what one has committed stays when the next fails: half of the work is kept, and the answer is an error",
            solution="let one of them own the transaction; the others flush",
            known="static",
            confidence=0.7,
            chain=tuple(Step(c.text, c.span) for c in (*way, own)),
        )


def _way(project: Project, start: Function) -> _Way | None:
    """Two calls that lead to a second and a third function which commit, each in a file of its own."""
    for first, service in _committing(project, start):
        for second, repository in _committing(project, service):
            if len({start.span.file, service.span.file, repository.span.file}) == 3:
                return first, second
    return None


def _committing(project: Project, function: Function) -> Iterator[tuple[Call, Function]]:
    for call in function.calls:
        target = project.source.functions.get(call.target)
        chosen = any(not is_of_object(name) for name, _ in needs(call))  # by what the caller hands over
        later = call.background or call.off_loop or call.once or chosen
        if target is None or later or target.is_generator or _commit(project, target) is None:
            continue
        if _is_always(project, function, call):
            yield call, target


def _commit(project: Project, function: Function) -> Call | None:
    """The commit that a function always comes to, of the session that it was given; None where it opens one of its own."""
    if any(call.name.endswith(_MAKERS) for call in function.calls):
        return None
    commits = (c for c in function.calls if c.effect is not None and c.effect.kind == "commits")
    return next((c for c in commits if _is_always(project, function, c)), None)


def _is_always(project: Project, function: Function, call: Call) -> bool:
    """Whether no branch, loop or `except` lies around a call and none returns before it: the other commits of the way come with it."""
    node = function_node(project, function)
    line = call.span.line
    return node is not None and not any(
        each.lineno < line
        if isinstance(each, ast.Return)
        else isinstance(each, _BRANCHES) and each.lineno <= line <= (each.end_lineno or 0)
        for each in walk(node)
    )


_LAYERS = {
    "service": """
from repository import keep


def pay(session, order):
    order.status = "paid"
    keep(session, order)
    %s
""",
    "repository": """
from sqlalchemy.orm import Session


def keep(session: Session, row):
    session.add(row)
    %s
""",
}
_ROUTE = """
from service import pay


@app.post("/orders/{order_id}/pay")
def pay_order(order_id: int, session: Session = Depends(get_session)):
    order = session.get(Order, order_id)
    pay(session, order)
    order.number = f"{order.number}-paid"
    session.commit()
"""


def _layers(service: str, repository: str) -> dict[str, str]:
    texts = {"service": _LAYERS["service"] % service, "repository": _LAYERS["repository"] % repository}
    texts["service"] = (
        texts["service"]
        .replace("def pay(session,", "def pay(session: Session,")
        .replace("from repository", "from sqlalchemy.orm import Session\n\nfrom repository")
    )
    return dict(shop(_ROUTE, **texts))


EXAMPLES = (
    Example("route, service and repository", _layers("session.commit()", "session.commit()"), bad=True),
    Example(
        "one owner",
        _layers("session.flush()", "session.flush()"),
        mends="route, service and repository",
    ),
    Example("route and repository alone", _layers("session.flush()", "session.commit()")),
)
