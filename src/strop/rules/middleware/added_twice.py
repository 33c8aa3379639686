"""The same middleware is added twice.

**What.** `app.add_middleware(CORSMiddleware, ...)` stands twice for one application.

**Why it costs.** Each layer runs for each request. Two of CORS write their headers twice, and browsers refuse an answer with two
`Access-Control-Allow-Origin`; two of GZip or of sessions do the work twice; and a change of one set of options is without effect for the other.

**How it is found.** Two calls of `add_middleware` in one block, with the same application and the same class: one of the layers
that nobody wants twice (CORS, GZip, sessions, trusted hosts, HTTPS, proxy headers), or the same options.

**How to fix it.** One call, with the options of both.

**When it is no problem.** The two are in branches of which only one runs; those are not reported.

**Sources.** https://www.starlette.io/middleware/ ; https://fetch.spec.whatwg.org/#cors-check
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell

RULE = Rule("MID005", "added-twice", "middleware", "warning", "The same middleware twice", static=True)
WORDS = ("add_middleware",)
KINDS = ("function", "module")
_ONCE = frozenset({
    "CORSMiddleware", "GZipMiddleware", "SessionMiddleware", "TrustedHostMiddleware", "HTTPSRedirectMiddleware",
    "ProxyHeadersMiddleware", "AuthenticationMiddleware", "CorrelationIdMiddleware",
})  # fmt: skip


def notice(body: Body) -> Iterator[Mark]:
    """The second of two calls that add one class to one application in one block."""
    seen: dict[tuple[str, str, int], ast.Call] = {}
    for call in body.calls("add_middleware"):
        if not call.args or not isinstance(call.func, ast.Attribute):
            continue
        statement = body.parent(call)
        name = body.name(call.args[0]) or body.text(call.args[0])
        key = (
            body.text(call.func.value),
            name,
            id(body.parent(statement) if statement is not None else None),
        )
        first = seen.setdefault(key, call)
        same = ast.dump(first) == ast.dump(call)
        short = name.rpartition(".")[2]
        if first is not call and (same or short in _ONCE) and not _leaves_between(body, first, call):
            yield body.mark(RULE.code, call, name=short, first=first.lineno, text=body.brief(call, 90))


def _leaves_between(body: Body, first: ast.Call, second: ast.Call) -> bool:
    """Whether the two lie in different branches of one statement: `if` and `else` have one parent."""
    for around in body.around(first):
        if isinstance(around, ast.If):
            return any(second is n for s in around.orelse for n in ast.walk(s)) != any(
                first is n for s in around.orelse for n in ast.walk(s)
            )
        if isinstance(around, ast.Try | ast.Match):
            return True
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each second call."""
    for mark in marks(project, RULE):
        yield tell(
            RULE,
            mark,
            (),
            message=f"{mark.fact('name')} is added again, after line {mark.fact('first')}",
            impact="both layers run for every request, and the options of one contradict the other's",
            solution="one call, with the options of both",
            confidence=0.85,
        )


_CORS = 'app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])\n'
_IMPORT = "from fastapi.middleware.cors import CORSMiddleware\n\n"
EXAMPLES = (
    Example(
        "CORS twice",
        plain(
            "\n"
            + _IMPORT
            + _CORS
            + 'app.add_middleware(CORSMiddleware, allow_origins=["https://www.shop.example"])\n'
        ),
        bad=True,
    ),
    Example(
        "one with both origins",
        plain(
            "\n"
            + _IMPORT
            + 'app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example", "https://www.shop.example"])\n'
        ),
        bad=False,
        mends="CORS twice",
    ),
    Example(
        "one of two branches",
        plain("\n" + _IMPORT + 'if Path("local").exists():\n    ' + _CORS + "else:\n    " + _CORS),
        bad=False,
    ),
    Example(
        "two applications",
        plain(
            "\n"
            + _IMPORT
            + "inner = FastAPI()\n"
            + _CORS
            + _CORS.replace("app.", "inner.")
            + 'app.mount("/inner", inner)\n'
        ),
        bad=False,
    ),
)
