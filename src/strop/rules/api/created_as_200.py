"""A POST that creates answers 200, where its siblings answer 201.

**What.** Most routes that create say `status_code=201`; a few have forgotten it.

**Why it costs.** Clients that look for 201 take the success for something else, and generated clients have one type for each spelling.

**How it is found.** POST routes whose handler's name begins with create, register, insert or new: where two thirds of them and three at least
answer 201, those that answer 200 are named in one finding.

**How to fix it.** `status_code=201`; clients that look for 200 must change too.

**When it is no problem.** A POST that only asks (a search, a check), or that may find what it would create.

**Sources.** RFC 9110, "201 Created": https://www.rfc-editor.org/rfc/rfc9110#name-201-created
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.function import Function
from strop.project.project import Project
from strop.project.route import Route
from strop.regex import regex
from strop.rules.code import handler
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.wording import listed
from strop.span import Step

RULE = Rule("API008", "created-as-200", "api", "note", "200 where siblings answer 201", static=True)
_CREATES = regex(r"^(post_)?(create|register|insert|new)(_(?!or_)|$)")
_LEAST = 3
_SHARE = 2 / 3


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the project."""
    found: dict[int, list[tuple[Route, Function]]] = defaultdict(list)
    for route in project.imported.routes:
        own = (
            handler(project, route)
            if route.method == "POST" and route.kind == "http" and route.in_schema
            else None
        )
        if (
            own is not None
            and _CREATES.match(own.span.symbol.rpartition(".")[2])
            and not re.search(r"_(or|to)_", own.span.symbol)
        ):
            found[route.status].append((route, own))
    usual, odd = found[201], found[200]
    if len(usual) < _LEAST or len(usual) < _SHARE * (len(usual) + len(odd)):
        return
    if odd:
        route, own = odd[0]
        yield draft(
            RULE,
            own.span,
            (r.key for r, _ in odd),
            message=f"{listed([r.key for r, _ in odd])} answer{'s' if len(odd) == 1 else ''} 200, "
            f"{len(usual)} other routes that create answer 201",
            impact="clients that look for 201 take the success for something else",
            solution="status_code=201; clients that look for 200 must change too",
            known="static",
            confidence=0.7,
            chain=(Step(route.key, own.span),),
        )


_ROUTES = "".join(
    f"""

@app.post("/{name}", status_code=201)
def create_{name}(name: str):
    return name
"""
    for name in ("apples", "pears", "plums")
)
_MORE = """

@app.post("/words"{status})
def {verb}_words(name: str):
    return name
"""

EXAMPLES = (
    Example("one has forgotten it", plain(_ROUTES + _MORE.format(status="", verb="create")), bad=True),
    Example(
        "all say it",
        plain(_ROUTES + _MORE.format(status=", status_code=201", verb="create")),
        mends="one has forgotten it",
    ),
    Example("a POST that only asks", plain(_ROUTES + _MORE.format(status="", verb="search"))),
)
