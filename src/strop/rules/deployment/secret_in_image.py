"""A secret is written into a container or compose file.

**What.** `ENV SECRET_KEY=...` in an image, or a password as a literal value in the compose file for production.

**Why it costs.** Everybody who can read the repository or pull the image has it; the layers of an image keep it even when
a later one removes it. It can't be changed without a new build.

**How it is found.** Names that say secret, password, token or key with a value that looks generated (16 characters or
more, letters and digits, nothing that says it is an example), in files that are not named for development. Of compose files those count that build or start
something of the repository.

**How to fix it.** Change the secret, then hand it in when the container starts: an environment of the orchestrator,
`env_file` outside the repository, or `RUN --mount=type=secret` for a build.

**When it is no problem.** Variables (`${SECRET_KEY}`), placeholders, keys that are public by nature.

**Sources.** Docker, "Build secrets": https://docs.docker.com/build/building/secrets/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.project.shipped.commands import is_development
from strop.project.shipped.values import Service
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.span import Span

RULE = Rule("DEP011", "secret-in-image", "deployment", "error", "A secret in a container file", static=True)

_NAME = regex(r"(secret|passwd|password|token|private_?key|api_?key|signing_?key|access_?key)", re.I)
_PUBLIC = regex(
    r"sha\d|hash|public|publishable|_url|_file|_path|_id$|expire|ttl|name|algorithm|header|dsn", re.I
)
_PLACEHOLDER = regex(
    r"change|example|your|dummy|placeholder|insecure|test|dev|sample|default|replace|xxx|1234|todo|<|\$|\{",
    re.I,
)
_PAIR = regex(r"(\w+)[= ]\"?([^\s\"]+)\"?")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each name."""
    for image in project.shipped.images:
        for stage in image.stages:
            for each in stage.instructions if not is_development(image.file, stage.name) else ():
                for name, value in _PAIR.findall(each.text) if each.name in ("ENV", "ARG") else ():
                    if _is_secret(name, value):
                        yield _finding(each.span, name)
    for service in _ours(project):
        for name, value, line in service.environment:
            if _is_secret(name, value):
                yield _finding(Span(service.span.file, line, service.name), name)


def _ours(project: Project) -> list[Service]:
    """The services of files that are for production and bring something that is built here."""
    started = {launch.span.file for launch in project.shipped.launches}
    built = {s.span.file for s in project.shipped.services if "build" in s.keys} | started
    return [
        s
        for s in project.shipped.services
        if s.span.file in built and not is_development(s.span.file, s.name)
    ]


def _is_secret(name: str, value: str) -> bool:
    if not _NAME.search(name) or _PUBLIC.search(name) or _PLACEHOLDER.search(value) or len(value) < 16:
        return False
    if _NAME.search(value) or is_development(name):
        return False  # "my-client-secret-1" says what it stands for
    return (
        any(c.isdigit() for c in value)
        and any(c.isalpha() for c in value)
        and "/" not in value[:2]
        and "://" not in value
    )


def _finding(span: Span, name: str) -> Finding:
    return draft(
        RULE,
        span,
        (),
        message=f"{name} is written into {span.file}",
        impact="everybody who can read the repository or pull the image has the secret",
        solution="change it, and hand the new one in when the container starts",
        known="static",
        confidence=0.75,
        facts={"name": name},
    )


EXAMPLES = (
    Example(
        "a key in the image",
        {
            "main.py": "",
            "Dockerfile": 'FROM python:3.12-slim\nENV SECRET_KEY=9f8a6b3c51d24e0fb7c2\nCMD ["uvicorn", "main:app"]\n',
        },
        bad=True,
    ),
    Example(
        "a key that is handed in",
        {
            "main.py": "",
            "Dockerfile": 'FROM python:3.12-slim\nCMD ["uvicorn", "main:app"]\n',
            "compose.yml": "services:\n  api:\n    environment:\n      SECRET_KEY: ${SECRET_KEY}\n",
        },
        bad=False,
        mends="a key in the image",
    ),
    Example(
        "placeholders and public values",
        {
            "main.py": "",
            "compose.yml": "services:\n  api:\n    environment:\n      - POSTGRES_PASSWORD=postgres\n"
            "      - SECRET_KEY=change-me-before-production-1\n      - TOKEN_EXPIRE_MINUTES=30\n",
        },
        bad=False,
    ),
    Example(
        "a secret that says what it stands for, and a service that is only tried with",
        {
            "main.py": "",
            "compose.yml": "services:\n  api:\n    build: .\n    environment:\n"
            "      - CLIENT_SECRET=oidc-client-secret-abc-123\n",
            "providers/search/compose.yml": "services:\n  search:\n    image: opensearch:2\n    environment:\n"
            "      - ADMIN_PASSWORD=8fXq2LmW4rTz9KpB\n",
        },
        bad=False,
    ),
)
