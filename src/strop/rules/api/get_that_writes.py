"""A GET creates, changes or deletes.

**What.** `@router.get("/orders/{id}/cancel")` whose handler sets a status and commits.

**Why it costs.** Browsers, crawlers, link previews and proxies send a GET without being asked, twice, or ahead of time; caches answer in its
place. A link in a mail or an image on a foreign page is enough to make a logged-in user do it (no CSRF protection stops a GET).

**How it is found.** In the handler of a GET itself: `session.add`, `delete` or an `INSERT`, `UPDATE`, `DELETE` statement, and a commit that
is reached from it. Writing down that something was seen (last login, audit, statistics, tokens, caches) doesn't count, and
neither does a sign-in that other sites call back.

**How to fix it.** POST, PUT, PATCH or DELETE. Clients have to change.

**When it is no problem.** Rows that are made on first reading (get or create), where the second reading changes nothing.

**Sources.** RFC 9110, "Safe Methods": https://www.rfc-editor.org/rfc/rfc9110#name-safe-methods
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
from strop.regex import regex
from strop.rules.endpoint import endpoint
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.told import marks, tell, ways_to

RULE = Rule("API002", "get-that-writes", "api", "warning", "A GET that writes", static=True)
WORDS = ("get",)
_SESSIONS = ("sqlalchemy.orm.Session", "sqlalchemy.ext.asyncio.AsyncSession", "sqlmodel.")
_STATEMENTS = frozenset(
    {
        "sqlalchemy.insert",
        "sqlalchemy.update",
        "sqlalchemy.delete",
        "sqlmodel.insert",
        "sqlmodel.update",
        "sqlmodel.delete",
    }
)
_SEEN = regex(
    r"login|logout|signin|sign_in|callback|oauth|oidc|sso|auth|token|session|verify|confirm|activat|unsubscribe|invite|"
    r"audit|log\b|seen|view|visit|hit|count|stat|track|cache|sync|health|ready|or_create|ensure|heartbeat|redirect|metric",
    re.I,
)


def notice(body: Body) -> Iterator[Mark]:
    """Writes in the handlers of a GET that commits."""
    route = endpoint(body)
    if (
        route is None
        or route.methods != ("GET",)
        or _SEEN.search(f"{body.symbol} {route.path} {body.module.name}")
    ):
        return
    commits = next((c for c in body.calls("commit") if _of_session(body, c)), None)
    write = _write(body) if commits is not None else None
    if write is not None and not any(_SEEN.search(body.text(a)) for a in write.args):
        yield body.mark(RULE.code, write, text=body.brief(write, 90))


def _of_session(body: Body, call: ast.Call) -> bool:
    return body.name(call.func).startswith(_SESSIONS)


def _write(body: Body) -> ast.Call | None:
    """The first insert, update or delete, outside of a branch for what is missing."""
    for call in body.calls("add", "add_all", "delete", "merge", "insert", "update"):
        name = body.name(call.func)
        if (name.startswith(_SESSIONS) or name in _STATEMENTS) and not _is_first_time(body, call):
            return call
    return None


def _is_first_time(body: Body, call: ast.Call) -> bool:
    """Below `if row is None:` or `if not row:`: made when it is asked for the first time."""
    for around in body.around(call):
        if isinstance(around, ast.If) and (
            "not " in body.text(around.test) or " is None" in body.text(around.test)
        ):
            return True
        if isinstance(around, ast.ExceptHandler):
            return True
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each route."""
    for mark in marks(project, RULE):
        ways = ways_to(project, mark.function)
        yield tell(
            RULE,
            mark,
            ways,
            message=f"a GET writes: {mark.fact('text')}, and commits",
            impact="browsers, crawlers and link previews do it without being asked, and a foreign page can",
            solution="POST, PUT, PATCH or DELETE; clients have to change",
            confidence=0.7,
        )


_CANCEL = """
@app.{method}("/orders/{{order_id}}/cancel")
def cancel(order_id: int, session: Session = Depends(get_session)):
    order = session.get_one(Order, order_id)
    order.status = "cancelled"
    session.add(order)
    session.commit()
    return {{"status": order.status}}
"""

EXAMPLES = (
    Example("a link that cancels", shop(_CANCEL.format(method="get")), bad=True),
    Example("a POST", shop(_CANCEL.format(method="post")), mends="a link that cancels"),
    Example(
        "made when it is asked for the first time",
        shop("""
@app.get("/customers/{customer_id}")
def read_customer(customer_id: int, session: Session = Depends(get_session)):
    customer = session.get(Customer, customer_id)
    if customer is None:
        customer = Customer(id=customer_id, name="new")
        session.add(customer)
        session.commit()
    return {"name": customer.name}
"""),
    ),
)
