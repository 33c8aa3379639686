"""A `# strop: ignore` comment that ignores nothing.

**What.** A comment `# strop: ignore[CODE] reason` where that rule reports nothing, or reports no more.

**Why it costs.** It hides the next such finding at that place, which nobody has judged.

**How it is found.** All rules are asked first, then every comment is held beside what they said.

**How to fix it.** Delete it: `strop review --fix` does.

**When it is no problem.** Never for long. A rule that needs a measured run reports nothing without
`--evidence`: keep such a comment in the settings instead (`per-file-ignores`).

**Sources.** mypy, "warn_unused_ignores": https://mypy.readthedocs.io/en/stable/config_file.html#confval-warn_unused_ignores
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.finding import Finding
from strop.project.outline import Outline
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.ignores import Ignores, read_mark
from strop.rules.registry import rule
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.weighed import Weighed
from strop.span import Span

RULE = Rule(
    "STR003", "unused-ignore", "strop", "warning", "An ignore comment that ignores nothing", static=True
)


def weigh(outline: Outline, weighed: Weighed) -> Iterator[Finding]:
    """One finding for each code of a comment that no finding answers."""
    ignores = Ignores(outline)
    used = {
        (finding.span.file, ignore.line, word)
        for finding in weighed.findings
        for ignore in ignores.all_of(finding)
        for word in (finding.code, finding.slug)
    }
    for file, ignore in map(read_mark, outline.ignores):
        for code in ignore.codes:
            answered = any((file, ignore.line, word) in used for word in (code.upper(), code.lower()))
            if not answered and rule(code) is not None:
                yield _finding(Span(file, ignore.line), code)


def _finding(span: Span, code: str) -> Finding:
    return draft(
        RULE,
        span,
        (),
        message=f"`# strop: ignore[{code}]` ignores nothing",
        impact="it would hide the next such finding here",
        solution="delete it",
        known="static",
        confidence=1.0,
        facts={"ignored": code},
    )


EXAMPLES = (
    Example(
        "the cause is gone",
        plain("""
@app.get("/export")
async def export():
    await asyncio.sleep(1)  # strop: ignore[ASY001] a stub for the demo
    return "done"
"""),
        bad=True,
    ),
    Example(
        "the comment is gone, too",
        plain("""
@app.get("/export")
async def export():
    await asyncio.sleep(1)
    return "done"
"""),
        mends="the cause is gone",
    ),
    Example(
        "it ignores a finding",
        plain("""
@app.get("/export")
async def export():
    await asyncio.sleep(0)
    time.sleep(1)  # strop: ignore[ASY001] a stub for the demo
    return "done"
"""),
    ),
)
