"""Some collections end with a slash, others don't.

**What.** `GET /users/` and `GET /items` in one application.

**Why it costs.** Who guesses wrong is redirected with 307: one more round trip, and behind a proxy the redirect may go to `http:` or to an
internal host, where clients drop the Authorization header.

**How it is found.** Routes that list or create (their path ends in no parameter and has no other below a verb): where one spelling is
rare (at most a tenth, at least one), the odd ones are named. Not where `redirect_slashes=False` or both
spellings exist.

**How to fix it.** One spelling; the other one with `include_in_schema=False` for clients that use it.

**When it is no problem.** A mount or a static site.

**Sources.** https://github.com/fastapi/fastapi/issues/4990 ; https://github.com/fastapi/fastapi/pull/12145
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.project.route import Route
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.wording import listed, many
from strop.span import Span, Step

RULE = Rule(
    "API014", "mixed-trailing-slashes", "api", "note", "Paths with and without a last slash", static=True
)
_RARE = 0.1
_LEAST = 10  # routes, below which nobody has a habit


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the application."""
    options = dict(project.imported.options)
    if options.get("redirect_slashes") == "False":
        return
    shown = [
        r
        for r in project.imported.routes
        if r.kind == "http" and r.in_schema and not r.plain and len(r.path) > 1
    ]
    paths = {r.path for r in shown}
    ends = [r for r in shown if r.path.endswith("/") and r.path[:-1] not in paths]
    bare = [r for r in shown if not r.path.endswith("/") and f"{r.path}/" not in paths]
    odd, habit = (ends, bare) if len(ends) < len(bare) else (bare, ends)
    places = [r for r in odd if r.decorator is not None or r.span is not None]
    if not places or len(odd) + len(habit) < _LEAST or len(odd) > _RARE * len(habit):
        return
    span = places[0].decorator or places[0].span or Span("", 0)
    yield draft(
        RULE,
        span,
        (r.key for r in odd),
        message=f"{listed(sorted({r.path for r in odd}))} {'end' if odd is ends else 'do not end'} with a slash, "
        f"{many(len(habit), 'other route')} {'do not' if odd is ends else 'do'}",
        impact="who takes one for the other is redirected, behind a proxy perhaps to the wrong scheme or host",
        solution="one spelling; the other one with include_in_schema=False for clients that use it",
        known="static",
        confidence=0.75,
        chain=(Step(_key(places[0]), span),),
        facts={"odd": len(odd)},
    )


def _key(route: Route) -> str:
    return route.key


_BARE = "".join(
    f"""

@app.get("/{name}")
def read_{name}():
    return []
"""
    for name in ("apples", "pears", "plums", "nuts", "roots", "leaves", "seeds", "stems", "buds", "thorns")
)
_ODD = """

@app.get("/words{slash}")
def read_words():
    return []
"""

EXAMPLES = (
    Example("one with a slash", plain(_BARE + _ODD.format(slash="/")), bad=True),
    Example("all without", plain(_BARE + _ODD.format(slash="")), mends="one with a slash"),
    Example(
        "both spellings",
        plain(_BARE + _ODD.format(slash="/") + _ODD.format(slash="").replace("read_words", "alias")),
    ),
)
