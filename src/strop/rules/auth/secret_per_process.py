"""A signing secret is drawn anew by each process.

**What.** The default of a signing key is `secrets.token_urlsafe()`, `os.urandom()` or `uuid4()`, evaluated when the module is
imported.

**Why it costs.** Each worker and each restart has another key: with two workers half of the tokens are refused, a
deployment logs everybody out, and nobody notices that the variable was never set.

**How it is found.** Names of keys whose value or default is a call that draws at import; `default_factory` too.

**How to fix it.** No default: the service then doesn't start without the variable.

**When it is no problem.** A value that is only a seed, kept elsewhere at the first start. A note unless the setting is seen to sign or verify (it goes to
`jwt.encode`, `SessionMiddleware`, `hmac`, a serializer or a function named for tokens) and the repository starts several workers: one process only
asks everybody to log in again.

**Sources.** https://github.com/fastapi/full-stack-fastapi-template/pull/2425 ; https://docs.python.org/3/library/secrets.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.rules.auth.default_secret import is_key
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.replicas import are_several
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.signing import note_signing, signing_settings
from strop.rules.told import marks

RULE = Rule(
    "AUTH010", "secret-per-process", "auth", "error", "Another signing secret in each process", static=True
)
KINDS = ("class", "module", "function")
_WORDS = frozenset({"token_urlsafe", "token_hex", "token_bytes", "urandom", "uuid4", "generate_key"})
_DRAWS = frozenset(
    {"secrets.token_urlsafe", "secrets.token_hex", "secrets.token_bytes", "os.urandom", "uuid.uuid4"}
    | {"cryptography.fernet.Fernet.generate_key"}
)


def notice(body: Body) -> Iterator[Mark]:
    """Keys that are drawn at import, and settings that sign."""
    yield from note_signing(body, RULE.code)
    if body.kind == "function" or _WORDS.isdisjoint(body.words):
        return
    annotated = [(each, each.target, each.value) for each in body.of(ast.AnnAssign)]
    for each, target, value in (*annotated, *((e, e.targets[0], e.value) for e in body.of(ast.Assign))):
        if isinstance(target, ast.Name) and is_key(target.id) and value is not None:
            call = next(_draws(body, value), None) if not _is_column(value) else None
            if call is not None:
                yield body.mark(RULE.code, each, name=target.id, call=call)


def _draws(body: Body, value: ast.expr) -> Iterator[str]:
    """The draws that give the value where nothing else does, or where the variable is not set."""
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and body.name(node.func) in _DRAWS:
            yield body.name(node.func)
        if isinstance(node, ast.keyword) and node.arg == "default_factory":
            for inner in ast.walk(node.value):
                if isinstance(inner, ast.Attribute | ast.Name) and body.name(inner) in _DRAWS:
                    yield body.name(inner)


def _is_column(value: ast.expr) -> bool:
    """Whether it is the default of a column: drawn once for a row, and kept there."""
    return isinstance(value, ast.Call) and last_name(value.func) in ("Column", "mapped_column")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each such key."""
    signing = signing_settings(project, RULE.code)
    for mark in marks(project, RULE):
        several = mark.fact("name") in signing and are_several(project)
        yield draft(
            RULE,
            mark.span,
            (),
            message=f"{mark.fact('name')} is drawn by {mark.fact('call')} in each process that imports it",
            impact="every restart logs everybody out, and a second worker refuses the tokens of the first",
            solution="give it no default, and refuse to start where it was not set",
            known="static",
            confidence=0.85,
            severity=None if several else "note",
        )


EXAMPLES = (
    Example(
        "a key of its own for each worker: a note",
        plain("""
import secrets

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    SECRET_KEY: str = secrets.token_urlsafe(32)


settings = Settings()
"""),
        bad=True,
    ),
    Example(
        "only a seed, kept in the database at the first start: a note",
        plain("""
import secrets

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    SECRET_KEY: str = secrets.token_urlsafe(32)


settings = Settings()


def keep_first(session) -> str:
    known = session.first("SELECT value FROM keys")
    if known is None:
        known = session.add(Kept(value=settings.SECRET_KEY))
    return known
""")
        | {"Procfile": "web: uvicorn main:app --workers 4\n"},
        bad=True,
    ),
    Example(
        "one key for all",
        plain("""
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    SECRET_KEY: str


settings = Settings()
"""),
        bad=False,
        mends="a key of its own for each worker: a note",
    ),
    Example(
        "the default of a column: kept with its row",
        plain("""
import os

from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Signing(Base):
    __tablename__ = "signing"
    id: Mapped[int] = mapped_column(primary_key=True)
    secret_key: Mapped[str] = mapped_column(String(64), default=lambda: os.urandom(32).hex())
"""),
        bad=False,
    ),
    Example(
        "an id of the process",
        plain("""
import uuid

INSTANCE_ID = uuid.uuid4().hex
CACHE_KEY = uuid.uuid4().hex
"""),
        bad=False,
    ),
)
