"""The answer redirects to an address that the request chooses.

**What.** The beginning of a `RedirectResponse` URL or of a `Location` header comes from the request.

**Why it costs.** A link to your domain leads to somebody else's page, which looks like your login; after an OAuth
login the address may carry a code or a token.

**How it is found.** What handlers and dependencies get from a request (query, form, body, headers, file names) is
followed through assignments, text building and calls of the project's functions; parameters that FastAPI parses
into numbers, UUIDs or enumerations are left out, and so is what the code tests or cleans on the way. An address that begins with a fixed text is left out.

**How to fix it.** Take a path alone: it must begin with one "/" (not "//" or "/\\\\"), without scheme and host; or
look the address up in a list.

**When it is no problem.** The service exists to redirect (a link shortener), and its targets are stored, not sent.

**Sources.** https://cheatsheetseries.owasp.org/cheatsheets/Unvalidated_Redirects_and_Forwards_Cheat_Sheet.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.rules.carried import carried
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain

RULE = Rule(
    "SEC003", "open-redirect", "security", "warning", "A redirect to where the request says", static=True
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each answer that gets the address."""
    yield from carried(
        RULE,
        project,
        "redirect",
        message="{source} is the address that {function} redirects to, and nothing checks it",
        impact="a link to this service leads to any other site, after a login with what the address carries",
        solution='accept a path that begins with one "/" and has no host, or look the address up in a list',
        confidence=0.85,
    )


EXAMPLES = (
    Example(
        "back to where the query says",
        plain("""
from fastapi.responses import RedirectResponse


@app.get("/login/callback")
def callback(next: str = "/"):
    return RedirectResponse(next)
"""),
        bad=True,
    ),
    Example(
        "read from the request itself",
        plain("""
from fastapi import Request
from fastapi.responses import RedirectResponse


@app.get("/login/callback")
def callback(request: Request):
    target = request.query_params.get("next", "/")
    return RedirectResponse(target, status_code=302)
"""),
        bad=True,
    ),
    Example(
        "paths alone",
        plain("""
from fastapi.responses import RedirectResponse


def is_safe_path(target: str) -> bool:
    return target.startswith("/") and not target.startswith("//")


@app.get("/login/callback")
def callback(next: str = "/"):
    return RedirectResponse(next if is_safe_path(next) else "/")
"""),
        bad=False,
        mends="back to where the query says",
    ),
    Example(
        "a fixed beginning",
        plain("""
from fastapi.responses import RedirectResponse


@app.get("/docs/{page}")
def docs(page: str, lang: str = "en"):
    return RedirectResponse(f"https://docs.example/{lang}/{page}")
"""),
        bad=False,
    ),
)
