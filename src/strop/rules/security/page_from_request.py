"""A text of the request is put into a page without escaping.

**What.** A parameter or field is built into the content of an `HTMLResponse`.

**Why it costs.** A link with a script in it runs in the reader's session on your domain: it can do what they can.

**How it is found.** What handlers and dependencies get from a request (query, form, body, headers, file names) is
followed through assignments, text building and calls of the project's functions; parameters that FastAPI parses
into numbers, UUIDs or enumerations are left out, and so is what the code tests or cleans on the way. What goes through `html.escape` or a template is left out.

**How to fix it.** `html.escape(text)`, or a template with autoescape.

**When it is no problem.** The content is a page that was stored by people who may write pages.

**Sources.** https://cheatsheetseries.owasp.org/cheatsheets/Cross_Site_Scripting_Prevention_Cheat_Sheet.html
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

RULE = Rule("SEC009", "page-from-request", "security", "error", "Text of the request in a page", static=True)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each page that gets the text."""
    yield from carried(
        RULE,
        project,
        "html",
        message="{source} is put into the page of {function} unescaped",
        impact="a link runs a script in the session of whoever opens it",
        solution="put html.escape() around it, or render a template with autoescape",
        confidence=0.85,
    )


EXAMPLES = (
    Example(
        "an error page that repeats the message",
        plain("""
from fastapi.responses import HTMLResponse


@app.get("/error")
def error(message: str):
    return HTMLResponse(f"<h1>{message}</h1>")
"""),
        bad=True,
    ),
    Example(
        "escaped",
        plain("""
import html

from fastapi.responses import HTMLResponse


@app.get("/error")
def error(message: str):
    return HTMLResponse(f"<h1>{html.escape(message)}</h1>")
"""),
        bad=False,
        mends="an error page that repeats the message",
    ),
    Example(
        "a number",
        plain("""
from fastapi.responses import HTMLResponse


@app.get("/page")
def page(number: int):
    return HTMLResponse(f"<h1>{number}</h1>")
"""),
        bad=False,
    ),
)
