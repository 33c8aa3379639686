"""Does somebody wait for what these ways lead to? Or does it run after the answer, or once for an operator?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from strop.project.function import Reach
from strop.project.project import Project
from strop.regex import regex
from strop.rules.code import function_at
from strop.rules.protection import Protection

_ONCE = regex(r"seed|restore|migrat|backfill|re_?-?index|rebuild|bootstrap|fixtures?|demo", re.IGNORECASE)
_INSTALLS = regex(
    r"/(plugins?|extensions?|add-?ons?|registry|market_?place)(/(install|upload|upgrade|update)(/\w+)?)?(/\{[^/]*\})?/?$",
    re.IGNORECASE,
)
_BILLING = regex(r"stripe|paddle|lemon_?squeezy|paypal|billing|payment|subscription", re.IGNORECASE)
_TOLD = regex(r"web_?-?hook|callback|/events?\b", re.IGNORECASE)
_LOGIN = regex(r"(oauth2?|oidc|openid|saml|sso)\b.*/(callback|acs)\b", re.IGNORECASE)


def is_end_of_login(key: str) -> bool:
    """Whether a route is where another service sends users back to, once a login."""
    return bool(_LOGIN.search(key))


def installs_code(key: str) -> bool:
    """Whether a route takes in programs that the service then runs: plugins, extensions."""
    method, _, path = key.partition(" ")
    return method != "GET" and bool(_INSTALLS.search(path))


def is_billing_news(key: str) -> bool:
    """Whether a route is where a payment service tells what became of a subscription: now and then, for each customer."""
    return bool(_BILLING.search(key)) and bool(_TOLD.search(key))


def is_seldom(project: Project, ways: Iterable[Reach]) -> bool:
    """Whether no usual request waits: all ways lead through work after the answer, or from an operator's write."""
    return all(_is_once(project, way.route) or is_afterwards(project, way) for way in ways)


def is_afterwards(project: Project, way: Reach) -> bool:
    """Whether a way leads through a call that was handed to run after the answer."""
    for step in way.chain if way.context == "thread" else ():
        function = function_at(project, step.span)
        if function is not None and any(c.background and c.span == step.span for c in function.calls):
            return True
    return False


def _is_once(project: Project, key: str) -> bool:
    """Whether an operator changes much with this route, now and then: a write for administrators, a restore."""
    method, _, path = key.partition(" ")
    if method == "GET":
        return False
    return bool(_ONCE.search(path)) or Protection.of(project).is_for_operators(key)
