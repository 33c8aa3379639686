"""A `print` of values is left in code that requests run.

**What.** `print(filters)` in a handler or in what it calls.

**Why it costs.** What a client sent goes to the standard output, past the levels, filters and formats of the log; with many
requests it is slow, and in a container it is kept as a log line that nobody can switch off.

**How it is found.** `print` with anything else than literal text, in a function that a route reaches. One finding for each function.

**How to fix it.** `logger.debug(...)`, or nothing.

**When it is no problem.** Start-up messages, command line tools, code that no route reaches.

**Sources.** Python, "Logging HOWTO", when to use logging:
https://docs.python.org/3/howto/logging.html#when-to-use-logging
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("ERR013", "debug-print", "errors", "note", "print of values in the request path", static=True)
WORDS = ("print",)


def notice(body: Body) -> Iterator[Mark]:
    """Prints of anything but literal text, to the standard output."""
    for call in body.calls("print"):
        aside = any(k.arg == "file" for k in call.keywords)
        if (
            isinstance(call.func, ast.Name)
            and body.name(call.func) == "print"
            and not aside
            and _has_values(call)
        ):
            yield body.mark(RULE.code, call, text=body.brief(call, 90))


def _has_values(call: ast.Call) -> bool:
    return any(
        isinstance(node, ast.Name | ast.Attribute | ast.Call) for a in call.args for node in ast.walk(a)
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks(project, RULE):
        found[mark.function].append(mark)
    for function, here in found.items():
        ways = ways_to(project, function)
        if ways:
            times = f", {len(here)} times in this function" if len(here) > 1 else ""
            yield tell(
                RULE,
                here[0],
                ways,
                message=f"{here[0].fact('text')} writes to the standard output in a request{times}",
                impact="what clients send is written past the log's levels and filters",
                solution="logger.debug(...), or take it out",
                confidence=0.8,
            )


EXAMPLES = (
    Example(
        "what the client asked for",
        plain("""
@app.get("/words")
def words(start: str = ""):
    print("filter", start)
    return [w for w in ("anna", "ben") if w.startswith(start)]
"""),
        bad=True,
    ),
    Example(
        "in the log",
        plain("""
import logging

logger = logging.getLogger(__name__)


@app.get("/words")
def words(start: str = ""):
    logger.debug("filter %s", start)
    return [w for w in ("anna", "ben") if w.startswith(start)]
"""),
        mends="what the client asked for",
    ),
    Example(
        "a tool on the command line",
        plain("""
def show(names: list[str]) -> None:
    for name in names:
        print(name)


@app.get("/words")
def words():
    return ["anna", "ben"]
"""),
    ),
)
