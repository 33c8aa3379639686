"""A token's lifetime is written in the code, beside a setting of the same meaning.

**What.** A function that signs tokens uses `timedelta(minutes=15)` (or the like) though the project has a setting for how
long tokens live.

**Why it costs.** Whoever shortens the setting believes that tokens end sooner; those of this function don't.

**How it is found.** Numbers in `timedelta(...)` inside functions that call `jwt.encode`, where a setting or constant named
for a token's lifetime exists that the function does not use. A warning where it is what callers get: a lifetime that no parameter
replaces, or one that a caller leaves out; a note where all of them give their own.

**How to fix it.** Use the setting.

**When it is no problem.** Tokens of another kind (an e-mail link) that the setting does not mean.

**Sources.** https://fastapi.tiangolo.com/tutorial/security/oauth2-jwt/ ; https://www.rfc-editor.org/rfc/rfc8725
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Call
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.tree import expression_tree

RULE = Rule(
    "AUTH011", "fixed-token-lifetime", "auth", "note", "A token's lifetime beside its setting", static=True
)
WORDS = ("timedelta", "EXPIRE", "expire")
KINDS = ("function", "class", "module")
_SETTING = regex(
    r"((access|auth|jwt)_)?token_(expire|expires|expiry|expiration|lifetime|ttl)(_in)?(_(minutes|seconds|hours|days|delta|time|min|s))?"
    r"|jwt_(expir\w*|lifetime|ttl)(_(minutes|seconds|hours|days|delta|time))?",
    re.IGNORECASE,
)
_OTHER = regex(r"refresh|reset|verif|invit|email|csrf|state", re.IGNORECASE)


def notice(body: Body) -> Iterator[Mark]:
    """Settings for lifetimes, and lifetimes that are written out where tokens are signed."""
    if body.kind != "function":
        for each, name in _assigned(body):
            settings = body.kind == "class" and any(b.endswith("BaseSettings") for b in _bases(body))
            if (name.isupper() or settings) and _SETTING.fullmatch(name) and not _OTHER.search(name):
                yield body.mark(RULE.code, each, setting=name)
        return
    if _OTHER.search(body.symbol) or not any(
        body.name(c.func).endswith("jwt.encode") for c in body.calls("encode")
    ):
        return
    if any(_SETTING.fullmatch(word) for word in body.words):
        return
    for call in body.calls("timedelta"):
        given = [*call.args, *(k.value for k in call.keywords)]
        if given and all(isinstance(g, ast.Constant) for g in given):
            yield body.mark(RULE.code, call, text=body.text(call), instead=_instead(body, call))


def _instead(body: Body, call: ast.Call) -> str:
    """The parameter that replaces the lifetime where a caller gives it."""
    node = body.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    optional = {a.arg for a in node.args.args[len(node.args.args) - len(node.args.defaults) :]}
    optional |= {a.arg for a in node.args.kwonlyargs}
    for choice in body.around(call):
        if isinstance(choice, ast.If | ast.IfExp):
            asked = {n.id for n in ast.walk(choice.test) if isinstance(n, ast.Name)}
            return next(iter(sorted(asked & optional)), "")
    return ""


def _bases(body: Body) -> tuple[str, ...]:
    return body.bases(body.owner.name) if body.owner is not None else ()


def _assigned(body: Body) -> Iterator[tuple[ast.stmt, str]]:
    for each in body.of(ast.AnnAssign):
        if isinstance(each.target, ast.Name):
            yield each, each.target.id
    for plain_one in body.of(ast.Assign):
        if isinstance(plain_one.targets[0], ast.Name):
            yield plain_one, plain_one.targets[0].id


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each lifetime that is written out, where a setting exists."""
    marks = project.source.marks.get(RULE.code, ())
    settings = sorted(
        {m.fact("setting") for m in marks if m.fact("setting")}, key=lambda n: ("access" not in n.lower(), n)
    )
    for mark in marks if settings else ():
        ways = project.reaches.get(mark.function, ())
        if mark.fact("text") and any(w.route for w in ways):
            yield draft(
                RULE,
                mark.span,
                (w.route for w in ways if w.route),
                message=f"{mark.span.symbol.rpartition('.')[2]} signs tokens for {mark.fact('text')}, whatever {settings[0]} says",
                impact="tokens live longer or shorter than the setting says",
                solution=f"use {settings[0]}",
                known="static",
                confidence=0.7,
                severity="warning" if _is_used(project, mark) else None,
                chain=next((w.chain for w in ways if w.route), ()),
            )


def _is_used(project: Project, mark: Mark) -> bool:
    """Whether somebody gets this lifetime: nothing replaces it, or a caller of requests leaves that out."""
    name = mark.fact("instead")
    if not name:
        return True
    given = project.source.functions[mark.function].parameters.index(name)
    return any(
        _leaves_out(call, name, given)
        for caller, call in project.source.functions.callers(mark.function)
        if any(w.route for w in project.reaches.get(caller.id, ()))
    )


def _leaves_out(call: Call, name: str, place: int) -> bool:
    """Whether a call gives no value for a parameter; one that is too long to be read counts as if it did."""
    try:
        written = expression_tree(call.text.strip())
    except SyntaxError:
        return False
    return (
        isinstance(written, ast.Call)
        and len(written.args) <= place
        and not any(isinstance(a, ast.Starred) for a in written.args)
        and all(k.arg not in (name, None) for k in written.keywords)
    )


_OPTIONAL = """
from datetime import UTC, datetime, timedelta

import jwt

ACCESS_TOKEN_EXPIRE_MINUTES = 60
KEY = "from the environment"


def create_token(name: str, expires: timedelta | None = None) -> str:
    if expires:
        until = datetime.now(UTC) + expires
    else:
        until = datetime.now(UTC) + timedelta(minutes=15)
    return jwt.encode({{"sub": name, "exp": until}}, KEY)


@app.post("/login")
def login(name: str):
    return {{"token": create_token(name, expires=timedelta(minutes=ACCESS_TOKEN_EXPIRE_MINUTES))}}


@app.post("/refresh")
def refresh(name: str):
    return {{"token": create_token(name{second})}}
"""

EXAMPLES = (
    Example(
        "what one of two callers gets",
        plain(_OPTIONAL.format(second="")),
        bad=True,
    ),
    Example(
        "what no caller gets: a note",
        plain(_OPTIONAL.format(second=", expires=timedelta(minutes=ACCESS_TOKEN_EXPIRE_MINUTES)")),
        bad=True,
    ),
    Example(
        "a quarter of an hour, whatever is set",
        plain("""
from datetime import UTC, datetime, timedelta

import jwt

ACCESS_TOKEN_EXPIRE_MINUTES = 60
KEY = "from the environment"


def create_token(name: str) -> str:
    expire = datetime.now(UTC) + timedelta(minutes=15)
    return jwt.encode({"sub": name, "exp": expire}, KEY)


@app.post("/login")
def login(name: str):
    return {"token": create_token(name)}
"""),
        bad=True,
    ),
    Example(
        "as long as is set",
        plain("""
from datetime import UTC, datetime, timedelta

import jwt

ACCESS_TOKEN_EXPIRE_MINUTES = 60
KEY = "from the environment"


def create_token(name: str) -> str:
    expire = datetime.now(UTC) + timedelta(minutes=ACCESS_TOKEN_EXPIRE_MINUTES)
    return jwt.encode({"sub": name, "exp": expire}, KEY)


@app.post("/login")
def login(name: str):
    return {"token": create_token(name)}
"""),
        bad=False,
        mends="a quarter of an hour, whatever is set",
    ),
    Example(
        "no setting to obey",
        plain("""
from datetime import UTC, datetime, timedelta

import jwt

KEY = "from the environment"


def create_token(name: str) -> str:
    return jwt.encode({"sub": name, "exp": datetime.now(UTC) + timedelta(minutes=15)}, KEY)


@app.post("/login")
def login(name: str):
    return {"token": create_token(name)}
"""),
        bad=False,
    ),
)
