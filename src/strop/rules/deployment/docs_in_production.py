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
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.shipped.commands import is_development
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.wording import many

RULE = Rule("DEP008", "docs-in-production", "deployment", "note", "Documentation is public", static=True)

_SETS = frozenset({"docs_url", "redoc_url", "openapi_url", "**"})


WORDS = ("FastAPI",)
KINDS = ("function", "module")


def notice(body: Body) -> Iterator[Mark]:
    """Applications that say nothing of their documentation."""
    for call in body.calls("FastAPI"):
        given = {k.arg or "**" for k in call.keywords}
        if body.name(call.func) in ("fastapi.FastAPI", "fastapi.applications.FastAPI") and not given & _SETS:
            yield body.mark(RULE.code, call)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the application."""
    launched = any(not launch.development for launch in project.shipped.launches)
    own = [r for r in project.imported.routes if r.span is not None and r.in_schema]
    guarded = [r for r in own if r.dependencies]
    files = _files_served(project)
    mark = next((m for m in project.source.marks.get(RULE.code, ()) if m.span.file in files), None)
    if mark is None or not (project.shipped.images or launched) or not own or 2 * len(guarded) < len(own):
        return
    yield draft(
        RULE,
        mark.span,
        (),
        message=f"FastAPI() leaves /docs, /redoc and /openapi.json open on every deployment, with {many(len(own), 'route')}",
        impact="everybody who finds the service reads all its paths, parameters and models",
        solution="openapi_url=None unless a setting asks for it",
        known="static",
        confidence=0.5,
    )


def _files_served(project: Project) -> set[str]:
    """The file of the application that production starts; else of the one that the source makes."""
    named = {
        launch.application.partition(":")[0] for launch in project.shipped.launches if not launch.development
    }
    files = {project.source.modules[name] for name in named if name in project.source.modules}
    span = project.imported.span
    return files or ({span.file} if span is not None and not is_development(span.file) else set())


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
