"""A cache grows with what clients send, and nothing is ever thrown away.

**What.** `functools.cache` or `lru_cache(maxsize=None)` remembers a result for every text, number or id that a request
brings.

**Why it costs.** Memory grows until the worker is killed; whoever sends new values on purpose gets there in minutes.
What was remembered is never read again from where it came.

**How it is found.** A function with such a decorator and an argument that is a text, number, bytes, id or moment,
called with something else than constants by a handler, a dependency or what they call.

**How to fix it.** `lru_cache(maxsize=1000)`, or a cache with size and lifetime (`cachetools.TTLCache`).

**When it is no problem.** Arguments with few values: flags, enumerations, classes, constants; a function that raises
for what it doesn't know, since a cache keeps no exceptions.

**Sources.** Python, "functools.lru_cache": https://docs.python.org/3/library/functools.html#functools.lru_cache
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Step

RULE = Rule("STA002", "unbounded-cache", "state", "warning", "A cache without a bound", static=True)
WORDS = ("cache", "lru_cache", "alru_cache")

_MANY = frozenset(
    {
        "str",
        "int",
        "float",
        "bytes",
        "uuid.UUID",
        "datetime.datetime",
        "datetime.date",
        "tuple",
        "pydantic.EmailStr",
    }
)
_NEAR = 3  # steps of the chain: further from the route the argument is rarely the client's
_FEW = regex(
    r"^\w[\w.]*\((\s*(\w+\s*=\s*)?([\"'][^\"']*[\"']|[A-Z_][A-Z0-9_.]*|\d+|True|False|None)\s*,?)*\)$"
)


def notice(body: Body) -> Iterator[Mark]:
    """Functions that are remembered without a bound, and the argument that has many values."""
    if body.function is None or next(body.of(ast.Raise), None) is not None:
        return  # what it refuses is not remembered
    for decorator in body.function.node.decorator_list:
        if not _unbounded(body, decorator):
            continue
        arguments = body.function.node.args
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            ref = body.types.annotation(each.annotation, body.scope)
            if ref is not None and ref.name in _MANY:
                yield body.mark(RULE.code, decorator, argument=each.arg, type=ref.name)
                return


def _unbounded(body: Body, decorator: ast.expr) -> bool:
    call = decorator if isinstance(decorator, ast.Call) else None
    name = body.name(call.func if call else decorator)
    if name == "functools.cache":
        return True
    if name not in ("functools.lru_cache", "async_lru.alru_cache") or call is None:
        return False
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "maxsize")]
    return any(isinstance(g, ast.Constant) and g.value is None for g in given)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = [w for w in reaches(project, mark.function, ("once",)) if len(w.chain) <= _NEAR]
        if ways and _varies(project, mark.function):
            name = mark.function.partition(":")[2]
            message = f"{name} remembers a result for every {mark.fact('argument')} ({mark.fact('type')}) it is ever called with"
            yield _finding(mark, ways, message)


def _varies(project: Project, function: str) -> bool:
    """Whether a call gives it something else than constants."""
    calls = [c for f in project.source.functions.values() for c in f.calls if c.target == function]
    return any(not _FEW.match(c.text) for c in calls)


def _finding(mark: Mark, ways: list[Reach], message: str) -> Finding:
    return draft(
        RULE,
        mark.span,
        {w.route for w in ways},
        message=message,
        impact="memory grows with what clients send, until the worker is killed",
        solution="bound it: lru_cache(maxsize=...), or a cache with a size and a lifetime",
        known="static",
        confidence=0.65,
        chain=(*ways[0].chain, Step("the cache", mark.span)),
        facts={"function": mark.function},
    )


EXAMPLES = (
    Example(
        "every text that was ever asked for",
        plain("""
from functools import cache


@cache
def normalised(text: str) -> str:
    return " ".join(text.lower().split())


@app.get("/search")
def search(text: str):
    return normalised(text)
"""),
        bad=True,
    ),
    Example(
        "with a bound",
        plain("""
@lru_cache(maxsize=1000)
def normalised(text: str) -> str:
    return " ".join(text.lower().split())


@app.get("/search")
def search(text: str):
    return normalised(text)
"""),
        bad=False,
        mends="every text that was ever asked for",
    ),
    Example(
        "few values, constants",
        plain("""
from enum import Enum
from functools import cache


class Size(Enum):
    small = 1
    large = 2


@cache
def width(size: Size) -> int:
    return size.value * 100


@cache
def template(name: str) -> str:
    return Path(name).read_text()


@app.get("/page")
def page(size: Size):
    return template("page.html"), width(size)
"""),
        bad=False,
    ),
    Example(
        "what it doesn't know it refuses",
        plain("""
KINDS = {"letter": 1, "parcel": 4}


@lru_cache(maxsize=None)
def price(kind: str) -> int:
    if kind not in KINDS:
        raise HTTPException(404)
    return KINDS[kind] * 2


@app.get("/prices/{kind}")
def read_price(kind: str):
    return price(kind)
"""),
        bad=False,
    ),
)
