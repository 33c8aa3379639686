"""A function is called by hand that expects FastAPI to fill its parameters.

**What.** A handler or a dependency is called like any function, without the arguments whose defaults are `Depends(...)`,
`Query(...)`, `Header(...)` and their kind.

**Why it costs.** The default is the marker itself, not a value: the session is a `Depends` object without `execute`, the
limit is a `Query` object that is compared with a number. It fails when the line runs, or worse, it is truthy and goes through.

**How it is found.** Calls of functions of the project that leave out a parameter with such a default.

**How to fix it.** Pass the arguments; or put what both need into a plain function that neither gets injected.

**When it is no problem.** With every marked parameter passed, the call is right.

**Sources.** FastAPI, "Dependencies": https://fastapi.tiangolo.com/tutorial/dependencies/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.scope import FunctionNode
from strop.project.spelling import last_name
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.wording import listed
from strop.span import Step

RULE = Rule(
    "ARC003", "depends-called-by-hand", "architecture", "error", "A marker is taken for a value", static=True
)

_MARKERS = frozenset({"Depends", "Security", "Query", "Header", "Path", "Cookie", "Body", "Form", "File"})
_HANDS_ON = frozenset({"Depends", "Security", "partial", "run_in_threadpool", "to_thread", "add_task"})


def notice(body: Body) -> Iterator[Mark]:
    """Calls that leave out what FastAPI would fill."""
    for call in body.of(ast.Call):
        if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
            continue
        ref = body.ref(call.func)
        node = (
            body.types.found.functions.get(ref.name) if ref is not None and ref.kind == "function" else None
        )
        missing = _missing(body, node, call) if node is not None else []
        if missing:
            yield body.mark(
                RULE.code,
                call,
                missing=",".join(missing),
                text=body.text(call)[:70],
                of=node.qualname if node else "",
            )


def _missing(body: Body, node: FunctionNode, call: ast.Call) -> list[str]:
    """The parameters with a marker as default that the call doesn't pass."""
    arguments = node.node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = dict(
        zip([a.arg for a in plain[len(plain) - len(arguments.defaults) :]], arguments.defaults, strict=True)
    )
    defaults |= {
        a.arg: d for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None
    }
    used = {name: default for name, default in defaults.items() if not name.startswith("_")}
    marked = [name for name, default in used.items() if _is_marker(body, node, default)]
    if not marked:
        return []
    static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.node.decorator_list)
    bound = node.owner is not None and isinstance(call.func, ast.Attribute) and not static
    positional = [a.arg for a in plain][1 if bound else 0 :][: len(call.args)]
    given = {*positional, *(k.arg for k in call.keywords)}
    return [name for name in marked if name not in given]


def _is_marker(body: Body, node: FunctionNode, default: ast.expr) -> bool:
    if not isinstance(default, ast.Call):
        return False
    written = last_name(default.func)
    if written not in _MARKERS:
        return False
    ref = body.types.infer(default.func, node.module.scope)
    return ref is not None and ref.name.startswith("fastapi")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call that a request reaches."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread", "background", "serialization"))
        names = mark.fact("missing").split(",")
        if not ways:
            continue
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"{mark.fact('text')} leaves out {listed(names)}: {mark.fact('of')} gets FastAPI's marker instead of a value",
            impact="it fails where the value is used, or goes on with an object that is always true",
            solution="pass the arguments, or call a plain function that both share",
            known="static",
            confidence=0.85,
            chain=(*ways[0].chain, Step(mark.fact("text"), mark.span)),
            facts={"missing": mark.fact("missing")},
        )


EXAMPLES = (
    Example(
        "a handler that calls a handler",
        plain("""
from fastapi import Query


@app.get("/orders")
async def list_orders(limit: int = Query(10, le=100)):
    return list(range(limit))


@app.get("/first")
async def first():
    return (await list_orders())[0]
"""),
        bad=True,
    ),
    Example(
        "a dependency that is called",
        plain("""
def words():
    return ["one"]


def first_word(given: list = Depends(words)):
    return given[0]


@app.get("/first")
def first():
    return first_word()
"""),
        bad=True,
    ),
    Example(
        "every argument is passed",
        plain("""
from fastapi import Query


@app.get("/orders")
async def list_orders(limit: int = Query(10, le=100)):
    return list(range(limit))


@app.get("/first")
async def first():
    return (await list_orders(limit=1))[0]
"""),
        bad=False,
        mends="a handler that calls a handler",
    ),
    Example(
        "handed to FastAPI, and plain defaults",
        plain("""
def words():
    return ["one"]


def first_word(given: list = Depends(words), upper: bool = False):
    return given[0].upper() if upper else given[0]


@app.get("/first")
def first(word: str = Depends(first_word)):
    return word + first_word(["two"])
"""),
        bad=False,
    ),
)
