"""A page size that the client chooses without a maximum.

**What.** `limit: int = 100`: `?limit=100000000` is as good a request as any.

**Why it costs.** One request reads the whole table, makes an object of each row and serializes it, on the event loop:
memory and time of the worker belong to whoever asks.

**How it is found.** Query parameters of type `int` that are called a limit or page size, without `le=` or `lt=`, on
routes that read a database, where the function doesn't cut the value itself.

**How to fix it.** `limit: Annotated[int, Query(ge=1, le=200)] = 100`. Clients that ask for more get a 422: choose a
maximum above what yours ask for.

**When it is no problem.** The value is capped further down (`min(limit, 200)` in the function is seen). A warning only where
anybody may ask, in a project whose other routes ask who calls, or where the rows of the page are written many at a time
(`add_all`, `insert_many`); a note elsewhere: who is let in hurts a service of his own, and most lists are short. A note too where
the statement asks for rows of the caller (`Order.user_id == user.id`) or of one thing that the path names
(`/threads/{id}/messages`), and where no size, 0 or a page of 0 means all rows (`if limit:`): a maximum closes nothing then.

**Sources.** FastAPI, "Query Parameters and Numeric Validations":
https://fastapi.tiangolo.com/tutorial/path-params-numeric-validations/ ;
OWASP API4:2023: https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Parameter, Route
from strop.project.spelling import last_name
from strop.rules import bulk, narrowed
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.wording import many
from strop.span import Span, Step

RULE = Rule(
    "DB019", "limit-without-maximum", "database", "warning", "A page size without a maximum", static=True
)
NAMES = frozenset(
    {"limit", "page_size", "per_page", "items_per_page", "perpage", "pagesize", "page_limit", "max_results"}
)
SIZES = NAMES | frozenset({"size"})
WORDS = SIZES | bulk.WORDS


def notice(body: Body) -> Iterator[Mark]:
    """Parameters that the function caps, or compares with something, itself."""
    told: set[str] = set()
    for call in body.calls("min"):
        told.update(n.id for a in call.args for n in ast.walk(a) if isinstance(n, ast.Name))
    for test in body.of(ast.Compare):
        if any(isinstance(op, ast.Gt | ast.GtE | ast.Lt | ast.LtE) for op in test.ops):
            told.update(n.id for n in ast.walk(test) if isinstance(n, ast.Name))
    capped = sorted(told & SIZES)
    if capped:
        yield body.mark(RULE.code, body.node, capped=",".join(capped))
    yield from narrowed.note(body, RULE.code, SIZES)
    yield from bulk.held(body, RULE.code, SIZES)
    yield from bulk.written(body, RULE.code)
    everything = {last_name(t.left) for t in body.of(ast.Compare) if _is_minus_one(t)} & SIZES
    for name in sorted(everything):
        yield body.mark(RULE.code, body.node, everything=name)


def _is_minus_one(test: ast.Compare) -> bool:
    """`per_page == -1`: all rows, by agreement."""
    match test:
        case ast.Compare(
            ops=[ast.Eq() | ast.NotEq()],
            comparators=[ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1))],
        ):
            return True
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each file: who leaves one out leaves out several."""
    capped = {
        (m.function, name)
        for m in project.source.marks.get(RULE.code, ())
        for name in m.fact("capped").split(",")
    }
    asking = _asking(project)
    found: dict[Span, tuple[Parameter, list[Route]]] = {}
    for route in project.imported.routes:
        for parameter in route.parameters if route.key in asking else ():
            owner = f"{parameter.span.file}:{parameter.owner.partition(':')[2]}"
            if _is_open(parameter) and (owner, parameter.name) not in capped:
                found.setdefault(parameter.span, (parameter, []))[1].append(route)
    by_file: dict[str, list[tuple[Parameter, list[Route]]]] = {}
    for span, case in sorted(found.items()):
        by_file.setdefault(span.file, []).append(case)
    agreed = {m.fact("everything") for m in project.source.marks.get(RULE.code, ())} - {""}
    for cases in by_file.values():
        yield _finding(project, cases, agreed)


def _is_narrow(project: Project, route: Route) -> bool:
    marks = project.source.marks.get(RULE.code, ())
    return narrowed.belongs(project, route, (m for m in marks if m.fact("page")))


def _is_loud(project: Project, cases: list[tuple[Parameter, list[Route]]]) -> bool:
    """Whether anybody may ask where others must say who they are, or many rows are written at a time."""
    keys = {route.key for _, routes in cases for route in routes}
    marks = project.source.marks.get(RULE.code, ())
    pages = [
        mark
        for mark in marks
        if mark.fact("held") and any(way.route in keys for way in project.reaches.get(mark.function, ()))
    ]
    if pages and all(mark.fact("all") for mark in pages):
        return False
    protection = Protection.of(project)
    if any(map(protection.is_entrance, keys)) and any(map(protection.guards, project.imported.routes)):
        return True
    written = bulk.many(project, RULE.code)
    return any(page.fact("held") in written and not page.fact("all") for page in pages)


def _asking(project: Project) -> set[str]:
    """The routes that ask a database."""
    found: set[str] = set()
    for function in project.source.functions.doing("queries"):
        found.update(w.route for w in project.reaches.get(function.id, ()) if w.route)
    return found


def _is_open(parameter: Parameter) -> bool:
    named = parameter.name.lower().lstrip("_") in NAMES or parameter.name.lower() == "size"
    whole = "int" in parameter.type and not any(w in parameter.type for w in ("Literal", "conint", "Enum"))
    limited = any(name in ("le", "lt") for name, _ in parameter.limits)
    return parameter.place == "query" and named and whole and not limited


def _finding(project: Project, cases: list[tuple[Parameter, list[Route]]], agreed: set[str]) -> Finding:
    """`agreed` are the names whose -1 the project takes for all rows: then that is its policy, and a note; as what
    only administrators ask, rows that belong to the caller or to one thing that the path names, and short lists.
    """
    wide = [c for c in cases if not all(_is_narrow(project, route) for route in c[1])]
    parameter, routes = (wide or cases)[0]
    operated = Protection.of(project).is_for_operators
    inside = all(operated(route.key) for _, group in cases for route in group)
    quiet = inside or not wide or {p.name for p, _ in cases} <= agreed or not _is_loud(project, wide)
    symbol = parameter.owner.partition(":")[2] or parameter.span.symbol
    more = f", nor {many(len(cases) - 1, 'other')} of the file" if len(cases) > 1 else ""
    whole = "the whole table" if wide else "all rows of one owner, not of the table"
    return draft(
        RULE,
        Span(parameter.span.file, parameter.span.line, symbol),
        {r.key for _, group in cases for r in group},
        message=f"{parameter.name} of {symbol} has no maximum{more}",
        impact=f"one request can read, build and serialize {whole}",
        solution=f"Query(ge=1, le=...) for {parameter.name}, above what your clients ask for",
        known="static",
        severity="note" if quiet else None,
        confidence=0.8,
        chain=(Step(routes[0].key, parameter.span),),
        facts={"parameter": parameter.name},
    )


_ONE_OF_ALL = """
@app.get("/orders", response_model=list[OrderRow])
def list_orders(limit: {} = 50, session: Session = Depends(get_session)):
    return session.scalars(select(Order).order_by(Order.id).limit(limit)).all()
"""
_IMPORT = """

@app.post("/orders/import")
def import_orders(numbers: list[str], session: Session = Depends(get_session)):
    session.add_all(Order(number=number, status="open", customer_id=1) for number in numbers)
    session.commit()
"""
_SIGNED_IN = """

from fastapi.security import OAuth2PasswordBearer

scheme = OAuth2PasswordBearer("token")


@app.get("/customers", dependencies=[Depends(scheme)])
def list_customers(session: Session = Depends(get_session)):
    return session.scalars(select(Customer.name).limit(100)).all()
"""
_BOUNDED = "Annotated[int, Query(ge=1, le=200)]"
_FROM = "\nfrom typing import Annotated\nfrom fastapi import Query\n"
EXAMPLES = (
    Example(
        "any number that the client likes, of rows that an import writes",
        shop(_ONE_OF_ALL.format("int") + _IMPORT),
        bad=True,
    ),
    Example(
        "anybody may ask, where others must sign in",
        shop(_ONE_OF_ALL.format("int") + _SIGNED_IN),
        bad=True,
    ),
    Example(
        "who is let in, of rows that are written one by one: a note",
        shop(_ONE_OF_ALL.format("int")),
        bad=True,
    ),
    Example(
        "no size means all orders, by design: a note",
        shop(
            """
@app.get("/orders", response_model=list[OrderRow])
def list_orders(page: int = 1, limit: int = 50, session: Session = Depends(get_session)):
    asked = select(Order).order_by(Order.id)
    if page > 0 and limit is not None:
        asked = asked.offset((page - 1) * limit).limit(limit)
    return session.scalars(asked).all()
"""
            + _IMPORT
        ),
        bad=True,
    ),
    Example(
        "two hundred at most",
        shop(_FROM + _ONE_OF_ALL.format(_BOUNDED) + _IMPORT),
        bad=False,
        mends="any number that the client likes, of rows that an import writes",
    ),
    Example(
        "cut by the function",
        shop("""
@app.get("/orders", response_model=list[OrderRow])
def list_orders(limit: int = 50, session: Session = Depends(get_session)):
    return session.scalars(select(Order).order_by(Order.id).limit(min(limit, 200))).all()
"""),
        bad=False,
    ),
    Example(
        "the orders of the customer that the path names: a note",
        shop("""
@app.get("/customers/{customer_id}/orders", response_model=list[OrderRow])
def list_orders(customer_id: int, limit: int = 50, session: Session = Depends(get_session)):
    asked = select(Order).where(Order.customer_id == customer_id).order_by(Order.id)
    return session.scalars(asked.limit(limit)).all()
"""),
        bad=True,
    ),
)
