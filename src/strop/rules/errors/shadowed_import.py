"""A local name hides an imported one that the same function means further down.

**What.** `ctx = error.get("ctx")` inside a branch or loop, and below it `ctx.request_id = ...`, where `ctx` is the imported
request context.

**Why it costs.** With the assignment the name is local in the whole function: where the branch was not taken the use
raises UnboundLocalError, where it was it goes to the wrong object. In an error handler that turns the answer into a 500.

**How it is found.** A name that the module imports, that the function assigns only inside branches or loops, and uses outside of them, on
a line that does not depend on the assignment.

**How to fix it.** Give the local value a name of its own.

**When it is no problem.** An assignment on every way to the use; `global`.

**Sources.** Python, "Why am I getting an UnboundLocalError when the variable has a value?":
https://docs.python.org/3/faq/programming.html#why-am-i-getting-an-unboundlocalerror-when-the-variable-has-a-value
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("ERR012", "shadowed-import", "errors", "error", "A local name hides an imported one", static=True)
WORDS = ("if", "for", "while", "try", "with")
_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.Try)


def notice(body: Body) -> Iterator[Mark]:
    """Names of imports that are assigned in branches alone and used elsewhere."""
    stored: dict[str, list[ast.Name]] = {}
    for name in body.of(ast.Name):
        if isinstance(name.ctx, ast.Store) and not body.within(name, ast.comprehension):
            stored.setdefault(name.id, []).append(name)
    for text, stores in stored.items():
        if _is_imported(body, text) and not _is_local_otherwise(body, text):
            use = _unguarded(body, text, stores)
            if use is not None:
                yield body.mark(
                    RULE.code,
                    stores[0],
                    name=text,
                    used=use.lineno,
                    text=body.brief(body.parent(stores[0]) or stores[0], 90),
                )


def _is_imported(body: Body, name: str) -> bool:
    """Whether the module imports this name and does nothing else to it."""
    found = body.module.scope.names.get(name, [])
    return bool(found) and all(b.how == "import" for b in found)


def _is_local_otherwise(body: Body, name: str) -> bool:
    """Whether the function declares it global, has it as a parameter, or imports or defines it."""
    if name in body.scope.outer:
        return True
    return any(
        b.how in ("annotation", "import", "def", "class", "self", "cls")
        for b in body.scope.names.get(name, ())
    )


def _unguarded(body: Body, text: str, stores: list[ast.Name]) -> ast.Name | None:
    """A use after the assignments that none of them certainly precedes."""
    branches = [[b for b in body.around(store) if isinstance(b, _BRANCHES)] for store in stores]
    if any(not around for around in branches):
        return None  # assigned on every way
    for use in body.of(ast.Name):
        if (
            use.id != text
            or not isinstance(use.ctx, ast.Load)
            or body.within(use, ast.comprehension, ast.Lambda)
        ):
            continue
        around = list(body.around(use))
        free = all(branch[-1] not in around for branch in branches)
        if free and all(use.lineno > store.lineno for store in stores) and not _covered(branches):
            return use
    return None


def _covered(branches: Sequence[Sequence[ast.AST]]) -> bool:
    """Whether several assignments lie in the arms of one statement: together they may be on every way."""
    outer = [around[-1] for around in branches]
    return len(outer) > 1 and len({id(one) for one in outer}) < len(outer)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each name in a function."""
    for mark in marks(project, RULE):
        name = mark.fact("name")
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=f"the local {name} hides the imported {name} that line {mark.fact('used')} uses",
            impact="UnboundLocalError where this branch was not taken, the wrong object where it was",
            solution=f"give the local value another name than {name}",
            confidence=0.9,
        )


_SETTINGS = """
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from context import ctx


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, exc: RequestValidationError):
    texts = []
    for error in exc.errors():
        {local} = error.get("ctx")
        if {local}:
            texts.append(str({local}))
    ctx.failed = True
    return JSONResponse({{"errors": texts}}, status_code=422)
"""
_CONTEXT = """
class Context:
    failed = False


ctx = Context()
"""

EXAMPLES = (
    Example("in an error handler", plain(_SETTINGS.format(local="ctx"), context=_CONTEXT), bad=True),
    Example(
        "another name",
        plain(_SETTINGS.format(local="details"), context=_CONTEXT),
        mends="in an error handler",
    ),
    Example(
        "assigned on every way, or used in the branch alone",
        plain("""
@app.get("/words")
def words(kind: str = ""):
    time = 1 if kind else 2
    if kind:
        hashlib = kind
        print(hashlib)
    return time
"""),
    ),
)
