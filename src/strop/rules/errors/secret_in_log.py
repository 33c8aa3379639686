"""A password, token or key is written to the log.

**What.** `logger.info("reset token for %s: %s", user.email, token)`, the address of a database with its password, all headers
of a request, its whole body or the settings object.

**Why it costs.** Logs are copied, searched, kept for years and read by many; whoever reads a reset or session token
can use it.

**How it is found.** One finding for all lines about one secret: arguments of logger calls (and of `print`, in code that a route reaches) whose name says that they are a secret itself:
`password`, `access_token`, `client_secret`, `api_key`, `database_url` ...; `request.headers`,
`await request.body()` and instances of a settings class.

**How to fix it.** Log who and what happened, or the last four characters.

**When it is no problem.** A name that only sounds like one (the count of tokens, a token's type), an object that hides its value
(`SecretStr`), a masked or shortened value, one under a key that a processor of structlog masks for all loggers, the address of a SQLite file, one that SQLAlchemy renders with the password hidden or that has no place for
one, the token of a device or of a place in a limiter. An `access_key` is an identifier where a `secret_key` or its hash stands beside it, in the function, its class or
a table of the project.
A bare `token` is reported only where its source, the function or the text says that it proves something: a media profile, a parser and a
page have tokens too. What is written only in development, where a variable of the environment asks for it or at the level `debug`, is a note, and so is the password that
a first start makes and has no other way to tell. So is what a stand-in writes (`ConsoleMailer`, `FakeMailer`). So is the token of fastapi-users that verifies an address, where nothing asks for `is_verified`
or the log is the only way that it takes. So is what could not be decoded as the token that it should be (`except DecodeError` of that very value),
and so is what falls back on a path or an id (`entry.get("token") or entry["id"]`), a
credential by which its record is found (`Credential.get(self.credential)`),
and so are the headers of who was refused for bringing no credentials, behind `if token: return verify(token)`.

**Sources.** OWASP Logging Cheat Sheet, "Data to exclude":
https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules import processors
from strop.rules.empty_handed import is_empty_handed
from strop.rules.example import Example
from strop.rules.given_away import DETAILS, given_away
from strop.rules.identifying import is_looked_up, is_marker, note_looked_up
from strop.rules.keypairs import is_access_key, is_kept_in_pairs
from strop.rules.logged import METHODS, kind_of, shown
from strop.rules.rule import Rule
from strop.rules.sample import plain, shop
from strop.rules.secretive import is_secret
from strop.rules.told import marks, tell, ways_to
from strop.rules.verification import is_demanded, is_only_delivery, is_verification_hook
from strop.rules.wording import many

_STANDS_IN = regex(r"Mock|Fake|Dummy|Stub|Console|Printing")
RULE = Rule("ERR008", "secret-in-log", "errors", "warning", "A secret is written to the log", static=True)
WORDS = (*METHODS, "print", *processors.WORDS)
KINDS = ("function", "module")
_ASIDE = frozenset({"scripts", "tools", "examples", "benchmarks", "docs", "samples", "dev"})
_PRODUCTION = regex(r"debug|develop|\bdev\b|production|\bprod\b|is_local|environ|getenv", re.IGNORECASE)
# tokens that are a place in a limiter or the address of a device
_OTHER = regex(r"\blimiter\b|\bslots?\b|\breserv|\blease|semaphore|push|device", re.IGNORECASE)
_DECODES = frozenset({"decode", "decode_complete", "loads", "get_unverified_claims", "get_unverified_header"})
_UNDECODED = frozenset({"DecodeError", "JSONDecodeError", "UnicodeDecodeError"})
_MADE = regex(
    r"\bsecrets\.|token_(hex|urlsafe|bytes)|generate|random|uuid4|urandom|choices?\(", re.IGNORECASE
)


def notice(body: Body) -> Iterator[Mark]:
    """Log calls with an argument that is a secret."""
    yield from note_looked_up(body, RULE.code)
    yield from processors.processors(body, RULE.code)
    for call in body.calls(*METHODS, "print") if body.kind == "function" else ():
        kind = kind_of(body, call)
        given = [*call.args, *(k.value for k in call.keywords)] if kind and not _is_aside(body, call) else []
        parts = (part for a in given for part in shown(a))
        found, key = next(
            (
                (what, processors.key_of(call, part))
                for part in parts
                if (what := given_away(body, part, call))
            ),
            ("", ""),
        )
        if found:
            yield body.mark(
                RULE.code,
                call,
                text=body.brief(call, 90),
                what=found,
                owner=_owner(body, call, found),
                printed=kind == "print",
                key=key,
                asked_for=_is_asked_for(body, call),
                announced=_announced(body, call),
                verifies=is_verification_hook(body),
                only=is_only_delivery(body),
                detailed=last_name(call.func) in DETAILS,
                unreadable=_is_unreadable(body, call, found),
                empty="headers" in found and is_empty_handed(body, call),
                marker=is_marker(body, call, found),
                half=is_access_key(found.rpartition(".")[2]),
            )


def _owner(body: Body, call: ast.Call, found: str) -> str:
    """Where a name means one value: "" for the module's, the class for what its objects keep, else the function alone."""
    root = found.partition(".")[0]
    names = [n for n in ast.walk(call) if isinstance(n, ast.Name) and n.id == root]
    bindings = body.bindings(names[0]) if names else []
    if root in ("self", "cls"):
        return body.symbol.rpartition(".")[0]
    return "" if bindings and all(b.scope.kind == "module" for b in bindings) else body.symbol


def _is_aside(body: Body, call: ast.Call) -> bool:
    """Whether the words around it are about another kind of token, or the address is that of a file."""
    words = " ".join(
        each.value
        for each in ast.walk(call)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )
    return bool(_OTHER.search(f"{words} {body.symbol}")) or _is_of_sqlite(body, call)


def _is_of_sqlite(body: Body, call: ast.Call) -> bool:
    """Whether it stands in the branch for SQLite: such an address has no password."""
    inside: ast.AST = call
    for each in body.around(call):
        if isinstance(each, ast.If) and inside in each.body and "sqlite" in body.text(each.test):
            return True
        inside = each
    return False


def _is_unreadable(body: Body, call: ast.Call, found: str) -> bool:
    """Whether it is written where reading it as a token has failed: `except DecodeError` of `jwt.decode(token)`."""
    handler = body.within(call, ast.ExceptHandler)
    tried = body.parent(handler) if handler is not None else None
    if handler is None or handler.type is None or not isinstance(tried, ast.Try):
        return False
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    decoded = (
        body.text(n.args[0])
        for statement in tried.body
        for n in ast.walk(statement)
        if isinstance(n, ast.Call) and last_name(n.func) in _DECODES and n.args
    )
    return all(last_name(each) in _UNDECODED for each in types) and found in decoded


def _is_asked_for(body: Body, call: ast.Call) -> bool:
    """Whether it is written only in development, or where a variable of the environment asks for it."""
    tests = (each.test for each in body.around(call) if isinstance(each, ast.If))
    return any(_PRODUCTION.search(body.text(test)) for test in tests)


def _announced(body: Body, call: ast.Call) -> str:
    """ "here" for a secret that this function made a moment ago, "settings" where it is a method of the settings."""
    names = [n for n in ast.walk(call) if isinstance(n, ast.Name) and is_secret(n.id)]
    made = any(
        b.expr is not None and _MADE.search(body.text(b.expr)) for n in names for b in body.bindings(n)
    )
    if not made:
        return ""
    of_settings = body.owner is not None and any(
        base.endswith("BaseSettings") for base in body.bases(body.owner.name)
    )
    return "settings" if of_settings else "here"


_Line = tuple[Mark, list[Reach], bool]


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each secret of a function, or of a file where its name says that it is the same."""
    alike: dict[tuple[str, ...], list[_Line]] = defaultdict(list)
    for mark, ways, little in _lines(project):
        alike[*_secret(mark), "little" if little else ""].append((mark, ways, little))
    for lines in alike.values():
        yield _finding(lines)


def _lines(project: Project) -> Iterator[_Line]:
    """The log calls that somebody reads, with the ways to them and whether they are little."""
    pairs, masked = is_kept_in_pairs(project), processors.masked_keys(project, RULE.code)
    for mark in marks(project, RULE):
        if (mark.fact("half") and pairs) or mark.fact("key").lower() in masked:
            continue
        ways = ways_to(project, mark.function)
        aside = mark.fact("printed") or _ASIDE & set(PurePosixPath(mark.span.file).parts)
        if ways or not aside:
            yield mark, ways, _is_little(project, mark, ways)


def _secret(mark: Mark) -> tuple[str, ...]:
    """What is the same for two lines about one value: its file, its name, and where the name means it."""
    return mark.span.file, mark.fact("what"), mark.fact("owner")


def _finding(lines: list[_Line]) -> Finding:
    """One finding for the lines of one secret, at the first that a route reaches."""
    (mark, first, little), *others = sorted(lines, key=lambda line: (not line[1], line[0].span))
    ways = [*first, *(way for _, more, _ in others for way in more)]
    also = f", in {many(len(lines), 'place')}" if others else ""
    return tell(
        RULE,
        mark,
        ways,
        message=f"{mark.fact('what')} is written to the log{also}",
        impact="whoever reads the log can use it",
        solution="deliver it to its owner alone, by mail for one, and log who asked"
        if mark.fact("only")
        else "log who and what happened, not the secret",
        confidence=0.8 if ways else 0.65,
        severity="note" if little else None,
        places=[other.span for other, _, _ in others],
    )


def _is_little(project: Project, mark: Mark, ways: list[Reach]) -> bool:
    """Whether it is written only for who looks closely or starts the service, or verifies an address that nobody asks about."""
    if _STANDS_IN.search(mark.span.symbol.partition(".")[0]):
        return True  # to tell it there is what it is for
    verifies = mark.fact("verifies") and (mark.fact("only") or not is_demanded(project))
    of_little = ("asked_for", "detailed", "unreadable", "empty", "marker")
    known = is_looked_up(mark, project.source.marks.get(RULE.code, ()))
    return bool(any(map(mark.fact, of_little)) or verifies or known) or _is_first_start(mark, ways)


def _is_first_start(mark: Mark, ways: list[Reach]) -> bool:
    """Whether the settings or the start of the program make the secret: no user's, and there is no other way to tell it."""
    made = mark.fact("announced")
    return made == "settings" or (made == "here" and not ways)


_MASKING = """
import structlog

HIDDEN = {"password"} | {"access_token", "api_key"}
log = structlog.get_logger()


def is_hidden(key: str) -> bool:
    return key.lower() in HIDDEN


def hide(logger, name, event_dict):
    for key in list(event_dict):
        if is_hidden(key):
            event_dict[key] = "***"
    return event_dict


structlog.configure(processors=[%s, structlog.processors.JSONRenderer()])


@app.post("/renew")
def renew(access_token: str):
    log.warning("renewed", %s=access_token)
"""

EXAMPLES = (
    Example(
        "an address that may be absent",
        {
            "main.py": """\
import logging
from typing import Optional

logger = logging.getLogger(__name__)


def migrate(db_url: Optional[str] = None) -> None:
    logger.info("migrating %r", db_url)
""",
        },
        bad=True,
    ),
    Example(
        "what was no token at all: a note",
        plain("""
import logging

import jwt

logger = logging.getLogger(__name__)


@app.post("/renew")
def renew(refresh_token: str):
    try:
        return jwt.decode(refresh_token, options={"verify_signature": False})["sub"]
    except jwt.DecodeError:
        logger.info("no token", extra={"refresh_token": refresh_token})
        raise HTTPException(401)
"""),
        bad=True,
    ),
    Example(
        "the headers of who brings no token: a note",
        plain("""
import logging

from fastapi import Request

logger = logging.getLogger(__name__)


@app.get("/me")
def me(request: Request, token: str = ""):
    if token:
        return {"name": token.partition(".")[0]}
    logger.error("no token", extra={"headers": request.headers})
    raise HTTPException(401)
"""),
        bad=True,
    ),
    Example(
        "the headers of who brings one that is not taken",
        plain("""
import logging

from fastapi import Request

logger = logging.getLogger(__name__)


@app.get("/me")
def me(request: Request, token: str = ""):
    if token:
        name, _, proof = token.partition(".")
        if proof:
            return {"name": name}
    logger.error("no token", extra={"headers": request.headers})
    raise HTTPException(401)
"""),
        bad=True,
    ),
    Example(
        "a token that was read, and was refused",
        plain("""
import logging

import jwt

logger = logging.getLogger(__name__)


@app.post("/renew")
def renew(refresh_token: str):
    try:
        return jwt.decode(refresh_token, "", algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        logger.info("refused", extra={"refresh_token": refresh_token})
        raise HTTPException(401)
"""),
        bad=True,
    ),
    Example(
        "verifies an address, and nothing asks for it: a note",
        plain("""
import logging

from fastapi_users import BaseUserManager

logger = logging.getLogger(__name__)


class Gardeners(BaseUserManager):
    async def on_after_request_verify(self, user, token: str, request=None):
        await send_mail(user.email, token)
        logger.info("verification token for %s: %s", user.id, token)


async def send_mail(address: str, text: str) -> None:
    await asyncio.sleep(0)
"""),
        bad=True,
    ),
    Example(
        "for who looks closely: a note",
        plain("""
import logging

logger = logging.getLogger(__name__)


@app.post("/greenhouse/open")
def open_greenhouse(access_token: str):
    logger.debug("opened with %s", access_token)
    return {"open": True}
"""),
        bad=True,
    ),
    Example(
        "a reset token",
        plain("""
import logging
import secrets

logger = logging.getLogger(__name__)


@app.post("/password-reset")
def ask_for_reset(email: str):
    token = secrets.token_urlsafe()
    logger.info("reset token for %s: %s", email, token)
    return {"sent": True}
"""),
        bad=True,
    ),
    Example(
        "who asked for it",
        plain("""
import logging
import secrets

logger = logging.getLogger(__name__)


@app.post("/password-reset")
def ask_for_reset(email: str):
    token = secrets.token_urlsafe()
    logger.info("reset asked for by %s", email)
    return {"sent": bool(token)}
"""),
        mends="a reset token",
    ),
    Example(
        "what was just found to be nothing",
        plain("""
import logging

logger = logging.getLogger(__name__)


@app.post("/greenhouse/open")
def open_greenhouse(access_token: str):
    if not access_token:
        logger.warning("invalid: %r", access_token)
    return {"open": bool(access_token)}
"""),
    ),
    Example(
        "all headers: a note",
        plain("""
import logging

from fastapi import Request

logger = logging.getLogger(__name__)


@app.get("/hello")
def hello(request: Request):
    logger.debug(f"called with {dict(request.headers)}")
    return "hello"
"""),
        bad=True,
    ),
    Example(
        "words that only sound like it",
        plain("""
import logging

logger = logging.getLogger(__name__)


@app.get("/count")
def count(text: str):
    total_tokens = len(text.split())
    has_password = "password" in text
    for token in text.split():
        logger.debug("token %s", token)
    logger.info("tokens: %d, password: %s", total_tokens, has_password)
    return total_tokens
"""),
    ),
    Example(
        "shortened, a place in a limiter, the path of a SQLite file",
        plain("""
import logging

logger = logging.getLogger(__name__)


@app.post("/work")
def work(token: str, database_url: str):
    short_token = token[:4] + "..."
    logger.info("called with %s", short_token)
    logger.debug("slot %s is taken", token)
    if database_url.startswith("sqlite"):
        logger.info("creating %s", database_url)
    return True
"""),
    ),
    Example(
        "only where the environment asks for it: a note",
        plain("""
import logging
import os

from fastapi import Request

logger = logging.getLogger(__name__)


@app.get("/hello")
def hello(request: Request):
    if os.environ.get("LOG_HEADERS") == "true":
        logger.debug(f"called with {request.headers}")
    return "hello"
"""),
        bad=True,
    ),
    Example(
        "the token of a media profile: an identifier",
        plain("""
import logging

logger = logging.getLogger(__name__)
PROFILES = [{"name": "wide", "token": "Profile_1"}]


@app.get("/streams")
def streams():
    found = []
    for profile in PROFILES:
        token = profile["token"]
        logger.debug("no stream for token %s", token)
        found.append({"profile_token": token})
    return found
"""),
    ),
    Example(
        "a bare name, in a function that says what it is for",
        plain("""
import logging

logger = logging.getLogger(__name__)


def after_verification_request(name: str, token: str):
    logger.info("%s asked to be verified: %s", name, token)


@app.post("/verify")
def verify(name: str, token: str):
    after_verification_request(name, token)
    return True
"""),
        bad=True,
    ),
    Example(
        "the password of a first start: a note",
        plain("""
import logging
import secrets

logger = logging.getLogger(__name__)
USERS: dict[str, str] = {}


def make_first_user():
    if not USERS:
        password = secrets.token_hex(8)
        USERS["admin"] = password
        logger.warning("first user: admin, password: %s", password)


@app.get("/users")
def users():
    return list(USERS)
"""),
        bad=True,
    ),
    Example(
        "the public half of a pair",
        shop("""
import logging

logger = logging.getLogger(__name__)


class ApiKey(Base):
    __tablename__ = "api_keys"
    id: Mapped[int] = mapped_column(primary_key=True)
    access_key: Mapped[str]
    hashed_secret_key: Mapped[str]


@app.get("/beds/{access_key}")
def read_bed(access_key: str):
    logger.info("asked by %s", access_key)
    return {"bed": 1}
"""),
    ),
    Example(
        "an access key that is all there is",
        plain("""
import logging

logger = logging.getLogger(__name__)


@app.get("/beds/{access_key}")
def read_bed(access_key: str):
    logger.info("asked by %s", access_key)
    return {"bed": 1}
"""),
        bad=True,
    ),
    Example(
        "addresses without a password",
        plain("""
import logging

from sqlalchemy import make_url

logger = logging.getLogger(__name__)


def connect(given: str, host: str) -> None:
    db_url = make_url(given).render_as_string(hide_password=True)
    logger.info("connecting to %s", db_url)
    redis_url = f"redis://{host}:6379/0"
    logger.info("broker %s", redis_url)
"""),
    ),
    Example(
        "an address that is rendered with its password",
        plain("""
import logging

from sqlalchemy import make_url

logger = logging.getLogger(__name__)


def connect(given: str) -> None:
    db_url = make_url(given).render_as_string(hide_password=False)
    logger.info("connecting to %s", db_url)
"""),
        bad=True,
    ),
    Example(
        "a stand-in for the mail server: a note",
        plain("""
import logging

logger = logging.getLogger(__name__)


class ConsoleMailer:
    def send_reset(self, address: str, reset_token: str) -> None:
        logger.info("reset token for %s: %s", address, reset_token)


mailer = ConsoleMailer()


@app.post("/password-recovery/{address}")
def recover(address: str):
    mailer.send_reset(address, "drawn for this one")
    return {}
"""),
        bad=True,
    ),
    Example(
        "how long it took to keep one",
        plain("""
import logging
import time

logger = logging.getLogger(__name__)


@app.post("/keys")
def keep_key(key: str):
    began = time.monotonic()
    Path("keys", key).touch()
    keep_token = time.monotonic() - began
    logger.info(f"kept in {keep_token:.2f} s")
    return {}
"""),
    ),
    Example(
        "a marker that may be a path: a note",
        plain("""
import logging

logger = logging.getLogger(__name__)


def is_planted(bed: dict) -> bool:
    wanted_token = bed.get("token") or (bed.get("path") or "").split("/")[-1]
    logger.info("looks for %s", wanted_token)
    return Path("beds", wanted_token).exists()


@app.post("/beds")
def plant(bed: dict):
    return {"planted": is_planted(bed)}
"""),
        bad=True,
    ),
    Example(
        "a token of one kind or another",
        plain("""
import logging

logger = logging.getLogger(__name__)


@app.post("/beds")
def plant(bed: dict):
    access_token = bed.get("token") or bed.get("old_token")
    logger.info("planted with %s", access_token)
    return {}
"""),
        bad=True,
    ),
    Example(
        "the key of a credential's record: a note",
        plain("""
import logging

logger = logging.getLogger(__name__)


class Credential:
    @classmethod
    def get(cls, key: str) -> str:
        return Path("credentials", key).read_text()


class Gate:
    def __init__(self, credential: str):
        self.credential = credential

    def opener(self) -> str:
        logger.info("opens with %s", self.credential)
        return Credential.get(self.credential)


@app.get("/gates/{key}")
def opens(key: str):
    return {"opens": bool(Gate(key).opener())}
"""),
        bad=True,
    ),
    Example("under a key that a processor masks", plain(_MASKING % ("hide", "access_token"))),
    Example("under a key that it does not mask", plain(_MASKING % ("hide", "given")), bad=True),
    Example(
        "a processor that nobody configures",
        plain(_MASKING % ("structlog.stdlib.add_log_level", "access_token")),
        bad=True,
    ),
)
