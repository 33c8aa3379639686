"""An image installs whatever versions are newest on the day it is built.

**What.** Dependencies without any version, and no lock file.

**Why it costs.** The same commit gives another application tomorrow. FastAPI and Starlette change behaviour between
minor versions (when dependencies end, which status a missing token gets), so a rebuild for a typo can break production,
and going back to the old commit doesn't bring the old versions back.

**How it is found.** A container file installs the project; there is no lock file of uv, Poetry, PDM or Pipenv, and
lines of `requirements.txt` or dependencies in `pyproject.toml` have no version at all.

**How to fix it.** A lock file (`uv lock`, `pip-compile`), installed as it is (`uv sync --locked`).

**When it is no problem.** A library, which must not pin; requirements that are compiled from another file.

**Sources.** FastAPI, "About FastAPI versions": https://fastapi.tiangolo.com/deployment/versions/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.project.shipped.commands import is_development
from strop.project.shipped.values import Requirement
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.shipping import applications
from strop.rules.wording import listed, many

RULE = Rule(
    "DEP003", "unpinned-dependencies", "deployment", "note", "Dependencies without versions", static=True
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each file of requirements that an image installs."""
    if project.shipped.locks or not any(True for _ in applications(project)):
        return
    files: dict[str, list[Requirement]] = defaultdict(list)
    for each in project.shipped.requirements:
        if not is_development(each.span.file):
            files[each.span.file].append(each)
    for asked in files.values():
        bare = [r for r in asked if not r.specifier]
        if bare and any(r.name in ("fastapi", "starlette") for r in asked):
            yield _finding(asked, bare)


def _finding(asked: list[Requirement], bare: list[Requirement]) -> Finding:
    return draft(
        RULE,
        bare[0].span,
        (),
        message=f"{len(bare)} of {many(len(asked), 'requirement')} have no version, and there is no lock file: {listed([r.name for r in bare])}",
        impact="each build may install other versions: a rebuild can break the service, and the old commit doesn't bring them back",
        solution="write a lock file (uv lock, pip-compile) and install from it",
        known="static",
        confidence=0.8,
    )


_IMAGE = (
    'FROM python:3.12-slim\nCOPY . /app\nRUN pip install -r requirements.txt\nCMD ["uvicorn", "main:app"]\n'
)

EXAMPLES = (
    Example(
        "names alone",
        {"main.py": "", "Dockerfile": _IMAGE, "requirements.txt": "fastapi\nuvicorn\n"},
        bad=True,
    ),
    Example(
        "exact versions",
        {"main.py": "", "Dockerfile": _IMAGE, "requirements.txt": "fastapi==0.116.1\nuvicorn==0.35.0\n"},
        bad=False,
        mends="names alone",
    ),
    Example(
        "a lock file beside it",
        {
            "main.py": "",
            "Dockerfile": _IMAGE,
            "requirements.txt": "fastapi\n",
            "uv.lock": '[[package]]\nname = "fastapi"\nversion = "0.116.1"\n',
        },
        bad=False,
    ),
)
