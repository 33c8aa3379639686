"""A JSON Web Token is read without checking its signature.

**What.** `jwt.decode` with `verify_signature` (or `verify`) off, or with "none" among the algorithms, and no checked
decode beside it.

**Why it costs.** Anybody can write such a token: with any user id, any role, any expiry.

**How it is found.** The options of the call, constants followed, in what a route's dependencies call. A function that
also decodes with the check (it looks at the header or the issuer first, to choose the key) is left alone, and so is one
that reads what a provider has just answered over TLS.

**How to fix it.** `jwt.decode(token, key, algorithms=["HS256"])`, with the audience and issuer where they are set.

**When it is no problem.** A gateway in front has verified the token, and nothing else can reach the service.

**Sources.** https://pyjwt.readthedocs.io/en/stable/usage.html ; https://www.rfc-editor.org/rfc/rfc8725
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.asked import identifier
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.origins import Origins, bare
from strop.project.project import Project
from strop.project.shared import shared
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("AUTH007", "unverified-token", "auth", "error", "A token that nobody verifies", static=True)
WORDS = ("jwt", "PyJWT")
_DECODES = frozenset(
    {"jwt.decode", "jose.jwt.decode", "jwt.PyJWT.decode", "jwt.api_jwt.decode", "jwt.decode_complete"}
)
_DEEPEST = 3  # calls between a dependency and the decode
_FROM_PROVIDER = ("id_token", "userinfo", "provider", "oidc")


def notice(body: Body) -> Iterator[Mark]:
    """Decodes without a check."""
    found = [c for c in body.calls("decode", "decode_complete") if body.name(c.func) in _DECODES]
    unverified = [c for c in found if _is_unverified(body, c)]
    if len(unverified) < len(found):
        yield body.mark(RULE.code, found[0], kind="verified")
        return
    if any(w in word.lower() for w in _FROM_PROVIDER for word in body.words):
        return
    origins = Origins(body)
    for call in unverified:
        given = [*call.args[:1], *(k.value for k in call.keywords if k.arg in ("jwt", "token"))]
        if any(not bare(t).startswith("=") for g in given for t in origins.of(g)):
            yield body.mark(RULE.code, call, text=body.text(call))


def _is_unverified(body: Body, call: ast.Call) -> bool:
    given = {k.arg: k.value for k in call.keywords}
    if body.constant(given.get("verify")) is False:
        return True
    options = body.value(given["options"]) if "options" in given else None
    if isinstance(options, ast.Dict):
        for key, value in zip(options.keys, options.values, strict=True):
            if key is not None and body.constant(key) == "verify_signature" and body.constant(value) is False:
                return True
    algorithms = body.value(given["algorithms"]) if "algorithms" in given else None
    return isinstance(algorithms, ast.List | ast.Tuple) and any(
        isinstance(a, ast.Constant) and str(a.value).lower() == "none" for a in algorithms.elts
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each decode that a route reaches."""
    verified = {m.function for m in marks(project, RULE, "verified")}
    finder = shared(project, identifier)
    names = {(d.name, d.span) for r in project.imported.routes for d in r.dependencies}
    checks = {f.id for f in (finder.function(*n) for n in sorted(names, key=str)) if f is not None}
    for mark in marks(project, RULE):
        ways = ways_to(project, mark.function)
        if ways and _decides(project, mark.function, checks, verified):
            yield tell(
                RULE,
                mark,
                ways,
                message=f"{mark.span.symbol.rpartition('.')[2]} reads a token without checking its signature",
                impact="whoever sends a token that they wrote themselves is believed",
                solution='jwt.decode(token, key, algorithms=["HS256"])',
                confidence=0.75,
            )


def _decides(project: Project, function: str, checks: set[str], verified: set[str]) -> bool:
    """Whether a dependency learns from it who calls, with no checked decode on the way."""
    for check_id in sorted(checks):
        below = _below(project, check_id)
        if function in below and not below & verified:
            return True
    return False


def _below(project: Project, function: str) -> set[str]:
    found, level = {function}, {function}
    for _ in range(_DEEPEST):
        calls = (c for f in level if f in project.source.functions for c in project.source.functions[f].calls)
        level = {c.target for c in calls if c.target} - found
        found |= level
    return found


EXAMPLES = (
    Example(
        "a user from an unchecked token",
        plain("""
import jwt
from fastapi import Header


def current_user(authorization: str = Header()):
    claims = jwt.decode(authorization, options={"verify_signature": False})
    return claims["sub"]


@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user}
"""),
        bad=True,
    ),
    Example(
        "a checked token",
        plain("""
import jwt
from fastapi import Header

KEY = "from the environment"


def current_user(authorization: str = Header()):
    claims = jwt.decode(authorization, KEY, algorithms=["HS256"])
    return claims["sub"]


@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user}
"""),
        bad=False,
        mends="a user from an unchecked token",
    ),
    Example(
        "the issuer chooses the key",
        plain("""
import jwt
from fastapi import Header

KEYS = {"https://login.example": "from the environment"}


def current_user(authorization: str = Header()):
    issuer = jwt.decode(authorization, options={"verify_signature": False})["iss"]
    claims = jwt.decode(authorization, KEYS[issuer], algorithms=["RS256"], issuer=issuer)
    return claims["sub"]


@app.get("/me")
def me(user: str = Depends(current_user)):
    return {"user": user}
"""),
        bad=False,
    ),
)
