"""A text parameter is converted by hand, and a wrong one is answered with 500.

**What.** `def read(day: str)` and then `date.fromisoformat(day)`, `UUID(id)`, `int(page)`, `Color(name)` or `json.loads(filter)`.

**Why it costs.** What a client mistypes raises ValueError in the handler: "internal error" where 422 with the name of the parameter was due; monitors count
it as a failure, and the schema says that any text will do.

**How it is found.** In routes: conversions of a text parameter of the request that raise for wrong texts, outside of a `try` that takes them, where the project has no
exception handler for ValueError. A note where no route of the application is known to lead there, or only administrators send it, and for the `state` of a login by another service, which the application wrote itself.

**How to fix it.** Annotate the parameter with what it is (`day: date`, `id: UUID`, `color: Color`): FastAPI converts it.

**When it is no problem.** A value that was matched with a pattern before (`Query(pattern=...)`).

**Sources.** FastAPI, "Path Parameters": https://fastapi.tiangolo.com/tutorial/path-params/#data-validation ;
"Extra Data Types": https://fastapi.tiangolo.com/tutorial/extra-data-types/
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules import endpoint as routes
from strop.rules.caught import caught_names, is_broad
from strop.rules.endpoint import Argument, endpoint
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to
from strop.rules.wording import many

RULE = Rule(
    "SCH015", "unparsed-parameter", "schema", "warning", "A wrong parameter is answered with 500", static=True
)
WORDS = routes.WORDS
_CONVERTS = {
    "int": "int", "float": "float", "uuid.UUID": "UUID", "decimal.Decimal": "Decimal",
    "datetime.datetime.fromisoformat": "datetime", "datetime.date.fromisoformat": "date",
    "datetime.datetime.strptime": "datetime", "datetime.time.fromisoformat": "time", "json.loads": "a model",
    "orjson.loads": "a model", "ipaddress.ip_address": "IPvAnyAddress", "base64.b64decode": "Base64Bytes",
    "zoneinfo.ZoneInfo": "TimeZoneName", "dateutil.parser.parse": "datetime", "ast.literal_eval": "a model",
}  # fmt: skip
_MARKERS = frozenset({"Query", "Path", "Form", "Header", "Cookie"})
_LOGIN = regex(r"oauth|oidc|sso|saml|callback|connect|authori[sz]e", re.IGNORECASE)
_PLACES = frozenset({"query", "path", "form", "header"})


def notice(body: Body) -> Iterator[Mark]:
    """Conversions of text parameters that may raise."""
    route = endpoint(body)
    texts = (
        {a.name: a for a in route.arguments() if a.source in _PLACES and _is_text(a.node.annotation)}
        if route is not None
        else {}
    )
    told: set[str] = set()
    for call in body.of(ast.Call) if texts else ():
        given = call.args[0] if call.args else None
        while (
            isinstance(given, ast.Call)
            and isinstance(given.func, ast.Attribute)
            and given.func.attr in ("replace", "strip")
        ):
            given = given.func.value
        name = given.id if isinstance(given, ast.Name) else ""
        kind = _kind(body, call) if name in texts and name not in told else ""
        if kind and _is_raw(body, name) and not _has_pattern(texts[name]) and not _is_tried(body, call):
            told.add(name)
            cut = "replace" in body.text(call.args[0])  # "order:17": the parameter itself is no number
            yield body.mark(RULE.code, call, text=body.brief(call, 90), name=name, becomes=kind, cut=cut)


def _is_text(annotation: ast.expr | None) -> bool:
    """`str`, with None and a marker at most: an alias or a validator may have looked at it."""
    match annotation:
        case ast.Name(id="str"):
            return True
        case ast.BinOp(left=left, right=ast.Constant(value=None)):
            return _is_text(left)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return _is_text(inner)
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, *notes])):
            return _is_text(inner) and all(
                isinstance(n, ast.Call) and getattr(n.func, "id", "") in _MARKERS for n in notes
            )
    return False


def _kind(body: Body, call: ast.Call) -> str:
    """What a call converts a text to, "" for calls that take any text."""
    ref = body.ref(call.func)
    if ref is None:
        return ""
    if ref.kind == "class" and ref.name in body.types.found.classes:
        return ref.name.rpartition(".")[2] if any(b.startswith("enum.") for b in body.bases(ref.name)) else ""
    return _CONVERTS.get(ref.name, "") if ref.kind in ("name", "class") else ""


def _is_raw(body: Body, name: str) -> bool:
    """Whether the parameter still is what was sent, and nobody looked at it: `x.isdigit()`, a match."""
    if any(n.id == name and isinstance(n.ctx, ast.Store) for n in body.of(ast.Name)):
        return False
    looks = ("isdigit", "isnumeric", "isdecimal", "fullmatch", "match", "isalnum")
    asked = any(
        any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(call)) for call in body.calls(*looks)
    )
    compared = any(
        isinstance(c.left, ast.Name) and c.left.id == name and isinstance(c.ops[0], ast.In | ast.NotIn)
        for c in body.of(ast.Compare)
    )
    return not asked and not compared


def _has_pattern(argument: Argument) -> bool:
    return argument.marker is not None and any(
        k.arg in ("pattern", "regex") for k in argument.marker.keywords
    )


def _is_tried(body: Body, call: ast.AST) -> bool:
    inside = call
    for around in body.around(call):
        if (
            isinstance(around, ast.Try)
            and inside in around.body
            and any(_takes(body, h) for h in around.handlers)
        ):
            return True
        inside = around
    return False


def _takes(body: Body, handler: ast.ExceptHandler) -> bool:
    return is_broad(body, handler) or bool(set(caught_names(body, handler)) - {"KeyError", "TypeError"})


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each conversion, with every handler that makes it."""
    taken = {
        h.handles.rpartition(".")[2].rpartition(":")[2]
        for h in project.imported.handlers
        if h.span is not None
    }
    if "ValueError" in taken:
        return
    alike: dict[tuple[str, str, str], list[Mark]] = {}
    for mark in marks(project, RULE):
        alike.setdefault((mark.span.file, mark.fact("name"), mark.fact("becomes")), []).append(mark)
    protection = Protection.of(project)
    for (_, name, kind), found in alike.items():
        mark, more = found[0], f"; so it is in {many(len(found) - 1, 'other handler')}" if found[1:] else ""
        ways = [way for each in found for way in ways_to(project, each.function)]
        comes_back = name == "state" and all(_LOGIN.search(way.route) for way in ways)
        little = not ways or comes_back or protection.are_for_operators(ways)
        told = f"{mark.fact('text')} raises for what a client may send as {name}, and nobody catches it{more}"
        yield tell(
            RULE,
            mark,
            ways,
            message=told,
            impact="a mistyped parameter is answered with 500, and the schema says that any text will do",
            solution="catch the ValueError and answer 422, or Query(pattern=...) for the whole text"
            if mark.fact("cut")
            else f"{name}: {kind}; FastAPI then answers 422"
            if " " not in kind
            else "a model or Json[...]; FastAPI then answers 422",
            confidence=0.85,
            severity="note" if little else None,
            places=[each.span for each in found[1:]],
        )


_READ = """
from datetime import date


@app.get("/days/{{day}}")
def read_day(day: {type}):
    {parse}
    return {{"year": parsed.year}}
"""

EXAMPLES = (
    Example(
        "a date by hand", plain(_READ.format(type="str", parse="parsed = date.fromisoformat(day)")), bad=True
    ),
    Example("annotated", plain(_READ.format(type="date", parse="parsed = day")), mends="a date by hand"),
    Example(
        "refused by hand",
        plain(
            _READ.format(
                type="str",
                parse="try:\n        parsed = date.fromisoformat(day)\n    except ValueError:\n        raise HTTPException(422)",
            )
        ),
    ),
    Example(
        "what comes back from a login is what was sent there: a note",
        plain("""
@app.get("/calendar/oauth-tokens")
def take_tokens(code: str, state: str):
    return {"code": code, "calendar": int(state)}
"""),
        bad=True,
    ),
)
