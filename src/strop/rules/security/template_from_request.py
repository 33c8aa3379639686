"""A text of the request is used as a template, not as a value in one.

**What.** A parameter or field is the source of a Jinja or Mako template.

**Why it costs.** Templates reach Python's objects: "{{ ''.__class__.__mro__ }}" is a way to run code on the server.

**How it is found.** What handlers and dependencies get from a request (query, form, body, headers, file names) is
followed through assignments, text building and calls of the project's functions; parameters that FastAPI parses
into numbers, UUIDs or enumerations are left out, and so is what the code tests or cleans on the way.

**How to fix it.** Keep templates in files and give the text as a variable; where users write templates, use
`jinja2.sandbox.SandboxedEnvironment`.

**When it is no problem.** The environment is sandboxed (it is not reported then).

**Sources.** https://jinja.palletsprojects.com/en/stable/sandbox/ ;
https://owasp.org/www-project-web-security-testing-guide/
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
    "SEC007", "template-from-request", "security", "error", "A template from the request", static=True
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each template that is made."""
    yield from carried(
        RULE,
        project,
        "template",
        message="{source} is the source of the template that {call} makes in {function}",
        impact="whoever may send the request reaches Python objects from the template, and runs code",
        solution="give the text to a fixed template as a variable, or render in a SandboxedEnvironment",
        confidence=0.85,
    )


EXAMPLES = (
    Example(
        "a greeting that is rendered",
        plain("""
from jinja2 import Template


@app.get("/greeting")
def greeting(text: str):
    return Template(f"<p>{text}</p>").render(name="Ada")
"""),
        bad=True,
    ),
    Example(
        "a text in a template",
        plain("""
from jinja2 import Template

GREETING = Template("<p>{{ text }}</p>", autoescape=True)


@app.get("/greeting")
def greeting(text: str):
    return GREETING.render(text=text)
"""),
        bad=False,
        mends="a greeting that is rendered",
    ),
    Example(
        "in a sandbox",
        plain("""
from jinja2.sandbox import SandboxedEnvironment

sandbox = SandboxedEnvironment()


@app.get("/greeting")
def greeting(text: str):
    return sandbox.from_string(text).render(name="Ada")
"""),
        bad=False,
    ),
)
