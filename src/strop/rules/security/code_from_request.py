"""A text of the request is run as Python code or as a shell command.

**What.** A parameter or field is given to `eval`, `exec`, `os.system` or a subprocess with `shell=True`.

**Why it costs.** Whoever may send the request runs what they like, with the rights of the service.

**How it is found.** What handlers and dependencies get from a request (query, form, body, headers, file names) is
followed through assignments, text building and calls of the project's functions; parameters that FastAPI parses
into numbers, UUIDs or enumerations are left out, and so is what the code tests or cleans on the way.

**How to fix it.** `ast.literal_eval` for data, a table of functions for choices; a list of arguments without a shell
for programs.

**When it is no problem.** The product runs its users' code, in a sandbox of its own.

**Sources.** https://cheatsheetseries.owasp.org/cheatsheets/OS_Command_Injection_Defense_Cheat_Sheet.html
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
    "SEC005",
    "code-from-request",
    "security",
    "error",
    "Code or a shell command from the request",
    static=True,
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call that gets the text."""
    yield from carried(
        RULE,
        project,
        "code",
        "command",
        message="{source} is run by {call} in {function}",
        impact="whoever may send the request runs code with the rights of the service",
        solution="parse data with ast.literal_eval, choose from a table, or start programs with a list of arguments and no shell",
        confidence=0.9,
    )


EXAMPLES = (
    Example(
        "a formula",
        plain("""
@app.get("/price")
def price(formula: str):
    return eval(formula)
"""),
        bad=True,
    ),
    Example(
        "a number",
        plain("""
import ast


@app.get("/price")
def price(formula: str):
    return ast.literal_eval(formula)
"""),
        bad=False,
        mends="a formula",
    ),
    Example(
        "a program with arguments",
        plain("""
import subprocess


@app.get("/ping")
def ping(count: int, host: str):
    return subprocess.run(["ping", "-c", str(count), "--", host], check=False).returncode
"""),
        bad=False,
    ),
)
