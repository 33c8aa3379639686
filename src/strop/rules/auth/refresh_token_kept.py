"""Logging out revokes the access token and leaves the refresh token.

**What.** A logout puts one token on the list of revoked ones and deletes the refresh token's cookie, but does not revoke
the refresh token itself.

**Why it costs.** Deleting a cookie asks the browser to forget it. Whoever has copied the refresh token still makes new
access tokens with it, for as long as it lives: often weeks.

**How it is found.** Handlers that revoke a token (blacklist, deny, revoke) and delete a cookie named for the refresh token,
where no revoking call is about the refresh token.

**How to fix it.** Read the refresh token from the cookie and revoke it as well.

**When it is no problem.** The access token's revocation ends the whole session on the server.

**Sources.** https://www.rfc-editor.org/rfc/rfc7009 ;
https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html
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
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule(
    "AUTH012", "refresh-token-kept", "auth", "warning", "A logout that leaves the refresh token", static=True
)
WORDS = ("delete_cookie",)
_REVOKES = regex(r"black_?list|deny_?list|block_?list|revoke|invalidate", re.IGNORECASE)


def notice(body: Body) -> Iterator[Mark]:
    """Functions that revoke one token and only delete the cookie of the other."""
    deleted = [c for c in body.calls("delete_cookie") if "refresh" in body.text(c).lower()]
    revoking = [c for c in body.of(ast.Call) if _REVOKES.search(last_name(c.func))]
    about_tokens = [c for c in revoking if "token" in body.text(c).lower()]
    if (
        deleted
        and about_tokens
        and not any(
            re.search("refresh|tokens|session|all|user|family", body.text(c), re.IGNORECASE) for c in revoking
        )
    ):
        yield body.mark(RULE.code, about_tokens[0], text=body.text(about_tokens[0]))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each logout that a route reaches."""
    for mark in marks(project, RULE):
        ways = ways_to(project, mark.function)
        if ways:
            yield tell(
                RULE,
                mark,
                ways,
                message=f"{mark.span.symbol.rpartition('.')[2]} revokes the access token and only deletes the refresh token's cookie",
                impact="a copy of the refresh token makes new access tokens until it expires",
                solution="read the refresh token from the cookie and revoke it as well",
                confidence=0.8,
            )


_LOGOUT = """
from fastapi import Cookie, Header, Response

REVOKED = set()


def blacklist_token(token: str) -> None:
    REVOKED.add(token)


"""
EXAMPLES = (
    Example(
        "one of two",
        plain(
            _LOGOUT
            + """
@app.post("/logout")
def logout(response: Response, access_token: str = Header()):
    blacklist_token(token=access_token)
    response.delete_cookie(key="refresh_token")
    return {"ok": True}
"""
        ),
        bad=True,
    ),
    Example(
        "both",
        plain(
            _LOGOUT
            + """
@app.post("/logout")
def logout(response: Response, access_token: str = Header(), refresh_token: str = Cookie()):
    blacklist_token(token=access_token)
    blacklist_token(token=refresh_token)
    response.delete_cookie(key="refresh_token")
    return {"ok": True}
"""
        ),
        bad=False,
        mends="one of two",
    ),
    Example(
        "no list of revoked tokens",
        plain(
            _LOGOUT
            + """
@app.post("/logout")
def logout(response: Response):
    response.delete_cookie(key="refresh_token")
    return {"ok": True}
"""
        ),
        bad=False,
    ),
)
