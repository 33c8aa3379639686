"""An answer has a password, its hash or somebody's token in it.

**What.** The response model of a route, or a model inside it, has a field like `hashed_password` or `totp_secret`; a list of users that
carries each one's `token`; or a row of a table with such a column is returned without a response model.

**Why it costs.** Whoever may see the answer can try the hashes at leisure, or use the token.

**How it is found.** Fields of response models, through models inside models, in routes whose answer reaches them. `SecretStr` and `exclude=True`
are taken into account; a token that a POST gives once, or at the top of an answer, is what was asked for,
like a password that the handler draws, keeps nowhere and hands over, and the password that stands beside the address that it is for. A note where administrators read what they also set, and
where the path says that secrets are what is asked for (`/credentials/{id}`).

**How to fix it.** A model for the answer that does not have the field (`UserPublic`, `UserSummary`).

**When it is no problem.** A share link or an invitation whose token the client is meant to have.

**Sources.** OWASP API Security, "API3:2023 Broken Object Property Level Authorization":
https://owasp.org/API-Security/editions/2023/en/0xa3-broken-object-property-level-authorization/
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding, Severity
from strop.project.body import Body
from strop.project.function import Class, Member
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules import endpoint as routes
from strop.rules.draft import draft
from strop.rules.drawn import drawn, is_drawn
from strop.rules.endpoint import endpoint
from strop.rules.example import Example
from strop.rules.models import answered, fields_of, inner_of, owner_of
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.secretive import is_password
from strop.rules.told import marks, tell, ways_to
from strop.rules.wording import many
from strop.span import Span, Step

RULE = Rule("SCH002", "secret-in-answer", "security", "error", "A secret in an answer", static=True)
WORDS = routes.WORDS
_OF_WORDS = frozenset(
    {
        "attributions",
        "logprob",
        "score",
        "start",
        "end",
        "offset",
        "label",
        "lemma",
        "pos",
        "text",
        "probability",
    }
)
_TOKENS = frozenset({"token", "api_key", "access_token", "refresh_token"})
_DEEPEST = 4
_NEVER = "never answers"
_PAGE = regex(r"page|paginat|list|results?$|response", re.I)
_LIST = regex(r"\b([Ll]ist|Sequence|[Tt]uple|[Ss]et)\[")
_STORED = regex(
    r"auth|credential|config|connection|setting|smtp|proxy", re.I
)  # other systems' passwords, often masked
_FRESH = regex(r"new_|generated_|temp|initial_|password$")  # what a POST has just made is shown once
_ASKED = regex(r"/(creds?|credentials?|secrets?|passwords?)(/|$)", re.I)  # a route that is there to give them
_ADDRESSES = frozenset({"url", "uri", "path", "host", "hostname", "endpoint", "address", "link", "server"})
_PEOPLE = frozenset(
    {"username", "user_name", "login", "email", "name", "user", "role", "is_active", "is_admin"}
)
_MASKS = ("masked", "mask", "redact", "redacted", "hide_secrets", "sanitize", "without_secrets")


def notice(body: Body) -> Iterator[Mark]:
    """Instances of the project's classes that a route without a model returns; secrets that a route makes and hands over."""
    route = endpoint(body)
    node = body.node
    if route is None or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    yield from drawn(body, RULE.code)
    if not any(body.of(ast.Return, ast.Yield, ast.YieldFrom)) and isinstance(node.body[-1], ast.Raise):
        yield body.mark(RULE.code, node, kind=_NEVER)
    if route.keyword("response_model") is not None or node.returns is not None:
        return
    for returned in body.of(ast.Return):
        kind = body.instance(returned.value) if returned.value is not None else ""
        if kind in body.types.found.classes:
            owner = body.types.found.classes[kind]
            yield body.mark(
                RULE.code,
                returned,
                text=body.brief(returned, 90),
                owner=f"{owner.module.file}:{owner.qualname}",
            )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each field that leads to a secret."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    known: dict[tuple[str, str], list[tuple[str, str]]] = {}
    protection = Protection.of(project)
    unanswered = {mark.function for mark in marks(project, RULE, _NEVER)}
    for route, page in answered(project):
        handler = protection.handler(route) if unanswered else None
        if handler is not None and handler.id in unanswered:
            continue
        for model in _rows(project, page):
            key = (model.id, route.method)
            if key not in known:
                known[key] = list(_secrets(project, model, route.method))
            for top, way in known[key]:
                owner = owner_of(project, model.id, top) or model
                if is_drawn(project, route, top):
                    continue  # what the route is there to make
                found[owner.id, top].append((route.key, way))
    for (owner_id, field), told in found.items():
        operators = all(protection.is_for_operators(key) for key, _ in told)
        kept = operators and _is_taken(protection, owner_id)
        asked = all(_ASKED.search(key) for key, _ in told)
        little: Severity | None = "note" if kept or asked else None
        yield _finding(project, project.source.classes[owner_id], field, told, little)
    for mark in marks(project, RULE):
        secret = next((m.name for m in fields_of(project, mark.fact("owner")) if _is_shown_password(m)), "")
        columns = [] if secret else _columns(project, mark.fact("owner"))
        secret = secret or next((c for c in columns if is_password(c)), "")
        if secret:
            yield tell(
                RULE,
                mark,
                ways_to(project, mark.function),
                message=f"{mark.fact('text')} is answered with its {secret}",
                impact="whoever may see the answer can try it or use it",
                solution="a response model without the field",
                confidence=0.85,
            )


def _is_taken(protection: Protection, class_id: str) -> bool:
    """Whether operators also send a model: they see what they have set."""
    project = protection.project
    return any(
        class_id == p.model or class_id in project.source.classes[p.model].bases
        for route in project.imported.routes
        for p in route.parameters
        if p.model in project.source.classes and protection.is_for_operators(route.key)
    )


def _rows(project: Project, page: Class) -> list[Class]:
    """The models of a page's rows; of anything else itself. Models that hide their secrets themselves are left out."""
    inner = inner_of(project, page.id)
    rows = [name for names in inner.values() for name in names] if _PAGE.search(page.span.symbol) else []
    return [project.source.classes[name] for name in rows or [page.id]]


def _hides(project: Project, class_id: str) -> bool:
    """Whether a model has a method that masks its values."""
    model = project.source.classes.get(class_id)
    owners = (class_id, *(model.bases if model is not None else ()))
    return any(f"{owner}.{name}" in project.source.functions for owner in owners for name in _MASKS)


def _columns(project: Project, class_id: str) -> list[str]:
    """The columns of the table that a class maps."""
    model = project.source.classes.get(class_id)
    name = model.name if model is not None else ""
    return [
        c.attribute or c.name
        for t in project.imported.tables
        if t.model.replace(":", ".") == name
        for c in t.columns
    ]


def _secrets(project: Project, model: Class, method: str) -> Iterator[tuple[str, str]]:
    """The fields of a model that are or lead to a secret, with the way to it: ("users", "users.token")."""
    inner = inner_of(project, model.id)
    shown = [] if _hides(project, model.id) else fields_of(project, model.id)
    key_to = _is_key_to_something(shown)
    for field in shown:
        if _is_left_out(field):
            continue
        if _is_shown_password(field) and not (key_to or (method == "POST" and _FRESH.match(field.name))):
            yield field.name, field.name
        for name in inner.get(field.name, ()):
            way = _below(project, name, method == "GET" and _is_list(field), 1, {model.id})
            if way:
                yield field.name, f"{field.name}.{way}"
                break


def _is_left_out(field: Member) -> bool:
    """Whether a field says itself that it is in no answer: `= Field(exclude=True)`, also inside `Annotated`."""
    return "exclude=True" in f"{field.value}{field.annotation}".replace(" ", "")


def _is_key_to_something(fields: list[Member]) -> bool:
    """Whether a model is an address with the password for it: to hand both out is what it is for."""
    names = {field.name for field in fields}
    return bool(names & _ADDRESSES) and not names & _PEOPLE


def _is_word(field: Member, fields: list[Member]) -> bool:
    """Whether a `token` is a piece of a text: numbers or places in the text are told of it."""
    told = {f.name for f in fields}
    return field.name == "token" and bool(
        told & _OF_WORDS or any(re.search(r"\bfloat\b", f.annotation) for f in fields)
    )


def _is_list(field: Member) -> bool:
    return bool(_LIST.search(field.annotation))


def _below(project: Project, class_id: str, of_many: bool, depth: int, seen: set[str]) -> str:
    """The way to a secret inside a model, "" where there is none."""
    if class_id in seen or depth > _DEEPEST or _hides(project, class_id):
        return ""
    inner = inner_of(project, class_id)
    for field in fields_of(project, class_id):
        if _is_left_out(field):
            continue
        token = (
            of_many
            and field.name in _TOKENS
            and not _is_word(field, fields_of(project, class_id))
            and field.annotation.replace(" ", "") in ("str", "str|None", "Optional[str]")
        )
        user = _is_shown_password(field) and not _STORED.search(class_id.partition(":")[2])
        if user or token:
            return field.name
        for name in inner.get(field.name, ()):
            way = _below(project, name, of_many, depth + 1, seen | {class_id})
            if way:
                return f"{field.name}.{way}"
    return ""


def _is_shown_password(field: Member) -> bool:
    text = field.annotation
    shown = "str" in text.lower() and "Secret" not in text and "Literal" not in text
    return shown and is_password(field.name) and "exclude=True" not in field.value.replace(" ", "")


def _finding(
    project: Project, owner: Class, field: str, told: list[tuple[str, str]], severity: Severity | None
) -> Finding:
    line = next((m.line for m in owner.members if m.name == field), owner.span.line)
    way = told[0][1]
    keys = sorted({key for key, _ in told})
    return draft(
        RULE,
        Span(owner.span.file, line, owner.span.symbol),
        keys,
        message=f"{owner.span.symbol}.{way} is in the answer of {keys[0]}"
        + (f" and {many(len(keys) - 1, 'other route')}" if len(keys) > 1 else ""),
        impact="whoever may see the answer can try it or use it",
        solution="a model for the answer that does not have the field",
        known="static",
        confidence=0.85 if "." not in way else 0.7,
        chain=(
            Step(keys[0], Span(owner.span.file, line)),
            Step(f"{owner.span.symbol}.{way}", Span(owner.span.file, line)),
        ),
        facts={"field": field, "way": way},
        severity=severity,
    )


_USERS = """
from pydantic import BaseModel


class User(BaseModel):
    name: str
    hashed_password: str


class UserPublic(BaseModel):
    name: str


@app.get("/users/{{name}}", response_model={model})
def read_user(name: str):
    return User(name=name, hashed_password="$argon2")
"""

EXAMPLES = (
    Example(
        "not written yet, and a field that is left out",
        plain("""
from typing import Annotated

from fastapi import HTTPException
from pydantic import BaseModel, Field


class User(BaseModel):
    name: str
    password: str


class Shown(User):
    password: Annotated[str, Field(exclude=True)]


@app.post("/users/me", response_model=User)
def read_me():
    raise HTTPException(501)


@app.get("/users/{name}")
def read_user(name: str) -> Shown:
    return Shown(name=name, password="")
"""),
        bad=False,
    ),
    Example(
        "the tokens of a text, with their weights",
        plain("""
from pydantic import BaseModel


class Piece(BaseModel):
    token: str
    attributions: dict[str, float] = {}


class Explained(BaseModel):
    text: str
    pieces: list[Piece]


@app.get("/texts")
def list_texts() -> list[Explained]:
    return []
"""),
    ),
    Example(
        "a password that is drawn and kept nowhere",
        plain("""
import secrets
import string

from pydantic import BaseModel


class Proposed(BaseModel):
    password: str


@app.get("/password")
def propose_password() -> Proposed:
    while True:
        password = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(16))
        if any(letter.isdigit() for letter in password):
            return Proposed(password=password)
"""),
    ),
    Example(
        "a password that is drawn, kept, and shown to whoever may see the user",
        plain("""
import secrets

from pydantic import BaseModel

KEPT = {}


class User(BaseModel):
    name: str
    password: str


@app.put("/users/{name}")
def make_user(name: str) -> User:
    password = secrets.token_urlsafe()
    KEPT.setdefault(name, password)
    return User(name=name, password=password)
"""),
        bad=True,
    ),
    Example("the stored model", plain(_USERS.format(model="User")), bad=True),
    Example("a model for the answer", plain(_USERS.format(model="UserPublic")), mends="the stored model"),
    Example(
        "tokens of the members of a group",
        plain("""
from pydantic import BaseModel


class Token(BaseModel):
    name: str
    token: str


class Member(BaseModel):
    name: str
    tokens: list[Token]


class Group(BaseModel):
    members: list[Member]


@app.get("/group", response_model=Group)
def read_group():
    return Group(members=[])
"""),
        bad=True,
    ),
    Example(
        "an address with its password",
        plain("""
from pydantic import BaseModel


class Screen(BaseModel):
    url: str
    password: str


@app.get("/screens/{number}", response_model=Screen)
def screen(number: int):
    return Screen(url=f"vnc://screens/{number}", password="drawn for this screen")
"""),
    ),
    Example(
        "a login, and a password that is left out",
        plain("""
from pydantic import BaseModel, Field, SecretStr


class Session(BaseModel):
    access_token: str
    password: str = Field(exclude=True)
    password_hint: str
    db_password: SecretStr


@app.post("/login", response_model=Session)
def login(name: str):
    return Session(access_token=name, password=name, password_hint="", db_password="x")
"""),
    ),
    Example(
        "what the route is there to give: a note",
        plain("""
from pydantic import BaseModel


class Access(BaseModel):
    database: str
    username: str
    password: str


@app.get("/exports/credentials/{number}", response_model=Access)
def access(number: int):
    return Access(database="export", username=f"reader{number}", password="drawn for this export")
"""),
        bad=True,
    ),
)
