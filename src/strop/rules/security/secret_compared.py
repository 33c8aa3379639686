"""A secret is compared with `==`.

**What.** What a request sends (a token, a signature, an API key) is compared with the right value by `==` or `!=`.

**Why it costs.** The comparison ends at the first byte that differs. With enough requests the time tells how much of
a guess was right, byte by byte.

**How it is found.** Comparisons of a name that says secret, where one side comes from the caller and the other does
not, in functions that a route reaches. Conditions of database queries are left out. It is a note: the nanoseconds of a comparison of short
texts drown in the time that a request takes over a network. A `password` that
equals the `password` of something loaded is stored as it was typed, which is worse, and a warning; the one
password that the program is configured with is no user's.

**How to fix it.** `hmac.compare_digest(given, expected)` (`secrets.compare_digest` is the same), on bytes or ASCII text.

**When it is no problem.** Both sides are hashes of the secret, or a plain hash of what the caller sends (`hashlib.sha256(given).hexdigest()`, no HMAC) is
compared: its bytes can't be chosen one by one. Or the value is short-lived and its tries are counted.

**Sources.** https://docs.python.org/3/library/hmac.html#hmac.compare_digest ;
https://fastapi.tiangolo.com/advanced/security/http-basic-auth/#timing-attacks
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.origins import Origins
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.rules.configured import is_configured
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.secretive import is_proof, words
from strop.rules.told import marks, tell, ways_to

RULE = Rule("SEC012", "secret-compared", "security", "warning", "A secret compared with ==", static=True)
WORDS = ("token", "secret", "signature", "password", "api_key", "apikey", "hmac", "key", "csrf", "otp")
_QUERIES = frozenset(
    {
        "where",
        "filter",
        "filter_by",
        "and_",
        "or_",
        "select",
        "exists",
        "having",
        "join",
        "case",
        "select_from",
    }
)
_CHANGES = frozenset(
    {
        "new",
        "old",
        "confirm",
        "confirmation",
        "repeat",
        "again",
        "current",
        "previous",
        "stop",
        "next",
        "count",
        "hash",
        "hashed",
    }
)


def notice(body: Body) -> Iterator[Mark]:
    """Comparisons of what the caller sends with a secret."""
    origins = Origins(body)
    for compare in body.of(ast.Compare):
        if len(compare.ops) != 1 or not isinstance(compare.ops[0], ast.Eq | ast.NotEq):
            continue
        left, right = compare.left, compare.comparators[0]
        names = (_name(left), _name(right))
        if not any(map(is_proof, names)) or _CHANGES.intersection(words(names[0] + "_" + names[1])):
            continue
        if _is_hashed(body, left) or _is_hashed(body, right):
            continue
        if _is_plain(body, left) or _is_plain(body, right) or _is_query(body, compare, (left, right)):
            continue
        if bool(origins.of(left)) != bool(origins.of(right)) and _refuses(body, compare):
            kept = right if origins.of(left) else left
            stored = any(isinstance(s, ast.Attribute) for s in (left, right)) and not is_configured(
                body, kept
            )
            alike = names[0] == names[1] == "password" and stored
            name = next(n for n in names if is_proof(n))
            yield body.mark(RULE.code, compare, name=name, text=body.text(compare), stored=alike)


def _name(expr: ast.expr) -> str:
    """The name that a side of the comparison goes by."""
    match expr:
        case (
            ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name)))
        ):
            return name
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
            return name
        case ast.Call(func=ast.Attribute(attr="hexdigest")):
            return "hmac"
        case ast.Call(
            func=ast.Attribute(attr="get_secret_value" | "strip" | "encode" | "decode", value=value)
        ):
            return _name(value)
        case ast.Await(value=value):
            return _name(value)
    return ""


def _is_hashed(body: Body, expr: ast.expr) -> bool:
    """A hash that nobody can steer byte by byte, made without a key."""
    made = body.value(expr)
    if not (isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute)):
        return False
    if made.func.attr not in ("hexdigest", "digest"):
        return False
    source = body.value(made.func.value)
    return isinstance(source, ast.Call) and body.name(source.func).startswith("hashlib.")


def _is_plain(body: Body, expr: ast.expr) -> bool:
    """A literal, a number, or a member of an enumeration: nothing that must be kept secret."""
    if isinstance(expr, ast.Constant | ast.UnaryOp) or isinstance(body.constant(expr), int | bool):
        return True
    if isinstance(expr, ast.Attribute):
        ref = body.ref(expr.value)
        return ref is not None and ref.kind == "class"
    return body.instance(expr) in ("int", "bool", "float")


def _refuses(body: Body, compare: ast.Compare) -> bool:
    """Whether the answer depends on it: what does not match is refused, or the function's result is the match."""
    inside: ast.AST = compare
    for around in body.around(compare):
        match around:
            case ast.Return():
                return True
            case ast.If() if inside is around.test:
                unequal = isinstance(compare.ops[0], ast.NotEq)
                return _ends(around.body) if unequal else bool(around.orelse) and _ends(around.orelse)
            case ast.If() | ast.While() | ast.For():
                return False
        inside = around
    return False


def _ends(statements: list[ast.stmt]) -> bool:
    match statements[-1]:
        case ast.Raise():
            return True
        case ast.Return(value=None | ast.Constant(value=False | None) | ast.Call()):
            return True
    return False


def _is_query(body: Body, compare: ast.Compare, sides: tuple[ast.expr, ...]) -> bool:
    """A condition for the database: it is the database that compares."""
    for around in body.around(compare):
        if isinstance(around, ast.Call):
            func = around.func
            if last_name(func) in _QUERIES:
                return True
    return any(
        isinstance(s, ast.Attribute) and isinstance(s.value, ast.Name) and s.value.id[:1].isupper()
        for s in sides
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each comparison that a route reaches."""
    for mark in marks(project, RULE):
        ways = ways_to(project, mark.function)
        if ways and mark.fact("stored"):
            yield tell(
                RULE,
                mark,
                ways,
                message=f"the password is stored as it is typed: {mark.fact('text')}",
                impact="whoever reads the table, a backup or a log of it has everybody's password",
                solution="store a hash made for passwords (argon2, bcrypt), and verify with its library",
                confidence=0.8,
            )
        elif ways:
            yield tell(
                RULE,
                mark,
                ways,
                message=f"{mark.fact('name')} is compared with ==: {mark.fact('text')}",
                impact="the time that the comparison takes tells a client how much of its guess is right",
                solution="hmac.compare_digest(given, expected)",
                confidence=0.8,
                severity="note",
            )


EXAMPLES = (
    Example(
        "a webhook's signature: a note",
        plain("""
import hmac

from fastapi import Request

KEY = b"from the environment"


@app.post("/webhook")
async def webhook(request: Request):
    signature = hmac.new(KEY, await request.body(), "sha256").hexdigest()
    if request.headers.get("x-signature") != signature:
        raise HTTPException(401)
    return {"ok": True}
"""),
        bad=True,
    ),
    Example(
        "compared in constant time",
        plain("""
import hmac

from fastapi import Request

KEY = b"from the environment"


@app.post("/webhook")
async def webhook(request: Request):
    signature = hmac.new(KEY, await request.body(), "sha256").hexdigest()
    if not hmac.compare_digest(request.headers.get("x-signature", ""), signature):
        raise HTTPException(401)
    return {"ok": True}
"""),
        bad=False,
        mends="a webhook's signature: a note",
    ),
    Example(
        "a kind of token, and two fields of one form",
        plain("""
from pydantic import BaseModel


class Change(BaseModel):
    password: str
    password_again: str
    token_type: str


@app.post("/password")
def change(body: Change):
    if body.token_type == "bearer" and body.password != body.password_again:
        raise HTTPException(422)
    return {"ok": True}
"""),
        bad=False,
    ),
    Example(
        "the plain hash of what is sent",
        plain("""
KEPT = {"api_key": "5e884898da28047151d0e56f8dc62927"}


@app.get("/me")
def me(api_key: str):
    if hashlib.sha256(api_key.encode()).hexdigest() != KEPT["api_key"]:
        raise HTTPException(401)
    return {"ok": True}
"""),
        bad=False,
    ),
    Example(
        "passwords as they are typed",
        plain("""
from pydantic import BaseModel


class Login(BaseModel):
    name: str
    password: str


USERS: dict[str, Login] = {}


@app.post("/login")
def login(request: Login):
    user = USERS[request.name]
    if request.password != user.password:
        raise HTTPException(401)
    return {"name": user.name}
"""),
        bad=True,
    ),
    Example(
        "the one password that the program is configured with: a note",
        plain(
            """
from pydantic import BaseModel

import values
from values import Settings


class Login(BaseModel):
    password: str


@app.post("/login")
def login(request: Login):
    if request.password != values.own.access.password:
        raise HTTPException(401)
    return {"ok": True}


@app.post("/operators")
def operate(request: Login):
    chosen = Settings()
    if request.password != chosen.password:
        raise HTTPException(401)
    return {"ok": True}
""",
            values="""
from types import SimpleNamespace

from pydantic_settings import BaseSettings

own = SimpleNamespace(access=SimpleNamespace(password="from a file"))


class Settings(BaseSettings):
    password: str = "from the environment"
""",
        ),
        bad=True,
    ),
)
