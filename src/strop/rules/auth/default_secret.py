"""A signing secret has a default that stands in the source.

**What.** A setting that signs or encrypts (`SECRET_KEY`, `jwt_secret` ...) has a literal default, in a settings class, in
`os.getenv(..., default)` or as a constant.

**Why it costs.** A deployment that forgets the variable starts without a word, and everybody who can read the source
can sign a token for any user.

**How it is found.** Names of settings that hold keys, with their defaults, `SecretStr(...)` and `Field(default=...)`
included. A default that a validator of the class refuses (it raises) is left alone, and so is one to which the project compares a key
before it raises.

**How to fix it.** No default: the service then doesn't start without the variable. For development, put it in an
`.env` file.

**When it is no problem.** The key protects nothing (an example, a local tool). A note for two secrets of fastapi-users: that of resets, which are
bound to the hash of the old password as well, and that of verifications where nothing asks for `is_verified`.

**Sources.** https://github.com/fastapi/full-stack-fastapi-template/pull/2425 ; https://cwe.mitre.org/data/definitions/1392.html
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
from strop.rules import verification
from strop.rules.aside import is_aside
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.turned_down import encrypts, fingerprint, refusals, refused_defaults
from strop.rules.verification import is_demanded, note_demands, secret_of

RULE = Rule("AUTH009", "default-secret", "auth", "error", "A signing secret in the source", static=True)
WORDS = (
    *("secret", "SECRET", "key", "KEY", "BaseSettings", "getenv", "environ", "config", "Config", "env"),
    *verification.WORDS,
    "raise",
)
KINDS = ("class", "module", "function")
_KEY = regex(
    r"(^|_)(secret_?key|secret|(jwt|signing|encryption|hmac)_?(secret|key)|(secret|jwt)_(token|signing|auth|access|refresh)_?(secret|key)?)$",
    re.IGNORECASE,
)
_CLIENTS = regex(
    r"client|captcha|turnstile|stripe|s3|aws|webhook_id|public|smtp|mail|celery_result|cert|tls|(^|_)ca_",
    re.IGNORECASE,
)
_TRIALS = regex(r"(^|/)(dev|bench\w*|load\w*|smoke\w*|cli|playground|sandbox)[/._]|(^|/)smoke\w*\.py$")
_ENCRYPTS = regex(r"encrypt|fernet|cipher", re.IGNORECASE)
_IMPACTS = {
    "": "everybody who can read the source can sign a token for any user",
    "encryption": "everybody who can read the source can read what the service keeps encrypted",
    "verification": "everybody who can read the source can have any address taken for verified",
    "reset": "everybody who can read the source and the hash of a password can set another one",
}
_PLACEHOLDER = regex(r"^(|<.*>|\$.*|/.*|\.\.?/.*|none|null|[A-Z][A-Z0-9_]*)$")
_READS = frozenset({"os.getenv", "os.environ.get", "decouple.config", "starlette.config.Config.__call__"})


def is_key(name: str) -> bool:
    """Whether a setting of this name signs or encrypts what the service itself hands out."""
    return bool(_KEY.search(name)) and not _CLIENTS.search(name)


def notice(body: Body) -> Iterator[Mark]:
    """Keys with a literal default, and what asks for the verified addresses that one of them stands for."""
    yield from note_demands(body)
    yield from refusals(body, RULE.code)
    if body.kind != "function":
        yield from _assigned(body)
    for call in body.of(ast.Call):
        name = body.constant(call.args[0]) if call.args else None
        if isinstance(name, str) and is_key(name) and _reads(body, call):
            default = call.args[1] if len(call.args) > 1 else _keyword(call, "default")
            if _is_literal(default):
                use = secret_of(body, call) or _use(name)
                yield body.mark(
                    RULE.code, call, name=name, use=use, default=fingerprint(body.constant(default))
                )


def _use(name: str) -> str:
    return "encryption" if _ENCRYPTS.search(name) else ""


def _reads(body: Body, call: ast.Call) -> bool:
    return body.name(call.func) in _READS or body.instance(call.func) == "starlette.config.Config"


def _assigned(body: Body) -> Iterator[Mark]:
    settings = body.kind == "class" and any(
        b.endswith("BaseSettings") for b in body.bases(body.owner.name if body.owner else "")
    )
    if not settings and body.kind == "class":
        return
    statements = body.node.body
    for each in statements:
        match each:
            case (
                ast.AnnAssign(target=ast.Name(id=name), value=value)
                | ast.Assign(targets=[ast.Name(id=name)], value=value)
            ):
                if value is None or not is_key(name) or not _is_literal(_default(value)):
                    continue
                constant = body.kind == "module" and name.isupper() and _signs(body, name)
                if constant or (settings and not _is_refused(body, name)):
                    default = fingerprint(body.constant(_default(value)))
                    yield body.mark(RULE.code, each, name=name, use=_use(name), default=default)


def _default(value: ast.expr) -> ast.expr | None:
    """What stands in `SecretStr("...")` and `Field(default=...)`."""
    while isinstance(value, ast.Call):
        func = value.func
        last = last_name(func)
        if last not in ("Field", "SecretStr", "SecretBytes"):
            return None
        inner = value.args[0] if value.args else _keyword(value, "default")
        if inner is None:
            return None
        value = inner
    return value


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((k.value for k in call.keywords if k.arg in (name, "fallback")), None)


def _is_literal(value: ast.expr | None) -> bool:
    return (
        isinstance(value, ast.Constant)
        and isinstance(value.value, str)
        and not _PLACEHOLDER.match(value.value)
    )


def _is_refused(body: Body, name: str) -> bool:
    """Whether a validator of the class that names the field raises."""
    for method in ast.walk(body.node):
        if isinstance(method, ast.FunctionDef):
            mentions = any(
                (isinstance(n, ast.Constant) and n.value == name)
                or (isinstance(n, ast.Attribute) and n.attr == name)
                for n in ast.walk(method)
            )
            if mentions and any(isinstance(n, ast.Raise | ast.Call) and _stops(n) for n in ast.walk(method)):
                return True
    return False


def _stops(node: ast.Raise | ast.Call) -> bool:
    if isinstance(node, ast.Raise):
        return True
    func = node.func
    return isinstance(func, ast.Attribute) and func.attr.startswith(
        ("_check", "check", "_ensure", "_validate")
    )


def _signs(body: Body, name: str) -> bool:
    """Whether the module itself signs with the constant."""
    for node in ast.walk(body.node):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("encode", "decode", "new")
        ) and any(
            isinstance(a, ast.Name) and a.id == name for a in (*node.args, *(k.value for k in node.keywords))
        ):
            return True
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each variable, with every place that has a default for it."""
    routes = [r.key for r in project.imported.routes if r.kind != "mount"]
    named: dict[str, list[Mark]] = {}
    refused = refused_defaults(project, RULE.code)
    for mark in project.source.marks.get(RULE.code, ()):
        if not mark.fact("default") or mark.fact("default") in refused:
            continue
        if not is_aside(mark.span.file) and not _TRIALS.search(mark.span.file):
            named.setdefault(mark.fact("name"), []).append(mark)
    for found in named.values():
        mark, *more = sorted(found, key=lambda each: _is_little(project, each))  # the worst first
        yield draft(
            RULE,
            mark.span,
            routes if len(routes) < 3 else (),
            message=f"{mark.fact('name')} has a default that stands in the source",
            impact=f"where the variable is not set, {_IMPACTS[mark.fact('use') or encrypts(project, mark.fact('name'))]}",
            solution="leave the default out: the service then refuses to start without the variable",
            known="static",
            confidence=0.85,
            places=[each.span for each in more],
            severity="note" if all(_is_little(project, each) for each in (mark, *more)) else None,
        )


def _is_little(project: Project, mark: Mark) -> bool:
    """Whether who knows the key gains little: no address must be verified, or a reset asks for the old hash, too."""
    use = mark.fact("use")
    return use == "reset" or (use == "verification" and not is_demanded(project))


EXAMPLES = (
    Example(
        "a key that works unset",
        plain("""
import jwt
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    jwt_secret_key: str = "change me in production"


settings = Settings()


@app.post("/login")
def login(name: str):
    return {"token": jwt.encode({"sub": name, "exp": 0}, settings.jwt_secret_key)}
"""),
        bad=True,
    ),
    Example(
        "for verified addresses that a route asks for",
        plain("""
import os

from fastapi_users import BaseUserManager


class Gardeners(BaseUserManager):
    verification_token_secret = os.getenv("VERIFICATION_TOKEN_SECRET", "tulip")


@app.get("/beds")
def list_beds(user=Depends(Gardeners)):
    if not user.is_verified:
        raise HTTPException(403)
    return []
"""),
        bad=True,
    ),
    Example(
        "for resets and for verified addresses that nothing asks for: a note",
        plain("""
import os

from fastapi_users import BaseUserManager


class Gardeners(BaseUserManager):
    reset_password_token_secret = os.getenv("RESET_PASSWORD_TOKEN_SECRET", "tulip")
    verification_token_secret = os.getenv("VERIFICATION_TOKEN_SECRET", "tulip")
"""),
        bad=True,
    ),
    Example(
        "a key that must be set",
        plain("""
import jwt
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    jwt_secret_key: str


settings = Settings()


@app.post("/login")
def login(name: str):
    return {"token": jwt.encode({"sub": name, "exp": 0}, settings.jwt_secret_key)}
"""),
        bad=False,
        mends="a key that works unset",
    ),
    Example(
        "a default that is refused outside development",
        plain("""
from pydantic import model_validator
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    environment: str = "local"
    secret_key: str = "changethis"

    @model_validator(mode="after")
    def refuse_default(self):
        if self.secret_key == "changethis" and self.environment != "local":
            raise ValueError("set SECRET_KEY")
        return self


settings = Settings()
"""),
        bad=False,
    ),
    Example(
        "names, not keys",
        plain("""
import os

SECRET_KEY_FILE = os.getenv("SECRET_KEY_FILE", "/run/secrets/key")
SECRET_KEY = os.environ["SECRET_KEY"]
"""),
        bad=False,
    ),
    Example(
        "a default that is refused where the key is used",
        plain("""
from cryptography.fernet import Fernet
from pydantic_settings import BaseSettings

UNSET = "put your own key here"


class Settings(BaseSettings):
    encryption_key: str = "put your own key here"


def make_cipher(secret_key: str) -> Fernet:
    if not secret_key or secret_key == UNSET:
        raise RuntimeError("set ENCRYPTION_KEY")
    return Fernet(secret_key)


cipher = make_cipher(Settings().encryption_key)
"""),
        bad=False,
    ),
    Example(
        "a default that is compared, and used all the same",
        plain("""
from cryptography.fernet import Fernet
from pydantic_settings import BaseSettings

UNSET = "put your own key here"


class Settings(BaseSettings):
    encryption_key: str = "put your own key here"


def make_cipher(secret_key: str) -> Fernet:
    if not secret_key:
        raise RuntimeError("set ENCRYPTION_KEY")
    if secret_key == UNSET:
        print("this is no key")
    return Fernet(secret_key)


cipher = make_cipher(Settings().encryption_key)
"""),
        bad=True,
    ),
)
