"""A text of the request is compiled as a regular expression.

**What.** A query parameter or field becomes the pattern that `re` compiles or searches with.

**Why it costs.** "(a+)+$" needs time that doubles with each letter: one request keeps a core (in an `async def` the
whole worker) busy for as long as the client likes. A pattern that does not compile is an error 500.

**How it is found.** What handlers and dependencies get from a request (query, form, body, headers, file names) is
followed through assignments, text building and calls of the project's functions; parameters that FastAPI parses
into numbers, UUIDs or enumerations are left out, and so is what the code tests or cleans on the way. What goes through `re.escape` is left out.

**How to fix it.** Search for the text itself: `text.casefold() in name.casefold()`, `ilike` with escaped wildcards,
or `re.escape`.

**When it is no problem.** The expression is run by an engine without backtracking (RE2), or only operators send it.

**Sources.** https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.rules.carried import carried
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain

RULE = Rule(
    "SEC004",
    "pattern-from-request",
    "security",
    "warning",
    "A regular expression from the request",
    static=True,
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call that gets the pattern."""
    yield from carried(
        RULE,
        project,
        "regex",
        message="{source} is compiled as a regular expression by {call} in {function}",
        impact="a client can send a pattern that keeps a core busy for minutes",
        solution="compare the text itself, or put re.escape() around it",
        confidence=0.9,
    )


EXAMPLES = (
    Example(
        "a search that is a pattern",
        plain("""
import re

NAMES = ["Ada", "Grace"]


@app.get("/users")
def users(q: str = ""):
    pattern = re.compile(q, re.IGNORECASE)
    return [name for name in NAMES if pattern.search(name)]
"""),
        bad=True,
    ),
    Example(
        "the text itself",
        plain("""
import re

NAMES = ["Ada", "Grace"]


@app.get("/users")
def users(q: str = ""):
    pattern = re.compile(re.escape(q), re.IGNORECASE)
    return [name for name in NAMES if pattern.search(name)]
"""),
        bad=False,
        mends="a search that is a pattern",
    ),
    Example(
        "the text is searched, not the pattern",
        plain("""
import re


@app.get("/is-slug")
def is_slug(text: str):
    return bool(re.match(r"[a-z-]+$", text))
"""),
        bad=False,
    ),
)
