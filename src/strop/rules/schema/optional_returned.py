"""None may be returned where the response model does not allow it: 500 in place of 404.

**What.** `return session.get(User, user_id)` or `.first()` from a route whose response model is `User`.

**Why it costs.** When there is no such row, FastAPI can't make the model of None: ResponseValidationError, 500.

**How it is found.** In a route with a response model (declared or as return annotation) that has no None in it: a look-up that gives
None when there is no row, returned without a question for None.

**How to fix it.** `if user is None: raise HTTPException(404)`, or `User | None` as the model.

**When it is no problem.** `session.get_one`, `.one()`: they raise by themselves (and the answer is still 500, but not
by the model).

**Sources.** FastAPI, "Response Model - Return Type": https://fastapi.tiangolo.com/tutorial/response-model/ ;
https://github.com/fastapi/fastapi/issues/2719
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules import endpoint as routes
from strop.rules.endpoint import Endpoint, endpoint
from strop.rules.example import Example
from strop.rules.lookups import is_asked, is_optional, looked_up, lookup
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "SCH003", "optional-returned", "api", "warning", "None returned where the model has none", static=True
)
WORDS = routes.WORDS


def notice(body: Body) -> Iterator[Mark]:
    """Returns of look-ups in routes with a model."""
    route = endpoint(body)
    if route is None or not _has_model(route):
        return
    names = {name for name, _, _ in looked_up(body) if not is_asked(body, name)}
    for returned in body.of(ast.Return):
        value = returned.value
        if value is None or body.within(returned, ast.Try) is not None:
            continue
        if (isinstance(value, ast.Name) and value.id in names) or lookup(body, value) is not None:
            yield body.mark(RULE.code, returned, text=body.brief(returned, 90))


def _has_model(route: Endpoint) -> bool:
    """Whether the route has a response model that None does not fit."""
    given = route.keyword("response_model")
    if given is None:
        node = route.body.node
        given = node.returns if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None
    if given is None or is_optional(given) or isinstance(given, ast.Constant):
        return False
    shown = route.body.value(given)
    return (
        not is_optional(shown)
        and not (isinstance(shown, ast.Name) and shown.id == "Any")
        and _is_known(route.body, shown)
    )


def _is_known(body: Body, annotation: ast.expr) -> bool:
    """Whether a model is one of the project's classes or a list, no response and no plain object."""
    ref = body.types.annotation(annotation, body.scope)
    return (
        ref is not None
        and ref.kind == "instance"
        and (ref.name in body.types.found.classes or ref.name == "list")
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each return."""
    for mark in marks(project, RULE):
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=f"{mark.fact('text')} may return None, which the response model does not allow",
            impact="what does not exist is answered with 500 (ResponseValidationError)",
            solution="raise HTTPException(404) when it is None, or allow None in the model",
            confidence=0.8,
        )


EXAMPLES = (
    Example(
        "an order that is not there",
        shop("""
@app.get("/orders/{order_id}", response_model=OrderRow)
def read_order(order_id: int, session: Session = Depends(get_session)):
    order = session.get(Order, order_id)
    return order
"""),
        bad=True,
    ),
    Example(
        "404",
        shop("""
from fastapi import HTTPException


@app.get("/orders/{order_id}", response_model=OrderRow)
def read_order(order_id: int, session: Session = Depends(get_session)):
    order = session.get(Order, order_id)
    if order is None:
        raise HTTPException(404)
    return order
"""),
        mends="an order that is not there",
    ),
    Example(
        "a model that allows it",
        shop("""
@app.get("/orders/{order_id}", response_model=OrderRow | None)
def read_order(order_id: int, session: Session = Depends(get_session)):
    return session.get(Order, order_id)
"""),
    ),
)
