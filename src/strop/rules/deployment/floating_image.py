"""An image is taken in whatever version is newest.

**What.** `FROM python` or `python:latest` in the image that serves the application; `postgres:latest` and other
databases in a compose file for production.

**Why it costs.** A rebuild moves to the next Python without a change in the repository. A database that is pulled anew in
its next major version doesn't start with the old files.

**How it is found.** Container files that serve the application, and services of compose files that are not named for
development: images of databases without a tag or with `latest`.

**How to fix it.** Name at least the major and minor version: `python:3.13-slim`, `postgres:17`.

**When it is no problem.** Images that a variable chooses, and the project's own images.

**Sources.** Docker, "Pin base image versions": https://docs.docker.com/build/building/best-practices/#pin-base-image-versions
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
from strop.rules.shipping import applications, instructions
from strop.span import Span

RULE = Rule("DEP010", "floating-image", "deployment", "note", "An image without a version", static=True)

_DATABASES = frozenset(
    {"postgres", "mysql", "mariadb", "mongo", "timescaledb", "postgis", "elasticsearch", "opensearch"}
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each image."""
    seen: set[str] = set()
    for image, stage, _ in applications(project):
        names = {s.name for s in image.stages}
        for each in instructions(image, stage):
            if (
                each.name == "FROM"
                and each.text.split()[0] not in names
                and _floats(each.text.split()[0])
                and each.text not in seen
            ):
                seen.add(each.text)
                yield _finding(
                    each.span, each.text.split()[0], "a rebuild moves to the next Python or system by itself"
                )
    for service in project.shipped.services:
        name = service.image.split(":")[0].rpartition("/")[2]
        if (
            name in _DATABASES
            and _floats(service.image)
            and service.image not in seen
            and not is_development(service.span.file)
        ):
            seen.add(service.image)
            yield _finding(
                service.span,
                service.image,
                "pulled in its next major version, it doesn't start with the old data",
            )


def _floats(image: str) -> bool:
    if "$" in image or "@" in image or image == "scratch" or not image:
        return False
    tag = image.rpartition("/")[2].partition(":")[2]
    return tag in ("", "latest")


def _finding(span: Span, image: str, impact: str) -> Finding:
    return draft(
        RULE,
        span,
        (),
        message=f"{image} names no version",
        impact=impact,
        solution="name the major and minor version",
        known="static",
        confidence=0.9,
        facts={"image": image},
    )


EXAMPLES = (
    Example(
        "the newest PostgreSQL",
        {"main.py": "", "compose.yml": "services:\n  db:\n    image: postgres:latest\n"},
        bad=True,
    ),
    Example(
        "the newest Python",
        {"main.py": "", "Dockerfile": 'FROM python\nRUN pip install fastapi\nCMD ["uvicorn", "main:app"]\n'},
        bad=True,
    ),
    Example(
        "named versions",
        {"main.py": "", "compose.yml": "services:\n  db:\n    image: postgres:17\n"},
        bad=False,
        mends="the newest PostgreSQL",
    ),
    Example(
        "an own image, a variable, a developer's database",
        {
            "main.py": "",
            "compose.yml": "services:\n  api:\n    image: shop/api:latest\n  db:\n    image: postgres:${VERSION}\n",
            "compose.dev.yml": "services:\n  db:\n    image: postgres\n",
        },
        bad=False,
    ),
)
