"""Missing permission is answered with 400 (or 404 and 500 by mistake), a missing login with 403.

**What.** `HTTPException(400, "Not enough permissions")`.

**Why it costs.** 400 says that the request is malformed. Clients show a form error where they should ask for another account;
rate limits, audits and alarms that count 401 and 403 see nothing.

**How it is found.** HTTP errors with status 400 whose constant text speaks of permissions, privileges or being allowed, in code that a
route reaches.

**How to fix it.** 403 for what the client may not do, 401 (with `WWW-Authenticate`) for who it is. Clients that look for 400 must
change too.

**When it is no problem.** A value that is not allowed ("this file type is not allowed") is a 400.

**Sources.** RFC 9110, "403 Forbidden": https://www.rfc-editor.org/rfc/rfc9110#name-403-forbidden
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.answers import error_detail, error_status, http_errors, texts
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to
from strop.rules.wording import listed

RULE = Rule(
    "API005", "permission-as-400", "api", "warning", "Missing permission answered with 400", static=True
)
WORDS = ("HTTPException", "raise")
_FORBIDS = regex(
    r"(not enough|insufficient|lack(s|ing)?( the)?( required)?|no|without|missing|don'?t have( the| enough)?|does ?n'?t have( the| enough)?"
    r"|do not have( the| enough)?|not have( the| enough)?) (permission|privilege|right)s?\b"
    r"|permission denied|access denied|not authori[sz]ed|unauthori[sz]ed|not a (super|admin)|forbidden\b"
    r"|user is not allowed|you are not allowed|admin(istrator)?s? only"
)


def notice(body: Body) -> Iterator[Mark]:
    """Errors 400 that speak of permissions."""
    for call in http_errors(body):
        detail = error_detail(call)
        if detail is not None and error_status(body, call) == 400 and _FORBIDS.search(texts(detail)):
            yield body.mark(RULE.code, call, text=body.brief(detail, 90))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each file."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks(project, RULE):
        found[mark.span.file].append(mark)
    for here in found.values():
        symbols = list(dict.fromkeys(mark.span.symbol for mark in here))
        yield tell(
            RULE,
            here[0],
            [way for mark in here for way in ways_to(project, mark.function)],
            message=f"400 for a missing permission ({here[0].fact('text')}) in {listed(symbols)}",
            impact="clients take it for a malformed request, and what counts 401 and 403 sees nothing",
            solution="403; clients that look for 400 must change too",
            confidence=0.85,
        )


_READ = """
OWNERS = {{"a": "anna"}}


@app.get("/words/{{name}}")
def read_word(name: str, user: str):
    if OWNERS.get(name) != user:
        raise HTTPException(status_code={status}, detail="{text}")
    return name
"""

EXAMPLES = (
    Example("400", plain(_READ.format(status=400, text="Not enough permissions")), bad=True),
    Example("403", plain(_READ.format(status=403, text="Not enough permissions")), mends="400"),
    Example(
        "a value that is not allowed", plain(_READ.format(status=400, text="This file type is not allowed"))
    ),
)
