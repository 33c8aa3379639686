"""A `# strop: ignore` comment that does not say why.

**What.** A comment `# strop: ignore[CODE]` with nothing behind it.

**Why it costs.** The next reader can't tell a judged exception from one that was in somebody's way, so nobody dares
to remove it, and it stays when its cause is gone.

**How it is found.** The comments of the source.

**How to fix it.** Say why in a few words: `# strop: ignore[DB008] a tenant has fifty of them at most`.

**When it is no problem.** Where a team keeps its reasons elsewhere: `ignore = ["STR002"]` in `[tool.strop.review]`.

**Sources.** GitHub's CodeQL asks for a reason when an alert is dismissed:
https://docs.github.com/en/code-security/code-scanning/managing-code-scanning-alerts/resolving-code-scanning-alerts
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.ignores import places
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span

RULE = Rule(
    "STR002", "unreasoned-ignore", "strop", "warning", "An ignore comment without a reason", static=True
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each comment that names a rule and gives no reason."""
    for file, ignore in places(project):
        if ignore.codes and not ignore.reason:
            yield draft(
                RULE,
                Span(file, ignore.line),
                (),
                message=f"`# strop: ignore[{', '.join(ignore.codes)}]` gives no reason",
                impact="nobody can tell whether it still holds",
                solution="write the reason behind the bracket",
                known="static",
                confidence=1.0,
                facts={"ignored": ",".join(ignore.codes)},
            )


_EXPORT = """
@app.get("/export")
async def export():
    time.sleep(1)  # strop: ignore[ASY001]{0}
    return "done"
"""

EXAMPLES = (
    Example("only a code", plain(_EXPORT.format("")), bad=True),
    Example("a code and a reason", plain(_EXPORT.format(" a stub for the demo")), mends="only a code"),
    Example(
        "a reason behind a colon",
        plain(
            """
# strop: ignore[blocking-call]: a stub for the demo
@app.get("/export")
async def export():
    time.sleep(1)
    return "done"
"""
        ),
    ),
)
