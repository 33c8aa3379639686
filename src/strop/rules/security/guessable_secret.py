"""A secret is made with `random`, or hashed with MD5 or SHA-1.

**What.** A token, password or code comes from the module `random`; or a password or token is hashed with a fast,
broken hash.

**Why it costs.** `random` can be predicted from a few of its values. MD5 and SHA-1 are computed billions of times a
second, so a stolen table of hashes is a table of passwords.

**How it is found.** Calls of `random` that are assigned to, or made in a function named for, a secret; calls of
`hashlib.md5` and `sha1` on something named for a password or secret. Anything else that uses them is left alone: a number
below the length of a list is a place in it, also where a secret is made beside it by other means.

**How to fix it.** `secrets.token_urlsafe()`, `secrets.choice`, `secrets.randbelow`; argon2 or bcrypt for passwords,
SHA-256 for tokens that are long and random.

**When it is no problem.** The value is no secret, whatever its name says.

**Sources.** https://docs.python.org/3/library/secrets.html ;
https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
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
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.secretive import is_proof, words

RULE = Rule("SEC013", "guessable-secret", "security", "warning", "A secret that can be guessed", static=True)
WORDS = ("random", "md5", "sha1")
KINDS = ("function", "module")
_DRAWS = frozenset(
    f"random.{n}"
    for n in ("choice", "choices", "randint", "random", "randrange", "sample", "getrandbits", "randbytes")
)
_HASHES = frozenset({"hashlib.md5", "hashlib.sha1"})


def notice(body: Body) -> Iterator[Mark]:
    """Secrets that are drawn or hashed in a weak way."""
    own = body.symbol.rpartition(".")[2]
    for call in body.calls(
        "choice", "choices", "randint", "random", "randrange", "sample", "getrandbits", "randbytes"
    ):
        target = _assigned(body, call)
        named = next(
            (n for n in (target, own) if is_proof(n) and "mock" not in words(n) and "fake" not in words(n)),
            "",
        )
        if named and body.name(call.func) in _DRAWS and not _is_place(body, call, named):
            yield body.mark(RULE.code, call, name=named, call=body.name(call.func), how="made")
    for call in body.calls("md5", "sha1"):
        if body.name(call.func) not in _HASHES or any(k.arg == "usedforsecurity" for k in call.keywords):
            continue
        named = next((n for arg in call.args for n in _names(arg) if _is_password(n)), "")
        if named:
            yield body.mark(RULE.code, call, name=named, call=body.name(call.func), how="hashed")


def _is_place(body: Body, call: ast.Call, named: str) -> bool:
    """Whether `randrange(len(rows))` picks one of several: a place in a list, which alone is no secret."""
    if (
        last_name(call.func) not in ("randrange", "randint")
        or not call.args
        or _assigned(body, call) == named
    ):
        return False
    end = call.args[-1].left if isinstance(call.args[-1], ast.BinOp) else call.args[-1]
    return isinstance(end, ast.Call) and last_name(end.func) == "len" and body.loop(call) is None


def _assigned(body: Body, call: ast.Call) -> str:
    for around in body.around(call):
        match around:
            case ast.Assign(targets=[ast.Name(id=name), *_]) | ast.AnnAssign(target=ast.Name(id=name)):
                return name
            case ast.Assign(targets=[ast.Attribute(attr=name), *_]) | ast.keyword(arg=str(name)):
                return name
            case ast.stmt():
                return ""
    return ""


def _names(expr: ast.expr) -> Iterator[str]:
    for node in ast.walk(expr):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _is_password(name: str) -> bool:
    parts = words(name)
    return (
        is_proof(name)
        and bool({"password", "passwd", "secret", "token", "key"}.intersection(parts))
        and "csrf" not in parts
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each place that a route reaches, or that makes a secret for the whole process."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread", "background", "serialization"))
        if not ways:
            continue
        name, call = mark.fact("name"), mark.fact("call")
        made = mark.fact("how") == "made"
        yield draft(
            RULE,
            mark.span,
            (w.route for w in ways),
            message=f"{name} is {mark.fact('how')} with {call}",
            impact="its next values can be computed from earlier ones"
            if made
            else "a stolen hash is turned into the secret within seconds",
            solution="secrets.token_urlsafe(), secrets.choice or secrets.randbelow"
            if made
            else "argon2 or bcrypt for passwords, SHA-256 for long random tokens",
            known="static",
            confidence=0.8,
            chain=ways[0].chain,
        )


EXAMPLES = (
    Example(
        "a token of random letters",
        plain("""
import random
import string


@app.post("/invitations")
def invite():
    token = "".join(random.choices(string.ascii_letters, k=32))
    return {"token": token}
"""),
        bad=True,
    ),
    Example(
        "a token of the operating system's randomness",
        plain("""
import secrets


@app.post("/invitations")
def invite():
    token = secrets.token_urlsafe(32)
    return {"token": token}
"""),
        bad=False,
        mends="a token of random letters",
    ),
    Example(
        "a password under MD5",
        plain("""
@app.post("/users")
def register(name: str, password: str):
    return {"name": name, "hash": hashlib.md5(password.encode()).hexdigest()}
"""),
        bad=True,
    ),
    Example(
        "a cache key, and a wait of random length",
        plain("""
import random


@app.get("/pages")
def page(url: str):
    time.sleep(random.random() / 100)
    return {"etag": hashlib.md5(url.encode()).hexdigest()}
"""),
        bad=False,
    ),
    Example(
        "a place in a list, beside a key that is made well",
        plain("""
import random
import secrets

PRINTERS = ["north", "south"]


@app.post("/keys")
def make_private_key():
    place = random.randrange(len(PRINTERS))
    return {"key": secrets.token_urlsafe(32), "printer": place}
"""),
        bad=False,
    ),
    Example(
        "letters that are picked by their place",
        plain("""
import random

LETTERS = "abcdefghijkmnpqrstuvwxyz"


@app.post("/keys")
def make_private_key():
    letters = [LETTERS[random.randrange(len(LETTERS))] for _ in range(20)]
    return {"key": "".join(letters)}
"""),
        bad=True,
    ),
)
