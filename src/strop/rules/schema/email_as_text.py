"""An e-mail address is a plain text in one request, and checked in another.

**What.** `email: str` in a request's model of a project that has `email: EmailStr` elsewhere.

**Why it costs.** What one route refuses another one stores: mails that can't be delivered, two accounts for `Anna@x.org` and
`anna@x.org `, look-ups that find nothing.

**How it is found.** Fields named email of models that create, change or invite, with type `str` and without a pattern or a validator for it,
where another request's model has EmailStr.

**How to fix it.** `EmailStr`. Clients that send something else get 422.

**When it is no problem.** A login by name or e-mail in one field; a search by a part of an address.

**Sources.** Pydantic, "Network Types": https://docs.pydantic.dev/latest/api/networks/#pydantic.networks.EmailStr
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.function import Class, Member
from strop.project.project import Project
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.models import fields_of, is_model, owner_of
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.wording import listed
from strop.span import Span, Step

RULE = Rule("SCH016", "email-as-text", "schema", "note", "An e-mail address as plain text", static=True)
_EMAIL = regex(r"^(e_?mail|email_address|new_email)$")
_TEXT = frozenset({"str", "str|None", "Optional[str]"})
_STORES = regex(r"create|register|sign_?up|new|add|invite|invitation|update|patch|edit", re.I)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the project."""
    checked, free = [], []
    seen: set[str] = set()
    for route in project.imported.routes:
        for parameter in route.parameters:
            model = project.source.classes.get(parameter.model)
            if (
                parameter.place != "body"
                or model is None
                or model.id in seen
                or not is_model(project, model.id)
            ):
                continue
            seen.add(model.id)
            for field in fields_of(project, model.id):
                if _EMAIL.match(field.name):
                    if "EmailStr" in field.annotation:
                        checked.append(model)
                    elif _is_free(project, model, field):
                        free.append((route.key, model, field))
    if not checked or not free:
        return
    key, model, field = free[0]
    owner = owner_of(project, model.id, field.name) or model
    names = sorted({m.span.symbol for _, m, _ in free})
    span = Span(owner.span.file, field.line, owner.span.symbol)
    yield draft(
        RULE,
        span,
        (k for k, _, _ in free),
        message=f"{field.name} is a plain text in {listed(names)}, and EmailStr in {checked[0].span.symbol}",
        impact="what one route refuses another one stores",
        solution="EmailStr",
        known="static",
        confidence=0.7,
        chain=(Step(key, span),),
        facts={"field": field.name},
    )


def _is_free(project: Project, model: Class, field: Member) -> bool:
    """Whether any text is taken."""
    if field.annotation.replace(" ", "") not in _TEXT or "pattern" in field.value or "regex" in field.value:
        return False
    named = any("email" in v.rpartition(".")[2] or "mail" in v.rpartition(".")[2] for v in model.validators)
    return not named and bool(_STORES.search(model.span.symbol))


_MODELS = """
from pydantic import BaseModel, EmailStr


class SignUp(BaseModel):
    email: EmailStr


class Invitation(BaseModel):
    email: {type}


@app.post("/users")
def sign_up(body: SignUp):
    return body


@app.post("/invitations")
def invite(body: Invitation):
    return body
"""

EXAMPLES = (
    Example("an invitation", plain(_MODELS.format(type="str")), bad=True),
    Example("checked too", plain(_MODELS.format(type="EmailStr")), mends="an invitation"),
    Example(
        "a project without EmailStr",
        plain(_MODELS.format(type="str").replace("email: EmailStr", "email: str").replace(", EmailStr", "")),
    ),
)
