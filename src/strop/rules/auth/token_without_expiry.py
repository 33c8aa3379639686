"""A token is signed that never expires.

**What.** `jwt.encode` of a payload that is written out in full, without `exp`.

**Why it costs.** A token that leaks (a log, a browser's store, a former employee's notes) works for ever: there is
nothing to revoke it with but a new key for everybody.

**How it is found.** The dictionary that is encoded, where all of its keys can be seen; a payload that comes from
elsewhere is left alone, and so is what is encoded with the algorithm "none" and no key: nothing is signed there. A note where a comment in the function says that the token does not expire.

**How to fix it.** `"exp": datetime.now(UTC) + timedelta(minutes=...)`, and a refresh token for longer sessions.

**When it is no problem.** The service looks each token up and can revoke it.

**Sources.** https://pyjwt.readthedocs.io/en/stable/usage.html#expiration-time-claim-exp ;
https://fastapi.tiangolo.com/tutorial/security/oauth2-jwt/
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("AUTH008", "token-without-expiry", "auth", "warning", "A token that never expires", static=True)
WORDS = ("encode",)
_SAID = regex(r"#.*\b(not|never|n't|no|without)\b.*\bexpir", re.IGNORECASE)
_ENCODES = frozenset({"jwt.encode", "jose.jwt.encode", "jwt.PyJWT.encode", "jwt.api_jwt.encode"})


def notice(body: Body) -> Iterator[Mark]:
    """Payloads without an expiry."""
    for call in body.calls("encode"):
        if body.name(call.func) not in _ENCODES or "exp" in body.words or _is_unsigned(body, call):
            continue
        given = [*call.args[:1], *(k.value for k in call.keywords if k.arg in ("payload", "claims"))]
        payload = body.value(given[0]) if given else None
        if (
            isinstance(payload, ast.Dict)
            and payload.keys
            and all(isinstance(k, ast.Constant) for k in payload.keys)
        ):
            said = any(_SAID.search(line) for line in body.lines)
            yield body.mark(RULE.code, call, text=body.text(call), said=said)


def _is_unsigned(body: Body, call: ast.Call) -> bool:
    """`jwt.encode(payload, "", algorithm="none")` signs nothing: who receives it can't rely on a time in it either."""
    named = {k.arg: k.value for k in call.keywords}
    given = [*call.args, *[None] * 3]
    key, algorithm = named.get("key", given[1]), named.get("algorithm", given[2])
    value = body.constant(algorithm)
    is_none = isinstance(value, str) and value.lower() == "none"
    return is_none and isinstance(key, ast.Constant) and not key.value


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each token that a route makes."""
    for mark in marks(project, RULE):
        ways = ways_to(project, mark.function)
        if ways:
            yield tell(
                RULE,
                mark,
                ways,
                message=f"{mark.span.symbol.rpartition('.')[2]} signs a token without exp",
                impact="a token that leaks works until the signing key is changed",
                solution='add "exp" to the payload',
                confidence=0.75,
                severity="note" if mark.fact("said") else None,
            )


EXAMPLES = (
    Example(
        "a token for ever",
        plain("""
import jwt

KEY = "from the environment"


@app.post("/login")
def login(name: str):
    payload = {"sub": name, "role": "user"}
    return {"token": jwt.encode(payload, KEY, algorithm="HS256")}
"""),
        bad=True,
    ),
    Example(
        "a token for a quarter of an hour",
        plain("""
from datetime import UTC, datetime, timedelta

import jwt

KEY = "from the environment"


@app.post("/login")
def login(name: str):
    payload = {"sub": name, "role": "user", "exp": datetime.now(UTC) + timedelta(minutes=15)}
    return {"token": jwt.encode(payload, KEY, algorithm="HS256")}
"""),
        bad=False,
        mends="a token for ever",
    ),
    Example(
        "the caller says what is in it",
        plain("""
import jwt

KEY = "from the environment"


def sign(payload: dict[str, str]) -> str:
    return jwt.encode(payload, KEY, algorithm="HS256")


@app.post("/login")
def login(name: str):
    return {"token": sign({"sub": name})}
"""),
        bad=False,
    ),
    Example(
        "nothing is signed",
        plain("""
import jwt


@app.post("/login")
def login(name: str):
    return {"token": jwt.encode({"sub": name}, "", algorithm="none")}
"""),
        bad=False,
    ),
)
