"""A `print` of values is left in code that requests run.

**What.** `print(filters)` in a handler or in what it calls.

**Why it costs.** What a client sent goes to the standard output, past the levels, filters and formats of the log; with many
requests it is slow, and in a container it is kept as a log line that nobody can switch off.

**How it is found.** `print` with anything else than literal text, in a function that a route reaches. One finding for each function, a
note. A dump that was left from a search for a defect is a warning, one for the project: several bare values, or values that the
text calls by their own names (`f"filters: {filters}"`), outside of `except`, but not of an
example or a demonstration whose own routes lead to it.

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
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.aside import is_aside
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to
from strop.rules.wording import many

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
            dump = _is_dump(call) and body.within(call, ast.ExceptHandler) is None
            yield body.mark(RULE.code, call, text=body.brief(call, 90), dump=dump)


def _is_dump(call: ast.Call) -> bool:
    """Whether it shows values to who looks for a defect: several bare ones, or each under its own name."""
    if any(k.arg == "end" for k in call.keywords) or not call.args:
        return False
    bare = [a for a in call.args if isinstance(a, ast.Name)]
    if len(bare) == len(call.args):
        return len(bare) > 1
    labelled, label = 0, ""
    for part in _parts(call):
        if isinstance(part, ast.Constant):
            label = str(part.value)
        elif isinstance(part, ast.Name) and _is_label(label, part.id):
            labelled += 1
        else:
            return False
    return labelled > 0


def _is_label(text: str, name: str) -> bool:
    """Whether a text ends in a name, and a sign that its value follows."""
    said = text.lower().replace(" ", "_").rstrip("_")
    return said.endswith((f"{name.lower()}:", f"{name.lower()}=", f"{name.lower()}_is"))


def _parts(call: ast.Call) -> Iterator[ast.expr]:
    """The texts and values of a print, in their order."""
    for given in call.args:
        for part in given.values if isinstance(given, ast.JoinedStr) else (given,):
            yield part.value if isinstance(part, ast.FormattedValue) else part


def _has_values(call: ast.Call) -> bool:
    return any(
        isinstance(node, ast.Name | ast.Attribute | ast.Call) for a in call.args for node in ast.walk(a)
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function; one for all that have dumps."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks(project, RULE):
        found[mark.function].append(mark)
    dumps = [
        m for here in found.values() if (m := next((m for m in here if m.fact("dump")), None)) is not None
    ]
    reached = [
        (mark, ways)
        for mark in dumps
        if (ways := ways_to(project, mark.function)) and not _is_of_example(project, mark, ways)
    ]
    if reached:
        yield _left(reached)
        for mark, _ in reached:
            del found[mark.function]
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


def _is_of_example(project: Project, mark: Mark, ways: list[Reach]) -> bool:
    """Whether it stands in an example or a demonstration, as do all routes that lead to it: its output is there to be seen."""
    keys = {way.route for way in ways}
    served = [r.span.file for r in project.imported.routes if r.key in keys and r.span is not None]
    return is_aside(mark.span.file) and bool(served) and all(map(is_aside, served))


def _left(reached: list[tuple[Mark, list[Reach]]]) -> Finding:
    """One finding for the dumps of a project."""
    mark, ways = reached[0]
    others = [other.span for other, _ in reached[1:]]
    more = (
        f", and {many(len(others), 'other function')} {'does' if len(others) == 1 else 'do'} so too"
        if others
        else ""
    )
    return tell(
        RULE,
        mark,
        ways,
        message=f"{mark.fact('text')} writes to the standard output in a request{more}",
        impact="what clients send is written past the log's levels and filters",
        solution="logger.debug(...), or take it out",
        confidence=0.85,
        severity="warning",
        places=others,
    )


EXAMPLES = (
    Example(
        "left from a search for a defect",
        plain("""
@app.get("/words")
def words(start: str = "", end: str = ""):
    print(f"words from start: {start} to end: {end}")
    return [w for w in ("anna", "ben") if start <= w < end]
"""),
        bad=True,
    ),
    Example(
        "what was done, said once: a note",
        plain("""
@app.post("/words")
def add_word(word: str):
    print(f"Added {word}")
    return word
"""),
        bad=True,
    ),
    Example(
        "a demonstration that shows what it gets: a note",
        {
            "examples/hooks/app.py": plain("""
@app.post("/hooks")
def take(number: str = "", kind: str = ""):
    print(f"number: {number} kind: {kind}")
    return {"ok": True}
""")["main.py"]
        },
        bad=True,
    ),
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
