"""Each row of a list carries lists of its own.

**What.** `GET /incidents` answers a page of `IncidentRead`, the model of the detail page, with events, documents, participants and more in each row.

**Why it costs.** Every row is validated and serialized with all that belongs to it, and each inner list is loaded (a query a row where it is lazy): a
page of 25 rows is some thousand objects, of which the client shows a name and a date.

**How it is found.** GET routes whose answer (declared, or made in the handler) is a list or page of a model with four lists of models or more. A model whose name already
says minimal, summary or basic is named itself. A warning from five lists on, for a page that others than administrators ask for, and get without a parameter that is off by default (`?expand=true`).

**How to fix it.** A model for rows with what the list shows; counts in place of lists. Clients that read the rest ask for the detail.

**When it is no problem.** An export, or a list that is known to be short.

**Sources.** https://github.com/Netflix/dispatch/pull/4867 ; GitHub, "Summary and detailed representations":
https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Class
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules import endpoint as routes
from strop.rules.draft import draft
from strop.rules.endpoint import Endpoint, endpoint
from strop.rules.example import Example
from strop.rules.models import answered, fields_of, inner_of, is_model
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, ways_to
from strop.rules.wording import listed
from strop.span import Span, Step

RULE = Rule("SCH013", "heavy-list", "schema", "note", "Rows that carry lists of their own", static=True)
WORDS = routes.WORDS
_MANY = 4  # lists in a row
_LOUD = 5  # from which on maintainers have cut such rows down
_LIST = regex(r"\b([Ll]ist|Sequence|Iterable|[Tt]uple|[Ss]et)\[")
_SLIM = regex(r"minimal|summary|basic|short|brief|light|compact|preview", re.I)
_PAGE = regex(r"page|paginat|list|result|response|items|collection", re.I)


def notice(body: Body) -> Iterator[Mark]:
    """Pages that the handler of a GET makes by hand, without a response model."""
    route = endpoint(body)
    if route is None or route.methods != ("GET",) or route.keyword("response_model") is not None:
        return
    for call in body.of(ast.Call):
        name = body.name(call.func)
        if name in body.types.found.classes and _PAGE.search(name.rpartition(".")[2]):
            owner = body.types.found.classes[name]
            asked = _is_asked_for(body, route, call)
            yield body.mark(RULE.code, call, model=f"{owner.module.file}:{owner.qualname}", asked=asked)


def _is_asked_for(body: Body, route: Endpoint, call: ast.Call) -> bool:
    """Whether a page is made only where the client asks for it, by a parameter that is false or empty by default."""
    off = {a.name for a in route.arguments() if a.source == "query" and _is_off(a.default)}
    inside: ast.AST = call
    for outer in body.around(call):
        if isinstance(outer, ast.If | ast.IfExp):
            within = inside in outer.body if isinstance(outer, ast.If) else inside is outer.body
            if within and isinstance(outer.test, ast.Name) and outer.test.id in off:
                return True
        inside = outer
    return False


def _is_off(default: ast.expr | None) -> bool:
    match default:
        case ast.Constant(value=value):
            return not value
        case ast.List(elts=[]) | ast.Tuple(elts=[]):
            return True
    return False


def _answers(project: Project) -> Iterator[tuple[str, str, Class, bool]]:
    """Routes, the text of what they answer, the models in it (declared, or made by hand) and whether that is asked for."""
    for route, model in answered(project):
        if route.method == "GET":
            yield route.key, route.response_model, model, False
    for mark in marks(project, RULE):
        model_made = project.source.classes.get(mark.fact("model"))
        for key in {way.route for way in ways_to(project, mark.function)} if model_made is not None else ():
            if model_made is not None:
                yield key, "", model_made, bool(mark.fact("asked"))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each model of rows, or field of a page that holds them."""
    found: dict[Span, tuple[Class, list[str], set[str]]] = {}
    usual: set[Span] = set()  # what somebody gets who asks for nothing
    for key, text, model, asked in _answers(project):
        for row, place in _rows(project, text, model):
            lists = _lists(project, row)
            if len(lists) >= _MANY:
                at = row.span if _SLIM.search(row.span.symbol) else place
                found.setdefault(at, (row, lists, set()))[2].add(key)
                usual |= set() if asked else {at}
    for at, (row, lists, keys) in found.items():
        first = min(keys)
        yield draft(
            RULE,
            at,
            keys,
            message=f"each row of {first} is a whole {row.span.symbol} with {len(lists)} lists of objects ({listed(lists)})",
            impact="a page is thousands of objects to load, validate and serialize",
            solution="a model for rows with what the list shows",
            known="static",
            confidence=0.6,
            severity="warning"
            if at in usual and len(lists) >= _LOUD and _is_for_many(project, keys)
            else None,
            chain=(Step(first, at),),
            facts={"row": row.span.symbol},
        )


def _is_for_many(project: Project, keys: set[str]) -> bool:
    protection = Protection.of(project)
    return not all(map(protection.is_for_operators, keys))


def _rows(project: Project, text: str, model: Class) -> Iterator[tuple[Class, Span]]:
    """The model of rows, and where it is said that a list has it: the model of the page, or the row's own class."""
    if _LIST.search(text) or "[" in text:
        yield model, model.span
    inner = inner_of(project, model.id)
    if not _PAGE.search(model.span.symbol):
        return
    for field in fields_of(project, model.id):
        for name in inner.get(field.name, ()) if _LIST.search(field.annotation) else ():
            row = project.source.classes[name]
            yield row, Span(model.span.file, field.line, model.span.symbol)


def _lists(project: Project, row: Class) -> list[str]:
    """The fields of a row that are lists of models."""
    inner = inner_of(project, row.id)
    return [
        f.name
        for f in fields_of(project, row.id)
        if _LIST.search(f.annotation) and any(is_model(project, name) for name in inner.get(f.name, ()))
    ]


_ORDERS = """
from pydantic import BaseModel


class Item(BaseModel):
    name: str


class Order(BaseModel):
    number: str
    items: list[Item]
    payments: list[Item]
    events: list[Item]
    notes: list[Item]
    refunds: list[Item]


class OrderRow(BaseModel):
    number: str
    items: int


class OrderPage(BaseModel):
    total: int
    items: list[{row}]


@app.get("/orders", response_model=OrderPage)
def list_orders():
    return {{"total": 0, "items": []}}


@app.get("/orders/{{number}}", response_model=Order)
def read_order(number: str):
    raise HTTPException(404)
"""

_BY_HAND = """

class WholePage(BaseModel):
    total: int
    items: list[Order]


@app.get("/archive")
def list_archive(expand: bool = False):
    if expand:
        return {asked}(total=0, items=[])
    return {usual}(total=0, items=[])
"""

EXAMPLES = (
    Example(
        "four lists: a note",
        plain(_ORDERS.format(row="Order").replace("    refunds: list[Item]\n", "")),
        bad=True,
    ),
    Example("the detail in each row", plain(_ORDERS.format(row="Order")), bad=True),
    Example("a model for rows", plain(_ORDERS.format(row="OrderRow")), mends="the detail in each row"),
    Example(
        "one detail",
        plain(
            _ORDERS.format(row="OrderRow").replace("items: int", "items: list[Item]\n    notes: list[Item]")
        ),
    ),
    Example(
        "a page of details, made by hand",
        plain(_ORDERS.format(row="OrderRow") + _BY_HAND.format(usual="WholePage", asked="OrderPage")),
        bad=True,
    ),
    Example(
        "the detail for who asks for it: a note",
        plain(_ORDERS.format(row="OrderRow") + _BY_HAND.format(usual="OrderPage", asked="WholePage")),
        bad=True,
    ),
)
