"""A route is never reached, because an earlier one answers its path.

**What.** `GET /users/{user_id}` is declared before `GET /users/me`, in the same file or in a router that is included earlier: the first that
matches wins.

**Why it costs.** The later handler never runs. Clients get 422 ("me" is no integer) or the answer of another handler; a login or permission that only
one of the two asks for is asked for, or not, by surprise.

**How it is found.** For each route in the order of the whole application: does the path of an earlier one with the same method match every path
of this one? Convertors (`{id:int}`, `{rest:path}`) are taken into account. Specific before general is right and not reported; the same path
twice is. A note where the same declaration is also included or mounted elsewhere, and answers there, and where nothing is lost: the
hidden handler does the same, does nothing, or says in its docstring that it is not finished. Nothing is said of an application whose
`routes` are moved by hand, nor of handlers of different versions where fastapi-versionizer or fastapi-versioning makes a tree of each version,
nor of routes that two branches of one `if` register.

**How to fix it.** Declare or include the specific route first, or give it a path of its own.

**When it is no problem.** A second declaration that is there on purpose, such as a fallback that is removed at start-up.

**Sources.** FastAPI, "Path Parameters - Order matters": https://fastapi.tiangolo.com/tutorial/path-params/#order-matters ;
https://github.com/fastapi/fastapi/issues/2521
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.code import handler
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.reordered import are_moved, reorderings
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.shadowing import BRANCHES, Shadowed, shadowed
from strop.rules.split_versions import VERSIONED, are_apart, versionings
from strop.rules.syntax import FunctionNode, function_node
from strop.span import Span, Step

RULE = Rule("API001", "shadowed-route", "api", "error", "A route that is never reached", static=True)
KINDS = ("module", "function")
WORDS = ("if", "try", "routes", *VERSIONED)
_UNFINISHED = regex(
    r"work in progress|\bwip\b|not (yet )?implemented|unfinished|placeholder|\bstub\b", re.IGNORECASE
)


def notice(body: Body) -> Iterator[Mark]:
    """Handlers that are defined in a branch: which of two serves a path is decided at start-up. And routes that are moved."""
    definitions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [*body.of(ast.FunctionDef)]
    for node in (*definitions, *body.of(ast.AsyncFunctionDef)):
        if node.decorator_list and body.within(node, ast.If, ast.Try) is not None:
            name = node.name if body.kind == "module" else f"{body.symbol}.<locals>.{node.name}"
            yield Mark(BRANCHES, body.span(node), f"{body.module.file}:{name}")
    yield from reorderings(body, RULE.code)
    yield from versionings(body, RULE.code)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler that another one hides."""
    found: dict[tuple[str, str], list[Shadowed]] = defaultdict(list)
    marks = list(project.source.marks.get(RULE.code, ()))
    for one in shadowed(project):
        if not are_moved(project, marks, one.route) and not are_apart(project, marks, one.by, one.route):
            found[one.by.name, one.route.name].append(one)
    for every in found.values():
        yield _finding(project, every)


def _finding(project: Project, every: list[Shadowed]) -> Finding:
    hiding, route = every[0].by, every[0].route
    own = handler(project, route)
    span = route.decorator or (own.span if own is not None else route.span) or Span("", 0)
    symbol = own.span.symbol if own is not None else span.symbol
    first = handler(project, hiding)
    at = hiding.decorator or (first.span if first is not None else hiding.span) or Span("", 0)
    same = hiding.path == route.path
    return draft(
        RULE,
        Span(span.file, span.line, symbol, span.end_line),
        (one.route.key for one in every),
        message=f"{route.key} is never reached: {hiding.path if not same else 'the same path'} at {at} answers first",
        impact=f"requests for it run {hiding.name.partition(':')[2] or hiding.name}",
        solution="declare or include the more specific route first"
        if not same
        else "take one of the two out",
        known="static",
        confidence=0.92,
        chain=(Step(hiding.key, at), Step(route.key, span)),
        facts={"hidden": route.key, "by": hiding.key},
        severity="note" if all(one.elsewhere for one in every) or _is_no_loss(project, own, first) else None,
    )


def _is_no_loss(project: Project, own: Function | None, first: Function | None) -> bool:
    """Whether the hidden handler is said to be unfinished, does nothing, or does what the one in its place does."""
    node = function_node(project, own) if own is not None else None
    if node is None:
        return False
    other = function_node(project, first) if first is not None else None
    does = [ast.dump(statement) for statement in _work(node)]
    same = other is not None and does == [ast.dump(statement) for statement in _work(other)]
    return (
        same or all(map(_is_nothing, _work(node))) or bool(_UNFINISHED.search(ast.get_docstring(node) or ""))
    )


def _work(node: FunctionNode) -> list[ast.stmt]:
    """The statements of a function without its docstring."""
    return node.body[1:] if ast.get_docstring(node) is not None else node.body


def _is_nothing(statement: ast.stmt) -> bool:
    """`pass`, `...`, `raise NotImplementedError`."""
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Raise(exc=ast.Name(id=name) | ast.Call(func=ast.Name(id=name))):
            return name == "NotImplementedError"
    return False


_ME = """
@app.get("/users/me")
def read_me():
    return {"name": "me"}
"""
_ANY = """
@app.get("/users/{user_id}")
def read_user(user_id: str):
    return {"name": user_id}
"""

_ONE_OF_TWO = """
import os

from fastapi import APIRouter

outer, opened, closed = APIRouter(prefix="/of"), APIRouter(), APIRouter()


@opened.get("/words")
def read_words():
    return ["one"]


@closed.get("/words")
def refuse_words():
    return {"error": "switched off"}


if os.environ.get("WORDS") == "on":
    outer.include_router(opened)
else:
    outer.include_router(closed)

app.include_router(outer)
"""

_VERSIONS = """
from fastapi_versionizer import Versionizer, api_version


@api_version(1)
@app.get("/words")
def read_words():
    return ["one"]


@api_version(2)
@app.get("/words")
def read_words_in_pages(page: int = 0):
    return {"page": page}


%s
"""

EXAMPLES = (
    Example("general before specific", plain(_ANY + _ME), bad=True),
    Example("specific before general", plain(_ME + _ANY), mends="general before specific"),
    Example(
        "hidden in one of two places: a note",
        plain("""
from fastapi import APIRouter

router = APIRouter()


@router.get("/health")
def health():
    return {"status": "ok"}


@app.get("/health")
def own_health():
    return {"status": "ok", "of": "all"}


app.include_router(router)
app.include_router(router, prefix="/words")
"""),
        bad=True,
    ),
    Example(
        "not finished, by its own words: a note",
        plain("""
@app.get("/recipes/{name}")
def read_recipe(name: str):
    return {"name": name}


@app.get("/recipes/search")
def search_recipes():
    \"\"\"Work in progress: finds recipes by what is in them.\"\"\"
    return [{"name": "soup"}]
"""),
        bad=True,
    ),
    Example(
        "a catch-all of another router",
        plain(
            """
from fastapi import APIRouter

from pages import router as pages

downloads = APIRouter(prefix="/sites")


@downloads.get("/{site_id}/pages/download")
def download(site_id: int):
    return {"site": site_id}


app.include_router(pages)
app.include_router(downloads)
""",
            pages="""
from fastapi import APIRouter

router = APIRouter()


@router.get("/sites/{site_id}/pages/{path:path}")
def read_page(site_id: int, path: str):
    return {"path": path}
""",
        ),
        bad=True,
    ),
    Example(
        "the program moves the general one to the end",
        plain(
            _ANY
            + _ME
            + """
for route in list(app.routes):
    if route.path == "/users/{user_id}":
        app.routes.remove(route)
        app.routes.append(route)
"""
        ),
    ),
    Example(
        "sorted when the application is made",
        plain(
            _ANY
            + _ME
            + """
def sort_routes(served: FastAPI) -> None:
    served.router.routes = sorted(served.router.routes, key=lambda route: "{" in route.path)


sort_routes(app)
"""
        ),
    ),
    Example(
        "who imports the application moves the general one to the end",
        plain(
            _ANY + _ME,
            started="""
from main import app

general = next(route for route in app.routes if route.path == "/users/{user_id}")
app.routes.remove(general)
app.routes.append(general)
""",
        ),
    ),
    Example("one of two routers, by a setting", plain(_ONE_OF_TWO)),
    Example(
        "two routers, one of them by a setting",
        plain(_ONE_OF_TWO.replace("else:\n    outer.include_router(closed)", "outer.include_router(closed)")),
        bad=True,
    ),
    Example("two versions of one path", plain(_VERSIONS % "Versionizer(app=app).versionize()")),
    Example(
        "two versions that nobody takes apart",
        plain(_VERSIONS % "print(app.title)"),
        bad=True,
    ),
    Example(
        "the same version twice",
        plain((_VERSIONS % "Versionizer(app=app).versionize()").replace("(2)", "(1)")),
        bad=True,
    ),
    Example(
        "something new is put in front, and at the end",
        plain(
            _ANY
            + _ME
            + """
from starlette.routing import Route

app.routes.insert(0, Route("/first", read_me))
app.routes.append(Route("/last", read_me))
"""
        ),
        bad=True,
    ),
    Example(
        "convertors and methods keep them apart",
        plain("""
@app.get("/users/{user_id:int}")
def read_user(user_id: int):
    return {"id": user_id}


@app.get("/users/me")
def read_me():
    return {"name": "me"}


@app.delete("/words/{name}")
def delete_word(name: str):
    return {"deleted": name}


@app.get("/words/all")
def read_words():
    return []
"""),
    ),
)
