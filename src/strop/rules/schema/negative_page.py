"""The offset or size of a page may be negative.

**What.** `skip: int = 0` or `page: int = 1` without `ge=`, given to `.offset()` and `.limit()`.

**Why it costs.** `?skip=-1` is an error of the database (PostgreSQL: "OFFSET must not be negative") and so a 500; with SQLite a negative limit means all
rows; with slices the client gets rows from the end.

**How it is found.** Query parameters of that name that are integers without `ge` or `gt` in the handler's signature, in routes that reach an `.offset(...)`,
`.limit(...)` or slice with them. One finding for each file.

**How to fix it.** `Annotated[int, Query(ge=0)]`, once, as an alias that all lists use.

**When it is no problem.** A value that the code clamps (`max(skip, 0)`).

**Sources.** FastAPI, "Path Parameters and Numeric Validations":
https://fastapi.tiangolo.com/tutorial/path-params-numeric-validations/ ;
PostgreSQL, "LIMIT and OFFSET": https://www.postgresql.org/docs/current/queries-limit.html
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Parameter
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.told import marks
from strop.rules.wording import listed
from strop.span import Span, Step

RULE = Rule("SCH014", "negative-page", "schema", "note", "The offset of a page may be negative", static=True)
WORDS = ("offset", "limit", "skip", "page")
_NAMES = regex(r"^(skip|offset|page|start|limit|page_size|per_page|page_number|size|first|take)$")
_INT = regex(r"^(typing\.)?(Optional\[int\]|int( \| None)?|None \| int)$")


def notice(body: Body) -> Iterator[Mark]:
    """Pages that are cut with plain values, and values that are clamped."""
    for call in body.calls("offset", "limit"):
        if isinstance(call.func, ast.Attribute) and len(call.args) == 1 and not call.keywords:
            given = {n.id for n in ast.walk(call.args[0]) if isinstance(n, ast.Name)}
            given |= {n.attr for n in ast.walk(call.args[0]) if isinstance(n, ast.Attribute)}
            if given:
                yield body.mark(
                    RULE.code, call, kind="cut", text=body.text(call.args[0]), names=",".join(sorted(given))
                )
    for call in body.calls("max", "min", "abs", "clamp"):
        yield body.mark(RULE.code, call, kind="clamped")
    for test in body.of(ast.Compare):
        name = last_name(test.left)
        if _NAMES.match(name) and isinstance(test.ops[0], ast.Lt | ast.LtE | ast.Eq):
            yield body.mark(RULE.code, test, kind="clamped")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each file with such parameters."""
    cuts: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks(project, RULE, "cut"):
        cuts[mark.function].append(mark)
    clamped = {mark.function for mark in marks(project, RULE, "clamped")}
    reached: dict[str, list[Mark]] = defaultdict(list)
    careful: set[str] = set()
    for function in {*cuts, *clamped}:
        for way in project.reaches.get(function, ()):
            reached[way.route] += cuts.get(function, [])
            if function in clamped:
                careful.add(way.route)
    found: dict[str, list[tuple[str, Parameter, Mark]]] = defaultdict(list)
    for route in project.imported.routes:
        if route.method == "GET" and reached.get(route.key) and route.key not in careful:
            for parameter in route.parameters:
                own = parameter.owner == route.name and _is_free(parameter)
                cut = _cut(reached[route.key], parameter.name) if own else None
                if cut is not None:
                    found[parameter.span.file].append((route.key, parameter, cut))
    for here in found.values():
        key, parameter, mark = here[0]
        names = sorted({p.name for _, p, _ in here})
        yield draft(
            RULE,
            Span(parameter.span.file, parameter.span.line, _symbol(parameter)),
            (k for k, _, _ in here),
            message=f"{listed(names)} may be negative ({mark.fact('text')} in {mark.span.symbol})",
            impact=f"?{parameter.name}=-1 ends in an error of the database, or in rows that were not asked for",
            solution="Annotated[int, Query(ge=0)], once for all lists",
            known="static",
            confidence=0.75,
            chain=(Step(key, parameter.span), Step(mark.fact("text"), mark.span)),
            facts={"names": ",".join(names)},
        )


def _cut(cuts: list[Mark], name: str) -> Mark | None:
    """Where rows are cut with a value of this name."""
    return next((mark for mark in cuts if name in mark.fact("names").split(",")), None)


def _is_free(parameter: Parameter) -> bool:
    limited = {name for name, _ in parameter.limits} & {"ge", "gt"}
    return (
        parameter.place == "query"
        and not limited
        and bool(_NAMES.match(parameter.name) and _INT.match(parameter.type))
    )


def _symbol(parameter: Parameter) -> str:
    return parameter.owner.partition(":")[2]


_LIST = """
from fastapi import Query


@app.get("/orders")
def list_orders(skip: int = {default}, session: Session = Depends(get_session)):
    {clamp}
    return session.scalars(select(Order.number).offset(skip).limit(20)).all()
"""

EXAMPLES = (
    Example("a plain integer", shop(_LIST.format(default="0", clamp="pass")), bad=True),
    Example(
        "at least zero", shop(_LIST.format(default="Query(0, ge=0)", clamp="pass")), mends="a plain integer"
    ),
    Example("clamped", shop(_LIST.format(default="0", clamp="skip = max(skip, 0)"))),
)
