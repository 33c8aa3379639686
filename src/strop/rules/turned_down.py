"""Does the project refuse the default of a key, and what does it do with the key: sign, or encrypt?"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.regex import regex

_KIND = "refused"
_IS_KEY = regex(r"(?i)secret|key|token")
_ENCRYPTS = regex(r"(?i)(fernet|encrypt\w*|cipher\w*|aes\w*)$")
_SIGNS = regex(r"(?i)(jwt|jws|itsdangerous|hmac|serializer|session\w*middleware|sign)")
_EXITS = frozenset({"sys.exit", "os._exit", "exit", "quit"})


def fingerprint(value: object) -> str:
    """What a default is known by: marks are kept in files, where it has no business."""
    return hashlib.sha256(value.encode(errors="replace")).hexdigest()[:16] if isinstance(value, str) else ""


def refusals(body: Body, code: str) -> Iterator[Mark]:
    """A mark for each text to which a key is compared before the program stops or raises: `if key == UNSET: raise`."""
    for branch in body.of(ast.If):
        if any(_stops(body, statement) for statement in branch.body):
            for value in _compared(body, branch.test):
                yield body.mark(code, branch, kind=_KIND, refused=fingerprint(value))


def _stops(body: Body, statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    exits = isinstance(call, ast.Call) and (body.name(call.func) or last_name(call.func)) in _EXITS
    return isinstance(statement, ast.Raise) or exits


def _compared(body: Body, test: ast.expr) -> Iterator[str]:
    for each in ast.walk(test):
        match each:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                for key, value in ((left, body.constant(right)), (right, body.constant(left))):
                    if isinstance(value, str) and value and _IS_KEY.search(ast.unparse(key)):
                        yield value
            case ast.Compare(
                left=left, ops=[ast.In()], comparators=[ast.Tuple() | ast.Set() | ast.List() as listed]
            ):
                if _IS_KEY.search(ast.unparse(left)):
                    yield from (v for v in map(body.constant, listed.elts) if isinstance(v, str) and v)


def refused_defaults(project: Project, code: str) -> set[str]:
    """The fingerprints of the texts that are refused as keys."""
    marks = (m for m in project.source.marks.get(code, ()) if m.fact("kind") == _KIND)
    return {mark.fact("refused") for mark in marks}


def encrypts(project: Project, name: str) -> str:
    """ "encryption" where what a setting is handed to encrypts, and nothing that it is handed to signs; else ""."""
    called = {
        call.name or call.text.partition("(")[0]
        for function in project.source.functions.values()
        for call in function.calls
        if name in call.text
    }
    used = any(_ENCRYPTS.search(each) for each in called)
    return "encryption" if used and not any(_SIGNS.search(each) for each in called) else ""
