"""A service that knows HTTP, in a project that translates its own errors.

**What.** Functions of a service raise `HTTPException` or take the `Request`, while the application has exception handlers for errors of the
project's own, which the other services raise.

**Why it costs.** A job, a command or another service that calls it has no client to send a 404 to, and no request to hand in. Clients meet two shapes
of error, for the handler makes one and `HTTPException` the other.

**How it is found.** HTTP errors raised, and parameters of the type `Request`, in files of services that routes reach; one finding for a project, when the application handles exceptions of its
own and at most a third of its services speak HTTP. Where all of them do it is the project's way, and nothing is said. For `crud` and repositories see ERR006.

**How to fix it.** Raise the project's own exception, which the handler answers; give the service what it needs of the request.

**When it is no problem.** A service that is only about HTTP: cookies, proxies, downloads.

**Sources.** FastAPI, "Install custom exception handlers": https://fastapi.tiangolo.com/tutorial/handling-errors/#install-custom-exception-handlers
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.asked import identifier
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.shared import shared
from strop.regex import regex
from strop.rules.example import Example
from strop.rules.raised import RAISED
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import is_reached, marks, tell, ways_to
from strop.rules.wording import listed, many

RULE = Rule("ARC009", "service-knows-http", "architecture", "note", "A service that knows HTTP", static=True)
WORDS = ("Request",)
_SERVICES = frozenset({"service", "services", "usecases", "use_cases", "domain"})
_ROUTES = frozenset(
    {
        "routes",
        "routers",
        "router",
        "endpoints",
        "endpoint",
        "controllers",
        "views",
        "api",
        "dependencies",
        "deps",
        "middleware",
    }
)
_ABOUT_HTTP = regex(
    r"auth|login|oauth|session|cookie|proxy|http|download|upload|stream|sso|saml|security|permission|middleware|depend"
)
_REQUESTS = frozenset({"fastapi.Request", "starlette.requests.Request", "fastapi.requests.Request"})
_LEAST = 3  # services that raise the project's own errors
_SHARE = 3  # how many services there are for each that speaks HTTP
_SHOWN = 3


def notice(body: Body) -> Iterator[Mark]:
    """Functions that take the request."""
    if not _is_service(body.module.file) or not isinstance(body.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    arguments = body.node.args
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if each.annotation is not None and body.name(each.annotation) in _REQUESTS:
            yield body.mark(RULE.code, body.node, text=f"{each.arg}: Request")
            return


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the project."""
    names = shared(project, identifier)
    handled = [h for h in project.imported.handlers if names.class_(h.handles) is not None]
    if not handled:
        return
    speaking: dict[str, list[Mark]] = defaultdict(list)
    for mark in (*project.source.marks.get(RAISED, ()), *marks(project, RULE)):
        if _is_service(mark.span.file) and ways_to(project, mark.function):
            speaking[mark.span.file].append(mark)
    services = {
        file
        for function in project.source.functions
        if _is_service(file := function.partition(":")[0]) and is_reached(project, function)
    }
    quiet = len(services) - len(speaking)
    if not speaking or quiet < max(_LEAST, (_SHARE - 1) * len(speaking)):
        return
    files = sorted(speaking, key=lambda f: (-len(speaking[f]), f))
    every = [m for f in files for m in speaking[f]]
    yield tell(
        RULE,
        every[0],
        [w for m in every for w in ways_to(project, m.function)],
        message=f"{listed([PurePosixPath(f).name for f in files[:_SHOWN]])} {'and others ' if len(files) > _SHOWN else ''}raise HTTPException or take the Request; {many(quiet, 'other service')} know no HTTP",
        impact=f"jobs and other services can't use them, and {handled[0].handles.rpartition(':')[2]} has a handler that these errors pass by",
        solution="raise an exception of the project's own, which its handler answers, and hand in what is needed of the request",
        confidence=0.65,
        places=[m.span for m in every[1:]],
    )


def _is_service(file: str) -> bool:
    path = PurePosixPath(file)
    if _ROUTES & {*path.parts[:-1], path.stem} or _ABOUT_HTTP.search(file):
        return False
    return path.stem.endswith("_service") or bool(_SERVICES & {*path.parts[:-1], path.stem})


def _service(name: str, error: str) -> str:
    return f"""
from fastapi import HTTPException

from errors import Missing

WORDS = {{"a": 1}}


def {name}(name: str):
    if name not in WORDS:
        raise {error}
    return WORDS[name]
"""


_APP = """
from fastapi.responses import JSONResponse

from errors import Missing
from services.goods import good
from services.prices import price
from services.stores import store
from services.words import word


@app.exception_handler(Missing)
async def missing(request, error):
    return JSONResponse({"detail": "not there"}, status_code=404)


@app.get("/{name}")
def read(name: str):
    return [good(name), price(name), store(name), word(name)]
"""


def _project(last: str) -> dict[str, str]:
    own = "Missing(name)"
    return {
        **plain(_APP, errors="class Missing(Exception):\n    pass\n"),
        "services/__init__.py": "",
        "services/goods.py": _service("good", own),
        "services/prices.py": _service("price", own),
        "services/stores.py": _service("store", own),
        "services/words.py": _service("word", last),
    }


EXAMPLES = (
    Example(
        "one service of four raises HTTPException", _project('HTTPException(404, "no such word")'), bad=True
    ),
    Example(
        "all raise the project's own",
        _project("Missing(name)"),
        mends="one service of four raises HTTPException",
    ),
    Example(
        "a project whose services all do",
        {
            name: text.replace("raise Missing(name)", 'raise HTTPException(404, "no such word")')
            for name, text in _project('HTTPException(404, "no such word")').items()
        },
    ),
)
