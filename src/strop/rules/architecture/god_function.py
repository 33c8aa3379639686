"""One function of the request path does the work of a module.

**What.** A function that requests run is longer than 300 lines, and many times longer than the others of the project.

**Why it costs.** Nobody sees all its branches at once: an early return skips the commit, a name means two things, tests
reach half of it, and every change of the service meets in it.

**How it is found.** The longest function that a route reaches, when it has more than 300 lines and more than ten times
the lines of the project's usual one. One finding for the project: it is about habit, not about a line.

**How to fix it.** Cut it along its comments: check, load, decide, write, answer.

**When it is no problem.** Long tables, generated code.

**Sources.** Martin Fowler, "Long Function": https://refactoring.com/catalog/extractFunction.html
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.function import Function
from strop.project.project import Project
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.wording import many, number
from strop.span import Span

RULE = Rule("ARC006", "god-function", "architecture", "note", "A function as long as a module", static=True)

_LONG, _TIMES = 300, 10


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the longest."""
    lengths = {f.id: _lines(f) for f in project.source.functions.values() if not f.id.endswith(":<module>")}
    usual = median(lengths.values()) if lengths else 0
    longest = sorted(
        (i for i, n in lengths.items() if n > _LONG and n > _TIMES * usual), key=lambda i: (-lengths[i], i)
    )
    for place, function_id in enumerate(longest):
        ways = reaches(project, function_id, ("loop", "thread", "background"))
        if not ways:
            continue
        function, rest = project.source.functions[function_id], len(longest) - place - 1
        more = (
            f"; {many(rest, 'other function')} of the project {'has' if rest == 1 else 'have'} more than {_LONG}"
            if rest
            else ""
        )
        yield draft(
            RULE,
            Span(function.span.file, function.span.line, function.span.symbol),
            {w.route for w in ways},
            message=f"{function.span.symbol} has {number(lengths[function_id])} lines; the usual function here has {number(usual)}{more}",
            impact="nobody sees all branches at once, and every change meets in it",
            solution="cut it into the steps that its comments name",
            known="static",
            confidence=0.6,
            chain=ways[0].chain,
        )
        return


def _lines(function: Function) -> int:
    return max(function.span.end_line, function.span.line) - function.span.line + 1


def _handler(lines: int) -> str:
    return (
        '\n@app.get("/all")\ndef everything(number: int):\n'
        + "    number += 1\n" * lines
        + "    return number\n\n\ndef small():\n    return 1\n\n\ndef other():\n    return 2\n"
    )


EXAMPLES = (
    Example("four hundred lines", plain(_handler(400)), bad=True),
    Example("forty lines", plain(_handler(40)), bad=False, mends="four hundred lines"),
    Example(
        "a long script that no route reaches",
        plain(_handler(400).replace('@app.get("/all")\n', "")),
        bad=False,
    ),
)
