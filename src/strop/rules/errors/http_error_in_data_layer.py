"""The layer that reads and writes data raises HTTP errors.

**What.** A function of `crud`, `repositories` or `dao` raises HTTPException.

**Why it costs.** What asks the database is also called by jobs, scripts and other services, which have no client to send a 404
to; and the status of a route is decided two layers below it, where nobody looks for it.

**How it is found.** HTTP errors raised in a file of such a layer, in functions that routes reach. One finding for each
file, with its functions.

**How to fix it.** Return None or raise an exception of the project's own; the route, or one exception handler, makes the answer.

**When it is no problem.** A small application that has one caller for each function: then it is a matter of taste.

**Sources.** Harry Percival and Bob Gregory, "Architecture Patterns with Python", chapter 4:
https://www.cosmicpython.com/book/chapter_04_service_layer.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.raised import RAISED, note_raised
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import tell, ways_to
from strop.rules.wording import listed

RULE = Rule(
    "ERR006",
    "http-error-in-data-layer",
    "errors",
    "note",
    "HTTPException raised where data is read",
    static=True,
)
WORDS = ("raise", "except")
_LAYERS = frozenset({"crud", "cruds", "repository", "repositories", "repos", "dao", "daos", "dal"})
_ROUTES = frozenset({"routes", "routers", "router", "endpoints", "endpoint", "controllers", "views", "api"})
_ENDINGS = ("_crud", "_repository", "_repo", "_dao")


def notice(body: Body) -> Iterator[Mark]:
    """Every HTTP error that a function raises; other rules ask for them too."""
    yield from note_raised(body)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each file of the layer."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in project.source.marks.get(RAISED, ()):
        if _is_data(mark.span.file):
            found[mark.span.file].append(mark)
    for here in found.values():
        reached = [(m, ways) for m in here if (ways := ways_to(project, m.function))]
        if not reached:
            continue
        functions = list(dict.fromkeys(m.span.symbol for m, _ in reached))
        yield tell(
            RULE,
            reached[0][0],
            [way for _, ways in reached for way in ways],
            message=f"{listed(functions)} of the data layer raise HTTPException",
            impact="jobs and services that call it get an error that only a route can use",
            solution="return None or raise the project's own exception; let the route choose the status",
            confidence=0.7,
            functions=len(functions),
        )


def _is_data(file: str) -> bool:
    path = PurePosixPath(file)
    if _ROUTES & {*path.parts[:-1], path.stem}:
        return False
    return path.stem.endswith(_ENDINGS) or bool(_LAYERS & {*path.parts[:-1], path.stem})


_HANDLER = """
from crud import find


@app.get("/words/{name}")
def read_word(name: str):
    word = find(name)
    if word is None:
        raise HTTPException(404, "No such word")
    return word
"""

EXAMPLES = (
    Example(
        "404 in crud",
        plain(
            """
from crud import find


@app.get("/words/{name}")
def read_word(name: str):
    return find(name)
""",
            crud="""
from fastapi import HTTPException

WORDS = {"a": 1}


def find(name: str):
    if name not in WORDS:
        raise HTTPException(404, "No such word")
    return WORDS[name]
""",
        ),
        bad=True,
    ),
    Example(
        "the route answers",
        plain(
            _HANDLER,
            crud="""
WORDS = {"a": 1}


def find(name: str):
    return WORDS.get(name)
""",
        ),
        mends="404 in crud",
    ),
    Example(
        "a dependency that looks something up for a route is no data layer",
        plain(
            """
from deps import find


@app.get("/words/{name}")
def read_word(word: int = Depends(find)):
    return word
""",
            deps="""
from fastapi import HTTPException

WORDS = {"a": 1}


def find(name: str):
    if name not in WORDS:
        raise HTTPException(404, "No such word")
    return WORDS[name]
""",
        ),
    ),
)
