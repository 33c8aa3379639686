"""A client may set fields that are not its own to set: role, superuser, owner.

**What.** The whole body is written over a row (`setattr` in a loop, `Model(**body.model_dump())`, `update(values)`), and the body's
model has `role`, `is_superuser` or the like, in a route that any user may call.

**Why it costs.** Whoever knows the field's name makes himself administrator.

**How it is found.** Routes that write and have such a field in the model of their body, whose dependencies speak of no permission, and
whose handler neither reads the field nor refuses with 403; functions below that write a whole dump.

**How to fix it.** A model for what users may change about themselves, another one for administrators.

**When it is no problem.** A route that only administrators reach, by a dependency that does not say so in its name.

**Sources.** OWASP, "Mass Assignment Cheat Sheet":
https://cheatsheetseries.owasp.org/cheatsheets/Mass_Assignment_Cheat_Sheet.html
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
from strop.project.route import Route
from strop.regex import regex
from strop.rules.code import handler
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.models import fields_of
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks
from strop.span import Step

RULE = Rule(
    "SCH005",
    "mass-assignment",
    "security",
    "error",
    "A body may set what is not the client's to set",
    static=True,
)
WORDS = ("setattr", "dict", "model_dump", "sqlmodel_update", "jsonable_encoder")
_PRIVILEGED = frozenset(
    {
        "is_superuser",
        "is_admin",
        "is_staff",
        "superuser",
        "is_super_admin",
        "is_superadmin",
        "role",
        "roles",
        "permissions",
        "scopes",
    }
)
_OF_USERS = regex(r"user|account|member|profile|principal|person|register|sign_?up", re.I)
_GUARDS = regex(
    r"admin|super|owner|manager|permission|role|scope|staff|guard|require|allow|authoriz|access|policy|acl|rbac|privilege|internal|service_key|api_key|protect",
    re.I,
)
_WRITES = frozenset({"POST", "PUT", "PATCH"})


def notice(body: Body) -> Iterator[Mark]:
    """Writes of a whole dump over an object."""
    for call in body.calls("setattr"):
        if body.loop(call) is not None and len(call.args) == 3 and not isinstance(call.args[1], ast.Constant):
            yield body.mark(RULE.code, call, kind="write", text=body.text(call))
    for call in body.of(ast.Call):
        for keyword in call.keywords:
            if keyword.arg is None and _is_dump(body, keyword.value):
                yield body.mark(RULE.code, call, kind="write", text=body.brief(call, 90))
    for call in body.calls("sqlmodel_update"):
        yield body.mark(RULE.code, call, kind="write", text=body.brief(call, 90))


def _is_dump(body: Body, expr: ast.expr) -> bool:
    """A whole dump; `exclude` shows that somebody thought of it."""
    shown = body.value(expr)
    if not isinstance(shown, ast.Call) or not isinstance(shown.func, ast.Attribute | ast.Name):
        return False
    name = shown.func.attr if isinstance(shown.func, ast.Attribute) else shown.func.id
    dumped = (
        shown.func.value if isinstance(shown.func, ast.Attribute) else shown.args[0] if shown.args else None
    )
    given = isinstance(dumped, ast.Name) and any(b.how == "annotation" for b in body.bindings(dumped))
    return (
        given
        and name in ("dict", "model_dump", "jsonable_encoder")
        and not any(k.arg in ("exclude", "include") for k in shown.keywords)
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each route."""
    writes: dict[str, Mark] = {}
    for mark in marks(project, RULE, "write"):
        writes.setdefault(mark.function, mark)
    reached: dict[str, list[Mark]] = defaultdict(list)
    for function, mark in writes.items():
        for way in project.reaches.get(function, ()):
            if len(way.chain) <= 4:
                reached[way.route].append(mark)
    told: set[str] = set()
    for route in project.imported.routes:
        if route.method in _WRITES and route.key in reached and route.name not in told:
            finding = _judge(project, route, reached[route.key][0])
            if finding is not None:
                told.add(route.name)
                yield finding


def _judge(project: Project, route: Route, write: Mark) -> Finding | None:
    own = handler(project, route)
    if own is None or not _OF_USERS.search(route.path) or _GUARDS.search(" ".join(_said(route))):
        return None
    names = [d.parameter for d in route.dependencies]
    if (
        not any(re.search(r"user|current|auth|principal|token", n, re.I) for n in names)
        and not route.dependencies
    ):
        return None  # nobody is logged in: a sign-up or an internal service, judged elsewhere
    for parameter in route.parameters:
        if parameter.place not in ("body", "form") or not parameter.model:
            continue
        field = next((m for m in fields_of(project, parameter.model) if m.name in _PRIVILEGED), None)
        handling = Protection.of(project).handling(route)
        if field is None or (handling is not None and field.name in handling.attributes):
            continue  # the handler reads the field by name: somebody thought of it
        model = parameter.model.partition(":")[2]
        return draft(
            RULE,
            own.span,
            (route.key,),
            message=f"{route.key} writes the whole {model} ({write.fact('text')} in {write.span.symbol}), {field.name} too",
            impact=f"whoever may call it sets {field.name}",
            solution="a model for what users may change, another one for administrators",
            known="static",
            confidence=0.6,
            chain=(Step(route.key, own.span), Step(write.fact("text"), write.span)),
            facts={"model": model, "field": field.name},
        )
    return None


def _said(route: Route) -> Iterator[str]:
    """What a route's dependencies and path say of who may call it."""
    yield route.path
    yield route.name
    for dependency in route.dependencies:
        yield dependency.name.partition(":")[2]
        yield dependency.parameter
        yield from dependency.scopes


_UPDATE = """
from pydantic import BaseModel


class User:
    name = ""
    role = "reader"


def current_user() -> User:
    return User()


class UserUpdate(BaseModel):
    name: str | None = None
{field}

@app.patch("/users/me")
def update_me(change: UserUpdate, user: User = Depends(current_user)):
    for key, value in change.model_dump(exclude_unset=True).items():
        setattr(user, key, value)
    return {{"name": user.name}}
"""

EXAMPLES = (
    Example("the role too", plain(_UPDATE.format(field="    role: str | None = None\n")), bad=True),
    Example("what users may change", plain(_UPDATE.format(field="")), mends="the role too"),
    Example(
        "administrators alone",
        plain(_UPDATE.format(field="    role: str | None = None\n").replace("current_user", "require_admin")),
    ),
)
