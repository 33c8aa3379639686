"""A login answers sooner when the user is not known.

**What.** The password is hashed for users that exist alone: `not user or not verify_password(...)`, or a return before
the hash when no user was found.

**Why it costs.** A hash takes some 100 ms, an unknown name none. From the time of the answer anybody can tell which
addresses have an account.

**How it is found.** In a function that looks a user up and verifies a password: the check for "no user" comes first and
does no hashing of its own. A note where an open registration of the project says that a name "already exists", and where an
unknown name raises another exception than a wrong password: then the answer tells it already.

**How to fix it.** Verify a constant dummy hash when there is no user, and answer both cases alike.

**When it is no problem.** Names are public anyway (a forum), or every login waits a fixed time.

**Sources.** https://github.com/fastapi/full-stack-fastapi-template/pull/2105 ; https://cwe.mitre.org/data/definitions/208.html
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
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.auth.account_told import registration_tells
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "AUTH015", "login-timing", "auth", "warning", "A login whose time tells who has an account", static=True
)
WORDS = (
    "verify_password", "check_password", "password_verify", "checkpw", "verify_and_update", "verify_hash",
    "check_password_hash", "is_valid_password", "verify", "password_check", "verify_and_update_password", "validate_password",
)  # fmt: skip
_VERIFIES = regex(
    r"^_?(verify_password|check_password|password_verify|password_check|checkpw|verify_and_update\w*|verify_hash\w*|check_password_hash|is_valid_password|verify)$"
)

_TYPED = regex(r"email|name|login|ident|phone|mobile", re.IGNORECASE)


def notice(body: Body) -> Iterator[Mark]:
    """Checks for a missing user that end before the hash."""
    if body.words.isdisjoint({"password", "pwd", "plain_password", "passwd"}):
        return
    verifies = [c for c in body.of(ast.Call) if _VERIFIES.match(last_name(c.func)) and _has_password(c)]
    for verify in verifies:
        user = _of_user(body, verify)
        place = _before(body, verify, user) if user else None
        if place is not None and _is_looked_up(body, user):
            told = _is_told(body, place, verify)
            yield body.mark(RULE.code, place, user=user, text=body.text(verify), told=told)
            return


def _is_told(body: Body, place: ast.AST, verify: ast.Call) -> bool:
    """Whether an unknown user raises another exception than a wrong password: the answer tells it without a clock."""
    unknown, wrong = body.within(place, ast.If), body.within(verify, ast.If)
    if unknown is wrong:
        return False
    raised = [_raised(each) for each in (unknown, wrong)]
    return all(raised) and raised[0] != raised[1]


def _raised(branch: ast.AST | None) -> str:
    """The class of the exception with which a branch ends."""
    match branch:
        case ast.If(body=[*_, ast.Raise(exc=ast.Call(func=func))]):
            return last_name(func)
    return ""


def _has_password(call: ast.Call) -> bool:
    given = [*call.args, *(k.value for k in call.keywords)]
    text = " ".join(
        n.id if isinstance(n, ast.Name) else n.attr
        for g in given
        for n in ast.walk(g)
        if isinstance(n, ast.Name | ast.Attribute)
    )
    return len(given) >= 1 and ("password" in text.lower() or "pwd" in text.lower())


def _of_user(body: Body, call: ast.Call) -> str:
    """The variable whose stored hash is verified: `user` of `user.hashed_password`, or of `user.check_password(...)`."""
    for given in (*call.args, *(k.value for k in call.keywords)):
        for node in ast.walk(given):
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr=attr) if (
                    "pass" in attr.lower() or "hash" in attr.lower()
                ):
                    if _is_local(body, name):
                        return name
                case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key))) if (
                    "pass" in key.lower()
                ):
                    if _is_local(body, name):
                        return name
    match call.func:
        case ast.Attribute(value=ast.Name(id=name)) if _is_local(body, name):
            return name
    return ""


def _is_local(body: Body, name: str) -> bool:
    return any(b.how == "value" for b in body.scope.names.get(name, ()))


def _is_looked_up(body: Body, name: str) -> bool:
    """Whether the variable is what a call has found (and not the logged-in user)."""
    found = [b.expr for b in body.scope.names.get(name, ()) if b.how == "value" and b.expr is not None]
    return any(_is_by_name(body, e.value if isinstance(e, ast.Await) else e) for e in found)


def _is_by_name(body: Body, found: ast.expr) -> bool:
    """Whether a call finds by what people type in to log in."""
    return isinstance(found, ast.Call) and bool(_TYPED.search(body.text(found)))


def _before(body: Body, verify: ast.Call, user: str) -> ast.AST | None:
    """The test that ends before the hash when there is no user."""
    for around in body.around(verify):
        match around:
            case ast.BoolOp(op=ast.Or(), values=[first, *rest]) if _says_missing(first, user) and rest:
                return around
            case ast.BoolOp(op=ast.And(), values=[ast.Name(id=name), *_]) if name == user:
                return around
    for branch in body.of(ast.If):
        tests = branch.test.values if isinstance(branch.test, ast.BoolOp) else [branch.test]
        ends = isinstance(branch.body[-1], ast.Return | ast.Raise)
        if (
            branch.lineno < verify.lineno
            and ends
            and any(_says_missing(t, user) for t in tests)
            and not _hashes(branch)
        ):
            return branch.test
    return None


def _says_missing(test: ast.expr, user: str) -> bool:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            return name == user
        case ast.Compare(
            left=ast.Name(id=name), ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=None)]
        ):
            return name == user
    return False


def _hashes(branch: ast.If) -> bool:
    """Whether the branch spends the time of a hash all the same."""
    words = ("verify", "hash", "dummy", "sleep", "fake")
    return any(
        isinstance(n, ast.Call) and any(w in last_name(n.func).lower() for w in words)
        for s in branch.body
        for n in ast.walk(s)
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each login that a route reaches."""
    for mark in marks(project, RULE):
        ways = ways_to(project, mark.function)
        if ways:
            yield tell(
                RULE,
                mark,
                ways,
                message=f"{mark.span.symbol.rpartition('.')[2]} hashes the password of known users alone",
                impact="the time of the answer tells anybody which names have an account",
                solution="verify a constant dummy hash when there is no user",
                confidence=0.8,
                severity="note" if mark.fact("told") or registration_tells(project) else None,
            )


EXAMPLES = (
    Example(
        "no hash without a user",
        plain("""
from passlib.context import CryptContext

hasher = CryptContext(schemes=["argon2"])
USERS = {}


def find_user(name: str):
    return USERS.get(name)


@app.post("/login")
def login(name: str, password: str):
    user = find_user(name)
    if not user or not hasher.verify(password, user.hashed_password):
        raise HTTPException(401, "wrong name or password")
    return {"name": name}
"""),
        bad=True,
    ),
    Example(
        "where the registration tells it anyway: a note",
        plain("""
from passlib.context import CryptContext

hasher = CryptContext(schemes=["argon2"])
USERS = {}


def find_user(name: str):
    return USERS.get(name)


@app.post("/register")
def register(name: str, password: str):
    if name in USERS:
        raise HTTPException(409, "this user already exists")
    USERS[name] = hasher.hash(password)


@app.post("/login")
def login(name: str, password: str):
    user = find_user(name)
    if not user or not hasher.verify(password, user.hashed_password):
        raise HTTPException(401, "wrong name or password")
    return {"name": name}
"""),
        bad=True,
    ),
    Example(
        "a dummy hash for the others",
        plain("""
from passlib.context import CryptContext

hasher = CryptContext(schemes=["argon2"])
DUMMY = hasher.hash("nobody's password")
USERS = {}


def find_user(name: str):
    return USERS.get(name)


@app.post("/login")
def login(name: str, password: str):
    user = find_user(name)
    if user is None:
        hasher.verify(password, DUMMY)
        raise HTTPException(401, "wrong name or password")
    if not hasher.verify(password, user.hashed_password):
        raise HTTPException(401, "wrong name or password")
    return {"name": name}
"""),
        bad=False,
        mends="no hash without a user",
    ),
    Example(
        "the user's own old password",
        plain("""
from passlib.context import CryptContext

hasher = CryptContext(schemes=["argon2"])


def current_user():
    return None


@app.post("/password")
def change(old_password: str, user=Depends(current_user)):
    if not user or not hasher.verify(old_password, user.hashed_password):
        raise HTTPException(401)
    return {"ok": True}
"""),
        bad=False,
    ),
    Example(
        "the answer tells it already: a note",
        plain("""
USERS = {}


class Unknown(Exception):
    pass


class Wrong(Exception):
    pass


def find_by_name(name: str):
    return USERS.get(name)


def verify_password(password: str, hashed: str) -> bool:
    return hashlib.sha256(password.encode()).hexdigest() == hashed


@app.post("/login")
def login(name: str, password: str):
    user = find_by_name(name)
    if not user:
        raise Unknown(name)
    if not verify_password(password, user.hashed_password):
        raise Wrong(name)
    return {"name": name}
"""),
        bad=True,
    ),
)
