"""The project depends on a library that nobody maintains.

**What.** A direct dependency whose development has ended, most of them copied from old tutorials.

**Why it costs.** Nobody mends security holes, and each new Python or neighbour may break it: passlib fails with
current bcrypt and warns on Python 3.13, aioredis doesn't import on Python 3.11.

**How it is found.** `requirements*.txt` and the dependencies in `pyproject.toml`, compared with a short list of
libraries whose repositories are archived or say so themselves. What another library brings along is not named.

**How to fix it.** Each has a successor, which the finding names.

**When it is no problem.** A fork under the same name that you maintain yourself.

**Sources.** FastAPI replaced python-jose (https://github.com/fastapi/fastapi/pull/11589) and passlib
(https://github.com/fastapi/fastapi/pull/13917) ; aioredis is part of redis:
https://github.com/aio-libs-abandoned/aioredis-py
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

RULE = Rule(
    "DEP002", "abandoned-dependency", "deployment", "note", "A dependency without maintainers", static=True
)

_ABANDONED = {  # why, and what to use
    "python-jose": ("stood still for years while two holes in it were known", "PyJWT or joserfc"),
    "passlib": (
        "has had no release since 2020 and fails with bcrypt 5",
        "pwdlib, or argon2-cffi or bcrypt themselves",
    ),
    "aioredis": ("is archived and doesn't import on Python 3.11", "redis.asyncio of the package redis"),
    "databases": ("is archived", "SQLAlchemy's asyncio extension"),
    "broadcaster": ("is archived", "redis.asyncio's pub/sub"),
    "fastapi-jwt-auth": (
        "has had no release since 2020 and needs PyJWT 1",
        "PyJWT with a dependency of your own",
    ),
    "pycrypto": ("is dead since 2013, with known holes", "cryptography or pycryptodome"),
    "pypdf2": ("has ended in favour of pypdf", "pypdf"),
    "asyncpgsa": ("is archived", "SQLAlchemy's asyncio extension with asyncpg"),
}


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each such library, where it is asked for first."""
    seen: set[str] = set()
    asked = (r for r in project.shipped.requirements if not r.locked and not is_development(r.span.file))
    for each in sorted(asked, key=lambda r: (not r.span.file.endswith("pyproject.toml"), r.span)):
        if each.name not in _ABANDONED or each.name in seen:
            continue
        seen.add(each.name)
        why, instead = _ABANDONED[each.name]
        yield draft(
            RULE,
            each.span,
            (),
            message=f"{each.name} {why}",
            impact="holes in it stay open, and a new Python or neighbour can break the service",
            solution=f"use {instead}",
            known="static",
            confidence=0.9,
            facts={"package": each.name},
        )


EXAMPLES = (
    Example(
        "the old tutorial",
        {"main.py": "", "requirements.txt": "fastapi>=0.115\npython-jose[cryptography]==3.3.0\n"},
        bad=True,
    ),
    Example(
        "the new one",
        {"main.py": "", "requirements.txt": "fastapi>=0.115\npyjwt==2.10.1\n"},
        bad=False,
        mends="the old tutorial",
    ),
    Example(
        "brought along by another library",
        {
            "main.py": "",
            "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\ndependencies = ["fastapi"]\n',
            "uv.lock": '[[package]]\nname = "passlib"\nversion = "1.7.4"\n',
        },
        bad=False,
    ),
)
