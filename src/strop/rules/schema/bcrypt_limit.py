"""Passwords may be longer than bcrypt reads.

**What.** Passwords are hashed with bcrypt, and up to 100 or any number of characters are accepted.

**Why it costs.** bcrypt uses 72 bytes. The newer libraries refuse more with an exception: a client with a long password
(or a short one in a script with three bytes a character) gets 500. Older ones cut it off: what follows does not matter.

**How it is found.** The project hashes with bcrypt, and a check or field of a password allows more than 72; or no field and no check of a
password has a limit at all. Limits in characters can't be right for all texts, but up to 72 they are taken as meant.

**How to fix it.** `len(password.encode()) <= 72` in a validator with a clear message; or argon2.

**When it is no problem.** A function of the project asks for no more before it hashes (`if not 8 <= len(password) <= 64`, as the
`validate_password` of fastapi-users). Where there is no limit, a note unless bcrypt is known to be 5 or later, which refuses longer ones; a limit above 72 is wrong with any. A password that is hashed (sha256, base64) before bcrypt.

**Sources.** bcrypt, "Maximum Password Length": https://github.com/pyca/bcrypt#maximum-password-length
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding, Severity
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("SCH011", "bcrypt-limit", "schema", "warning", "Passwords longer than bcrypt reads", static=True)
WORDS = ("bcrypt", "BcryptHasher", "Bcrypt", "password", "passwd", "hashed")
KINDS = ("function", "class", "module")
MOST = 72
_REFUSES_SINCE = 5
_PASSWORD = regex(r"^(new_|current_|old_|plain_)?(password|passwd|pwd)(_?[12]|_confirm\w*)?$")


def notice(body: Body) -> Iterator[Mark]:
    """Where bcrypt hashes, and what limits passwords have."""
    for call in body.calls("hashpw", "CryptContext", "BcryptHasher", "gensalt"):
        name = body.name(call.func)
        mixed = any(isinstance(n, ast.Constant) and n.value == "bcrypt" for n in ast.walk(call))
        if (
            name.startswith("bcrypt.hashpw")
            or name.endswith("BcryptHasher")
            or (name.endswith("CryptContext") and mixed)
        ):
            if _is_second(body, call):
                continue
            first = any(last_name(c.func) in ("sha256", "b64encode", "sha512") for c in body.of(ast.Call))
            yield body.mark(RULE.code, call, kind="prehashed" if first else "hash", text=body.brief(call, 90))
    if body.kind == "function":
        yield from _checks(body)
    elif body.kind == "class":
        yield from _fields(body)


def _is_second(body: Body, call: ast.Call) -> bool:
    """A hasher after another one in a list only checks old hashes."""
    parent = body.parent(call)
    return isinstance(parent, ast.Tuple | ast.List) and parent.elts[0] is not call


def _checks(body: Body) -> Iterator[Mark]:
    """`len(password) > N`, `not 8 <= len(password) <= N`, also of a name that the length was given."""
    for test in body.of(ast.Compare):
        for most in _bounds(body, test):
            limit = body.constant(most)
            told = limit if isinstance(limit, int) else MOST
            yield body.mark(RULE.code, test, kind="limit", limit=told, text=body.text(test))
        match body.value(test.left):
            case ast.Call(func=ast.Name(id="len"), args=[ast.Call(func=ast.Attribute(attr="encode"))]):
                yield body.mark(RULE.code, test, kind="limit", limit=MOST, text=body.text(test))


def _bounds(body: Body, test: ast.Compare) -> Iterator[ast.expr]:
    """What a password is asked to be no longer than; alone, `len(password) < 8` asks for more, not for less."""
    operands = [test.left, *test.comparators]
    asked = len(test.ops) > 1 or isinstance(body.parent(test), ast.UnaryOp | ast.Assert)
    for left, op, right in zip(operands, test.ops, operands[1:], strict=False):
        over = isinstance(op, ast.Gt | ast.GtE)
        under = isinstance(op, ast.Lt | ast.LtE)
        if _is_length(body, left) and (over or (under and asked)):
            yield right
        elif _is_length(body, right) and under and len(test.ops) == 1:
            yield left


def _is_length(body: Body, expr: ast.expr) -> bool:
    match body.value(expr):
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name() | ast.Attribute() as measured]):
            return bool(_PASSWORD.match(last_name(measured)))
    return False


def _fields(body: Body) -> Iterator[Mark]:
    """Password fields of models, with their `max_length`."""
    if not any(
        base.startswith(("pydantic", "sqlmodel"))
        for base in body.bases(body.owner.name if body.owner else "")
    ):
        return
    for field in body.of(ast.AnnAssign):
        if (
            isinstance(field.target, ast.Name)
            and _PASSWORD.match(field.target.id)
            and body.parent(field) is None
        ):
            continue
        if isinstance(field.target, ast.Name) and _PASSWORD.match(field.target.id):
            limits = [
                k.value
                for part in (field.annotation, field.value)
                if part is not None
                for n in ast.walk(part)
                if isinstance(n, ast.Call)
                for k in n.keywords
                if k.arg == "max_length"
            ]
            limit = body.constant(limits[0]) if limits else 0
            told = limit if isinstance(limit, int) else MOST
            yield body.mark(
                RULE.code, field, kind="limit" if limits else "free", limit=told, text=body.brief(field, 90)
            )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the limits above 72, or for all fields where there is none."""
    hashed = next(marks(project, RULE, "hash"), None)
    if hashed is None or any(marks(project, RULE, "prehashed")):
        return
    limits = list(marks(project, RULE, "limit"))
    wide = [mark for mark in limits if int(mark.fact("limit")) > MOST]
    if wide:
        more = f", like {len(wide) - 1} more" if len(wide) > 1 else ""
        first = f"{wide[0].fact('text')} allows {wide[0].fact('limit')} characters{more}"
        yield _finding(project, wide[0], hashed, f"{first}, bcrypt reads {MOST} bytes", 0.85, None)
    free = next(
        (
            m
            for m in marks(project, RULE, "free")
            if re.search(r"Create|Register|Sign|Reset|Update|New", m.span.symbol)
        ),
        None,
    )
    if not limits and free is not None:
        yield _finding(
            project,
            free,
            hashed,
            f"no password has a maximum ({free.fact('text')}), bcrypt reads {MOST} bytes",
            0.65,
            None if _refuses(project) else "note",
        )


def _finding(
    project: Project, mark: Mark, hashed: Mark, message: str, confidence: float, severity: Severity | None
) -> Finding:
    return tell(
        RULE,
        mark,
        ways_to(project, mark.function),
        message=f"{message} ({hashed.fact('text')}, {hashed.span})",
        impact="a longer password ends in a 500, or is cut off without a word",
        solution=f"refuse what has more than {MOST} bytes (len(password.encode())), or use argon2",
        confidence=confidence,
        severity=severity,
    )


def _refuses(project: Project) -> bool:
    """Whether the bcrypt that is locked refuses a longer password; older ones cut it off."""
    version = dict(project.imported.versions).get("bcrypt", "")
    return version.partition(".")[0].isdigit() and int(version.partition(".")[0]) >= _REFUSES_SINCE


_SIGN_UP = """
import bcrypt
from pydantic import BaseModel, Field


class UserCreate(BaseModel):
    name: str
    password: str = Field(min_length=8, max_length={most})


@app.post("/users")
def add_user(user: UserCreate):
    return {{"hash": bcrypt.hashpw(user.password.encode(), bcrypt.gensalt()).decode()}}
"""

_MANAGER = """
import bcrypt
from pydantic import BaseModel


class UserCreate(BaseModel):
    name: str
    password: str


class UserManager:
    async def validate_password(self, password: str) -> None:
        length = len(password)
        if {test}:
            raise HTTPException(status_code=400, detail="invalid_password")

    async def create(self, user: UserCreate):
        await self.validate_password(user.password)
        return bcrypt.hashpw(user.password.encode(), bcrypt.gensalt()).decode()


@app.post("/users")
async def add_user(user: UserCreate):
    return {{"hash": await UserManager().create(user)}}
"""

EXAMPLES = (
    Example("a hundred characters", plain(_SIGN_UP.format(most=100)), bad=True),
    Example("72", plain(_SIGN_UP.format(most=72)), mends="a hundred characters"),
    Example(
        "argon2",
        plain(
            _SIGN_UP.format(most=100)
            .replace("import bcrypt\n", "import argon2\n")
            .replace(
                "bcrypt.hashpw(user.password.encode(), bcrypt.gensalt()).decode()",
                "argon2.PasswordHasher().hash(user.password)",
            )
        ),
    ),
    Example(
        "a hook asks for eight or more, and sets no end: a note",
        plain(_MANAGER.format(test="length < 8")),
        bad=True,
    ),
    Example(
        "a hook asks for no more than 64",
        plain(_MANAGER.format(test="not 8 <= length <= 64")),
        mends="a hook asks for eight or more, and sets no end: a note",
    ),
    Example(
        "the bytes are counted, and kept under a name",
        plain(_MANAGER.format(test="length > 72").replace("len(password)", "len(password.encode())")),
        mends="a hook asks for eight or more, and sets no end: a note",
    ),
)
