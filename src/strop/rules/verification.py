"""What are fastapi-users' tokens worth? That of a verified address, only where something asks for `is_verified`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.logged import kind_of

WORDS = frozenset({"is_verified", "verified", "requires_verification"})
DEMANDED = "verified-demanded"  # the key of these marks
_LIBRARY = "fastapi_users"
_KEYWORDS = frozenset({"verified", "requires_verification"})
_SECRETS = {"verification_token_secret": "verification", "reset_password_token_secret": "reset"}
_ASKS = (ast.If, ast.IfExp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Attribute)


def note_demands(body: Body) -> Iterator[Mark]:
    """Where somebody is asked for a verified address: `current_user(verified=True)`, `if not user.is_verified:`."""
    for call in body.of(ast.Call):
        for keyword in call.keywords:
            if keyword.arg in _KEYWORDS and body.constant(keyword.value) is not False:
                yield body.mark(DEMANDED, call)
    for read in body.of(ast.Attribute):
        if read.attr == "is_verified" and isinstance(body.parent(read), _ASKS):
            yield body.mark(DEMANDED, read)


def is_demanded(project: Project) -> bool:
    """Whether anything in the project asks for a verified address."""
    return bool(project.source.marks.get(DEMANDED))


def is_verification_hook(body: Body) -> bool:
    """Whether this is where fastapi-users hands over the token that verifies an address."""
    return body.symbol.endswith("on_after_request_verify") and _is_manager(body)


def secret_of(body: Body, value: ast.expr) -> str:
    """ "reset" or "verification" for the secret that a user manager of fastapi-users makes these tokens with."""
    given = body.parent(value)
    targets = given.targets if isinstance(given, ast.Assign) else [getattr(given, "target", None)]
    names = [t.id for t in targets if isinstance(t, ast.Name)]
    return next((_SECRETS[n] for n in names if n in _SECRETS), "") if _is_manager(body) else ""


def is_only_delivery(body: Body) -> bool:
    """Whether a function does nothing but write to the log: whoever is to get the token finds it there."""
    told = [call for call in body.of(ast.Call) if kind_of(body, call)]
    inside = {id(node) for call in told for node in ast.walk(call)}
    return bool(told) and all(id(call) in inside for call in body.of(ast.Call))


def _is_manager(body: Body) -> bool:
    name = body.owner.name if body.owner is not None else ""
    return any(base.startswith(_LIBRARY) for base in body.bases(name)) if name else False
