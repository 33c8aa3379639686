"""What FastAPI or Starlette has replaced is still used.

**What.** `@app.on_event(...)`, `regex=` and `example=` in `Query`, `Path`, `Body` ...; `ORJSONResponse` and `UJSONResponse`.

**Why it costs.** Each warns at start-up and goes away with a later release; `on_event` handlers are ignored as soon as somebody adds a lifespan.

**How it is found.** Names and keywords, through imports. One finding for each kind, at its first place; a version that is known to be
older than the replacement is left alone.

**How to fix it.** `lifespan=`, `pattern=`, `examples=[...]`, `JSONResponse` (Pydantic writes the JSON itself by now).

**When it is no problem.** A library that must work with old releases.

**Sources.** FastAPI, "Release Notes": https://fastapi.tiangolo.com/release-notes/ ;
"Lifespan Events": https://fastapi.tiangolo.com/advanced/events/
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell

RULE = Rule("API016", "deprecated-api", "api", "note", "What FastAPI has replaced", static=True)
KINDS = ("module", "function")
WORDS = ("on_event", "regex", "example", "ORJSONResponse", "UJSONResponse")
_PARAMETERS = ("Query", "Path", "Body", "Form", "Header", "Cookie", "File")
# what is used: since which FastAPI, what it is replaced by
_SINCE = {
    "on_event": ("0.93", "lifespan="),
    "regex=": ("0.100", "pattern="),
    "example=": ("0.99", "examples=[...]"),
    "ORJSONResponse": ("0.131", "JSONResponse; Pydantic writes the JSON by now"),
    "UJSONResponse": ("0.131", "JSONResponse; Pydantic writes the JSON by now"),
}


def notice(body: Body) -> Iterator[Mark]:
    """Uses of what was replaced."""
    for call in body.calls("on_event"):
        owner = body.instance(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        if owner and {"fastapi.FastAPI", "fastapi.APIRouter"} & set(body.bases(owner)):
            yield body.mark(RULE.code, call, what="on_event", text=body.brief(call, 90))
    for call in body.calls(*_PARAMETERS):
        if body.name(call.func).startswith("fastapi."):
            for keyword in call.keywords:
                if keyword.arg in ("regex", "example"):
                    yield body.mark(RULE.code, call, what=f"{keyword.arg}=", text=body.brief(call, 90))
    for statement in body.of(ast.ImportFrom) if body.kind == "module" else ():
        if statement.module == "fastapi.responses":
            for alias in statement.names:
                if alias.name in _SINCE:
                    yield body.mark(RULE.code, statement, what=alias.name, text=body.brief(statement, 90))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each kind."""
    version = dict(project.imported.versions).get("fastapi", "")
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks(project, RULE):
        found[mark.fact("what")].append(mark)
    for what, here in sorted(found.items()):
        since, instead = _SINCE[what]
        known = _is_since(version, since)
        if known is False or (known is None and what.endswith("JSONResponse")):
            continue
        more = f", {len(here)} times" if len(here) > 1 else ""
        yield tell(
            RULE,
            here[0],
            (),
            message=f"{what} is deprecated since FastAPI {since}{more}",
            impact="it warns at start-up and goes away with a later release",
            solution=instead,
            confidence=0.9 if known else 0.7,
            what=what,
        )


def _is_since(version: str, since: str) -> bool | None:
    try:
        return Version(version) >= Version(since)
    except InvalidVersion:
        return None


_WORDS = """
from fastapi import Query


@app.get("/words")
def words(start: str = Query("a", {limit}="^[a-z]$")):
    return [start]
"""

EXAMPLES = (
    Example("regex", plain(_WORDS.format(limit="regex")), bad=True),
    Example("pattern", plain(_WORDS.format(limit="pattern")), mends="regex"),
    Example(
        "names that only look alike",
        plain("""
class Bus:
    def on_event(self, name: str):
        return lambda function: function


bus = Bus()


@bus.on_event("word")
def heard():
    return None
"""),
    ),
)
