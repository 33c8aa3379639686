"""Passwords may be longer than bcrypt reads.

**What.** Passwords are hashed with bcrypt, and up to 100 or any number of characters are accepted.

**Why it costs.** bcrypt uses 72 bytes. The newer libraries refuse more with an exception: a client with a long password
(or a short one in a script with three bytes a character) gets 500. Older ones cut it off: what follows does not matter.

**How it is found.** The project hashes with bcrypt, and a check or field of a password allows more than 72; or no field and no check of a
password has a limit at all. Limits in characters can't be right for all texts, but up to 72 they are taken as meant.

**How to fix it.** `len(password.encode()) <= 72` in a validator with a clear message; or argon2.

**When it is no problem.** A note unless bcrypt is known to be 5 or later, which refuses longer ones. A password that is hashed (sha256, base64) before bcrypt.

**Sources.** bcrypt, "Maximum Password Length": https://github.com/pyca/bcrypt#maximum-password-length
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
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("SCH011", "bcrypt-limit", "schema", "warning", "Passwords longer than bcrypt reads", static=True)
WORDS = ("bcrypt", "BcryptHasher", "Bcrypt", "password", "passwd", "hashed")
KINDS = ("function", "class", "module")
MOST = 72
_REFUSES_SINCE = 5
_PASSWORD = re.compile(r"^(new_|current_|old_|plain_)?(password|passwd|pwd)(_?[12]|_confirm\w*)?$")


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
            yield body.mark(RULE.code, call, kind="prehashed" if first else "hash", text=body.text(call)[:90])
    if body.kind == "function":
        yield from _checks(body)
    elif body.kind == "class":
        yield from _fields(body)


def _is_second(body: Body, call: ast.Call) -> bool:
    """A hasher after another one in a list only checks old hashes."""
    parent = body.parent(call)
    return isinstance(parent, ast.Tuple | ast.List) and parent.elts[0] is not call


def _checks(body: Body) -> Iterator[Mark]:
    """`len(password) > N`."""
    for test in body.of(ast.Compare):
        match test:
            case ast.Compare(
                left=ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]), ops=[ast.Gt() | ast.GtE()]
            ):
                limit = body.constant(test.comparators[0])
                if _PASSWORD.match(name) and isinstance(limit, int):
                    yield body.mark(RULE.code, test, kind="limit", limit=limit, text=body.text(test))
            case ast.Compare(
                left=ast.Call(func=ast.Name(id="len"), args=[ast.Call(func=ast.Attribute(attr="encode"))])
            ):
                yield body.mark(RULE.code, test, kind="limit", limit=MOST, text=body.text(test))


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
                RULE.code, field, kind="limit" if limits else "free", limit=told, text=body.text(field)[:90]
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
        yield _finding(project, wide[0], hashed, f"{first}, bcrypt reads {MOST} bytes", 0.85)
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
        )


def _finding(project: Project, mark: Mark, hashed: Mark, message: str, confidence: float) -> Finding:
    return tell(
        RULE,
        mark,
        ways_to(project, mark.function),
        message=f"{message} ({hashed.fact('text')}, {hashed.span})",
        impact="a longer password ends in a 500, or is cut off without a word",
        solution=f"refuse what has more than {MOST} bytes (len(password.encode())), or use argon2",
        confidence=confidence,
        severity=None if _refuses(project) else "note",
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
)
