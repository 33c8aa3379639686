"""A secret, an identity or a moment is taken when the module is imported.

**What.** A module's value, or the default of a model's field, is random (`secrets.token_hex()`), the process's
number, or the current time.

**Why it costs.** Each worker and each restart has another one. Tokens signed by one worker are refused by the next,
all sessions end with a deployment, and that the real secret was never configured goes unnoticed. A process number
that is taken before the server forks is the same in all workers, who then hold each other's locks. A moment that is
taken at import is the start of the process, not now.

**How it is found.** Assignments of modules and classes whose value calls the random, process or clock functions of
the standard library, also as the fallback of an environment variable or as the default of a field, by what the name
says it is for: a secret or key, a worker's identity, a date. The defaults of one file are one finding.

**How to fix it.** Make the setting required, so that a missing one stops the start. Take the process's number where
it is used. Ask for the time in the function, or with `default_factory`.

**When it is no problem.** The time of the start itself (`STARTED_AT`), a value that is made for a test or a cache
buster, a salt that is only compared with in memory, a random number or a hash that the time goes into; files of examples and scripts. A note where all who make an object give the field, where a time is read by nothing or by functions alone that nothing calls, and in a module that is started by itself (`if __name__ == "__main__"`) and that no route leads to. A random identity of one process is reported only where it is taken from the process's number.

**Sources.** https://github.com/fastapi/fastapi/issues/592 ; Gunicorn, "preload_app":
https://docs.gunicorn.org/en/stable/settings.html#preload-app
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding, Severity
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.aside import is_aside
from strop.rules.constructions import always_given
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import is_reached
from strop.rules.unread import is_read
from strop.rules.wording import many
from strop.span import Step

RULE = Rule(
    "STA004", "value-per-process", "state", "error", "A value differs from process to process", static=True
)
WORDS = (
    "secrets",
    "urandom",
    "uuid4",
    "uuid",
    "getpid",
    "now",
    "utcnow",
    "today",
    "random",
    "choice",
    "choices",
    "generate_key",
)
KINDS = ("module", "class")

_RANDOM = frozenset(
    {"secrets.token_hex", "secrets.token_urlsafe", "secrets.token_bytes", "os.urandom", "uuid.uuid4", "random.choice", "random.choices",
     "secrets.choice", "random.randbytes", "random.random", "cryptography.fernet.Fernet.generate_key", "Fernet.generate_key"}
)  # fmt: skip
_CLOCK = frozenset(
    {"datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today", "datetime.datetime.today"}
)
_SECRET = regex(
    r"(secret|signing|jwt|private|encryption|session|csrf|cookie|auth|token|hmac)_?.*?(key|secret|salt|seed|token)?$|key$",
    re.I,
)
_OTHER = regex(
    r"prefix|header|name|url|expire|ttl|version|sentinel|_id$|marker|placeholder|nonce_key|cache_key|example|dummy|fallback|ephemeral|per_?process",
    re.I,
)
_IDENTITY = regex(
    r"worker|instance|process|node|owner|consumer|server|replica|holder|identity|client_id|lock", re.I
)
_MOMENT = regex(r"start|boot|launch|init|import|load|build|epoch|uptime|min|max|version|year", re.I)
_CONFIG = "model_config"  # of a model: what is in it are settings and examples, no fields
_RECKON = ("random", "secrets", "hashlib", "math", "uuid", "numpy")  # their results are no times
_SERVES = regex(r"\b(uvicorn|gunicorn|hypercorn|granian|FastAPI|APIRouter|Celery|celery)\b")


def notice(body: Body) -> Iterator[Mark]:
    """Assignments at import whose value is the process's own."""
    if is_aside(body.module.file):
        return  # runs once and ends, is no part of the service
    for node in _assignments(body.node.body):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if not isinstance(target, ast.Name) or node.value is None or target.id == _CONFIG:
            continue
        for call in _calls(node.value):
            kind = _kind(target.id, body.name(call.func), _is_model(body))
            if kind == "secret" and body.kind == "class" and not _is_model(body):
                continue  # a setting's default: the rule about secrets of settings tells it
            if kind == "moment" and ".tzinfo" in body.text(node):
                continue  # the zone of the machine, which is no moment
            if kind and _is_documentation(body, target.id):
                continue
            if kind == "moment" and _is_reckoned_with(body, call):
                continue
            if kind == "moment" and len(body.scope.names.get(target.id, ())) > 1:
                continue  # set again later: it is a variable
            if kind:
                text = body.brief(call, 60)
                program = kind != "default" and _is_program(body)
                yield body.mark(RULE.code, node, kind=kind, name=target.id, text=text, program=program)
                break


def _is_reckoned_with(body: Body, moment: ast.Call) -> bool:
    """Whether the time is only what another function reckons with: the most of a random number, the text of a hash."""
    calls = (each for each in body.around(moment) if isinstance(each, ast.Call))
    return any(body.name(each.func).partition(".")[0] in _RECKON for each in calls)


def _is_program(body: Body) -> bool:
    """Whether a module is started by itself, and starts no server."""
    text = "\n".join(body.module.text)
    return re.search(r"^if __name__ == ", text, re.M) is not None and not _SERVES.search(text)


def _is_documentation(body: Body, name: str) -> bool:
    """Whether a value is an example for the OpenAPI document: it is wanted at import, and nobody reckons with it."""
    given = rf"\b(?:openapi_examples|examples?|json_schema_extra|openapi_extra|responses)\s*=\s*[\[{{]?\s*{re.escape(name)}\b"
    return re.search(given, "\n".join(body.module.lines)) is not None


def _assignments(statements: list[ast.stmt]) -> Iterator[ast.Assign | ast.AnnAssign]:
    """The assignments of a module's or class's body, also in its branches."""
    for node in statements:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            yield node
        elif isinstance(node, ast.If) and "__name__" not in ast.dump(node.test):
            yield from _assignments([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            yield from _assignments(node.body)


def _calls(value: ast.expr) -> Iterator[ast.Call]:
    """The calls that run at import: what a lambda or a factory would call later is left out."""
    waiting: list[ast.AST] = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            yield node
        if not isinstance(node, ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def _is_model(body: Body) -> bool:
    """Whether a class's values are defaults of fields."""
    bases = body.bases(body.owner.name) if body.owner is not None else ()
    settings = any(base.endswith("Settings") for base in bases)
    return not settings and any(
        base.split(".")[0] in ("pydantic", "sqlmodel", "sqlalchemy") for base in bases
    )


def _kind(name: str, called: str, is_model: bool) -> str:
    if is_model and not (name.isupper() and called in _RANDOM):  # a setting, though not of BaseSettings
        return "default" if called in _RANDOM or called in _CLOCK else ""
    if called in _RANDOM and _SECRET.search(name) and not _OTHER.search(name):
        return "secret"
    if called == "os.getpid" and (_IDENTITY.search(name) or name.lower().endswith("_id")):
        return "identity"
    if called in _CLOCK and not _MOMENT.search(name):
        return "moment"
    return ""


_WORDING: dict[str, tuple[Severity, float, str, str, str]] = {
    "secret": (
        "error",
        0.85,
        "{name} is made anew by each process: {text}",
        "tokens and cookies that one worker signs are refused by the others and after a restart; a missing setting goes unnoticed",
        "make the setting required, so that a start without it fails",
    ),
    "default": (
        "error",
        0.9,
        "the default of {name} is made once, when the module is imported: {text}",
        "every object of this process gets the same value",
        "give the function itself: default_factory of a field, default of a column without the call",
    ),
    "identity": (
        "warning",
        0.65,
        "{name} is taken when the module is imported: {text}",
        "a server that loads the application before it forks gives all workers the same identity: locks and claims of one are taken for another's",
        "take it where it is used, or in the lifespan, which runs in each worker",
    ),
    "moment": (
        "warning",
        0.7,
        "{name} is the time of the import, not now: {text}",
        "it stands still while the process runs, and differs between workers",
        "ask for the time in the function; for a field use default_factory",
    ),
}


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each assignment; one for a file whose models take their defaults at import."""
    defaults: dict[str, list[Mark]] = defaultdict(list)
    for mark in project.source.marks.get(RULE.code, ()):
        if mark.fact("kind") == "default":
            defaults[mark.span.file].append(mark)
    for mark in project.source.marks.get(RULE.code, ()):
        others = [m for m in defaults.get(mark.span.file, ()) if mark.fact("kind") == "default"]
        if others and others[0] is not mark:
            continue
        also = f" (so are {many(len(others) - 1, 'default')} beside it)" if len(others) > 1 else ""
        severity, confidence, message, impact, solution = _WORDING[mark.fact("kind")]
        words = {"name": mark.fact("name"), "text": mark.fact("text")}
        yield draft(
            RULE,
            mark.span,
            (),
            message=message.format(**words) + also,
            impact=impact,
            solution=solution,
            known="static",
            confidence=confidence,
            chain=(Step(mark.fact("text"), mark.span),),
            facts={"name": mark.fact("name"), "kind": mark.fact("kind")},
            severity="note" if _is_little(project, mark, others) else severity,
            places=[m.span for m in others[1:]],
        )


def _is_little(project: Project, mark: Mark, others: list[Mark]) -> bool:
    """Whether no request meets it: all who make objects give the field, nothing that runs reads the name, or the
    module is a program of its own.
    """
    if others:
        return all(_is_never_used(project, m) for m in others)
    if mark.fact("kind") == "moment" and not is_read(project, mark.fact("name")):
        return True
    return bool(mark.fact("program")) and not _is_served(project, mark.span.file)


def _is_served(project: Project, file: str) -> bool:
    """Whether a route leads to any function of a file."""
    if project.imported.span is not None and project.imported.span.file == file:
        return True
    return any(is_reached(project, function.id) for function in project.source.functions.within(file))


def _is_never_used(project: Project, mark: Mark) -> bool:
    """Whether everybody who makes an object says what this field is."""
    return always_given(project, f"{mark.span.file}:{mark.span.symbol}", mark.fact("name"))


EXAMPLES = (
    Example(
        "an example in a model's configuration",
        plain("""
import uuid

from pydantic import BaseModel, ConfigDict


class Bed(BaseModel):
    id: uuid.UUID
    model_config = ConfigDict(json_schema_extra={"examples": [{"id": str(uuid.uuid4())}]})


@app.post("/beds")
def dig(bed: Bed):
    return bed
"""),
        bad=False,
    ),
    Example(
        "a secret that each worker makes",
        plain("""
import os
import secrets

SECRET_KEY = os.environ.get("SECRET_KEY", secrets.token_urlsafe(32))
"""),
        bad=True,
    ),
    Example(
        "an example of the document",
        plain("""
from datetime import datetime

from fastapi import Body

UPDATES = {"one": {"value": {"at": datetime.now().isoformat()}}}


@app.post("/updates")
def update(updates: dict = Body(openapi_examples=UPDATES)) -> int:
    return len(updates)
"""),
        bad=False,
    ),
    Example(
        "the process's number, before the fork",
        plain("""
import os
import socket

WORKER_ID = f"{socket.gethostname()}:{os.getpid()}"
"""),
        bad=True,
    ),
    Example(
        "a field whose default is the import's time",
        plain("""
from datetime import datetime

from pydantic import BaseModel


class Order(BaseModel):
    created_at: datetime = datetime.now()
"""),
        bad=True,
    ),
    Example(
        "a secret that must be given",
        plain("""
import os

SECRET_KEY = os.environ["SECRET_KEY"]
"""),
        bad=False,
        mends="a secret that each worker makes",
    ),
    Example(
        "a factory, the time of the start, a request's own number",
        plain("""
import os
import secrets
import uuid
from datetime import datetime

from pydantic import BaseModel, Field

STARTED_AT = datetime.now()
_UNSET_SENTINEL = uuid.uuid4()


class Order(BaseModel):
    token: str = Field(default_factory=lambda: secrets.token_hex(8))
    created_at: datetime = Field(default_factory=datetime.now)


@app.get("/worker")
async def worker():
    return {"worker": os.getpid(), "key": secrets.token_hex(4)}
"""),
        bad=False,
    ),
    Example(
        "of a program that no server loads: a note",
        {
            "main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
            "bring.py": """\
from datetime import datetime


class Run:
    STAMP = datetime.now()


def bring():
    print(Run.STAMP)


if __name__ == "__main__":
    bring()
""",
        },
        bad=True,
    ),
    Example(
        "the zone of the machine",
        {
            "main.py": "from datetime import datetime\n\nLOCAL_ZONE = datetime.now().astimezone().tzinfo\n",
        },
        bad=False,
    ),
    Example(
        "a script that runs once, and a salt of what stays in memory",
        {
            "main.py": "import secrets\n\n_VALUE_SALT = secrets.token_hex(16)\n",
            "scripts/report.py": "from datetime import datetime\n\nREPORT_DAY = datetime.now()\n",
        },
        bad=False,
    ),
    Example(
        "a default that nobody uses: a note",
        plain("""
from datetime import datetime

from pydantic import BaseModel


class Entry(BaseModel):
    text: str
    at: datetime = datetime.now()


@app.get("/entry")
def entry() -> Entry:
    return Entry(text="now", at=datetime.now())
"""),
        bad=True,
    ),
    Example(
        "a default that a request may use",
        plain("""
from datetime import datetime

from pydantic import BaseModel


class Entry(BaseModel):
    text: str
    at: datetime = datetime.now()


@app.post("/entry")
def entry(given: Entry) -> Entry:
    return Entry(text=given.text, at=given.at)
"""),
        bad=True,
    ),
    Example(
        "a time that functions read which nothing calls: a note",
        {
            "main.py": """\
from fastapi import FastAPI

from texts import greet

app = FastAPI()


@app.get("/greeting")
def greeting() -> str:
    return greet()
""",
            "texts.py": """\
from datetime import datetime

OLD_PROMPT = f"Today is {datetime.now().date()}. Greet the guest."


def greet():
    return f"Today is {datetime.now().date()}. Greet the guest."


def greet_as_before():
    return OLD_PROMPT
""",
        },
        bad=True,
    ),
    Example(
        "a time that a route reads",
        {
            "main.py": """\
from datetime import datetime

from fastapi import FastAPI

app = FastAPI()
PROMPT = f"Today is {datetime.now().date()}. Greet the guest."


@app.get("/greeting")
def greeting() -> str:
    return PROMPT
""",
        },
        bad=True,
    ),
    Example(
        "a random number up to the day of the month",
        {
            "main.py": """\
import random
from datetime import datetime

salt_of_today = random.randint(1, datetime.today().day)


def salted(text: str) -> str:
    return text + str(salt_of_today)
""",
        },
        bad=False,
    ),
)
