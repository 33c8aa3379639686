"""As many calls at once as the input has rows.

**What.** `asyncio.gather` (or a `TaskGroup`) starts one call to another service or to the database for each element of a list
whose length nobody limits.

**Why it costs.** A list of 5,000 opens 5,000 calls: the connection pool runs dry and everybody else waits for it or gets a
timeout, the other service answers 429, memory holds all answers. It works in tests, where lists are short.

**How it is found.** `gather` over a comprehension (or a list that one made), of a call that leads to another service or to a
database, in a function that a route reaches. A semaphore on the way, a slice, a batch or elements written in the source make a limit.

It is a warning where the request sends the list, which can then be of any length; of rows, of settings and of what a
caller hands over it is a note.

**How to fix it.** A semaphore around the call (`async with limit:`), or batches.

**When it is no problem.** A list that can't be long: its length is compared before and a longer one refused, or its
field has a `max_length`.

**Sources.** Python, "Synchronization Primitives", Semaphore: https://docs.python.org/3/library/asyncio-sync.html#semaphore ;
SQLAlchemy, "Connection Pooling": https://docs.sqlalchemy.org/en/20/core/pooling.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Call
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.endpoint import endpoint
from strop.rules.example import Example
from strop.rules.led import below, leads
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Step

RULE = Rule(
    "ASY009", "unbounded-gather", "async", "warning", "As many calls at once as there are rows", static=True
)

WORDS = ("gather", "Semaphore", "BoundedSemaphore", "CapacityLimiter", "semaphore", "limiter", "limit", "sem")
_LIMITS = ("Semaphore", "BoundedSemaphore", "CapacityLimiter", "AsyncLimiter")
_LITERALS = (ast.List, ast.Tuple, ast.Set, ast.Dict)
_SAME_LENGTH = ("enumerate", "zip", "set", "list", "tuple", "sorted", "reversed")
_COMPREHENSIONS = ast.ListComp | ast.GeneratorExp | ast.SetComp


def notice(body: Body) -> Iterator[Mark]:
    """Gathered comprehensions, and functions in which something limits."""
    if any(_limits(body, item.context_expr) for node in body.of(ast.AsyncWith) for item in node.items):
        yield body.mark(RULE.code, body.node, kind="limited")
        return
    for call in body.calls("gather"):
        if (
            body.name(call.func) != "asyncio.gather"
            or not call.args
            or not isinstance(call.args[0], ast.Starred)
        ):
            continue
        made = body.value(call.args[0].value)
        if isinstance(made, _COMPREHENSIONS) and not any(
            _is_short(body, g.iter) or _is_checked(body, g.iter) for g in made.generators
        ):
            asked = _asked(made.elt)
            if asked is not None:
                sent = any(_is_sent(body, g.iter) for g in made.generators)
                text = body.brief(asked, 90)
                yield body.mark(RULE.code, call, kind="gather", line=asked.lineno, text=text, sent=sent)


def _asked(node: ast.expr) -> ast.Call | None:
    """The call that an element starts, through `create_task` as well."""
    match node:
        case ast.Call(
            func=ast.Attribute(attr="create_task" | "ensure_future"), args=[ast.Call() as inner, *_]
        ):
            return inner
        case ast.Call():
            return node
    return None


def _limits(body: Body, expression: ast.expr) -> bool:
    if body.instance(expression).rpartition(".")[2] in _LIMITS:
        return True
    text = ast.unparse(expression).lower()
    return any(word in text for word in ("semaphore", "limit", "sem"))


def _is_short(body: Body, over: ast.expr) -> bool:
    value = body.value(over)
    match value:
        case ast.Call(func=ast.Name(id="range"), args=args):
            return all(body.constant(a) is not None for a in args)
        case ast.Call(func=ast.Name(id="enumerate" | "zip"), args=args):
            return any(_is_short(body, a) for a in args)
        case ast.Call(func=ast.Attribute(attr="items" | "values" | "keys", value=owner)):
            return isinstance(body.value(owner), ast.Dict)
        case ast.Subscript(slice=ast.Slice()):
            return True
        case ast.Attribute():
            return body.instance(value) == "" and body.name(value).rpartition(".")[2].isupper()
        case ast.Name(id=name):
            return name.isupper() or any(word in name.lower() for word in ("batch", "chunk"))
    return isinstance(value, _LITERALS)


def _is_checked(body: Body, over: ast.expr) -> bool:
    """Whether the length is compared before, or the field that holds the list has a greatest length."""
    texts = {ast.unparse(over), ast.unparse(body.value(over) or over)}
    for compared in body.of(ast.Compare):
        for side in (compared.left, *compared.comparators):
            match side:
                case ast.Call(func=ast.Name(id="len"), args=[asked]) if (
                    compared.lineno < over.lineno and ast.unparse(asked) in texts and _refuses(body, compared)
                ):
                    return True
    return _is_bounded(body, over)


def _refuses(body: Body, compared: ast.Compare) -> bool:
    """Whether more than some number leads out of the function, or to a shorter list."""
    above = body.parent(compared)
    more = any(isinstance(o, (ast.Gt, ast.GtE)) for o in compared.ops)
    return (
        more
        and isinstance(above, ast.If)
        and isinstance(above.body[-1], (ast.Raise, ast.Return, ast.Assign, ast.Continue))
    )


def _is_bounded(body: Body, over: ast.expr) -> bool:
    """`ids: list[str] = Field(max_length=100)`, of a model or a parameter."""
    match over:
        case ast.Attribute(value=owner, attr=attr):
            model = body.types.found.classes.get(body.instance(owner))
            bindings = model.scope.names.get(attr, []) if model is not None else []
        case ast.Name():
            bindings = [b for b in body.bindings(over) if b.how == "annotation"]
        case _:
            return False
    said = [part for b in bindings for part in (b.expr, b.default) if part is not None]
    return any(
        isinstance(n, ast.keyword) and n.arg in ("max_length", "max_items")
        for part in said
        for n in ast.walk(part)
    )


def _is_sent(body: Body, over: ast.expr) -> bool:
    """Whether the elements are what a request sends: a parameter of the handler, or a field of one."""
    match body.value(over):
        case ast.Call(func=ast.Name(id=name), args=[inner, *_]) if name in _SAME_LENGTH:
            return _is_sent(body, inner)
        case ast.Call(func=ast.Attribute(attr="fromkeys" | "items" | "values"), args=args) as call:
            return _is_sent(body, args[0] if args else call.func)
        case ast.Attribute(value=owner):
            return _is_sent(body, owner)
        case ast.Name() as name if endpoint(body) is not None:
            return any(b.how == "annotation" for b in body.bindings(name))
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each gather."""
    marks = project.source.marks.get(RULE.code, ())
    limited = {m.function for m in marks if m.fact("kind") == "limited"}
    for mark in marks:
        function = project.source.functions.get(mark.function)
        if mark.fact("kind") != "gather" or function is None:
            continue
        line = int(mark.fact("line"))
        calls = [
            c for c in function.calls if c.span.line == line and c.loop and (c.target or c.effect is not None)
        ]
        asked = next((c for c in calls if {"calls", "queries"} & leads(project, c)), None)
        if asked is None or any(below(project, c) & limited for c in calls):
            continue
        ways = reaches(project, function.id, ("loop",))
        if ways:
            yield _finding(project, mark, asked, ways[0].chain, {w.route for w in ways})


def _finding(project: Project, mark: Mark, asked: Call, chain: tuple[Step, ...], routes: set[str]) -> Finding:
    queries = "queries" in leads(project, asked)
    return draft(
        RULE,
        mark.span,
        routes,
        message=f"{mark.fact('text')} is started for every element at once",
        impact="a long list takes every connection of the pool, and everybody else waits for one"
        if queries
        else "a long list opens as many calls as it has elements; the other service refuses, memory holds all answers",
        solution="let a semaphore say how many run at a time",
        known="static",
        confidence=0.6,
        chain=(*chain, Step(mark.fact("text"), mark.span)),
        severity=None if mark.fact("sent") else "note",
    )


_CLIENT = """
import httpx

client = httpx.AsyncClient(timeout=5)


async def stock(name: str) -> int:
    return (await client.get(f"https://stock.example/{name}")).json()["units"]


"""

EXAMPLES = (
    Example(
        "a call for each name of the request",
        plain(
            _CLIENT
            + """
@app.post("/stock")
async def read_stock(names: list[str]):
    return await asyncio.gather(*[stock(name) for name in names])
"""
        ),
        bad=True,
    ),
    Example(
        "ten at a time",
        plain(
            _CLIENT
            + """
limit = asyncio.Semaphore(10)


async def in_turn(name: str) -> int:
    async with limit:
        return await stock(name)


@app.post("/stock")
async def read_stock(names: list[str]):
    return await asyncio.gather(*[in_turn(name) for name in names])
"""
        ),
        mends="a call for each name of the request",
    ),
    Example(
        "a few that are written here, and work without connections",
        plain(
            _CLIENT
            + """
WAREHOUSES = ("north", "south")


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


@app.post("/stock")
async def read_stock(numbers: list[int]):
    units = await asyncio.gather(*(stock(name) for name in WAREHOUSES))
    return units, await asyncio.gather(*(double(number) for number in numbers))
"""
        ),
    ),
    Example(
        "a longer list is refused",
        plain(
            _CLIENT
            + """
from typing import Annotated

from pydantic import BaseModel, Field


class Asked(BaseModel):
    names: list[str] = Field(max_length=20)
    places: list[str]


@app.post("/stock")
async def read_stock(asked: Asked, more: Annotated[list[str], Query(max_length=5)]):
    if len(asked.places) > 10:
        raise HTTPException(400)
    units = await asyncio.gather(*[stock(place) for place in asked.places])
    others = await asyncio.gather(*[stock(name) for name in more])
    return units, others, await asyncio.gather(*[stock(name) for name in asked.names])
"""
        ),
    ),
)
