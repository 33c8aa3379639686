"""Plain parameters of a POST are taken from the query, where its body is meant.

**What.** `def import_all(data: dict = Body(...), strategy: str = "update", dry_run: bool = False)`: only `data` is read from the body.
Clients that send all three in the JSON get the defaults, and nobody complains.

**Why it costs.** What the client asked for is ignored without an error; long or private texts end in URLs and access logs.

**How it is found.** POST, PUT and PATCH routes that mark one parameter as `Body()` or `Form()` and leave others plain; routes without any body whose
required texts are plain (`title`, `content`, `message` ...). Names that belong into a query (limit, page, dry_run, force ...)
don't count.

**How to fix it.** One model for the body, `Body()` for each value, or `Query()` where the query is meant: then it is said.

**When it is no problem.** Options in the query, marked or not, beside a body that is a model, or that is no JSON
(`Body(media_type="text/plain")`). Short texts in the query alone are a note.

**Sources.** FastAPI, "Body - Multiple Parameters": https://fastapi.tiangolo.com/tutorial/body-multiple-params/ ;
https://github.com/fastapi/fastapi/issues/1097
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.asked_in_query import asked_in_query
from strop.rules.endpoint import Argument, Endpoint, endpoint
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.secretive import is_secret
from strop.rules.told import marks, tell, ways_to
from strop.rules.wording import listed

RULE = Rule(
    "API011",
    "body-scalar-in-query",
    "api",
    "warning",
    "Parameters of a POST read from the query",
    static=True,
)
WORDS = ("post", "put", "patch")
_OPTIONS = frozenset(
    {
        "limit",
        "offset",
        "skip",
        "page",
        "per_page",
        "page_size",
        "size",
        "q",
        "query",
        "search",
        "sort",
        "order",
        "order_by",
    }
    | {
        "dry_run",
        "force",
        "overwrite",
        "recursive",
        "include",
        "exclude",
        "fields",
        "expand",
        "verbose",
        "debug",
    }
    | {
        "background",
        "wait",
        "sync",
        "async_",
        "timeout",
        "refresh",
        "version",
        "format",
        "lang",
        "locale",
        "tz",
        "stream",
    }
)
_CONTENTS = frozenset(
    {
        "title",
        "description",
        "content",
        "text",
        "message",
        "body",
        "comment",
        "subject",
        "note",
        "notes",
        "bio",
        "address",
    }
    | {"email", "username", "first_name", "last_name", "full_name", "phone", "prompt", "question", "feedback"}
)


_LONG = frozenset({
    "description", "content", "text", "message", "body", "comment", "notes", "bio", "prompt", "question", "feedback",
})  # fmt: skip


def notice(body: Body) -> Iterator[Mark]:
    """Routes whose plain parameters are meant for the body."""
    route = endpoint(body)
    if route is None or not {"POST", "PUT", "PATCH"} & set(route.methods) or _asks_for_type(body):
        return
    arguments = list(route.arguments())
    plain_ones = [
        a for a in arguments if a.source == "query" and not a.marked and a.node.annotation is not None
    ]
    meant = _meant(route, arguments, plain_ones)
    if meant:
        yield body.mark(
            RULE.code, meant[0].node, names=",".join(a.name for a in meant), beside=_beside(arguments)
        )


def _meant(route: Endpoint, arguments: list[Argument], plain_ones: list[Argument]) -> list[Argument]:
    """The plain parameters, where the signature shows that its author thought of the body."""
    if _beside(arguments):
        said = [a for a in plain_ones if a.name not in _OPTIONS]
        return said if any(a.type != "bool" for a in said) else []  # flags alone are options of the request
    if any(a.source in ("body", "form", "unknown") for a in arguments):
        return []
    texts = [a for a in plain_ones if a.type == "str" and a.default is None]
    telling = [a for a in texts if a.name in _CONTENTS and not is_secret(a.name)]
    return texts if len(texts) > 1 and telling else []


def _beside(arguments: list[Argument]) -> str:
    """The one marked value of the body that the others are thought to stand beside."""
    values = [a for a in arguments if a.marked and a.source in ("body", "form") and not _is_model(a)]
    if any(_is_raw(a) for a in values):
        return ""
    return values[0].name if values and not any(_is_model(a) or _is_file(a) for a in arguments) else ""


def _asks_for_type(body: Body) -> bool:
    """Whether the handler reads the type of the body itself: it takes others than JSON."""
    return any(
        isinstance(arg, ast.Constant) and str(arg.value).lower() == "content-type"
        for call in body.calls("get")
        for arg in call.args[:1]
    )


def _is_raw(argument: Argument) -> bool:
    """Whether a body is of another type than JSON: nothing else can stand in it."""
    return argument.marker is not None and any(k.arg == "media_type" for k in argument.marker.keywords)


def _is_model(argument: Argument) -> bool:
    plain_types = (
        "",
        "str",
        "int",
        "float",
        "bool",
        "dict",
        "list",
        "typing.Dict",
        "typing.Any",
        "typing.List",
    )
    return argument.source == "body" and argument.type not in plain_types


def _is_file(argument: Argument) -> bool:
    marker = argument.marker.func if argument.marker is not None else None
    named = (
        marker.attr
        if isinstance(marker, ast.Attribute)
        else marker.id
        if isinstance(marker, ast.Name)
        else ""
    )
    return argument.type.endswith("UploadFile") or argument.type == "bytes" or named == "File"


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each route; an alias may say more of a parameter than its signature shows."""
    asked = asked_in_query(project)
    for mark in marks(project, RULE):
        names = [name for name in mark.fact("names").split(",") if name in asked.get(mark.function, (name,))]
        if not names:
            continue
        beside = mark.fact("beside")
        where = f" while {beside} is read from the body" if beside else ", and nothing from the body"
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=f"{listed(names)} {'are' if len(names) > 1 else 'is'} read from the query{where}",
            impact="clients that send them in the body get the defaults, or 422, and URLs end in logs",
            solution="a model for the whole body or Body() for each; Query() where the query is meant",
            confidence=0.75 if beside else 0.65,
            severity=None if beside or _LONG & set(names) else "note",
        )


EXAMPLES = (
    Example(
        "beside one Body",
        plain("""
from fastapi import Body


@app.post("/import")
def import_all(data: dict = Body(...), strategy: str = "update", rekey: bool = False):
    return {"rows": len(data), "strategy": strategy, "rekey": rekey}
"""),
        bad=True,
    ),
    Example(
        "all from the body",
        plain("""
from fastapi import Body


@app.post("/import")
def import_all(data: dict = Body(...), strategy: str = Body("update"), rekey: bool = Body(False)):
    return {"rows": len(data), "strategy": strategy, "rekey": rekey}
"""),
        mends="beside one Body",
    ),
    Example(
        "an option beside a file whose type the handler asks for",
        plain("""
from fastapi import Body, Request


@app.put("/upload")
def upload(request: Request, table: str = Body(), kept: int = 60):
    if request.headers.get("Content-Type") != "text/csv":
        raise HTTPException(415)
    return {"length": len(table), "kept": kept}
"""),
    ),
    Example(
        "an option beside a text that is no JSON",
        plain("""
from fastapi import Body


@app.put("/settings")
def save(mode: str, text: str = Body(media_type="text/plain")):
    return {"mode": mode, "length": len(text)}
"""),
    ),
    Example(
        "a message in the URL",
        plain("""
@app.post("/messages")
def send(subject: str, message: str):
    return {"sent": subject, "length": len(message)}
"""),
        bad=True,
    ),
    Example(
        "options beside a model, and one id",
        plain("""
from pydantic import BaseModel


class Order(BaseModel):
    name: str


@app.post("/orders")
def add_order(order: Order, notify: bool = False, source: str = "web"):
    return {"order": order, "notify": notify, "source": source}


@app.post("/orders/{order_id}/cancel")
def cancel(order_id: int, reason_code: str = "none"):
    return {"order": order_id, "reason": reason_code}
"""),
    ),
)
