"""A token or session is revoked under a key that it was never stored under.

**What.** Login stores `f"{PREFIX}:{user_id}:{session_id}"`; logout deletes `f"{PREFIX}:{user_id}:{token}"`, which is not there.

**Why it costs.** Deleting a key that does not exist is no error. What was to be revoked stays valid until it expires, while people
believe that they are logged out.

**How it is found.** The keys, as templates, that the whole project stores or reads below the same prefix. A deletion is reported whose key differs from
all of them in one value of another name, where the function has a value of the right name at hand.

**How to fix it.** Build the key as the place that stores it does; best in one function that both call.

**When it is no problem.** Both names hold the same value.

**Sources.** https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html ; https://redis.io/docs/latest/commands/del/
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.secretive import words
from strop.rules.told import marks, tell, ways_to

RULE = Rule("AUTH023", "revoked-under-another-key", "auth", "error", "Revoked under another key", static=True)
_DELETES = ("delete", "unlink", "adelete")
_KEEPS = (
    "set", "setex", "psetex", "setnx", "aset", "get", "aget", "getex", "exists", "expire", "hset", "hget", "hgetall", "sadd",
)  # fmt: skip
WORDS = (*_DELETES, *_KEEPS)
_PROOF = regex(r"token|session|refresh|jwt|otp|login|auth", re.IGNORECASE)
_STORE = regex(r"redis|cache|store|kv|client|storage", re.IGNORECASE)


def notice(body: Body) -> Iterator[Mark]:
    """Keys of a store, as templates."""
    for call in body.calls(*WORDS):
        func = call.func
        if not isinstance(func, ast.Attribute) or not call.args or not _STORE.search(body.text(func.value)):
            continue
        found = _template(body, body.value(call.args[0]))
        if found is not None:
            prefix, values = found
            kind = "deletes" if func.attr in _DELETES else "keeps"
            text = body.brief(call, 110)
            here = ",".join(sorted(body.scope.names)) if kind == "deletes" else ""
            yield body.mark(RULE.code, call, kind=kind, prefix=prefix, values=values, text=text, here=here)


def _template(body: Body, expr: ast.expr) -> tuple[str, str] | None:
    """What a key begins with (text and constants), and the names of the values in it."""
    if not isinstance(expr, ast.JoinedStr):
        return None
    prefix, values = "", list[str]()
    for part in expr.values:
        if isinstance(part, ast.Constant):
            prefix += str(part.value) if not values else ""
        elif isinstance(part, ast.FormattedValue):
            name, constant = _name(part.value), body.constant(part.value)
            if not name:
                return None
            if not values and isinstance(constant, str):
                prefix += constant
            elif not values and name.rpartition(".")[2].isupper():
                prefix += f"{{{name.rpartition('.')[2]}}}"
            else:
                values.append(name)
    return (prefix, ",".join(values)) if values and _PROOF.search(prefix) else None


def _name(expr: ast.expr) -> str:
    match expr:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{last_name(value)}.{attr}"
    return ""


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each deletion."""
    kept: dict[tuple[str, int], list[list[str]]] = defaultdict(list)
    for mark in marks(project, RULE, "keeps"):
        values = mark.fact("values").split(",")
        kept[mark.fact("prefix"), len(values)].append(values)
    for mark in marks(project, RULE, "deletes"):
        values = mark.fact("values").split(",")
        known = kept[mark.fact("prefix"), len(values)]
        wrong = {_difference(values, each) for each in known}
        ways = ways_to(project, mark.function)
        if len(wrong) != 1 or not ways:
            continue
        place = wrong.pop()
        right = known[0][place].rpartition(".")[2] if place >= 0 else ""
        if right and right in mark.fact("here").split(","):
            yield tell(
                RULE,
                mark,
                ways,
                message=f"{mark.fact('text')} deletes nothing: it is stored with {known[0][place]}, not {values[place]}",
                impact="what was to be revoked stays valid until it expires",
                solution=f"build the key with {right}, as the place that stores it does",
                confidence=0.85,
            )


def _difference(these: list[str], those: list[str]) -> int:
    """The only place with names that have nothing in common; -1 where there is none, or more."""
    places = [
        n for n, (a, b) in enumerate(zip(these, those, strict=True)) if not set(words(a)) & set(words(b))
    ]
    return places[0] if len(places) == 1 else -1


_STORE_OF_TOKENS = """
import uuid

import redis

PREFIX = "shop:refresh_token"
store = redis.Redis()


@app.post("/login")
def login(user_id: int):
    session_id = uuid.uuid4().hex
    token = uuid.uuid4().hex
    store.set(f"{PREFIX}:{user_id}:{session_id}", token, ex=86400)
    return {"session": session_id, "token": token}


"""
EXAMPLES = (
    Example(
        "stored by session, deleted by token",
        plain(
            _STORE_OF_TOKENS
            + """
@app.post("/logout")
def logout(user_id: int, session_id: str, refresh_token: str):
    store.delete(f"shop:access:{user_id}:{session_id}")
    store.delete(f"{PREFIX}:{user_id}:{refresh_token}")
    return {"ok": True}
"""
        ),
        bad=True,
    ),
    Example(
        "deleted as it is stored",
        plain(
            _STORE_OF_TOKENS
            + """
@app.post("/logout")
def logout(user_id: int, session_id: str):
    store.delete(f"{PREFIX}:{user_id}:{session_id}")
    return {"ok": True}
"""
        ),
        bad=False,
        mends="stored by session, deleted by token",
    ),
    Example(
        "another name for the same value, and no other value at hand",
        plain(
            _STORE_OF_TOKENS
            + """
@app.post("/logout")
def logout(owner: int, current: str):
    store.delete(f"{PREFIX}:{owner}:{current}")
    return {"ok": True}
"""
        ),
        bad=False,
    ),
)
