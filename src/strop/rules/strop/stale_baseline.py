"""An entry of the baseline that answers to no finding.

**What.** The baseline file holds a finding that is not there any more: it was mended, or its code was deleted.

**Why it costs.** If the same mistake is made again at that place, the entry hides it: the baseline only ever
grows, and nobody sees that it could be shorter.

**How it is found.** All rules are asked first, then every entry of the baseline is looked for among what they said.

**How to fix it.** `strop review --prune-baseline` takes such entries out and leaves the others.

**When it is no problem.** Right after mending many findings at once: prune once, at the end.

**Sources.** pyrefly, "Baseline files": https://pyrefly.org/en/docs/error-suppressions/
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.finding import Finding
from strop.project.outline import Outline
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.weighed import Weighed

RULE = Rule(
    "STR004", "stale-baseline", "strop", "error", "An entry of the baseline that is out of date", static=True
)


def weigh(outline: Outline, weighed: Weighed) -> Iterator[Finding]:
    """One finding for each entry that nothing answers."""
    for stale in weighed.stale:
        yield draft(
            RULE,
            stale.span,
            (),
            message=f"the baseline still holds {stale.code} {stale.about}, which is gone",
            impact="the entry would hide the same mistake when it is made again",
            solution="strop review --prune-baseline",
            known="static",
            confidence=1.0,
            facts={"ignored": stale.code, "about": stale.about},
        )


_SETTINGS = '[tool.strop.review]\nbaseline = "baseline.json"\n'
_ENTRY = '{"fingerprint": "0123456789abcdef", "code": "ASY001", "file": "main.py", "symbol": "export", "message": ""}'
_EXPORT = """
@app.get("/export")
async def export():
    await asyncio.sleep(1)
    return "done"
"""


def _with_baseline(*entries: str) -> dict[str, str]:
    listed = ",\n".join(entries)
    baseline = f'{{"schema": 1, "findings": [\n{listed}\n]}}\n'
    return {**plain(_EXPORT), "pyproject.toml": _SETTINGS, "baseline.json": baseline}


EXAMPLES = (
    Example("what it holds was mended", _with_baseline(_ENTRY), bad=True),
    Example("pruned", _with_baseline(), mends="what it holds was mended"),
    Example("no baseline", plain(_EXPORT)),
)
