"""The detail of an error is a tuple, by a stray comma.

**What.** `HTTPException(404, detail=("Not found",))`: a comma after the text in the parentheses makes a tuple of it.

**Why it costs.** The client gets `["Not found"]` where every other error has a text, and shows nothing or fails.

**How it is found.** A tuple of texts as `detail` of an HTTP error; one finding for each file.

**How to fix it.** Take the comma out.

**When it is no problem.** Never: a list is written as a list.

**Sources.** Python, "Parenthesized forms":
https://docs.python.org/3/reference/expressions.html#parenthesized-forms
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
from strop.rules.answers import error_detail, http_errors
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to
from strop.rules.wording import many

RULE = Rule("ERR009", "tuple-detail", "errors", "warning", "The detail of an error is a tuple", static=True)
WORDS = ("HTTPException", "raise")


def notice(body: Body) -> Iterator[Mark]:
    """HTTP errors with a tuple as detail."""
    for call in http_errors(body):
        detail = error_detail(call)
        shown = body.value(detail) if detail is not None else None
        if isinstance(shown, ast.Tuple) and all(_is_text(e) for e in shown.elts):
            yield body.mark(RULE.code, call, text=body.brief(call, 90))


def _is_text(expr: ast.expr) -> bool:
    return isinstance(expr, ast.JoinedStr) or (isinstance(expr, ast.Constant) and isinstance(expr.value, str))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each file: who slips once slips again."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks(project, RULE):
        found[mark.span.file].append(mark)
    for first, *others in found.values():
        also = f" ({many(len(others), 'more time')} in this file)" if others else ""
        yield tell(
            RULE,
            first,
            [way for mark in (first, *others) for way in ways_to(project, mark.function)],
            message=f"detail is a tuple: the answer has a list where other errors have a text{also}",
            impact="clients that show or compare the detail fail on this error",
            solution="take the comma after the text out",
            confidence=0.97,
        )


EXAMPLES = (
    Example(
        "a stray comma",
        plain("""
@app.get("/words/{name}")
def read_word(name: str):
    raise HTTPException(
        status_code=404,
        detail=(
            "There is no such word. "
            "Look into another book.",
        ),
    )
"""),
        bad=True,
    ),
    Example(
        "without it",
        plain("""
@app.get("/words/{name}")
def read_word(name: str):
    raise HTTPException(
        status_code=404,
        detail=(
            "There is no such word. "
            "Look into another book."
        ),
    )
"""),
        mends="a stray comma",
    ),
    Example(
        "a list on purpose",
        plain("""
@app.get("/words/{name}")
def read_word(name: str):
    raise HTTPException(status_code=404, detail=["There is no such word."])
"""),
    ),
)
