"""A route is never reached, because an earlier one answers its path.

**What.** `GET /users/{user_id}` is declared before `GET /users/me`, in the same file or in a router that is included earlier: the first that
matches wins.

**Why it costs.** The later handler never runs. Clients get 422 ("me" is no integer) or the answer of another handler; a login or permission that only
one of the two asks for is asked for, or not, by surprise.

**How it is found.** For each route in the order of the whole application: does the path of an earlier one with the same method match every path
of this one? Convertors (`{id:int}`, `{rest:path}`) are taken into account. Specific before general is right and not reported; the same path
twice is. A note where the same declaration is also included or mounted elsewhere, and answers there.

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
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Route
from strop.rules.code import handler
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks
from strop.span import Span, Step

RULE = Rule("API001", "shadowed-route", "api", "error", "A route that is never reached", static=True)
KINDS = ("module", "function")
WORDS = ("if", "try")
_PARAMETER = re.compile(r"^\{([a-zA-Z_]\w*)(?::([a-z]+))?\}$")
_INSIDE = re.compile(r"\{[a-zA-Z_]\w*(?::[a-z]+)?\}")
_FITS = {"int": r"\d+", "float": r"\d+(\.\d+)?", "uuid": r"[0-9a-fA-F-]{32,36}"}


def notice(body: Body) -> Iterator[Mark]:
    """Handlers that are defined in a branch: which of two serves a path is decided at start-up."""
    definitions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [*body.of(ast.FunctionDef)]
    for node in (*definitions, *body.of(ast.AsyncFunctionDef)):
        if node.decorator_list and body.within(node, ast.If, ast.Try) is not None:
            name = node.name if body.kind == "module" else f"{body.symbol}.<locals>.{node.name}"
            yield Mark(RULE.code, body.span(node), f"{body.module.file}:{name}")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler that another one hides."""
    earlier: dict[tuple[str, str], list[Route]] = defaultdict(list)
    found: dict[tuple[str, str], list[tuple[Route, Route]]] = defaultdict(list)
    chosen = {mark.function for mark in marks(project, RULE)}
    reached: set[tuple[str, Span | None]] = set()
    for route in project.imported.routes:
        own = handler(project, route)
        if (
            route.kind != "http"
            or not route.path
            or route.uncertain
            or (own is not None and own.id in chosen)
        ):
            continue
        before = earlier[route.application, route.method]
        hiding = next((one for one in before if _hides(one.path, route.path)), None)
        if hiding is not None and hiding.name != route.name:
            found[hiding.name, route.name].append((hiding, route))
        elif hiding is None:
            reached.add((route.name, route.decorator))
        before.append(route)
    for pairs in found.values():
        yield _finding(project, pairs, all((hidden.name, hidden.decorator) in reached for _, hidden in pairs))


def _hides(earlier: str, later: str) -> bool:
    """Whether every path that the later template matches is matched by the earlier one."""
    if ":path}" not in earlier and earlier.strip("/").count("/") != later.strip("/").count("/"):
        return False
    first, second = earlier.strip("/").split("/"), later.strip("/").split("/")
    if earlier.endswith("/") != later.endswith("/") and not earlier.endswith(":path}"):
        return False
    for place, part in enumerate(first):
        parameter = _PARAMETER.match(part)
        if parameter is not None and parameter[2] == "path":
            return _ends_alike(first[place + 1 :], second[place:])
        if place >= len(second) or not _covers(part, second[place]):
            return False
    return len(first) == len(second)


def _ends_alike(after: list[str], rest: list[str]) -> bool:
    """Whether what follows a `{...:path}` fits the end of the later path."""
    if not after:
        return bool(rest)
    end = rest[-len(after) :]
    return len(rest) > len(after) and all(_covers(a, b) for a, b in zip(after, end, strict=True))


def _covers(earlier: str, later: str) -> bool:
    """Whether a segment matches everything that another one does."""
    if earlier == later or "{" not in earlier:
        return earlier == later
    parameter = _PARAMETER.match(earlier)
    if parameter is None:  # a text, or a mix of text and parameters: `{name}.json`
        return bool(_INSIDE.search(earlier)) and _INSIDE.sub("{}", earlier) == _INSIDE.sub("{}", later)
    other = _PARAMETER.match(later)
    kind = parameter[2] or "str"
    if other is not None:
        return kind in ("str", other[2] or "str") and other[2] != "path"
    if _INSIDE.search(later):
        return kind == "str"
    return kind == "str" or bool(re.fullmatch(_FITS.get(kind, r"(?!)"), later))


def _finding(project: Project, pairs: list[tuple[Route, Route]], elsewhere: bool) -> Finding:
    hiding, route = pairs[0]
    own = handler(project, route)
    span = route.decorator or (own.span if own is not None else route.span) or Span("", 0)
    symbol = own.span.symbol if own is not None else span.symbol
    first = handler(project, hiding)
    at = hiding.decorator or (first.span if first is not None else hiding.span) or Span("", 0)
    same = hiding.path == route.path
    return draft(
        RULE,
        Span(span.file, span.line, symbol, span.end_line),
        (hidden.key for _, hidden in pairs),
        message=f"{route.key} is never reached: {hiding.path if not same else 'the same path'} at {at} answers first",
        impact=f"requests for it run {hiding.name.partition(':')[2] or hiding.name}",
        solution="declare or include the more specific route first"
        if not same
        else "take one of the two out",
        known="static",
        confidence=0.92,
        chain=(Step(hiding.key, at), Step(route.key, span)),
        facts={"hidden": route.key, "by": hiding.key},
        severity="note" if elsewhere else None,
    )


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
