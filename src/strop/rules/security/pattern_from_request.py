"""A text of the request is compiled as a regular expression.

**What.** A query parameter or field becomes the pattern that `re` compiles or searches with.

**Why it costs.** "(a+)+$" needs time that doubles with each letter: one request keeps a core (in an `async def` the
whole worker) busy for as long as the client likes. A pattern that does not compile is an error 500.

**How it is found.** What handlers and dependencies get from a request (query, form, body, headers, file names) is
followed through assignments, text building and calls of the project's functions; parameters that FastAPI parses
into numbers, UUIDs or enumerations are left out, and so is what the code tests or cleans on the way. What goes through `re.escape` is left out.

**How to fix it.** Search for the text itself: `text.casefold() in name.casefold()`, `ilike` with escaped wildcards,
or `re.escape`. Where clients are meant to send expressions (`re.error` is answered with 4xx, the parameter is called `regex`): an
engine without backtracking (`google-re2`), or one with a time limit (`regex.search(..., timeout=1)`).

**When it is no problem.** The expression is run by an engine without backtracking (RE2), or only operators send what is meant as one. A note where
`re.error` is answered with 4xx and the pattern is only put to texts that are called short: names, keys, addresses.

**Sources.** https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import partial

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.project.taint import Tainted
from strop.regex import regex
from strop.rules.carried import carried
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks

RULE = Rule(
    "SEC004",
    "pattern-from-request",
    "security",
    "warning",
    "A regular expression from the request",
    static=True,
)


WORDS = frozenset({"re", "regex"})
_USES = ("search", "match", "fullmatch", "findall", "finditer", "sub", "subn", "split")
_REFUSED = regex(r"\b4\d\d\b|HTTP_4\d\d|ValueError|BadRequest|Invalid|Validation|Unprocessable")
_SHORT = regex(
    r"(^|_)(url|uri|href|path|name|filename|key|id|uuid|title|slug|email|host|hostname|domain|label|tag|number)s?$",
    re.IGNORECASE,
)
_CALLED = regex(r'"[^"]*(regex|regexp|pattern)[^"]*"', re.IGNORECASE)


def notice(body: Body) -> Iterator[Mark]:
    """Patterns that are meant to be expressions: what does not compile is answered with 4xx."""
    for call in body.calls("compile", *_USES):
        if body.name(call.func).rpartition(".")[0] in WORDS and _is_answered(body, call):
            yield body.mark(
                RULE.code, call, kind="contract", put="short" if _is_put_to_short(body, call) else ""
            )


def _is_answered(body: Body, call: ast.Call) -> bool:
    """Whether it stands in a `try` whose `except re.error` refuses the request."""
    inside: ast.AST = call
    for around in body.around(call):
        tried = around if isinstance(around, ast.Try) and inside in around.body else None
        if tried is not None and any(_refuses(body, handler) for handler in tried.handlers):
            return True
        inside = around
    return False


def _refuses(body: Body, handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    named = any(c is not None and last_name(c) in ("error", "PatternError") for c in caught)
    return named and any(_REFUSED.search(body.text(each)) for each in handler.body)


def _is_put_to_short(body: Body, call: ast.Call) -> bool:
    """Whether all texts that the pattern is put to are seen here, and called what is short."""
    if last_name(call.func) != "compile":
        return len(call.args) > 1 and bool(_SHORT.search(_word(call.args[1])))
    parent = body.parent(call)
    target = parent.targets[0] if isinstance(parent, ast.Assign) else None
    if not isinstance(target, ast.Name):
        return False
    uses = [n for n in body.of(ast.Name) if n.id == target.id and isinstance(n.ctx, ast.Load)]
    put = [c for c in body.calls(*_USES) if c.args and _owner(c) in uses]
    return len(put) == len(uses) > 0 and all(_SHORT.search(_word(c.args[0])) for c in put)


def _owner(call: ast.Call) -> ast.expr | None:
    return call.func.value if isinstance(call.func, ast.Attribute) else None


def _word(text: ast.expr) -> str:
    """What a text is called: "url" of `page.url` and of `page["url"]`."""
    match text:
        case ast.Subscript(slice=ast.Constant(value=str() as key)):
            return key
    return last_name(text)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call that gets the pattern."""
    meant = {(m.span.file, m.span.line): m.fact("put") or "long" for m in marks(project, RULE, "contract")}

    for kind in ("", "long", "short"):
        yield from carried(
            RULE,
            project,
            "regex",
            message="{source} is compiled as a regular expression by {call} in {function}",
            impact="a client can send a pattern that keeps a core busy for minutes",
            solution="run it with google-re2, or with a time limit (regex.search(..., timeout=1)), away from the event loop"
            if kind
            else "compare the text itself, or put re.escape() around it",
            confidence=0.9,
            severity="note" if kind == "short" else None,
            operated="note" if kind else "warning",  # who looks for "c++" gets an error, whoever it is
            unless=partial(_is_else, meant, kind),
        )


def _is_else(meant: dict[tuple[str, int], str], kind: str, one: Tainted) -> bool:
    """Whether a call is not of this kind: "" where a text is looked for, else what the expression is put to."""
    called = "long" if _CALLED.search(one.source) else ""
    return meant.get((one.span.file, one.span.line), called) != kind


_MEANT = """
import re

LINES = ["a line", "and another"]


@app.get("/queue")
def queue(regex: str = ""):
    try:
        pattern = re.compile(regex)
    except re.error as refused:
        raise HTTPException(status_code=400, detail="invalid_regex") from refused
    return [{of} for {of} in LINES if pattern.search({of})]
"""
EXAMPLES = (
    Example(
        "an administrator looks for a text",
        plain("""
import re

NAMES = ["Ada", "Grace"]


@app.get("/admin/users")
def users(q: str = ""):
    return [name for name in NAMES if re.search(q, name)]
"""),
        bad=True,
    ),
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
    Example(
        "an expression by contract, put to texts of any length", plain(_MEANT.format(of="line")), bad=True
    ),
    Example("an expression by contract, put to addresses: a note", plain(_MEANT.format(of="url")), bad=True),
)
