"""The interactive documentation is public on every deployment.

**What.** `FastAPI()` is made without a word about `docs_url`, `redoc_url` or `openapi_url`.

**Why it costs.** Everybody who finds the service reads every path, parameter and model, internal ones too, with a form
to try them.

**How it is found.** The arguments of `FastAPI()`, in a project that is packed for production and whose routes ask who is
calling: none of the three is set, and no keyword arguments are unpacked.

**How to fix it.** `openapi_url=None` unless a setting asks for it: without the schema both pages are gone.

**When it is no problem.** A public API, whose documentation is meant to be read. It is a question of policy, so this is a
note.

**Sources.** FastAPI, "Conditional OpenAPI": https://fastapi.tiangolo.com/how-to/conditional-openapi/
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.project.shipped.commands import is_development
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.wording import many

RULE = Rule("DEP008", "docs-in-production", "deployment", "note", "Documentation is public", static=True)

_SETS = frozenset({"docs_url", "redoc_url", "openapi_url", "**"})


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the application."""
    imported = project.imported
    packed = bool(project.shipped.images) or any(
        not launch.development for launch in project.shipped.launches
    )
    own = [r for r in imported.routes if r.span is not None and r.in_schema]
    guarded = [r for r in own if r.dependencies]
    given = {name for name, _ in imported.options}
    if (
        imported.span is None
        or is_development(imported.span.file)
        or given & _SETS
        or not packed
        or 2 * len(guarded) < len(own)
    ):
        return
    yield draft(
        RULE,
        imported.span,
        (),
        message=f"FastAPI() leaves /docs, /redoc and /openapi.json open on every deployment, with {many(len(own), 'route')}",
        impact="everybody who finds the service reads all its paths, parameters and models",
        solution="openapi_url=None unless a setting asks for it",
        known="static",
        confidence=0.5,
    )


def _files(arguments: str) -> dict[str, str]:
    return {
        "main.py": f"""\
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer

app = FastAPI({arguments})
bearer = OAuth2PasswordBearer(tokenUrl="token")


@app.get("/accounts")
def accounts(token: str = Depends(bearer)):
    return []
""",
        "Dockerfile": 'FROM python:3.12-slim\nCMD ["uvicorn", "main:app"]\n',
    }


EXAMPLES = (
    Example("nothing is said", _files('title="bank"'), bad=True),
    Example(
        "only where a setting asks for it",
        _files('title="bank", openapi_url=None'),
        bad=False,
        mends="nothing is said",
    ),
    Example(
        "a program that is not packed for production",
        {"main.py": _files('title="bank"')["main.py"]},
        bad=False,
    ),
)
