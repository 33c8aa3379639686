"""A password or key is a query parameter.

**What.** `def login(username: str, password: str)` on a POST, `api_key: str = Query(...)`.

**Why it costs.** URLs are written into access logs, proxies' logs, browser histories and Referer headers: the secret is
there for everybody who reads them.

**How it is found.** Parameters of routes and of their signature alone whose name is a password, secret or key (for methods other than GET: a token
too), and which FastAPI takes from the query: plain ones, and `Query()`.

**How to fix it.** A body model, `Form()`, or a header (`APIKeyHeader`, `HTTPBearer`). Clients have to change.

**When it is no problem.** A token in a link that is sent by mail and works once; a WebSocket, which has no headers in browsers.
On routes for administrators alone it is a note, and so is the token that a `DELETE` revokes (`DELETE /tokens?token=`): what the log keeps is void.

**Sources.** OWASP, "Information exposure through query strings in URL":
https://owasp.org/www-community/vulnerabilities/Information_exposure_through_query_strings_in_url
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules import endpoint as routes
from strop.rules.asked_in_query import asked_in_query
from strop.rules.endpoint import Argument, Endpoint, endpoint
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.secretive import is_secret, words
from strop.rules.told import marks, tell, ways_to

RULE = Rule("API012", "secret-in-query", "security", "warning", "A secret is a query parameter", static=True)
WORDS = routes.WORDS
_NEVER = frozenset({"bool", "int", "float"})


def notice(body: Body) -> Iterator[Mark]:
    """Query parameters whose name is a secret's."""
    route = endpoint(body)
    for argument in route.arguments() if route is not None else ():
        if route is not None and argument.source == "query" and _is_secret(route, argument):
            yield body.mark(
                RULE.code, argument.node, name=argument.name, revoked=_is_revoked(route, argument)
            )


def _is_secret(route: Endpoint, argument: Argument) -> bool:
    parts = words(argument.name)
    if argument.type in _NEVER or not is_secret(argument.name):
        return False
    return route.methods != ("GET",) or parts[-1] not in ("token", "jwt", "credential", "credentials")


def _is_revoked(route: Endpoint, argument: Argument) -> bool:
    """Whether the token or key is what the route deletes: `DELETE /tokens?token=`. A password would be a proof."""
    last = words(argument.name)[-1]
    deleted = route.path.rstrip("/").rpartition("/")[2]
    return (
        route.methods == ("DELETE",)
        and last in ("token", "key")
        and words(deleted)[-1:] in ([last], [f"{last}s"])
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each parameter; an alias of another module may say that a dependency brings it."""
    protection, asked = Protection.of(project), asked_in_query(project)
    for mark in marks(project, RULE):
        if mark.fact("name") not in asked.get(mark.function, {mark.fact("name")}):
            continue
        ways = ways_to(project, mark.function)
        token = mark.fact("name").endswith("token")
        yield tell(
            RULE,
            mark,
            ways,
            message=f"{mark.fact('name')} is read from the query",
            impact="URLs are kept in access logs, proxies and browser histories",
            solution="a body model, Form() or a header; clients have to change",
            confidence=0.7 if token else 0.88,
            severity="note" if mark.fact("revoked") or protection.are_for_operators(ways) else None,
        )


EXAMPLES = (
    Example(
        "a new password",
        plain("""
@app.post("/reset-password")
def reset_password(email: str, new_password: str):
    return {"changed": len(new_password) > 8}
"""),
        bad=True,
    ),
    Example(
        "in the body",
        plain("""
from pydantic import BaseModel


class NewPassword(BaseModel):
    email: str
    new_password: str


@app.post("/reset-password")
def reset_password(body: NewPassword):
    return {"changed": len(body.new_password) > 8}
"""),
        mends="a new password",
    ),
    Example(
        "a dependency of another module reads it from a header",
        plain(
            """
from access import ApiKey


@app.post("/metrics/reset")
def reset_metrics(api_key: ApiKey):
    return {"length": len(api_key)}
""",
            access="""
from typing import Annotated

from fastapi import Depends, Header


def read_key(x_api_key: Annotated[str, Header()]) -> str:
    return x_api_key


ApiKey = Annotated[str, Depends(read_key)]
""",
        ),
    ),
    Example(
        "a link that is sent by mail, a form, a flag",
        plain("""
from typing import Annotated

from fastapi import Form


@app.get("/confirm")
def confirm(token: str):
    return {"confirmed": len(token)}


@app.post("/login")
def login(username: Annotated[str, Form()], password: Annotated[str, Form()]):
    return {"hello": username, "length": len(password)}


@app.post("/users")
def add_user(name: str, has_password: bool = False):
    return {"name": name, "has_password": has_password}
"""),
    ),
    Example(
        "a token that is revoked: a note",
        plain("""
TOKENS = {"anna": "x"}


@app.delete("/me/tokens")
def revoke(token: str):
    return {name: kept for name, kept in TOKENS.items() if kept != token}
"""),
        bad=True,
    ),
    Example(
        "an administrator sets the key of a service: a note",
        plain("""
def require_admin(name: str = "") -> str:
    if name != "anna":
        raise HTTPException(403)
    return name


@app.put("/settings/mail")
def set_mail_key(api_key: str, admin: str = Depends(require_admin)):
    return {"length": len(api_key), "by": admin}
"""),
        bad=True,
    ),
)
