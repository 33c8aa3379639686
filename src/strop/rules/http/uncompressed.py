"""An application that serves its own pages sends long lists uncompressed.

**What.** The application itself serves the browser's files (`StaticFiles`), answers with long lists of JSON, and compresses nothing.

**Why it costs.** JSON shrinks to a tenth. Without it each list takes ten times as long on the network, and on mobile
connections that is most of what people wait for.

**How it is found.** A mount of `StaticFiles` in an application with three or more routes that answer with lists; no layer that compresses, no
layer of the project's own that names an encoding, no proxy's configuration in the repository. A warning
where one of them gives anybody all rows, unless asked for fewer, each with rows of its own in it or with 30 values; else a note.

**How to fix it.** `app.add_middleware(GZipMiddleware, minimum_size=1000)`. Routes that stream events must stay outside of it before Starlette 0.46.

**When it is no problem.** Lists that come in small pages, 25 rows or fewer unless the client asks for more. A proxy in front compresses; everybody who calls is on the same machine.
Events are streamed on a Starlette whose compressor would hold them back (MID006).

**Sources.** https://fastapi.tiangolo.com/advanced/middleware/#gzipmiddleware ; https://github.com/Netflix/dispatch/commit/fb768113b
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.asked import identifier
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Route
from strop.project.shared import shared
from strop.project.shipped.commands import is_development
from strop.regex import regex
from strop.rules.alone import is_for_one
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.middleware.compressed_stream import RULE as STREAM
from strop.rules.middleware.compressed_stream import holds_events
from strop.rules.models import fields_of, inner_of, is_model
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks
from strop.rules.wording import many
from strop.span import Span, Step

RULE = Rule("HTTP004", "uncompressed-lists", "http", "warning", "Long lists go out uncompressed", static=True)
_COMPRESSORS = ("GZipMiddleware", "BrotliMiddleware", "CompressMiddleware", "ZstdMiddleware")
WORDS = ("mount", "include_router", "gzip", *_COMPRESSORS)
_APPLICATIONS = ("fastapi.FastAPI", "fastapi.applications.FastAPI")
_STATIC = {"starlette.staticfiles.StaticFiles", "fastapi.staticfiles.StaticFiles"}
KINDS = ("function", "module", "class")
_LISTS = 3  # routes
_SMALL = 25  # rows
_WIDE = 30  # values of a row, a thousand bytes and more
_DEEP = 2  # objects within objects
_SIZE = regex(r"^(limit|size|page_?size|per_?page|count|take|first|top)$", re.IGNORECASE)
_LIST = regex(r"^(typing\.)?(list|List|Sequence)\[|Page\b|Page\[|Pagina", re.IGNORECASE)
_MANY = regex(r"\b(list|List|Sequence|set|Set|tuple|Tuple)\[")
_PROXIES = regex(r"(^|/)(nginx|traefik|caddy|haproxy|envoy)(:|$|-)")


def notice(body: Body) -> Iterator[Mark]:
    """Files that the application serves, and what compresses."""
    for call in body.calls("mount"):
        given = (*call.args, *(k.value for k in call.keywords))
        if any(_STATIC & set(body.bases(body.instance(each))) for each in given):
            yield body.mark(RULE.code, call, kind="files", text=body.brief(call, 90))
            break
    for call in body.calls("include_router"):
        app = body.value(call.func.value) if isinstance(call.func, ast.Attribute) else call
        if app is not call and isinstance(app, ast.Call) and body.name(app.func) in _APPLICATIONS:
            yield body.mark(RULE.code, app, kind="includes")
            break
    words = body.words
    if words & set(_COMPRESSORS) or ("gzip" in words and "content-encoding" in " ".join(body.lines).lower()):
        yield body.mark(RULE.code, body.node, kind="compresses")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the application."""
    served = [m for m in marks(project, RULE, "files") if not is_development(m.span.file)]
    span = project.imported.span
    if not served or span is None or any(marks(project, RULE, "compresses")) or _has_proxy(project):
        return
    if any(
        re.search("gzip|brotli|compress|zstd", m.name, re.IGNORECASE) for m in project.imported.middleware
    ):
        return
    lists = [r for r in project.imported.routes if _is_list(r)]
    streams = any(marks(project, STREAM, "events")) and holds_events(project)
    if len(lists) < _LISTS or streams:  # the layer would hold events back
        return
    inner = next((m.span for m in marks(project, RULE, "includes") if m.span.file == span.file), span)
    yield draft(
        RULE,
        Span(inner.file, inner.line, inner.symbol),
        {r.key for r in lists},
        message=f"the application serves its own pages and {many(len(lists), 'list')} of JSON, and nothing compresses them",
        impact="a list takes up to ten times as long on the network as it needs to",
        solution="app.add_middleware(GZipMiddleware, minimum_size=1000)",
        known="static",
        confidence=0.65,
        severity=None if any(_is_large(project, r) for r in lists) and not is_for_one(project) else "note",
        chain=(Step(served[0].fact("text"), served[0].span),),
    )


def _is_list(route: Route) -> bool:
    """Whether a route answers with rows."""
    return (
        route.kind == "http"
        and route.method == "GET"
        and route.span is not None
        and bool(_LIST.search(route.response_model))
        and not any(_SIZE.match(p.name) and _is_small(p.default) for p in route.parameters)
    )


def _is_large(project: Project, route: Route) -> bool:
    """Whether a route answers anybody with all rows there are (not those of one parent), each a large one."""
    sizes = (p for p in route.parameters if _SIZE.match(p.name))
    bounded = "{" in route.path or any(p.required or p.default != "None" for p in sizes)
    if bounded or Protection.of(project).is_for_operators(route.key):
        return False
    rows = shared(project, identifier).classes_in(route.response_model)
    return any(_has_rows(project, row.id) or _count(project, row.id) >= _WIDE for row in rows)


def _count(project: Project, class_id: str, depth: int = 0) -> int:
    """How many values an object has, with those of the objects in it."""
    fields, inner = list(fields_of(project, class_id)), inner_of(project, class_id)
    within = {name for names in inner.values() for name in names if is_model(project, name)}
    return len(fields) + sum(_count(project, name, depth + 1) for name in within if depth < _DEEP)


def _has_rows(project: Project, class_id: str) -> bool:
    """Whether a model has a list of models in it."""
    inner = inner_of(project, class_id)
    many_of = (f.name for f in fields_of(project, class_id) if _MANY.search(f.annotation))
    return any(is_model(project, name) for field in many_of for name in inner.get(field, ()))


def _is_small(default: str) -> bool:
    """Whether a page's size, where the client names none, is small."""
    return default.isdecimal() and 0 < int(default) <= _SMALL


def _has_proxy(project: Project) -> bool:
    shipped = project.shipped
    return bool(shipped.proxies) or any(_PROXIES.search(s.image) for s in shipped.services)


_FRONT = """
from fastapi.staticfiles import StaticFiles
{more}

@app.get("/spools")
def spools() -> list[dict]:
    return []


@app.get("/filaments")
def filaments() -> list[dict]:
    return []


@app.get("/vendors")
def vendors() -> list[dict]:
    return []


app.mount("/", StaticFiles(directory="client", html=True))
"""
_GZIP = "from fastapi.middleware.gzip import GZipMiddleware\n\napp.add_middleware(GZipMiddleware, minimum_size=1000)\n"
EXAMPLES = (
    Example("its own pages and lists: a note", plain(_FRONT.format(more="")), bad=True),
    Example(
        "lists of small rows: a note",
        plain(_FRONT.format(more="")),
        bad=True,
    ),
    Example(
        "all rows, with rows in them",
        plain(
            _FRONT.format(more="")
            + """

from pydantic import BaseModel


class Season(BaseModel):
    number: int


class Show(BaseModel):
    name: str
    seasons: list[Season]


@app.get("/shows")
def shows() -> list[Show]:
    return []
"""
        ),
        bad=True,
    ),
    Example(
        "all rows unless fewer are asked for, with wide objects in them",
        plain(
            _FRONT.format(more="")
            + "\n\nfrom pydantic import BaseModel\n\n\nclass Maker(BaseModel):\n"
            + "".join(f"    mark{n}: str\n" for n in range(20))
            + "\n\nclass Part(BaseModel):\n    maker: Maker\n"
            + "".join(f"    size{n}: float\n" for n in range(12))
            + """

@app.get("/parts")
def parts(limit: int | None = None) -> list[Part]:
    return []
"""
        ),
        bad=True,
    ),
    Example(
        "the rows of one parent, with rows in them: a note",
        plain(
            _FRONT.format(more="")
            + """

from pydantic import BaseModel


class Season(BaseModel):
    number: int


class Show(BaseModel):
    name: str
    seasons: list[Season]


@app.get("/libraries/{name}/shows")
def shows(name: str) -> list[Show]:
    return []
"""
        ),
        bad=True,
    ),
    Example(
        "compressed", plain(_FRONT.format(more=_GZIP)), bad=False, mends="its own pages and lists: a note"
    ),
    Example(
        "beside events that the compressor of this Starlette would hold back",
        plain(
            _FRONT.format(more="")
            + """

from fastapi.responses import StreamingResponse


@app.get("/news")
def news():
    return StreamingResponse(iter(["data: 1"]), media_type="text/event-stream")
"""
        )
        | {"requirements.txt": "fastapi==0.110.0\nstarlette==0.36.3\n"},
        bad=False,
    ),
    Example(
        "in small pages",
        plain(_FRONT.format(more="").replace("() -> list[dict]", "(limit: int = 20) -> list[dict]")),
        bad=False,
    ),
    Example(
        "in large pages: a note",
        plain(_FRONT.format(more="").replace("() -> list[dict]", "(limit: int = 500) -> list[dict]")),
        bad=True,
    ),
    Example(
        "behind a proxy of the same repository",
        dict(plain(_FRONT.format(more="")))
        | {"deploy/nginx.conf": "server { location / { proxy_pass http://api:8000; } }\n"},
        bad=False,
    ),
)
