"""A `# strop: ignore` comment that names no rule.

**What.** A comment `# strop: ignore[CODE] reason` whose code is no rule's code or name, or a comment without any code.

**Why it costs.** It ignores nothing, and whoever wrote it believes that it does. A comment without a code would
hide whatever is found there later, so strop does not take it.

**How it is found.** The comments of the source (what only looks like one inside a string is none), beside the list
of rules.

**How to fix it.** Name the rule: `# strop: ignore[DB008] fifty rows at most`. `strop explain` lists codes and names.

**When it is no problem.** A rule of a newer version of strop, until everybody has that version.

**Sources.** ruff, "Error suppression": https://docs.astral.sh/ruff/linter/#error-suppression
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.ignores import WORD, read_ignores
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.foreign import is_foreign
from strop.rules.ignores import noted, places
from strop.rules.registry import rules
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span

RULE = Rule(
    "STR001", "unknown-ignore", "strop", "warning", "An ignore comment that names no rule", static=True
)
WORDS = (WORD,)
KINDS = ("module",)


def notice(body: Body) -> Iterator[Mark]:
    """Every such comment, whatever it names: other rules and the review read these marks, too."""
    for ignore in read_ignores(body.lines):
        facts = tuple(sorted((name, str(value)) for name, value in noted(ignore).items() if value))
        yield Mark(RULE.code, Span(body.module.file, ignore.line, body.symbol), body.id, facts)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each wrong code, and for each comment without codes."""
    known = {word for registered in rules() for word in (registered.rule.code, registered.rule.slug)}
    for file, ignore in places(project):
        for code in ignore.codes or ("",):
            if code.upper() not in known and code.lower() not in known and not is_foreign(code):
                yield _finding(Span(file, ignore.line), code, known)


def _finding(span: Span, code: str, known: set[str]) -> Finding:
    near = difflib.get_close_matches(code.upper(), known, n=1) or difflib.get_close_matches(
        code.lower(), known, n=1
    )
    message = (
        f"`# strop: ignore[{code}]` names no rule"
        if code
        else "`# strop: ignore` without a code ignores nothing"
    )
    return draft(
        RULE,
        span,
        (),
        message=message,
        impact="what it was meant for is still reported, or was never there",
        solution=f"did you mean {near[0]}?" if near else "name a rule: strop explain lists them all",
        known="static",
        confidence=1.0,
        facts={"ignored": code, "near": near[0] if near else ""},
    )


_EXPORT = """
@app.get("/export")
async def export():
    time.sleep(1)  # strop: ignore{0}
    return "done"
"""

EXAMPLES = (
    Example("a code with a typing error", plain(_EXPORT.format("[ASY01] a stub for the demo")), bad=True),
    Example("no code at all", plain(_EXPORT.format("")), bad=True),
    Example(
        "the code of a rule",
        plain(_EXPORT.format("[ASY001] a stub for the demo")),
        mends="a code with a typing error",
    ),
    Example(
        "a text that looks like a comment",
        plain(
            """
@app.get("/help")
async def help():
    return "write # strop: ignore[CODE] and a reason"
"""
        ),
    ),
)
